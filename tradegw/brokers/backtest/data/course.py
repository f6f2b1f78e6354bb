"""The course of prices: all series as one, step by step, in the order of work.

At one instant, first the bars that end, short ones first, then those that begin and the ticks; and
within that in the order of the configuration. What happens inside of bars comes before, timers
come between: that is for the run, which sees by :meth:`Course.peek` what is next.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Protocol, TypeAlias

from ....model.enums import Timeframe
from .bars import Bars
from .deliveries import Deliveries
from .loaded import DataSets
from .series import Series
from .steps import BarClose, BarOpen, Moment, Over, Rank, Step, TickStep
from .ticks import Ticks
from .zones import moment

_Place: TypeAlias = tuple[int, int, int]
"""Time, rank, and for bars that end their length."""


class _Cursor(Protocol):
    """Where in its rows a series is; ``place`` is that of its next step."""

    place: _Place

    def take(self) -> Step: ...

    def advance(self) -> bool:
        """Go on to the next step; whether there is one."""


class _BarCursor:
    """Bars that open and close, or (not *drives*) only close."""

    def __init__(self, symbol: str, bars: Bars, rows: range, *, drives: bool, told: bool) -> None:
        self._symbol = symbol
        self._bars = bars
        self._drives = drives
        self._told = told
        self._row = rows.start
        self._stop = rows.stop
        self._is_open = drives
        self.place = self._placed()

    def take(self) -> Step:
        bars, row = self._bars, self._row
        if self._is_open:
            opened = bars.price_bar(row)
            return BarOpen(opened.time, self._symbol, opened, moment(bars.end(row)))
        bar = bars.bar(self._symbol, row)
        time = moment(self.place[0])
        return BarClose(time, self._symbol, bars.timeframe, bar, self._drives, self._told)

    def advance(self) -> bool:
        if self._is_open:
            self._is_open = False
        else:
            self._row += 1
            self._is_open = self._drives
            if self._row >= self._stop:
                return False
        self.place = self._placed()
        return True

    def _placed(self) -> _Place:
        if self._is_open:
            return self._bars.times[self._row], Rank.OPEN, 0
        return self._bars.end(self._row), Rank.CLOSE, self._bars.timeframe.seconds


class _TickCursor:
    """Quotes or trades that move their symbol."""

    def __init__(self, symbol: str, ticks: Ticks, rows: range, *, told: bool) -> None:
        self._symbol = symbol
        self._ticks = ticks
        self._told = told
        self._row = rows.start
        self._stop = rows.stop
        self.place: _Place = (ticks.times[self._row], Rank.OPEN, 0)

    def take(self) -> Step:
        tick = self._ticks.tick(self._symbol, self._row)
        return TickStep(tick.time, self._symbol, tick, self._told)

    def advance(self) -> bool:
        self._row += 1
        if self._row >= self._stop:
            return False
        self.place = (self._ticks.times[self._row], Rank.OPEN, 0)
        return True


class _OverCursor:
    """The end of a symbol's prices."""

    def __init__(self, symbol: str, instant: int) -> None:
        self._symbol = symbol
        self.place: _Place = (instant, Rank.OPEN, 0)

    def take(self) -> Step:
        return Over(moment(self.place[0]), self._symbol)

    def advance(self) -> bool:
        return False


class Course(Iterator[Step]):
    """Iterates over the steps of the run."""

    def __init__(self, datasets: DataSets, deliveries: Deliveries) -> None:
        self._heap: list[tuple[_Place, int, int, _Cursor]] = []
        """Place, symbol and series by their numbers, which no two have alike."""
        self._symbols = {symbol: number for number, symbol in enumerate(datasets.symbols)}
        self._drivers: dict[int, Series] = {}
        for series in datasets.series:
            self._add_loaded(datasets, deliveries, series)
        for symbol, frames in deliveries.candles.items():
            for frame in frames:
                self._add_made(datasets, symbol, frame)
        last = [series.data.end(series.stop - 1) for series in self._drivers.values()]
        self._last = max(last, default=0)
        heapq.heapify(self._heap)

    def peek(self) -> Moment | None:
        """Time and rank of the next step; ``None`` after the last."""
        if not self._heap:
            return None
        instant, rank, _ = self._heap[0][0]
        return Moment(moment(instant), Rank(rank))

    def __next__(self) -> Step:
        if not self._heap:
            raise StopIteration
        place, symbol, number, cursor = self._heap[0]
        step = cursor.take()
        if cursor.advance():
            heapq.heapreplace(self._heap, (cursor.place, symbol, number, cursor))
        else:
            heapq.heappop(self._heap)
            self._end(place[0], symbol, number)
        return step

    def _add_loaded(self, datasets: DataSets, deliveries: Deliveries, series: Series) -> None:
        symbol, rows = series.symbol, series.played
        drives = datasets.driver(symbol) is series
        told = series.timeframe in deliveries.candles[symbol]
        if not rows or not (drives or told):
            return
        if drives:
            self._drivers[len(self._heap)] = series
        if isinstance(series.data, Bars):
            self._add(symbol, _BarCursor(symbol, series.data, rows, drives=drives, told=told))
        elif drives:
            told = symbol in deliveries.quotes
            self._add(symbol, _TickCursor(symbol, series.data, rows, told=told))

    def _add_made(self, datasets: DataSets, symbol: str, timeframe: Timeframe) -> None:
        if datasets.loaded(symbol, timeframe) is not None:
            return
        bars = datasets.made(symbol, timeframe)
        rows = range(0) if bars is None else datasets.told(bars)
        if bars is not None and rows:
            self._add(symbol, _BarCursor(symbol, bars, rows, drives=False, told=True))

    def _add(self, symbol: str, cursor: _Cursor) -> None:
        self._heap.append((cursor.place, self._symbols[symbol], len(self._heap), cursor))

    def _end(self, instant: int, symbol: int, number: int) -> None:
        """A series is over; if it was what moved its symbol, and others move on, that is told."""
        series = self._drivers.pop(number, None)
        if series is None or series.stop < series.rows or instant >= self._last:
            return
        over = _OverCursor(series.symbol, instant)
        heapq.heappush(self._heap, (over.place, symbol, number, over))
