"""A run over the past, as clients see it."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

from msgspec import Struct


class RunState(enum.StrEnum):
    """How a run is; all but the first two are final."""

    WAITING = "waiting"
    """It begins when enough clients are there."""
    RUNNING = "running"
    COMPLETED = "completed"
    STALLED = "stalled"
    """A client did not acknowledge for too long."""
    ABANDONED = "abandoned"
    """All clients went away, and none came back."""
    RUINED = "ruined"
    """Nothing was left of the money."""
    FAILED = "failed"
    """By a defect."""
    INTERRUPTED = "interrupted"
    """The gateway was stopped."""
    ABORTED = "aborted"
    """An external engine went away."""

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self not in (RunState.WAITING, RunState.RUNNING)


class BacktestStatus(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How far a run has come: *progress* is 0 to 1, *waiting_for* names the events whose
    acknowledgement is missing. What is elsewhere and not known is left out.
    """

    state: RunState
    events: int
    clients: int
    waiting_for: tuple[str, ...]
    wall_seconds: float
    run_id: str | None = None
    clock: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    progress: Decimal | None = None
