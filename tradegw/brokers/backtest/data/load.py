"""From the value of ``BACKTEST_DATA`` to the data of a run."""

from __future__ import annotations

from datetime import datetime

from .cleaning import clean_bars, clean_ticks
from .errors import VARIABLE, DataError
from .forms import items
from .fx import check_currencies
from .loaded import DataSets
from .options import Item
from .reading import read
from .series import Series
from .zones import micros


def load(
    text: str, *, start: datetime | None = None, end: datetime | None = None, currency: str = "USD"
) -> DataSets:
    """Read and check all files that *text* names; blocks.

    Rows from *start* until before *end* are replayed (bars by their start), those before are
    history. *currency* is the account's. Raises ``DataError``, which tells all files
    that cannot be used, a line each.
    """
    series: list[Series] = []
    problems: list[str] = []
    for item in items(text):
        try:
            series.append(_series(item, start, end))
        except DataError as error:
            problems.append(error.what)
    if problems:
        raise DataError(f"\n{VARIABLE}: ".join(problems))
    datasets = DataSets(series, start, end)
    check_currencies(datasets, currency)
    if not any(datasets.driver(symbol).played for symbol in datasets.symbols):
        raise DataError("there are no rows between BACKTEST_START and BACKTEST_END")
    return datasets


def _series(item: Item, start: datetime | None, end: datetime | None) -> Series:
    recorded = read(item)
    timeframe = item.timeframe
    data, warnings = clean_ticks(recorded) if timeframe is None else clean_bars(recorded, timeframe)
    first = 0 if start is None else data.since(micros(start))
    stop = len(data) if end is None else data.since(micros(end))
    if first >= stop:
        warnings.append("no rows between BACKTEST_START and BACKTEST_END")
    return Series(
        item=item,
        sha256=recorded.sha256,
        data=data,
        start=first,
        stop=max(first, stop),
        warnings=tuple(warnings),
    )
