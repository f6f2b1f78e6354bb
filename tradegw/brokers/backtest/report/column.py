"""A long column of decimals, kept exactly and small."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Final

_ROWS: Final = 4096
_LIMIT: Final = 2**63
_EXACT: Final = Context(prec=80)


class Column:
    """Decimals in chunks of scaled integers: eight bytes each, while they fit.

    A chunk has the smallest scale of its values; one whose values do not fit in 64 bits at that
    scale keeps them as they are. What is read equals what was appended.
    """

    def __init__(self) -> None:
        self._full: list[_Chunk] = []
        self._chunk = _Chunk()
        self._length = 0
        self._last: Decimal | None = None

    def __len__(self) -> int:
        return self._length

    def append(self, value: Decimal) -> None:
        """Add *value* at the end; quick if it is the object that was appended before."""
        if len(self._chunk) == _ROWS:
            self._full.append(self._chunk)
            self._chunk = _Chunk()
        if value is not self._last or not self._chunk.repeat():
            self._chunk.append(value)
            self._last = value
        self._length += 1

    def replace_last(self, value: Decimal) -> None:
        """Put *value* in place of what was appended last."""
        self._chunk.pop()
        self._length -= 1
        self._last = None
        self.append(value)

    def copy(self) -> Column:
        """Another one that grows on its own."""
        column = Column()
        column._full = self._full[:]  # only the last chunk ever changes
        column._chunk = self._chunk.copy()
        column._length = self._length
        return column

    def __iter__(self) -> Iterator[Decimal]:
        for chunk in (*self._full, self._chunk):
            yield from chunk.values()


class _Chunk:
    """Values of one scale, or *wide* ones."""

    def __init__(self) -> None:
        self._numbers = array("q")
        self._exponent = 0
        self._wide: list[Decimal] | None = None

    def __len__(self) -> int:
        return len(self._numbers) if self._wide is None else len(self._wide)

    def copy(self) -> _Chunk:
        chunk = _Chunk()
        chunk._numbers = self._numbers[:]
        chunk._exponent = self._exponent
        chunk._wide = None if self._wide is None else self._wide[:]
        return chunk

    def repeat(self) -> bool:
        """Append the last value again, if there is one."""
        if self._wide is not None:
            self._wide.append(self._wide[-1])
        elif self._numbers:
            self._numbers.append(self._numbers[-1])
        else:
            return False
        return True

    def pop(self) -> None:
        if self._wide is None:
            self._numbers.pop()
        else:
            self._wide.pop()

    def append(self, value: Decimal) -> None:
        if self._wide is None:
            exponent = value.as_tuple().exponent
            assert isinstance(exponent, int), "amounts are finite"
            fits = exponent >= self._exponent or self._rescale(exponent)
            if fits and self._append_scaled(value):
                return
            self._wide = list(self.values())
        self._wide.append(value)

    def _append_scaled(self, value: Decimal) -> bool:
        number = int(value.scaleb(-self._exponent, _EXACT))
        if not -_LIMIT <= number < _LIMIT:
            return False
        self._numbers.append(number)
        return True

    def _rescale(self, exponent: int) -> bool:
        """Take a smaller scale; whether all values still fit."""
        factor = 10 ** (self._exponent - exponent)
        if any(not -_LIMIT <= number * factor < _LIMIT for number in self._numbers):
            return False
        self._numbers = array("q", (number * factor for number in self._numbers))
        self._exponent = exponent
        return True

    def values(self) -> Iterator[Decimal]:
        if self._wide is not None:
            yield from self._wide
            return
        exponent = self._exponent
        for number in self._numbers:
            yield Decimal(number).scaleb(exponent, _EXACT)
