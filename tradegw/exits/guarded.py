"""A plan in force, and where the work on it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IDelayedCall

from ..model.money import ZERO
from ..model.protection import LegKind
from .leg import Leg
from .plan import Plan

CALM_SECONDS: Final = 900.0
"""A leg that is ended so long after the last one is not one of a succession."""


@dataclass
class Lag:
    """A trailing stop that could not be moved: it rests, but too far away."""

    attempts: int = 0
    until: float = 0.0
    """No other is made before, in seconds of this process."""
    told: str | None = None
    told_at: float = 0.0


@dataclass(eq=False)
class Guarded:
    """A plan and the work on it: one piece at a time, and when to try again."""

    plan: Plan
    lock: DeferredLock = field(default_factory=DeferredLock)
    retry: IDelayedCall | None = None
    attempts: int = 0
    in_vain: int = 0
    """How many legs in succession the broker accepted and then ended unexecuted."""
    in_vain_at: float = 0.0
    """When the last of them did, in seconds of this process."""
    lag: Lag = field(default_factory=Lag)
    is_lost: bool = False
    """Its steps led nowhere: it takes no other before the next attempt."""
    made_way: Leg | None = None
    """The broker takes no more legs, and this one made way for one that is to cover both."""
    told: dict[LegKind, str] = field(default_factory=dict)
    """What was last alerted of a shortfall that goes on."""
    told_at: float | None = None
    """When that was, in seconds of this process."""
    uncovered_at: float | None = None
    """Up to when a shortfall that goes on was counted, in seconds of this process."""
    overshot: Decimal = ZERO
    """How much of what its legs executed too much was told."""
    was_done: bool = False
    """Its entry had ended when this was last looked at."""
    swapped_at: float = 0.0
    """When its take-profit was placed in the place of its stop, in seconds of this process."""
    swap_after: float = 0.0
    """It is not done again before."""
    kept: bytes = b""
    """The plan as it was last written down."""

    def count_in_vain(self, leg: Leg, seconds: float) -> None:
        """*leg* is how the broker told just now, at *seconds*."""
        if leg.came_to_nothing and not leg.ending:
            calm = seconds - self.in_vain_at > CALM_SECONDS
            self.in_vain, self.in_vain_at = 1 if calm else self.in_vain + 1, seconds

    def cancel_retry(self) -> None:
        if self.retry is not None and self.retry.active():
            self.retry.cancel()
        self.retry = None
