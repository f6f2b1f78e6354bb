"""Binance ends every connection after a day: another takes its place before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

DAY_SECONDS: Final = 23 * 3600.0


class Rotation:
    """Has *renew* called when the newest connection is 23 hours old."""

    def __init__(self, clock: IReactorTime, renew: Callable[[], None]) -> None:
        self._clock = clock
        self._renew = renew
        self._due: IDelayedCall | None = None

    def opened(self) -> None:
        """A connection is open; those before it need no care any more."""
        self.stop()
        self._due = self._clock.callLater(DAY_SECONDS, self._renew)

    def stop(self) -> None:
        if self._due is not None and self._due.active():
            self._due.cancel()
