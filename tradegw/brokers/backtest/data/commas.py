"""CSV files: a header row, commas, names in any letter case."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import TextIO

from .errors import DataError
from .stamps import Stamps
from .table import ROWS, Chunk


class CommaTable:
    """The rows of *lines*, of which the first is the header; *name* is what errors call the file.

    Empty lines are passed over. Cells may be quoted, but hold no line break.
    """

    place = "line"

    def __init__(self, lines: TextIO, name: str) -> None:
        self._lines = lines
        self._name = name
        self._line = 1
        try:
            self.columns: Sequence[str] = _header(next(iter(lines), ""))
        except csv.Error as error:
            raise self._error(1, f"the header cannot be read: {error}") from error

    def chunks(self, stamp: int, numbers: Sequence[int]) -> Iterator[Chunk]:
        """See ``Table``."""
        width = len(self.columns)
        while lines := list(islice(self._lines, ROWS)):
            first = self._line + 1
            self._line += len(lines)
            columns, gaps = _cut(lines, width), [(0, first)]
            if columns is None:
                columns, gaps = self._parsed(lines, first)
            if columns[0]:
                yield Chunk(columns[stamp], [columns[number] for number in numbers], gaps)

    def instants(self, stamps: Stamps, cells: Sequence[str]) -> list[int]:
        """See ``Table``."""
        return stamps.texts(cells)

    def _parsed(
        self, lines: list[str], first: int
    ) -> tuple[list[list[str]], list[tuple[int, int]]]:
        """The same row by row, for what needs more care; where rows stand after empty lines."""
        width = len(self.columns)
        rows: list[list[str]] = []
        gaps: list[tuple[int, int]] = []
        expected = 0
        for line, text in enumerate(lines, start=first):
            if not text.strip():
                continue
            try:
                (cells,) = csv.reader([text], skipinitialspace=True, strict=True)
            except (csv.Error, ValueError):
                raise self._error(line, "a quote is not closed, or in the wrong place") from None
            if len(cells) != width:
                raise self._error(line, f"{len(cells)} cells under {width} columns")
            if line != expected:
                gaps.append((len(rows), line))
            expected = line + 1
            rows.append(cells)
        return [[row[n] for row in rows] for n in range(width)], gaps

    def _error(self, line: int, what: str) -> DataError:
        return DataError(f"{self._name}, {self.place} {line}: {what}")


def _header(line: str) -> list[str]:
    names = next(csv.reader([line], skipinitialspace=True), [])
    return [name.strip().lower() for name in names]


def _cut(lines: list[str], width: int) -> list[list[str]] | None:
    """The columns of *lines*, cut at every comma; ``None`` if it is not as simple as that."""
    if set(map(str.count, lines, repeat(","))) != {width - 1}:
        return None
    text = "".join(lines)
    if '"' in text:
        return None
    cells = text.replace("\n", ",").split(",")
    end = width * len(lines)
    return [cells[number:end:width] for number in range(width)]
