"""Request weights, order counts, and what becomes of who does not stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .refusals import Refused

_SECONDS: Final = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
_BANS: Final = (120, 600, 3600, 86_400, 259_200)
_PATIENCE: Final = 10


@dataclass(slots=True)
class Bucket:
    """What was used of *limit* in the interval of now; intervals are aligned to the clock."""

    kind: str
    interval: str
    number: int
    limit: int
    used: int = 0
    began: int = 0

    def roll(self, ms: int) -> None:
        """It is *ms* now."""
        length = _SECONDS[self.interval] * self.number * 1000
        if ms - ms % length != self.began:
            self.began, self.used = ms - ms % length, 0

    def left_ms(self, ms: int) -> int:
        """How long it is until the next interval."""
        return self.began + _SECONDS[self.interval] * self.number * 1000 - ms

    @property
    def suffix(self) -> str:
        """As headers have it: ``1M``, ``10S``."""
        return f"{self.number}{self.interval[0]}"

    def rule(self) -> dict[str, Any]:
        """As ``exchangeInfo`` has it."""
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.number,
            "limit": self.limit,
        }

    def told(self) -> dict[str, Any]:
        """As the WebSocket API has it."""
        return {**self.rule(), "count": self.used}


class Pool:
    """The weight of one address, and the orders of one account.

    Who goes on after a 429 is banned, longer each time. ``bans`` counts that, ``refusals`` the
    429s: a polite client causes none of the first and hardly any of the second.
    """

    def __init__(
        self,
        ms: Callable[[], int],
        weights: list[Bucket],
        orders: list[Bucket],
        heading: str = "X-MBX-USED-WEIGHT",
    ) -> None:
        self.heading = heading
        self.weights = weights
        self.orders = orders
        self.bans = 0
        self.refusals = 0
        self.banned_until = 0
        self._ms = ms
        self._ignored = 0

    def roll(self) -> int:
        """Look at the clock; returns it."""
        ms = self._ms()
        for bucket in (*self.weights, *self.orders):
            bucket.roll(ms)
        return ms

    def spend(self, weight: int) -> None:
        """Another request, of that *weight*; raises a refusal."""
        ms = self.roll()
        if ms < self.banned_until:
            raise self._banned(ms)
        for bucket in self.weights:
            bucket.used += 1 if bucket.kind == "RAW_REQUESTS" else weight
        over = next((each for each in self.weights if each.used > each.limit), None)
        if over is None:
            self._ignored = 0
            return
        self._ignored += 1
        if self._ignored > _PATIENCE:
            self.ban(_BANS[min(self.bans, len(_BANS) - 1)])
            raise self._banned(ms)
        self.refusals += 1
        raise Refused(
            429,
            -1003,
            f"Too much request weight used; current limit is {over.limit} request weight per "
            f"{over.number} {over.interval}. Please use WebSocket Streams for live updates to "
            "avoid polling the API.",
            retry_after=_seconds(over.left_ms(ms)),
        )

    def give_back(self, weight: int) -> None:
        """An order that is taken costs nothing."""
        for bucket in self.weights:
            if bucket.kind == "REQUEST_WEIGHT":
                bucket.used = max(0, bucket.used - weight)

    def ban(self, seconds: int) -> None:
        """Nothing is answered for *seconds*."""
        self.bans += 1
        self._ignored = 0
        self.banned_until = self._ms() + seconds * 1000

    def _banned(self, ms: int) -> Refused:
        return Refused(
            418,
            -1003,
            f"Way too much request weight used; IP banned until {self.banned_until}. Please use "
            "WebSocket Streams for live updates to avoid bans.",
            retry_after=_seconds(self.banned_until - ms),
        )

    def count_orders(self, number: int) -> None:
        """*number* more orders; raises a refusal, which does not count."""
        ms = self.roll()
        for bucket in self.orders:
            if bucket.used + number > bucket.limit:
                self.refusals += 1
                raise Refused(
                    429,
                    -1015,
                    f"Too many new orders; current limit is {bucket.limit} orders per "
                    f"{bucket.number} {bucket.interval}.",
                    retry_after=_seconds(bucket.left_ms(ms)),
                )
        for bucket in self.orders:
            bucket.used += number

    def order_traded(self) -> None:
        """An order traded for the first time: it is not unfilled any more."""
        for bucket in self.orders:
            bucket.used = max(0, bucket.used - 1)

    def headers(self) -> dict[str, str]:
        """What answers carry."""
        self.roll()
        weights = [each for each in self.weights if each.kind == "REQUEST_WEIGHT"]
        told = {f"{self.heading}-{each.suffix}": str(each.used) for each in weights}
        if self.heading.startswith("X-MBX"):
            told[self.heading] = str(weights[0].used)
        return told

    def order_headers(self) -> dict[str, str]:
        """What answers to orders carry besides."""
        return {f"X-MBX-ORDER-COUNT-{each.suffix}": str(each.used) for each in self.orders}


def _seconds(ms: int) -> int:
    return max(1, -(-ms // 1000))
