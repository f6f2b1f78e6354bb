"""All data of a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ....market.bars import makes
from ....model.enums import Timeframe
from .bars import Bars
from .options import Options
from .rolling import rolled
from .series import Series
from .zones import micros, moment


class DataSets:
    """The *series*, in the order of the configuration; each has rows.

    ``symbols`` are in the order of their first series. The finest series of a symbol (of those with
    rows in the run, if there are such) is its driver: it moves the market, and its options count
    for the symbol. The run is from ``begin``, what the clock shows before it, to ``end``.
    """

    def __init__(
        self, series: Sequence[Series], start: datetime | None, end: datetime | None
    ) -> None:
        self.series = tuple(series)
        self.symbols = tuple(dict.fromkeys(one.symbol for one in series))
        self._drivers = {
            symbol: min(self.of(symbol), key=lambda one: (not one.played, one.item.fineness))
            for symbol in self.symbols
        }
        self._calendars = {s: self.options(s).calendar for s in self.symbols}
        self._stop = end
        self._rolled: dict[tuple[str, Timeframe], Bars] = {}
        first = min(one.first for one in series)
        self.begin = first if start is None else max(start, first)
        played = [driver for driver in self._drivers.values() if driver.played]
        ends = [moment(driver.data.end(driver.stop - 1)) for driver in played]
        self.end = max(ends, default=self.begin)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd, naming the file."""
        return tuple(f"{one.path}: {text}" for one in self.series for text in one.warnings)

    def of(self, symbol: str) -> list[Series]:
        """The series of *symbol*."""
        return [one for one in self.series if one.symbol == symbol]

    def driver(self, symbol: str) -> Series:
        """The series that moves *symbol*; ``KeyError`` if there is none."""
        return self._drivers[symbol]

    def options(self, symbol: str) -> Options:
        """What was said of *symbol*; ``KeyError`` if it is not in the data."""
        return self._drivers[symbol].options

    def day_end(self, symbol: str, after: datetime) -> datetime:
        """When day orders that became active *after* expire: the first end of a session later than
        that, else the first midnight in its zone.
        """
        return self._calendars[symbol].day_end(after)

    def loaded(self, symbol: str, timeframe: Timeframe) -> Series | None:
        """The series of bars of *timeframe*, if there is one."""
        return next((one for one in self.of(symbol) if one.timeframe is timeframe), None)

    def source(self, symbol: str, timeframe: Timeframe) -> Series | None:
        """What bars of *timeframe* that are not loaded are made of: the shortest bars, or else
        trades, or else quotes; ``None`` if they cannot be.
        """
        bars = [
            one
            for one in self.of(symbol)
            if one.timeframe is not None and makes(one.timeframe, timeframe)
        ]
        if bars:
            return min(bars, key=lambda one: one.item.fineness)
        ticks = [one for one in self.of(symbol) if one.timeframe is None]
        return max(ticks, key=lambda one: one.item.fineness, default=None)

    def offers(self, symbol: str, timeframe: Timeframe) -> bool:
        """Whether there are bars of *timeframe*, or can be."""
        return (
            self.loaded(symbol, timeframe) is not None or self.source(symbol, timeframe) is not None
        )

    def made(self, symbol: str, timeframe: Timeframe) -> Bars | None:
        """Bars of *timeframe* out of smaller ones, made when they are first asked for."""
        source = self.source(symbol, timeframe)
        if source is None:
            return None
        key = symbol, timeframe
        if key not in self._rolled:
            self._rolled[key] = rolled(source.data, timeframe, source.options.calendar)
        return self._rolled[key]

    def told(self, bars: Bars) -> range:
        """The rows of *bars*, made of smaller ones, that end within the run."""
        first = bars.ended(micros(self.begin))
        last = len(bars) if self._stop is None else bars.ended(micros(self._stop))
        return range(first, last)
