"""The equity curve: one point for every moment at which a bar closed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from .column import Column
from .exact import ended_day, micros


class Point(Struct, frozen=True):
    """The account at ``time`` (microseconds since 1970), all closes of that moment taken in."""

    time: int
    balance: Decimal
    equity: Decimal
    margin_used: Decimal


class EquityCurve:
    """Grows at the end; about 32 bytes a point, and exact."""

    def __init__(self) -> None:
        self._times = array("q")
        self._columns: tuple[Column, Column, Column] = Column(), Column(), Column()

    def __len__(self) -> int:
        return len(self._times)

    def add(self, time: datetime, balance: Decimal, equity: Decimal, margin_used: Decimal) -> None:
        """The account at *time*; takes the place of what was said of that moment before.

        The curve never steps back: what is said late is how things stand at its end.
        """
        at = micros(time)
        values = balance, equity, margin_used
        if self._times and self._times[-1] >= at:
            for column, value in zip(self._columns, values, strict=True):
                column.replace_last(value)
            return
        self._times.append(at)
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)

    def until(
        self, time: datetime, balance: Decimal, equity: Decimal, margin_used: Decimal
    ) -> EquityCurve:
        """A copy that ends with this."""
        curve = EquityCurve()
        curve._times = self._times[:]
        one, other, third = self._columns
        curve._columns = one.copy(), other.copy(), third.copy()
        curve.add(time, balance, equity, margin_used)
        return curve

    def __iter__(self) -> Iterator[Point]:
        for time, *values in zip(self._times, *self._columns, strict=True):
            yield Point(time, *values)

    def equities(self) -> Iterator[tuple[int, Decimal]]:
        """Time and equity of every point."""
        return zip(self._times, self._columns[1], strict=True)

    def days(self) -> dict[int, Decimal]:
        """The last equity of every UTC day with data, by the day's number since 1970."""
        return {ended_day(time): equity for time, equity in self.equities()}
