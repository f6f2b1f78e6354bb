"""A circuit breaker that stays open until it is reset by hand (protocol section 3.17)."""

from __future__ import annotations

from collections import deque
from typing import Final

from ..model.health import BreakerSnapshot, BreakerState

THRESHOLD: Final = 3
WINDOW_SECONDS: Final = 300.0
COOLDOWN_SECONDS: Final = 60.0


class Breaker:
    """Opens at the third failure within five minutes. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._failures: deque[float] = deque()
        self._last_reset: float | None = None
        self.is_open = False

    def record_failure(self, at: float) -> None:
        """Count a failure; failures older than the window are forgotten now."""
        self._prune(at)
        if not self.is_open:
            self._failures.append(at)
            self.is_open = len(self._failures) >= THRESHOLD

    def _prune(self, at: float) -> None:
        """An open breaker keeps what opened it."""
        while not self.is_open and self._failures and at - self._failures[0] > WINDOW_SECONDS:
            self._failures.popleft()

    def may_reset(self, at: float) -> bool:
        """Whether the last reset is at least the cool-down ago."""
        return self._last_reset is None or at - self._last_reset >= COOLDOWN_SECONDS

    def reset(self, at: float) -> None:
        """Close and forget all failures."""
        self._failures.clear()
        self._last_reset = at
        self.is_open = False

    def snapshot(self, at: float) -> BreakerSnapshot:
        """As it is; of an open one the failures that opened it are counted."""
        self._prune(at)
        return BreakerSnapshot(
            state=BreakerState.OPEN if self.is_open else BreakerState.CLOSED,
            failure_count=len(self._failures),
        )
