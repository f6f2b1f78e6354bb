"""How fast simulated time may pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

_JITTER_SECONDS: Final = 0.1
"""So late may a timer of the reactor be without time being lost for it."""


class Speed:
    """At most *limit* simulated seconds per second of *reactor*; 0 is no limit.

    Time that the clients took is not made up for.
    """

    def __init__(self, limit: Decimal, reactor: IReactorTime, begin: datetime) -> None:
        self._limit = float(limit)
        self._reactor = reactor
        self._simulated = begin
        self._wall: float | None = None
        self._waiting: IDelayedCall | None = None

    def lets(self, time: datetime, again: Callable[[], object]) -> bool:
        """Whether it may be *time* by now; if not, *again* is called when it may."""
        if not self._limit:
            return True
        now = self._reactor.seconds()
        if self._wall is None:
            self._wall = now
        due = self._wall + (time - self._simulated).total_seconds() / self._limit
        if now >= due:
            self._simulated = time
            self._wall = due if now - due < _JITTER_SECONDS else now
            return True
        if self._waiting is None or not self._waiting.active():
            self._waiting = self._reactor.callLater(due - now, again)
        return False
