"""One file, read from end to end into columns, with nothing left out and nothing put right yet."""

from __future__ import annotations

import hashlib
import io
from array import array
from collections.abc import Sequence
from pathlib import Path

from .commas import CommaTable
from .errors import BadRow, DataError
from .layout import Layout, layout
from .options import Item
from .parquet import ParquetTable
from .scaled import Columns
from .stamps import Stamps
from .table import Chunk, Places, Table
from .zones import zone


class Recorded:
    """What a file holds: ``times`` as stamped, ``prices`` and ``amounts`` in the order of the
    layout.
    """

    def __init__(self, item: Item, layout: Layout, place: str) -> None:
        self.item = item
        self.layout = layout
        self.times: array[int] = array("q")
        self.prices = Columns(len(layout.prices))
        self.amounts = Columns(len(layout.amounts))
        self.sha256 = ""
        self._place = place
        self._places = Places()
        self._stamps = Stamps(zone(item.options.tz), strict=item.timeframe is not None)

    def error(self, row: int, what: str) -> DataError:
        """*what* is wrong with *row*, counted from 0."""
        return DataError(f"{self.item.path}, {self.at(row)}: {what}")

    def at(self, row: int) -> str:
        """Where in the file *row* is."""
        return f"{self._place} {self._places[row]}"

    def drop(self, rows: Sequence[int]) -> None:
        """Leave out *rows*, which are in order."""
        dropped = set(rows)
        kept = [row for row in range(len(self.times)) if row not in dropped]
        self._places = self._places.without(rows, len(self.times))
        self.times = array("q", [self.times[row] for row in kept])
        self.prices.keep(kept)
        self.amounts.keep(kept)

    def add(self, table: Table, chunk: Chunk) -> None:
        """Append the rows of *chunk*; raises ``DataError``."""
        rows = len(self.times)
        for row, line in chunk.lines:
            self._places.note(rows + row, line)
        wanted = len(self.layout.prices)
        try:
            self.times.extend(table.instants(self._stamps, chunk.stamps))
            self.prices.extend(self.layout.prices, chunk.numbers[:wanted])
            self.amounts.extend(self.layout.amounts, chunk.numbers[wanted:])
        except BadRow as bad:
            raise self.error(rows + bad.index, bad.what) from None


def read(item: Item) -> Recorded:
    """The file of *item*; raises ``DataError``."""
    try:
        with Path(item.path).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            if item.path.lower().endswith(".parquet"):
                recorded = _read(item, ParquetTable(file, item.path))
            else:
                with io.TextIOWrapper(file, encoding="utf-8-sig") as lines:
                    recorded = _read(item, CommaTable(lines, item.path))
    except OSError as error:
        raise DataError(f"{item.path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{item.path}: not a text in UTF-8") from error
    recorded.sha256 = sha256
    return recorded


def _read(item: Item, table: Table) -> Recorded:
    try:
        found = layout(table.columns, item.kind)
    except ValueError as error:
        raise DataError(f"{item.path}: {error}") from None
    recorded = Recorded(item, found, table.place)
    for chunk in table.chunks(found.stamp, found.numbers):
        recorded.add(table, chunk)
    if not recorded.times:
        raise DataError(f"{item.path}: no rows")
    return recorded
