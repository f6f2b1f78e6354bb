"""How long the run has taken."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime


class StopWatch:
    """Counts the seconds of *clock* while it runs."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._began: float | None = None
        self._passed = 0.0

    @property
    def seconds(self) -> float:
        """Those so far."""
        if self._began is None:
            return self._passed
        return self._passed + self._clock.seconds() - self._began

    def start(self) -> None:
        """Begin to count."""
        self._began = self._clock.seconds()

    def stop(self) -> None:
        """Count no more."""
        self._passed, self._began = self.seconds, None
