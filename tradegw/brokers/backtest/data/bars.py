"""The bars of one file, or those made of them, compactly."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from decimal import Decimal
from itertools import repeat
from operator import add, mul
from sys import getsizeof

from ....model.enums import Timeframe
from ....model.market import Bar
from ....model.money import ZERO
from ....simulator.paths import PriceBar, Prices
from .scaled import Columns, Numbers, decimal, packed
from .zones import SECOND, moment

PROVIDER = "backtest"


class Bars:
    """Bars of *timeframe*, in order, none overlapping another.

    ``times`` are their starts. ``ends`` is given where they are not a length later. *prices* are
    open, high, low and close, of one price or of bid and then ask.
    """

    def __init__(
        self,
        timeframe: Timeframe,
        times: array[int],
        ends: array[int] | None,
        prices: Columns,
        volume: Columns | None,
    ) -> None:
        self.timeframe = timeframe
        self.times = times
        self.two_sided = len(prices.columns) > 4
        self.has_volume = volume is not None
        self._ends = ends
        self._length = timeframe.seconds * SECOND
        self._prices = prices.columns
        self._scale = prices.scale
        self._volumes = None if volume is None else volume.columns[0]
        self._volume_scale = 0 if volume is None else volume.scale

    def __len__(self) -> int:
        return len(self.times)

    @property
    def bytes(self) -> int:
        """What the columns take in memory; numbers that need more than 64 bits not counted."""
        volumes = [] if self._volumes is None else [self._volumes]
        ends = [] if self._ends is None else [self._ends]
        return sum(map(getsizeof, [self.times, *ends, *self._prices, *volumes]))

    def end(self, row: int) -> int:
        """When it is over."""
        return self.times[row] + self._length if self._ends is None else self._ends[row]

    def ended(self, instant: int) -> int:
        """How many are over at *instant*."""
        if self._ends is not None:
            return bisect_right(self._ends, instant)
        return bisect_right(self.times, instant - self._length)

    def since(self, instant: int) -> int:
        """How many begin before *instant*."""
        return bisect_left(self.times, instant)

    @property
    def first_price(self) -> Decimal:
        """The middle of the first open."""
        return self._shown(0).open

    def close(self, row: int) -> Decimal:
        """The middle of its close."""
        return self._shown(row).close

    def volume(self, row: int) -> Decimal | None:
        """What was traded, if the file tells."""
        if self._volumes is None:
            return None
        return decimal(self._volumes[row], self._volume_scale)

    def price_bar(self, row: int) -> PriceBar:
        """Both sides of it, the same one twice where there is one."""
        bid = self._four(row, 0)
        ask = self._four(row, 4) if self.two_sided else bid
        return PriceBar(moment(self.times[row]), bid, ask, self.volume(row))

    def bar(self, symbol: str, row: int) -> Bar:
        """As clients see it."""
        prices = self._shown(row)
        volume = self.volume(row)
        return Bar(
            symbol=symbol,
            provider=PROVIDER,
            timeframe=self.timeframe,
            timestamp=moment(self.times[row]),
            open=prices.open,
            high=prices.high,
            low=prices.low,
            close=prices.close,
            volume=ZERO if volume is None else volume,
        )

    def middle(self, number: int, first: int, last: int) -> tuple[Numbers, int]:
        """The middle of one of the four prices of the rows from *first* until before *last*, as
        whole numbers, and their scale.
        """
        bid = self._prices[number][first:last]
        if not self.two_sided:
            return bid, self._scale
        both = map(add, bid, self._prices[number + 4][first:last])
        return packed(map(mul, both, repeat(5))), self._scale + 1

    def volumes(self, first: int, last: int) -> int:
        """What was traded in those rows, as a whole number of the volume's scale."""
        return 0 if self._volumes is None else sum(self._volumes[first:last])

    @property
    def volume_scale(self) -> int:
        """Of :meth:`volumes`."""
        return self._volume_scale

    def _four(self, row: int, first: int) -> Prices:
        scale = self._scale
        opened, high, low, close = self._prices[first : first + 4]
        return Prices(
            decimal(opened[row], scale),
            decimal(high[row], scale),
            decimal(low[row], scale),
            decimal(close[row], scale),
        )

    def _shown(self, row: int) -> Prices:
        if not self.two_sided:
            return self._four(row, 0)
        scale = self._scale + 1
        columns = self._prices
        return Prices(
            *(decimal(5 * (columns[n][row] + columns[n + 4][row]), scale) for n in range(4))
        )
