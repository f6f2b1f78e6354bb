"""One data set as it was loaded."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ....model.enums import Timeframe
from .bars import Bars
from .options import Item, Options
from .ticks import Ticks
from .zones import moment


class Series(Struct, frozen=True, kw_only=True):
    """The rows of one file, checked and cleaned; ``sha256`` is that of the file as it is.

    ``start`` and ``stop`` are the first row that is replayed and the first that is not any more.
    """

    item: Item
    sha256: str
    data: Bars | Ticks
    start: int
    stop: int
    warnings: tuple[str, ...]

    @property
    def symbol(self) -> str:
        return self.item.symbol

    @property
    def kind(self) -> str:
        """A timeframe's word, ``quotes`` or ``trades``."""
        return self.item.kind

    @property
    def timeframe(self) -> Timeframe | None:
        """The length of its bars; ``None`` for ticks."""
        return self.item.timeframe

    @property
    def options(self) -> Options:
        return self.item.options

    @property
    def path(self) -> str:
        """As it was written, or within the directory that was."""
        return self.item.path

    @property
    def played(self) -> range:
        """The rows that are replayed."""
        return range(self.start, self.stop)

    @property
    def rows(self) -> int:
        """How many there are, history and what is behind the end of the run included."""
        return len(self.data)

    @property
    def first(self) -> datetime:
        """The time of the first row; a bar's is its start."""
        return moment(self.data.times[0])

    @property
    def last(self) -> datetime:
        """The time of the last row."""
        return moment(self.data.times[-1])

    @property
    def two_sided(self) -> bool:
        """Whether it tells bid and ask."""
        return self.data.two_sided
