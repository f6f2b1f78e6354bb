"""Boundaries of bars in zones and sessions, also where clocks change, and ends of trading days."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.backtest.data.files import Folder, at
from tradegw.brokers.backtest.data.days import Calendar, Session
from tradegw.brokers.backtest.data.zones import micros, moment, zone
from tradegw.market.bars import bar_start
from tradegw.model.enums import Timeframe

NEW_YORK = "America/New_York"
DAY = Session.parse("09:30-16:00")
NIGHT = Session.parse("18:00-17:00")


def calendar(tz: str = "UTC", session: Session | None = None, *, align: bool = False) -> Calendar:
    return Calendar(zone(tz), session, by_session=align)


def bucket(own: Calendar, text: str, timeframe: Timeframe) -> list[str]:
    found = own.bucket(micros(at(text)), timeframe)
    return [f"{moment(instant):%m-%d %H:%M}" for instant in found]


@pytest.mark.parametrize(
    ("tz", "time", "timeframe", "expected"),
    [
        ("UTC", "2024-01-03 14:37", Timeframe.M5, ["01-03 14:35", "01-03 14:40"]),
        ("UTC", "2024-01-03 14:37", Timeframe.H12, ["01-03 12:00", "01-04 00:00"]),
        ("UTC", "2024-01-03 14:37", Timeframe.D1, ["01-03 00:00", "01-04 00:00"]),
        ("UTC", "2024-01-03 14:37", Timeframe.W1, ["01-01 00:00", "01-08 00:00"]),
        (NEW_YORK, "2024-01-03 04:59", Timeframe.D1, ["01-02 05:00", "01-03 05:00"]),
        (NEW_YORK, "2024-03-10 12:00", Timeframe.D1, ["03-10 05:00", "03-11 04:00"]),
        (NEW_YORK, "2024-11-03 12:00", Timeframe.D1, ["11-03 04:00", "11-04 05:00"]),
        (NEW_YORK, "2024-03-11 03:00", Timeframe.W1, ["03-04 05:00", "03-11 04:00"]),
        (NEW_YORK, "2024-01-03 14:37", Timeframe.H4, ["01-03 12:00", "01-03 16:00"]),
    ],
)
def test_where_a_moment_belongs(
    tz: str, time: str, timeframe: Timeframe, expected: list[str]
) -> None:
    assert bucket(calendar(tz), time, timeframe) == expected


def test_bars_are_counted_from_the_opening_where_that_is_said() -> None:
    own = calendar(NEW_YORK, DAY, align=True)
    assert bucket(own, "2024-01-03 14:30", Timeframe.H1) == ["01-03 14:30", "01-03 15:30"]
    assert bucket(own, "2024-01-03 20:59", Timeframe.H4) == ["01-03 18:30", "01-03 22:30"]
    assert bucket(own, "2024-01-03 14:29", Timeframe.H1) == ["01-03 13:30", "01-03 14:30"]
    # The night of the change has 23 hours: the last bar before the opening is cut.
    assert bucket(own, "2024-03-10 13:00", Timeframe.H4) == ["03-10 10:30", "03-10 13:30"]
    assert bucket(own, "2024-01-03 20:59", Timeframe.D1) == ["01-03 05:00", "01-04 05:00"]


def test_days_and_weeks_are_as_long_as_the_clock_shows() -> None:
    own = calendar(NEW_YORK)
    start = micros(at("2024-03-10 05:00"))
    assert moment(own.after(start, Timeframe.D1)) == at("2024-03-11 04:00")
    assert own.before(own.after(start, Timeframe.D1), Timeframe.D1) == start
    assert moment(own.after(micros(at("2024-03-04 05:00")), Timeframe.W1)) == at("2024-03-11 04:00")
    assert moment(own.after(start, Timeframe.H12)) == at("2024-03-10 17:00")


@pytest.mark.parametrize(
    ("tz", "session", "after", "expected"),
    [
        ("UTC", None, "2024-01-03 14:37", "2024-01-04 00:00"),
        ("UTC", None, "2024-01-03 00:00", "2024-01-04 00:00"),
        (NEW_YORK, None, "2024-01-03 04:00", "2024-01-03 05:00"),
        (NEW_YORK, DAY, "2024-01-03 14:30", "2024-01-03 21:00"),
        (NEW_YORK, DAY, "2024-01-03 21:00", "2024-01-04 21:00"),
        (NEW_YORK, DAY, "2024-07-03 21:00", "2024-07-04 20:00"),
        (NEW_YORK, NIGHT, "2024-01-03 23:00", "2024-01-04 22:00"),
        ("Pacific/Auckland", DAY, "2024-01-03 02:59", "2024-01-03 03:00"),
        ("Pacific/Auckland", DAY, "2024-01-03 12:00", "2024-01-04 03:00"),
    ],
)
def test_when_a_trading_day_is_over(
    tz: str, session: Session | None, after: str, expected: str
) -> None:
    assert calendar(tz, session).day_end(at(after)) == at(expected)


def test_the_day_of_a_symbol_is_that_of_its_finest_series(folder: Folder) -> None:
    price = ["timestamp,price", "2024-01-03T15:00:00Z,1"]
    bar = ["timestamp,open,high,low,close", "2024-01-03,1,1,1,1"]
    datasets = folder.load(
        folder.item("A", "1d", *bar),
        folder.item("A", "trades", *price, tz=NEW_YORK, session="09:30-16:00"),
        folder.item("B", "1d", *bar),
    )
    assert datasets.driver("A").kind == "trades"
    assert datasets.day_end("A", at("2024-01-03 15:00")) == at("2024-01-03 21:00")
    assert datasets.day_end("B", at("2024-01-03 15:00")) == at("2024-01-04 00:00")


@given(st.integers(0, 4_000_000_000), st.sampled_from(list(Timeframe)))
def test_boundaries_in_utc_are_those_of_all_other_bars(second: int, timeframe: Timeframe) -> None:
    time = moment(second * 1_000_000)
    start, end = calendar().bucket(micros(time), timeframe)
    assert moment(start) == bar_start(time, timeframe)
    assert end - start == timeframe.seconds * 1_000_000


@given(
    st.integers(0, 4_000_000_000),
    st.sampled_from(list(Timeframe)),
    st.sampled_from([NEW_YORK, "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]),
    st.sampled_from([DAY, NIGHT]),
    st.booleans(),
)
def test_bars_follow_each_other_without_a_gap(
    second: int, timeframe: Timeframe, tz: str, session: Session, align: bool
) -> None:
    own = calendar(tz, session, align=align)
    instant = second * 1_000_000
    start, end = own.bucket(instant, timeframe)
    assert start <= instant < end
    assert own.bucket(start, timeframe) == own.bucket(end - 1, timeframe) == (start, end)
    assert own.bucket(end, timeframe)[0] == end
    assert own.bucket(start - 1, timeframe)[1] == start


@given(st.integers(0, 4_000_000_000), st.sampled_from([NEW_YORK, "Europe/Berlin"]))
def test_a_day_ends_within_26_hours_at_the_close_of_the_clock(second: int, tz: str) -> None:
    time = moment(second * 1_000_000)
    end = calendar(tz, DAY).day_end(time)
    assert time < end <= time + timedelta(hours=26)
    assert end.astimezone(zone(tz)).time() == DAY.closes
    assert end.tzinfo is UTC
