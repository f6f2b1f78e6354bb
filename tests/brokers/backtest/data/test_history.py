"""What has been shown by a time: bars that have ended, and the last price."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.brokers.backtest.data.files import (
    BARS,
    QUOTES,
    TRADES,
    TWO_SIDED,
    Folder,
    at,
    minutes,
)
from tradegw.brokers.backtest.data.history import History
from tradegw.errors import InvalidRequest, SymbolNotFound
from tradegw.model.enums import Timeframe
from tradegw.model.market import Bar, BarQuery

NOON = at("2024-01-01 12:00")


def minute(number: int) -> str:
    return f"2024-01-01 12:{number:02}"


def closes(bars: list[Bar]) -> list[int]:
    return [int(bar.close) for bar in bars]


def test_bars_that_have_ended_and_no_others(folder: Folder) -> None:
    datasets = folder.one("1m", *minutes(1, 2, 3, 4, first="2024-01-01T12:00"))
    history = History(datasets)
    query = BarQuery(timeframe=Timeframe.M1)
    assert closes(history.bars("X", query, NOON)) == []
    assert closes(history.bars("X", query, at(minute(2)))) == [1, 2]
    just_before = at(minute(3)) - timedelta(microseconds=1)
    assert closes(history.bars("X", query, just_before)) == [1, 2]
    assert closes(history.bars("X", query, at(minute(59)))) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"limit": 2}, [4, 5]),
        ({"limit": 0}, []),
        ({"start": 1}, [2, 3, 4, 5]),
        ({"start": 1, "limit": 3}, [3, 4, 5]),
        ({"end": 2}, [1, 2, 3]),
        ({"end": 2, "limit": 1}, [3]),
        ({"start": 1, "end": 2}, [2, 3]),
        ({"start": 3, "end": 50}, [4, 5]),
        ({"start": 5}, []),
        ({"end": -1}, []),
    ],
)
def test_start_end_and_limit(folder: Folder, members: dict[str, int], expected: list[int]) -> None:
    """Start and end are both inclusive; in the future they change nothing."""
    datasets = folder.one("1m", *minutes(*range(1, 9), first="2024-01-01T12:00"))
    asked = {
        name: value if name == "limit" else NOON + timedelta(minutes=value)
        for name, value in members.items()
    }
    query = BarQuery(timeframe=Timeframe.M1, **asked)  # type: ignore[arg-type]  # as named
    assert closes(History(datasets).bars("X", query, at(minute(5)))) == expected


def test_a_hundred_unless_more_are_asked_for(folder: Folder) -> None:
    datasets = folder.one("1m", *minutes(*range(1, 10_102), first="2024-01-01T00:00"))
    history = History(datasets)
    far = at("2030-01-01")
    assert len(history.bars("X", BarQuery(timeframe=Timeframe.M1), far)) == 100
    many = BarQuery(timeframe=Timeframe.M1, limit=50_000)
    assert closes(history.bars("X", many, far)) == list(range(102, 10_102))
    since = BarQuery(timeframe=Timeframe.M1, start=at("2020-01-01"))
    assert len(history.bars("X", since, far)) == 10_000


def test_what_there_is_not(folder: Folder) -> None:
    history = History(folder.one("1h", BARS, "2024-01-01,1,1,1,1,1"))
    with pytest.raises(SymbolNotFound):
        history.bars("Y", BarQuery(timeframe=Timeframe.H1), NOON)
    with pytest.raises(InvalidRequest, match="Bars of 30m cannot be made of the data of X"):
        history.bars("X", BarQuery(timeframe=Timeframe.M30), NOON)


def test_what_is_earlier_than_the_start_of_the_run_can_be_read(folder: Folder) -> None:
    item = folder.item("X", "1m", *minutes(*range(1, 9), first="2024-01-01T12:00"))
    datasets = folder.load(item, start=at(minute(5)))
    history, query = History(datasets), BarQuery(timeframe=Timeframe.M1)
    assert datasets.begin == at(minute(5))
    assert closes(history.bars("X", query, datasets.begin)) == [1, 2, 3, 4, 5]
    assert history.last_close("X", datasets.begin) == 5


def test_the_last_price_that_was_shown(folder: Folder) -> None:
    bars = History(folder.one("1m", *minutes(1, 2, 3, first="2024-01-01T12:00")))
    assert bars.last_close("X", at(minute(0))) is None
    assert bars.last_close("X", at(minute(1))) == 1
    assert bars.last_close("X", at("2030-01-01")) == 3
    assert bars.last_tick("X", at("2030-01-01")) is None
    sides = History(folder.one("1d", TWO_SIDED, "2023-12-31,1,4,1,2,2,4.5,1.5,3,5"))
    assert format(sides.last_close("X", NOON) or 0, "f") == "2.5"


@pytest.mark.parametrize("header", [QUOTES, TRADES])
def test_the_last_tick_is_one_before_the_clock(folder: Folder, header: str) -> None:
    """One at the clock itself may not have been shown yet."""
    kind = "quotes" if header == QUOTES else "trades"
    rows = [f"2024-01-01T12:0{n}:00Z,{n + 1},{n + 1}" for n in range(3)]
    history = History(folder.one(kind, header, *rows))
    assert history.last_tick("X", NOON) is None
    assert history.last_close("X", NOON) is None
    tick = history.last_tick("X", at(minute(1)))
    assert tick is not None
    assert (tick.symbol, tick.time) == ("X", NOON)
    assert tick.last == 1
    assert history.last_close("X", at("2030-01-01")) == 3


@given(st.integers(0, 400), st.sampled_from([Timeframe.M1, Timeframe.M5, Timeframe.H1]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_bar_that_is_shown_has_ended(
    folder: Folder, seconds: int, timeframe: Timeframe
) -> None:
    datasets = folder.one("1m", *minutes(*range(1, 100), first="2024-01-01T12:00"))
    clock = NOON + timedelta(seconds=15 * seconds)
    bars = History(datasets).bars("X", BarQuery(timeframe=timeframe, limit=1000), clock)
    ends = [bar.timestamp + timedelta(seconds=timeframe.seconds) for bar in bars]
    assert all(end <= clock for end in ends)
    whole = int((clock - NOON).total_seconds()) // timeframe.seconds
    assert len(bars) == min(whole, 99 * 60 // timeframe.seconds + bool(99 * 60 % timeframe.seconds))
