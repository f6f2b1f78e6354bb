"""From what a file holds to rows that can be relied on, and what is to be said about it."""

from __future__ import annotations

from array import array
from itertools import islice
from operator import sub
from typing import Final

from ....model.enums import Timeframe
from . import checks
from .bars import Bars
from .days import Calendar
from .options import Label
from .reading import Recorded
from .ticks import Ticks
from .zones import SECOND

_HOUR: Final = 3600 * SECOND


def clean_bars(recorded: Recorded, timeframe: Timeframe) -> tuple[Bars, list[str]]:
    """The bars and the warnings; raises ``DataError``."""
    calendar = recorded.item.options.calendar
    if recorded.item.options.label is Label.END:
        recorded.times = array("q", (calendar.before(t, timeframe) for t in recorded.times))
    checks.check_order(recorded)
    warnings = _without_repeated(recorded)
    checks.check_numbers(recorded)
    checks.check_shape(recorded)
    if len(recorded.prices.columns) > 4:
        warnings += checks.uncross(recorded)
    ends, cut = _ends(recorded, calendar, timeframe)
    warnings += [*cut, *checks.off_grid(recorded, calendar, timeframe)]
    if timeframe.seconds * SECOND <= 12 * _HOUR:
        warnings += checks.outside(recorded, calendar)
    warnings += checks.jumps(recorded, calendar)
    volume = recorded.amounts if recorded.layout.amounts else None
    if volume is None:
        warnings.append("there is no volume: it shows as 0, and no volume limit applies")
    return Bars(timeframe, recorded.times, ends, recorded.prices, volume), warnings


def clean_ticks(recorded: Recorded) -> tuple[Ticks, list[str]]:
    """The quotes or trades and the warnings; raises ``DataError``."""
    calendar = recorded.item.options.calendar
    are_quotes = len(recorded.prices.columns) > 1
    checks.check_order(recorded)
    checks.check_numbers(recorded)
    # Sizes go with their prices, so a crossed quote is put right where it is made a tick.
    warnings = checks.crossed(recorded) if are_quotes else []
    warnings += [*checks.outside(recorded, calendar), *checks.jumps(recorded, calendar)]
    sizes = recorded.amounts if recorded.layout.amounts else None
    if sizes is None and not are_quotes:
        warnings.append("there are no sizes: volumes show as 0, and no volume limit applies")
    return Ticks(recorded.times, recorded.prices, sizes), warnings


def _without_repeated(recorded: Recorded) -> list[str]:
    rows = checks.repeated(recorded)
    if not rows:
        return []
    first = recorded.at(rows[0])
    recorded.drop(rows)
    return [f"{len(rows)} bars that repeat the one before were left out (first: {first})"]


def _ends(
    recorded: Recorded, calendar: Calendar, timeframe: Timeframe
) -> tuple[array[int] | None, list[str]]:
    """The ends of bars that are not all of one length, and what to say of those cut short.

    Where a clock change shortens a day, bars of two hours and more may overlap by an hour: the
    earlier one then ends where the next begins. Raises ``DataError`` for any other
    bar that begins before the one before it has ended.
    """
    times = recorded.times
    length = timeframe.seconds * SECOND
    shortest = min(map(sub, islice(times, 1, None), times), default=length)
    if shortest >= length and not calendar.bends(timeframe):
        return None, []
    ends = array("q", (calendar.after(t, timeframe) for t in times))
    cut = 0
    for row, starts in enumerate(islice(times, 1, None)):
        if starts < ends[row]:
            if length <= _HOUR or ends[row] - starts > _HOUR:
                what = f"the bar begins before the one before it, of {timeframe}, has ended"
                raise recorded.error(row + 1, what)
            ends[row] = starts
            cut += 1
    return ends, [f"{cut} bars end an hour early, where the next one begins"] if cut else []
