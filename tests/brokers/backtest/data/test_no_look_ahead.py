"""Nothing that is told or read up to a time depends on rows behind it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import msgspec
import pytest

from tests.brokers.backtest.data.files import BARS, QUOTES, TRADES, TWO_SIDED, Folder, at, wish
from tradegw.brokers.backtest.data.course import Course
from tradegw.brokers.backtest.data.deliveries import deliveries
from tradegw.brokers.backtest.data.history import History
from tradegw.brokers.backtest.data.loaded import DataSets
from tradegw.brokers.backtest.data.steps import BarClose, BarOpen, Over, Step
from tradegw.model.enums import Timeframe
from tradegw.model.market import BarQuery

START = at("2024-01-01")
COUNT = 240
FRAMES = (Timeframe.M1, Timeframe.M5, Timeframe.H1, Timeframe.D1)
HEADERS = {"bars": BARS, "sides": TWO_SIDED, "quotes": QUOTES, "trades": TRADES}


def rows(kind: str, seed: int, places: int) -> list[str]:
    """A row a minute; other seeds and places make other prices, not other stamps."""
    rng = random.Random(seed)
    lines = []
    for number in range(COUNT):
        base = rng.randint(10**3, 10**4)
        cells = [f"{base / 10**places:.{places}f}"] * len(HEADERS[kind].split(",")[1:])
        lines.append(f"{START + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}," + ",".join(cells))
    return lines


def played(datasets: DataSets, until: datetime) -> list[bytes]:
    """All that is told and can be read up to and including *until*, as it would be written.

    Of a bar that opens only that; what is inside of it belongs to its end.
    """
    history = History(datasets)
    said: list[bytes] = []
    for step in Course(datasets, deliveries(datasets, wish("X:*,candle_5m,candle_1h,candle_1d"))):
        if step.time > until:
            break
        if isinstance(step, Over):
            continue
        said.append(msgspec.json.encode(_told(step)))
        for frame in FRAMES:
            query = BarQuery(timeframe=frame, end=step.time + timedelta(days=9), limit=9)
            said.append(msgspec.json.encode(history.bars("X", query, step.time)))
        said.append(msgspec.json.encode([history.last_tick("X", step.time)]))
        said.append(msgspec.json.encode([history.last_close("X", step.time)]))
    return said


def _told(step: Step) -> list[object]:
    if isinstance(step, BarOpen):
        return [step.time, step.bar.bid.open, step.bar.ask.open, step.end]
    if isinstance(step, BarClose):
        return [step.time, step.bar, step.told, step.drives]
    assert not isinstance(step, Over)
    return [step.time, step.tick, step.told]


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("known", [1, 77, 120, COUNT - 1])
def test_what_is_known_by_a_row_does_not_depend_on_later_ones(
    folder: Folder, kind: str, known: int
) -> None:
    """The later prices are others, with more digits behind the point; every byte is the same."""
    word = "1m" if kind in ("bars", "sides") else kind
    first = rows(kind, 1, 2)
    garbage = rows(kind, 2, 7)
    real = folder.one(word, HEADERS[kind], *first)
    other = folder.one(word, HEADERS[kind], *first[:known], *garbage[known:])
    # The bar behind the last known one opens at its end, at a price that is not known.
    until = START + timedelta(minutes=known)
    before = until - timedelta(microseconds=1)
    assert played(real, before) == played(other, before)
    assert len(played(real, before)) > known
    assert played(real, until) != played(other, until)
    candles = [_closes(datasets, until) for datasets in (real, other)]
    assert candles[0] == candles[1]


def _closes(datasets: DataSets, until: datetime) -> list[Step]:
    """The bars that have ended by *until*, that moment included."""
    course = Course(datasets, deliveries(datasets, wish("X:*,candle_5m,candle_1h")))
    return [step for step in course if isinstance(step, BarClose) and step.time <= until]
