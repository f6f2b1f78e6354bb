"""What all connections of the stream share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from ..interfaces import WallClock
from ..model.events import Event
from .fanout import Fanout
from .meters import StreamMeters
from .outbox import MAX_BYTES, MAX_MESSAGES
from .resume import Replays

Greeting: TypeAlias = Callable[[], Iterable[Event]]
"""What a new client is told first: one ``STALE`` where prices are stale (protocol section 5.2)."""

OnAck: TypeAlias = Callable[[str, tuple[str, ...]], object]
"""Told of each acknowledgement: the client's id, and the ids of the events it has dealt with."""


class Limits(Struct, frozen=True, kw_only=True):
    """How many, how much, how long; seconds."""

    connections: int = 10_000
    backlog_messages: int = MAX_MESSAGES
    backlog_bytes: int = MAX_BYTES
    message_bytes: int = 1024 * 1024
    ping_seconds: float = 25.0
    silence_seconds: float | None = 120.0
    """A client that sent nothing at all for so long is gone; ``None`` waits for ever (backtest)."""
    replay_seconds: float = 120.0
    """A client that has not taken its replay by then is closed; it can go on where it was."""


@dataclass(frozen=True, eq=False)
class Door:
    """The fan-out, and what a connection needs besides."""

    clock: IReactorTime
    now: WallClock
    fanout: Fanout
    replays: Replays
    meters: StreamMeters
    greeting: Greeting
    on_ack: OnAck
    limits: Limits
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def next_client_id(self) -> str:
        """A name for a new client, for logs and acknowledgements."""
        return f"client-{next(self._numbers)}"
