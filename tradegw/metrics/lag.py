"""How late the reactor is: the time that something else held it up."""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime


class ReactorLag(Service):
    """Asks to be called every *interval* seconds and tells *observe* how much later it was."""

    def __init__(
        self, clock: IReactorTime, observe: Callable[[float], None], interval: float = 1.0
    ) -> None:
        self._clock = clock
        self._observe = observe
        self._interval = interval
        self._due = 0.0
        self._call: IDelayedCall | None = None

    def startService(self) -> None:
        super().startService()
        self._wait()

    def stopService(self) -> None:
        super().stopService()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _wait(self) -> None:
        self._due = self._clock.seconds() + self._interval
        self._call = self._clock.callLater(self._interval, self._measure)

    def _measure(self) -> None:
        # The reactor's clock is wall time: one that is set forward shows here as well.
        self._observe(self._clock.seconds() - self._due)
        self._wait()
