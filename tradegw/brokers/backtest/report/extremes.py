"""The highest and the lowest price since any bar that is still asked about."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal

from msgspec import Struct

from ....simulator.paths import Prices


class Span(Struct, frozen=True):
    """The extremes of some bars."""

    high: Decimal
    low: Decimal


class Extremes:
    """Of each side only the bars that nothing after them has exceeded, so that adding is cheap.

    Bars are numbered upwards.
    """

    def __init__(self) -> None:
        self._highs = _Stack(1)
        self._lows = _Stack(-1)

    def add(self, number: int, prices: Prices) -> None:
        """Bar *number* has ended."""
        self._highs.add(number, prices.high)
        self._lows.add(number, prices.low)

    def since(self, number: int) -> Span | None:
        """The extremes of bar *number* and all later ones; ``None`` if there is none yet."""
        high, low = self._highs.since(number), self._lows.since(number)
        return None if high is None or low is None else Span(high, low)

    def clear(self) -> None:
        """Nobody asks about what was."""
        self._highs.clear()
        self._lows.clear()


class _Stack:
    """Values that fall (sign 1) or rise (sign -1) with their numbers."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._numbers: list[int] = []
        self._values: list[Decimal] = []

    def add(self, number: int, value: Decimal) -> None:
        values = self._values
        while values and (values[-1] <= value if self._sign > 0 else values[-1] >= value):
            values.pop()
            self._numbers.pop()
        values.append(value)
        self._numbers.append(number)

    def since(self, number: int) -> Decimal | None:
        at = bisect_left(self._numbers, number)
        return self._values[at] if at < len(self._values) else None

    def clear(self) -> None:
        self._numbers.clear()
        self._values.clear()
