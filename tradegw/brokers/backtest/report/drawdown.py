"""How far the equity fell from its highest, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from ....model.money import ZERO
from .exact import RATIOS


class Drawdown(Struct, frozen=True, kw_only=True):
    """Times and durations are in microseconds; those of a curve that never fell are ``None``.

    ``depth``     the deepest, as a share of the peak before it: zero or negative
    ``start``     when the equity was last at that peak
    ``recovery``  when it was back there; ``None`` if it never was
    ``longest``   from a peak until the equity was back, or until the end; of any drawdown
    """

    depth: Decimal = ZERO
    start: int | None = None
    trough: int | None = None
    recovery: int | None = None
    longest: int = 0

    @classmethod
    def of(cls, points: Iterable[tuple[int, Decimal]]) -> Drawdown:
        """The drawdown of *points*, the first of which is the start. Equity starts above zero."""
        watch = _Watch()
        for time, equity in points:
            watch.see(time, equity)
        return watch.drawdown()


class _Watch:
    """Goes along the curve. Depths are compared by cross-multiplication, which is exact."""

    def __init__(self) -> None:
        self._peak = ZERO
        self._peak_time = 0
        self._time = 0
        self._low: Decimal | None = None
        self._high = ZERO
        self._start = self._trough = 0
        self._recovery: int | None = None
        self._longest = 0
        self._under = False

    def see(self, time: int, equity: Decimal) -> None:
        self._time = time
        if equity >= self._peak:
            self._back(time)
            self._peak, self._peak_time = equity, time
            return
        self._under = True
        if self._low is None or equity * self._high < self._low * self._peak:
            self._low, self._high = equity, self._peak
            self._start, self._trough, self._recovery = self._peak_time, time, None

    def _back(self, time: int) -> None:
        """The equity is at a peak."""
        if not self._under:
            return
        self._under = False
        self._longest = max(self._longest, time - self._peak_time)
        if self._recovery is None:
            self._recovery = time

    def drawdown(self) -> Drawdown:
        if self._low is None:
            return Drawdown()
        depth = RATIOS.subtract(RATIOS.divide(self._low, self._high), Decimal(1))
        longest = max(self._longest, self._time - self._peak_time) if self._under else self._longest
        return Drawdown(
            depth=depth,
            start=self._start,
            trough=self._trough,
            recovery=self._recovery,
            longest=longest,
        )
