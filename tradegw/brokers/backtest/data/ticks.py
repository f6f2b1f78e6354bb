"""The quotes or trades of one file, compactly."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from decimal import Decimal
from itertools import repeat
from operator import add, mul

from ....simulator.ticks import Tick, quoted, traded
from .scaled import Columns, Numbers, decimal, packed
from .zones import moment


class Ticks:
    """Ticks in the order of the file. *prices* are bid and ask of quotes, or that of trades;
    *sizes* theirs, if the file tells them.
    """

    def __init__(self, times: array[int], prices: Columns, sizes: Columns | None) -> None:
        self.times = times
        self.are_quotes = self.two_sided = len(prices.columns) > 1
        self.has_volume = sizes is not None and not self.are_quotes
        self._prices = prices.columns
        self._scale = prices.scale
        self._sizes = [] if sizes is None else sizes.columns
        self._size_scale = 0 if sizes is None else sizes.scale

    def __len__(self) -> int:
        return len(self.times)

    def end(self, row: int) -> int:
        """When it was shown."""
        return self.times[row]

    def since(self, instant: int) -> int:
        """How many there are before *instant*."""
        return bisect_left(self.times, instant)

    @property
    def first_price(self) -> Decimal:
        """The middle of the first one."""
        return self.tick("", 0).last

    def tick(self, symbol: str, row: int) -> Tick:
        """The tick as the exchange takes it."""
        time = moment(self.times[row])
        prices = [decimal(column[row], self._scale) for column in self._prices]
        sizes = [decimal(column[row], self._size_scale) for column in self._sizes]
        if self.are_quotes:
            return quoted(symbol, time, *prices, *sizes)
        return traded(symbol, time, prices[0], sizes[0] if sizes else None)

    def middle(self, number: int, first: int, last: int) -> tuple[Numbers, int]:  # noqa: ARG002  (the same for all four)
        """The middle price of the rows from *first* until before *last*, as whole numbers, and
        their scale.
        """
        bid = self._prices[0][first:last]
        if not self.are_quotes:
            return bid, self._scale
        both = map(add, bid, self._prices[1][first:last])
        return packed(map(mul, both, repeat(5))), self._scale + 1

    def volumes(self, first: int, last: int) -> int:
        """What was traded in those rows, as a whole number of the sizes' scale."""
        return 0 if not self.has_volume else sum(self._sizes[0][first:last])

    @property
    def volume_scale(self) -> int:
        """Of :meth:`volumes`."""
        return self._size_scale
