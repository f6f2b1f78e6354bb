"""A circuit breaker that stays open until it is reset by hand (protocol section 3.17)."""

from __future__ import annotations

from collections import deque
from typing import Final

from ..errors import (
    GatewayError,
    InternalError,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
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
        while self._failures and at - self._failures[0] > WINDOW_SECONDS:
            self._failures.popleft()
        self._failures.append(at)
        if len(self._failures) >= THRESHOLD:
            self.is_open = True

    def may_reset(self, at: float) -> bool:
        """Whether the last reset is at least the cool-down ago."""
        return self._last_reset is None or at - self._last_reset >= COOLDOWN_SECONDS

    def reset(self, at: float) -> None:
        """Close and forget all failures."""
        self._failures.clear()
        self._last_reset = at
        self.is_open = False

    def snapshot(self) -> BreakerSnapshot:
        return BreakerSnapshot(
            state=BreakerState.OPEN if self.is_open else BreakerState.CLOSED,
            failure_count=len(self._failures),
        )


def is_outage(error: GatewayError) -> bool:
    """Whether *error* says that the broker is out, rather than that it said no or slow down."""
    return isinstance(error, (ProviderUnavailable, ProviderError))


def leaves_doubt(error: GatewayError) -> bool:
    """Whether an order may be live although its submit ended with *error*: no answer came, or none
    that could be read. Everything else is a definite no.
    """
    return is_outage(error) or isinstance(error, InternalError)


def is_placement_fault(error: GatewayError) -> bool:
    """Whether a failed exit leg counts: not if limited in rate, nor if broker or market is shut."""
    if isinstance(error, OrderRejected):
        return error.reject_code != "MARKET_CLOSED"
    return not isinstance(error, (RateLimited, ProviderUnavailable))
