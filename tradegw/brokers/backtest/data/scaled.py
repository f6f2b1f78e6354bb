"""Columns of numbers as whole multiples of a power of ten: exact, and eight bytes a number.

Decimal text is read column by column with operations that loop inside of the interpreter; a
number at a time would be too slow for a year of minutes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, localcontext
from itertools import repeat
from operator import mul
from typing import Final, TypeAlias

from ....model.money import MAX_SCALE, is_sane
from .errors import BadRow

Numbers: TypeAlias = "array[int] | list[int]"
"""64 bits each; a list where one of them needs more."""

_WIDE: Final = Context(prec=120, traps=[InvalidOperation, Inexact])
_UNITS: Final = tuple(Decimal((0, (1,), -scale)) for scale in range(MAX_SCALE + 3))


def decimal(value: int, scale: int) -> Decimal:
    """*value* times ten to the minus *scale*, without trailing zeros behind the point.

    So that the text of one price says nothing about the digits of later ones.
    """
    while scale and not value % 10:
        value //= 10
        scale -= 1
    return Decimal(value) * _UNITS[scale]


def packed(values: Iterable[int]) -> Numbers:
    """*values* as compactly as may be."""
    listed = values if isinstance(values, list) else list(values)
    try:
        return array("q", listed)
    except OverflowError:
        return listed


class Columns:
    """Columns of equal length with one ``scale``: a number is ``columns[c][row] / 10**scale``."""

    def __init__(self, count: int) -> None:
        self.scale = 0
        self.columns: list[Numbers] = [array("q") for _ in range(count)]

    @classmethod
    def of(cls, columns: Iterable[Iterable[int]], scale: int) -> Columns:
        """Columns of whole numbers of that *scale*."""
        made = cls(0)
        made.scale = scale
        made.columns = [packed(column) for column in columns]
        return made

    def extend(self, names: Sequence[str], cells: Sequence[Sequence[str | Decimal]]) -> None:
        """Append rows, given column by column as decimal text; *names* is what they are called.

        Raises ``BadRow`` for what is no usable number.
        """
        read = [_Read(name, column) for name, column in zip(names, cells, strict=True)]
        scale = max([self.scale, *(column.scale for column in read)])
        if scale > self.scale:
            factor = 10 ** (scale - self.scale)
            self.columns = [packed(map(mul, c, repeat(factor))) for c in self.columns]
            self.scale = scale
        unit = Decimal(10) ** scale
        for number, column in enumerate(read):
            self._append(number, column.times(unit))

    def keep(self, rows: Sequence[int]) -> None:
        """Leave out all but *rows*."""
        self.columns = [packed([c[row] for row in rows]) for c in self.columns]

    def _append(self, number: int, more: Numbers) -> None:
        held = self.columns[number]
        if isinstance(held, array) and isinstance(more, array):
            held.extend(more)
        else:
            self.columns[number] = [*held, *more]


class _Read:
    """A column of decimal text as decimals; ``scale`` is how many digits behind the point the
    longest has.
    """

    def __init__(self, name: str, cells: Sequence[str | Decimal]) -> None:
        self._name = name
        self._cells = cells
        try:
            self._decimals = list(map(Decimal, cells))
            # The exponent of an exact sum is the least of all.
            with localcontext(_WIDE):
                exponent = sum(self._decimals, Decimal(0)).as_tuple().exponent
        except (DecimalException, TypeError, ValueError):
            raise self._bad() from None
        if not isinstance(exponent, int) or -exponent > MAX_SCALE:
            raise self._bad()
        self.scale = -exponent

    def times(self, unit: Decimal) -> Numbers:
        """Whole numbers of ``1 / unit``."""
        numbers = packed(map(int, map(_WIDE.multiply, self._decimals, repeat(unit))))
        if isinstance(numbers, list) and not all(map(is_sane, self._decimals)):
            raise self._bad()
        return numbers

    def _bad(self) -> BadRow:
        for index, cell in enumerate(self._cells):
            what = _complaint(cell)
            if what is not None:
                return BadRow(index, f"{self._name} {what}")
        return BadRow(0, f"{self._name} has numbers too far apart in size")


def _complaint(cell: object) -> str | None:
    shown = str(cell)
    if cell is None or not shown.strip():
        return "is empty"
    try:
        number = Decimal(shown)
    except InvalidOperation:
        return f"is {shown[:40]!r}, not a number"
    return None if is_sane(number) else f"is {shown[:40]!r}, not a usable number"
