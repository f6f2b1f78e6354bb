"""What every file is checked for: refused with its row, put right and counted, or warned of.

Refused: a step back in time, a price that is not above zero (unless ``allow_negative``), an amount
below zero, an open or close outside of low and high, two different bars with one stamp, bars that
overlap. Put right: bid and ask that are crossed. Warned of: bars off their grid, most rows outside
of the session, changes of more than 40 % from one day to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress, count, islice, repeat
from operator import eq, gt, mod
from typing import Final

from ....model.enums import Timeframe
from .days import Calendar
from .reading import Recorded
from .scaled import Numbers, decimal, packed
from .zones import moment

_JUMP: Final = 40
_SAMPLES: Final = 1000


def check_order(recorded: Recorded) -> None:
    """Raise ``DataError`` for a step back in time."""
    times = recorded.times
    row = _first(times, islice(times, 1, None))
    if row is not None:
        before, after = moment(times[row]).isoformat(), moment(times[row + 1]).isoformat()
        raise recorded.error(row + 1, f"a step back in time, from {before} to {after}")


def check_numbers(recorded: Recorded) -> None:
    """Raise ``DataError`` for prices and amounts out of their range."""
    prices, amounts = recorded.prices.columns, recorded.amounts.columns
    if not recorded.item.options.allow_negative:
        for name, column in zip(recorded.layout.prices, prices, strict=True):
            if min(column) <= 0:
                row = next(row for row, value in enumerate(column) if value <= 0)
                raise recorded.error(row, f"{name} is not above zero")
    for name, column in zip(recorded.layout.amounts, amounts, strict=True):
        if min(column) < 0:
            row = next(row for row, value in enumerate(column) if value < 0)
            raise recorded.error(row, f"{name} is below zero")


def check_shape(recorded: Recorded) -> None:
    """Raise ``DataError`` for a bar whose open or close is not within its extremes."""
    columns, names = recorded.prices.columns, recorded.layout.prices
    for side in range(0, len(columns), 4):
        opened, high, low, close = range(side, side + 4)
        for lower, upper in ((low, opened), (low, close), (opened, high), (close, high)):
            row = _first(columns[lower], columns[upper])
            if row is not None:
                scale = recorded.prices.scale
                less, more = (decimal(columns[n][row], scale) for n in (lower, upper))
                what = f"{names[lower]} {less:f} is above {names[upper]} {more:f}"
                raise recorded.error(row, what)


def crossed(recorded: Recorded) -> list[str]:
    """What to say of rows with a bid above the ask."""
    columns = recorded.prices.columns
    half = len(columns) // 2
    rows: set[int] = set()
    for bid, ask in zip(columns[:half], columns[half:], strict=True):
        rows.update(compress(count(), map(gt, bid, ask)))
    if not rows:
        return []
    at = recorded.at(min(rows))
    return [f"{len(rows)} rows with a bid above the ask were put right (first: {at})"]


def uncross(recorded: Recorded) -> list[str]:
    """Give the lower price to the bid and the higher one to the ask; what to say of it."""
    said = crossed(recorded)
    columns = recorded.prices.columns
    half = len(columns) // 2
    for bid in range(half) if said else ():
        both = columns[bid], columns[bid + half]
        columns[bid], columns[bid + half] = packed(map(min, *both)), packed(map(max, *both))
    return said


def repeated(recorded: Recorded) -> list[int]:
    """The rows that repeat the bar before them; raises ``DataError`` for another bar
    with the same stamp.
    """
    times = recorded.times
    rows = list(_equal(times))
    for row in rows:
        if not _is_same(recorded, row):
            stamp = moment(times[row]).isoformat()
            raise recorded.error(row, f"another bar of {stamp} than in {recorded.at(row - 1)}")
    return rows


def off_grid(recorded: Recorded, calendar: Calendar, timeframe: Timeframe) -> list[str]:
    """What to say of bars that begin where none is expected."""
    times = recorded.times
    multiple = calendar.multiple(timeframe)
    if multiple is not None and not any(map(mod, times, repeat(multiple))):
        return []
    rows = [row for row, time in enumerate(times) if not calendar.is_on_grid(time, timeframe)]
    if not rows:
        return []
    stamp = moment(recorded.times[rows[0]]).isoformat()
    what = (
        f"{len(rows)} bars do not begin at a multiple of {timeframe} (first: {stamp}, "
        f"{recorded.at(rows[0])}): is the time zone right?"
    )
    return [what]


def outside(recorded: Recorded, calendar: Calendar) -> list[str]:
    """What to say if most rows are outside of the session."""
    if not calendar.has_session:
        return []
    step = max(1, len(recorded.times) // _SAMPLES)
    sample = recorded.times[::step]
    if 2 * sum(map(calendar.is_in_session, sample)) >= len(sample):
        return []
    return ["most rows are outside of the session: is the time zone right?"]


def jumps(recorded: Recorded, calendar: Calendar) -> list[str]:
    """What to say of changes from one day to the next that look like a split."""
    columns = recorded.prices.columns
    # The first and the last price of a row: open and close of bars, of ticks the same.
    opened, close = columns[0], columns[3 if len(columns) >= 4 else 0]
    rows = [
        row
        for row in _mornings(recorded.times, calendar)
        if close[row - 1] > 0 and 100 * abs(opened[row] - close[row - 1]) > _JUMP * close[row - 1]
    ]
    if not rows:
        return []
    scale, row = recorded.prices.scale, rows[0]
    before, after = decimal(close[row - 1], scale), decimal(opened[row], scale)
    times = "once" if len(rows) == 1 else f"{len(rows)} times"
    what = (
        f"the price changed by more than {_JUMP} % overnight {times} (first: {before:f} to "
        f"{after:f}, {recorded.at(row)}): an unadjusted split?"
    )
    return [what]


def _mornings(times: Sequence[int], calendar: Calendar) -> Iterator[int]:
    """The first rows of all days but the first."""
    if not times:
        return
    ends = calendar.bucket(times[0], Timeframe.D1)[1]
    for row, instant in enumerate(times):
        if instant >= ends:
            ends = calendar.bucket(instant, Timeframe.D1)[1]
            yield row


def _is_same(recorded: Recorded, row: int) -> bool:
    columns = [*recorded.prices.columns, *recorded.amounts.columns]
    return all(column[row] == column[row - 1] for column in columns)


def _equal(times: Sequence[int]) -> Iterator[int]:
    """Rows with the stamp of the row before."""
    return compress(count(1), map(eq, times, islice(times, 1, None)))


def _first(lower: Numbers, upper: Numbers | Iterator[int]) -> int | None:
    """The first row where what should be lower is above the other."""
    return next(compress(count(), map(gt, lower, upper)), None)
