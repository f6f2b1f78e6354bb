"""Larger bars made of smaller ones, or of ticks.

A larger bar is made of the rows that begin within it: first open, highest high, lowest low, last
close, sum of the volume, of the middle where there are two sides. It ends where its time ends or,
if a row that belongs to it ends later, with that, so that it never tells more than had been shown.
Time without a row has no bar, and the first bar is left out unless the rows cover its start.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

from ....model.enums import Timeframe
from .bars import Bars
from .days import Calendar
from .scaled import Columns
from .ticks import Ticks

_OPEN, _HIGH, _LOW, _CLOSE = range(4)


def rolled(rows: Bars | Ticks, timeframe: Timeframe, calendar: Calendar) -> Bars:
    """The bars of *timeframe* that *rows* make."""
    times, stop = rows.times, len(rows)
    starts: list[int] = []
    ends: list[int] = []
    values: list[list[int]] = [[], [], [], [], []]
    row = _first_row(rows, timeframe, calendar)
    scale = rows.middle(_OPEN, 0, 0)[1]
    while row < stop:
        start, end = calendar.bucket(times[row], timeframe)
        after = bisect_left(times, end, row)
        starts.append(start)
        ends.append(max(end, rows.end(after - 1)))
        values[_OPEN].append(rows.middle(_OPEN, row, row + 1)[0][0])
        values[_HIGH].append(max(rows.middle(_HIGH, row, after)[0]))
        values[_LOW].append(min(rows.middle(_LOW, row, after)[0]))
        values[_CLOSE].append(rows.middle(_CLOSE, after - 1, after)[0][0])
        values[4].append(rows.volumes(row, after))
        row = after
    prices = Columns.of(values[:4], scale)
    volume = Columns.of(values[4:], rows.volume_scale) if rows.has_volume else None
    return Bars(timeframe, array("q", starts), array("q", ends), prices, volume)


def _first_row(rows: Bars | Ticks, timeframe: Timeframe, calendar: Calendar) -> int:
    """The first row of the first bar whose start is covered."""
    if not len(rows):
        return 0
    start, end = calendar.bucket(rows.times[0], timeframe)
    return 0 if calendar.covers(rows.times[0], start) else bisect_left(rows.times, end)
