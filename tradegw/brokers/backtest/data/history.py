"""What of the data has been shown by a time, and nothing else."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from ....errors import InvalidRequest, SymbolNotFound
from ....model.enums import Timeframe
from ....model.market import Bar, BarQuery
from ....simulator.ticks import Tick
from .bars import Bars
from .loaded import DataSets
from .ticks import Ticks
from .zones import micros

DEFAULT_BARS: Final = 100
MAX_BARS: Final = 10_000


class History:
    """Looks into *datasets*, replayed or not, up to the clock that comes with each question."""

    def __init__(self, datasets: DataSets) -> None:
        self._datasets = datasets

    def bars(self, symbol: str, query: BarQuery, clock: datetime) -> list[Bar]:
        """Bars that have ended by *clock*, oldest first; ``limit`` (100, or 10 000 with ``start``)
        keeps the newest.

        Raises ``SymbolNotFound``, or ``InvalidRequest`` for a timeframe that cannot be made.
        """
        bars = self._bars(symbol, query.timeframe)
        stop = bars.ended(micros(clock))
        if query.end is not None:
            stop = min(stop, bars.since(micros(query.end) + 1))
        first = 0 if query.start is None else bars.since(micros(query.start))
        default = DEFAULT_BARS if query.start is None else MAX_BARS
        limit = min(default if query.limit is None else query.limit, MAX_BARS)
        return [bars.bar(symbol, row) for row in range(max(first, stop - limit), stop)]

    def last_tick(self, symbol: str, clock: datetime) -> Tick | None:
        """The last quote or trade before *clock* of a symbol that is moved by such."""
        ticks = self._datasets.driver(symbol).data
        if not isinstance(ticks, Ticks):
            return None
        shown = ticks.since(micros(clock))
        return ticks.tick(symbol, shown - 1) if shown else None

    def last_close(self, symbol: str, clock: datetime) -> Decimal | None:
        """The price that was shown last before *clock*: of a tick, or of a bar that had ended."""
        data = self._datasets.driver(symbol).data
        if isinstance(data, Bars):
            ended = data.ended(micros(clock))
            return data.close(ended - 1) if ended else None
        tick = self.last_tick(symbol, clock)
        return None if tick is None else tick.last

    def _bars(self, symbol: str, timeframe: Timeframe) -> Bars:
        if symbol not in self._datasets.symbols:
            raise SymbolNotFound(symbol)
        series = self._datasets.loaded(symbol, timeframe)
        found = self._datasets.made(symbol, timeframe) if series is None else series.data
        if not isinstance(found, Bars):
            message = f"Bars of {timeframe} cannot be made of the data of {symbol}"
            raise InvalidRequest(message, "timeframe")
        return found
