"""What is kept of a symbol's prices: enough to draw them, however many bars there were."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ....simulator.paths import Prices
from .exact import micros

_MOST: Final = 2048
_RECENT: Final = 500


class Stretch(Struct):
    """Some bars in a row, as one; times are of their ends, in microseconds since 1970."""

    first: int
    last: int
    high: Decimal
    low: Decimal
    close: Decimal


class Track:
    """The prices of one symbol: at most 2048 stretches of equally many bars.

    ``recent`` are the last 500 bars as they were.
    ``first_open`` and ``last_close`` are ``None`` before the first bar.
    """

    def __init__(self) -> None:
        self.first_open: Decimal | None = None
        self.last_close: Decimal | None = None
        self.stretches: list[Stretch] = []
        self.recent: deque[Stretch] = deque(maxlen=_RECENT)
        self._bars = 0
        self._each = 1

    def closed(self, time: datetime, prices: Prices) -> None:
        """A bar ended at *time*."""
        self.last_close = prices.close
        if self.first_open is None:
            self.first_open = prices.open
        bar = _stretch(micros(time), prices)
        self.recent.append(bar)
        if self._bars:
            self._extend(bar)
        else:
            self._begin(_stretch(bar.last, prices))
        self._bars = (self._bars + 1) % self._each

    def _begin(self, bar: Stretch) -> None:
        if len(self.stretches) == _MOST:
            halves = zip(self.stretches[::2], self.stretches[1::2], strict=True)
            self.stretches = [_joined(one, other) for one, other in halves]
            self._each *= 2
        self.stretches.append(bar)

    def _extend(self, bar: Stretch) -> None:
        stretch = self.stretches[-1]
        stretch.last = bar.last
        stretch.close = bar.close
        stretch.high = max(stretch.high, bar.high)
        stretch.low = min(stretch.low, bar.low)


def _stretch(at: int, prices: Prices) -> Stretch:
    return Stretch(at, at, prices.high, prices.low, prices.close)


def _joined(one: Stretch, other: Stretch) -> Stretch:
    high, low = max(one.high, other.high), min(one.low, other.low)
    return Stretch(one.first, other.last, high, low, other.close)
