"""A file as columns of cells, a few thousand rows at a time, whatever its format is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol, TypeAlias

from msgspec import Struct

from .stamps import Stamps

ROWS: Final = 8192
"""How many rows are read at once."""

Cells: TypeAlias = "Sequence[str | Decimal]"


class Chunk(Struct, frozen=True):
    """Some rows: the time stamps as the file has them, and column by column decimal text (or
    ``Decimal``) of the numbers.

    ``lines`` tells where they stand in the file: the first row and those after a gap, as (row
    within the chunk, line).
    """

    stamps: Any
    numbers: Sequence[Cells]
    lines: Sequence[tuple[int, int]]


class Table(Protocol):
    """An open file. ``columns`` are its names in small letters, ``place`` is what the number of a
    row is called: ``line`` or ``row``.
    """

    columns: Sequence[str]
    place: str

    def chunks(self, stamp: int, numbers: Sequence[int]) -> Iterator[Chunk]:
        """The rows; only the columns with these numbers are read.

        Raises ``DataError`` for a row that has not the right number of cells.
        """

    def instants(self, stamps: Stamps, cells: Any) -> list[int]:
        """The ``stamps`` of a chunk, read; raises ``BadRow``."""


class Places:
    """Where each row that was read stands in its file."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._lines: list[int] = []

    def note(self, row: int, line: int) -> None:
        """*row* stands at *line*, and those after it follow without a gap."""
        if self._rows and line - self._lines[-1] == row - self._rows[-1]:
            return
        self._rows.append(row)
        self._lines.append(line)

    def __getitem__(self, row: int) -> int:
        at = bisect_right(self._rows, row) - 1
        return self._lines[at] + row - self._rows[at]

    def without(self, rows: Sequence[int], count: int) -> Places:
        """The same when *rows*, in order, of *count* were left out."""
        left = Places()
        dropped = set(rows)
        for row in sorted({*self._rows, *(row + 1 for row in rows)} - dropped):
            if row < count:
                left.note(row - bisect_left(rows, row), self[row])
        return left
