"""How many requests a minute are answered, and the headers that tell."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from ...interfaces import WallClock

_WINDOW: int = 60


class Budget:
    """*limit* requests a minute; the window begins with the first of them."""

    def __init__(self, limit: int, clock: IReactorTime, now: WallClock) -> None:
        self.limit = limit
        self._clock = clock
        self._now = now
        self._used = 0
        self._ends = float("-inf")

    def take(self) -> bool:
        """Whether another request is answered."""
        seconds = self._clock.seconds()
        if seconds >= self._ends:
            self._used, self._ends = 0, seconds + _WINDOW
        self._used += 1
        return self._used <= self.limit

    def refill(self) -> None:
        """The minute is over."""
        self._ends = float("-inf")

    def headers(self) -> dict[str, str]:
        """What every answer carries; the reset is in seconds since 1970."""
        left = max(0.0, self._ends - self._clock.seconds())
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self._used)),
            "X-RateLimit-Reset": str(int(self._now().timestamp() + left)),
        }
