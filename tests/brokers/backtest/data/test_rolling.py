"""Larger bars made of smaller ones and of ticks."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

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
    prices,
)
from tradegw.brokers.backtest.data.history import History
from tradegw.brokers.backtest.data.loaded import DataSets
from tradegw.market.bars import roll_up
from tradegw.model.enums import Timeframe
from tradegw.model.market import Bar, BarQuery

LATE = at("2100-01-01 00:00")
START = at("2024-01-01 00:00")


def made(datasets: DataSets, timeframe: Timeframe) -> list[Bar]:
    return History(datasets).bars("X", BarQuery(timeframe=timeframe, start=at("1980-01-01")), LATE)


def told(bars: list[Bar]) -> list[str]:
    return [
        f"{bar.timestamp:%d %H:%M} "
        + "/".join(prices([bar.open, bar.high, bar.low, bar.close]))
        + f" {bar.volume:f}"
        for bar in bars
    ]


def test_open_high_low_close_and_volume_of_what_is_within(folder: Folder) -> None:
    lines = minutes(3, 5, 1, 2, 7, 8, 6, first="2024-01-01T00:00")
    assert told(made(folder.one("1m", *lines), Timeframe.M5)) == [
        "01 00:00 3/7/1/7 15",
        "01 00:05 7/8/6/6 13",
    ]


def test_the_first_is_left_out_unless_the_data_cover_its_start(folder: Folder) -> None:
    late = folder.one("1m", *minutes(*range(1, 10), first="2024-01-01T00:01"))
    assert told(made(late, Timeframe.M5)) == ["01 00:05 4/9/4/9 35"]
    nothing = folder.one("1m", *minutes(1, 2, first="2024-01-01T00:01"))
    assert made(nothing, Timeframe.M5) == []


def test_a_day_is_covered_from_the_opening_on(folder: Folder) -> None:
    lines = minutes(1, 2, 3, first="2024-01-03T14:30")
    assert made(folder.one("1m", *lines), Timeframe.D1) == []
    new_york = {"tz": "America/New_York", "session": "09:30-16:00"}
    (day,) = made(folder.one("1m", *lines, **new_york), Timeframe.D1)
    assert day.timestamp == at("2024-01-03 05:00")


def test_time_without_a_row_has_no_bar(folder: Folder) -> None:
    lines = [BARS, "2024-01-05T23:00,1,1,1,1,1", "2024-01-08T00:00,2,2,2,2,1"]
    assert told(made(folder.one("1h", *lines), Timeframe.H2)) == ["08 00:00 2/2/2/2 1"]
    assert told(made(folder.one("1h", *lines), Timeframe.D1)) == ["08 00:00 2/2/2/2 1"]


def test_ticks_make_bars_of_their_price_or_the_middle(folder: Folder) -> None:
    trades = [f"2024-01-01T00:0{t},{p},{s}" for t, p, s in (("0:00", 3, 1), ("0:30", 5, 2))]
    trades += ["2024-01-01T00:01:00,4,8"]
    assert told(made(folder.one("trades", TRADES, *trades), Timeframe.M1)) == [
        "01 00:00 3/5/3/5 3",
        "01 00:01 4/4/4/4 8",
    ]
    quotes = ["2024-01-01T00:00:00,1,1.5", "2024-01-01T00:00:01,2,1"]
    assert told(made(folder.one("quotes", QUOTES, *quotes), Timeframe.M1)) == [
        "01 00:00 1.25/1.5/1.25/1.5 0"
    ]


def test_bars_of_both_sides_make_bars_of_the_middle(folder: Folder) -> None:
    lines = ["2024-01-01T00:00,1,4,1,2,2,4.5,1.5,3,5", "2024-01-01T00:01,2,2,1,1,3,3,2,2,5"]
    assert told(made(folder.one("1m", TWO_SIDED, *lines), Timeframe.M2)) == [
        "01 00:00 1.5/4.25/1.25/1.5 10"
    ]


def test_days_of_a_zone_and_bars_from_the_opening_on(folder: Folder) -> None:
    lines = minutes(1, 2, 3, 4, first="2024-03-10T03:00", length=60)
    new_york = {"tz": "America/New_York", "session": "23:00-22:00", "align": "session"}
    lines = [line.replace("2024-03-10T0", "2024-03-11T0") for line in lines]
    datasets = folder.one("1h", *lines, **new_york)
    assert told(made(datasets, Timeframe.H2)) == ["11 03:00 1/2/1/2 3", "11 05:00 2/4/2/4 7"]
    assert [bar.timestamp for bar in made(datasets, Timeframe.D1)] == [at("2024-03-11 04:00")]


@pytest.mark.parametrize("source", ["1h", "1d"])
def test_what_cannot_be_made_is_told(folder: Folder, source: str) -> None:
    datasets = folder.one(source, BARS, "2024-01-01,1,1,1,1,1")
    assert not datasets.offers("X", Timeframe.M30)
    assert datasets.offers("X", Timeframe.W1)
    assert datasets.made("X", Timeframe.M30) is None


def test_bars_are_made_of_the_shortest_that_make_them_and_else_of_ticks(folder: Folder) -> None:
    datasets = folder.load(
        folder.item("X", "10m", BARS, "2024-01-01,1,1,1,1,1"),
        folder.item("X", "2m", BARS, "2024-01-01,2,2,2,2,1"),
        folder.item("X", "quotes", QUOTES, "2024-01-01,3,3"),
        folder.item("X", "trades", TRADES, "2024-01-01,4,1"),
    )
    frames = [Timeframe.M1, Timeframe.M2, Timeframe.M5, Timeframe.M10, Timeframe.M30]
    closes = [bar.close for frame in frames for bar in made(datasets, frame)]
    assert closes == [4, 2, 4, 1, 2]


def test_a_bar_is_not_shown_before_all_that_it_is_made_of(folder: Folder) -> None:
    """Hours that begin at half past: the four-hour bar ends with the last of them, at half past."""
    lines = minutes(1, 1, 1, 1, 9, first="2024-01-01T00:30", length=60)
    lines.insert(1, "2023-12-31T23:30:00Z,1,1,1,1,1")
    lines.insert(1, "2023-12-31T20:00:00Z,1,1,1,1,1")
    history = History(folder.one("1h", *lines))
    query = BarQuery(timeframe=Timeframe.H4)
    assert len(history.bars("X", query, at("2024-01-01 04:29"))) == 1
    (_, bar) = history.bars("X", query, at("2024-01-01 04:30"))
    assert bar.timestamp == START


@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.integers(1, 50), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.D1]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_bars_as_the_builder_of_live_prices_makes(
    folder: Folder, rows: list[tuple[int, int, int, int]], timeframe: Timeframe
) -> None:
    lines, bars, time = [BARS], [], START
    for gap, opened, up, down in rows:
        low = max(1, opened - down)
        values = [Decimal(v) for v in (opened, opened + up, low, opened + up, gap)]
        lines.append(f"{time:%Y-%m-%dT%H:%M:%SZ}," + ",".join(map(str, values)))
        bars.append(_bar(time, *values))
        time += timedelta(minutes=gap)
    expected = roll_up(bars, timeframe, LATE)
    assert made(folder.one("1m", *lines), timeframe) == expected


def _bar(time: datetime, *values: Decimal) -> Bar:
    opened, high, low, close, volume = values
    return Bar(
        symbol="X",
        provider="backtest",
        timeframe=Timeframe.M1,
        timestamp=time,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )
