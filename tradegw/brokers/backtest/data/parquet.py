"""Parquet files, with the optional dependency pyarrow (``pip install 'tradegw[parquet]'``).

Decimals are taken as they are, floats by their shortest text, so that no digit is invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .errors import BadRow, DataError
from .stamps import Stamps
from .table import ROWS, Cells, Chunk

if TYPE_CHECKING:  # the names of an optional dependency
    from typing import BinaryIO

    import pyarrow as pa


class ParquetTable:
    """The rows of an open *file*; *name* is what errors call it. Raises
    ``DataError`` if it is none, or if pyarrow is not installed.
    """

    place = "row"

    def __init__(self, file: BinaryIO, name: str) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415  (optional, and slow to import)
            import pyarrow.parquet as pq  # noqa: PLC0415
        except ImportError:
            raise DataError(
                f"{name}: Parquet files need pyarrow: pip install 'tradegw[parquet]'"
            ) from None
        self._pa = pa
        self._name = name
        try:
            self._file = pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{name}: not a Parquet file that can be read: {error}") from error
        self._names = list(self._file.schema_arrow.names)
        self.columns: Sequence[str] = [name.strip().lower() for name in self._names]

    def chunks(self, stamp: int, numbers: Sequence[int]) -> Iterator[Chunk]:
        """See ``Table``."""
        names = [self._names[number] for number in (stamp, *numbers)]
        row = 1
        try:
            for batch in self._file.iter_batches(batch_size=ROWS, columns=names):
                if batch.num_rows:
                    columns = [_cells(self._pa, batch.column(name)) for name in names[1:]]
                    yield Chunk(batch.column(names[0]), columns, ((0, row),))
                    row += batch.num_rows
        except (self._pa.ArrowException, OSError) as error:
            raise DataError(f"{self._name}, row {row} or later: {error}") from error

    def instants(self, stamps: Stamps, cells: pa.Array) -> list[int]:
        """See ``Table``."""
        pa = self._pa
        if cells.null_count:
            raise BadRow(cells.is_null().index(True).as_py(), "the time stamp is empty")
        kind = cells.type
        if pa.types.is_timestamp(kind):
            shown = cells.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
            return stamps.instants(shown.to_pylist(), zoned=kind.tz is not None)
        if pa.types.is_integer(kind):
            return stamps.counted(cells.to_pylist())
        return stamps.texts(cells.cast(pa.string()).to_pylist())


def _cells(pa: Any, column: pa.Array) -> Cells:
    """Numbers as text, or as the decimals they are; ``None`` where there is none."""
    if pa.types.is_decimal(column.type):
        cells: Cells = column.to_pylist()
        return cells
    # Of a float this is the shortest text that reads back as the same number: what was written.
    texts: Cells = column.cast(pa.string()).to_pylist()
    return texts
