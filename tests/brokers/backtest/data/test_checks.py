"""What is refused, with its row; what is put right and counted; what is warned of."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.brokers.backtest.data.files import (
    BARS,
    QUOTES,
    TRADES,
    TWO_SIDED,
    D,
    Folder,
    minutes,
    prices,
    steps,
)
from tradegw.brokers.backtest.data.errors import DataError
from tradegw.brokers.backtest.data.steps import BarClose, BarOpen, TickStep
from tradegw.brokers.backtest.data.table import ROWS, Places

GOOD = "2024-01-01,10,12,9,11,5"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            "2023-12-31,10,12,9,11,5",
            r"a step back in time, from 2024-01-01T00:00:00\+00:00 to 2023-",
        ),
        ("2024-01-01,10,12,9,11,6", r"another bar of 2024-01-01T00:00:00\+00:00 than in line 2"),
        ("2024-01-01T12:00,10,12,9,11,6", "the bar begins before the one before it, of 1d, has"),
        ("2024-01-02,13,12,9,11,5", "open 13 is above high 12"),
        ("2024-01-02,8.50,12,9,11,5", r"low 9 is above open 8\.5"),
        ("2024-01-02,10,12,9,12.01,5", r"close 12\.01 is above high 12"),
        ("2024-01-02,10,12,9,8,5", "low 9 is above close 8"),
        ("2024-01-02,10,8,9,10,5", "is above high 8"),
        ("2024-01-02,10,12,0,11,5", "low is not above zero"),
        ("2024-01-02,-10,12,-10,11,5", "open is not above zero"),
        ("2024-01-02,10,12,9,11,-5", "volume is below zero"),
        ("2024-01-02,10,12,,11,5", "low is empty"),
        ("2024-01-02,10,12,9,11,", "volume is empty"),
        ("2024-01-02,10,12,9,NaN,5", "close is 'NaN', not a usable number"),
        ("2024-01-02,10,inf,9,11,5", "high is 'inf', not a usable number"),
        ("2024-01-02,10,12,9,n/a,5", "close is 'n/a', not a number"),
        ("2024-01-02,10,12,9,1e99,5", "close is '1e99', not a usable number"),
        ("2024-01-02,10,12,9,1e-99,5", "close is '1e-99', not a usable number"),
        ("2024-01-02,10,12,9,11", "5 cells under 6 columns"),
        ("2024-01-02,10,12,9,11,5,6", "7 cells under 6 columns"),
        (",10,12,9,11,5", "the time stamp is empty"),
        ("soon,10,12,9,11,5", "'soon' is not a time stamp"),
        ('2024-01-02,"10,12,9,11,5', "a quote is not closed"),
    ],
)
def test_a_bar_that_is_refused_is_named_by_its_line(folder: Folder, line: str, what: str) -> None:
    with pytest.raises(DataError, match=rf"file1\.csv, line 4: .*{what}"):
        folder.one("1d", BARS, GOOD, "", line)


@pytest.mark.parametrize(
    ("kind", "lines", "what"),
    [
        ("quotes", [QUOTES, "2024-01-01,1,2", "2024-01-02,0,2"], "line 3: bid is not above zero"),
        ("quotes", [QUOTES, "2024-01-01,1,"], "line 2: ask is empty"),
        ("quotes", [QUOTES, "2024-01-02,1,2", "2024-01-01,1,2"], "line 3: a step back in time"),
        ("trades", [TRADES, "2024-01-01,1,-2"], "line 2: size is below zero"),
        ("trades", [TRADES, "2024-01-02,1,2", "2024-01-01,1,2"], "line 3: a step back in time"),
        (
            "1d",
            [TWO_SIDED, "2024-01-01,10,12,9,11,10,12,9,11,5", "2024-01-02,1,1,1,1,2,1,1,1,5"],
            "line 3: ask_open 2 is above ask_high 1",
        ),
    ],
)
def test_the_same_for_other_kinds(folder: Folder, kind: str, lines: list[str], what: str) -> None:
    assert folder.refused(kind, *lines).startswith(f"FILE, {what}")


@pytest.mark.parametrize(
    ("kind", "lines", "what"),
    [
        ("1d", [], "FILE: no column timestamp, open, high, low, close, which 1d need"),
        ("1d", ["timestamp,open,high,close", "x"], "FILE: no column low, which 1d need; there are"),
        ("1d", ["open,high,low,close", "x"], "FILE: no column timestamp"),
        ("1d", [TWO_SIDED.replace("ask_low,", "")], "FILE: no column ask_low"),
        ("quotes", ["timestamp,price", "x"], "FILE: no column bid, ask, which quotes need"),
        ("trades", [BARS, GOOD], "FILE: no column price, which trades need"),
        ("1d", ["timestamp;open;high;low;close"], "cells must be separated by commas"),
        ("trades", ["timestamp,price,Price", "x"], "FILE: there are two columns 'price'"),
        ("trades", ["date,time,price", "x"], "FILE: date and time are in two columns"),
        ("trades", [TRADES], "FILE: no rows"),
        ("trades", [TRADES, "", " "], "FILE: no rows"),
        ("trades", ["x" * 200_000], "FILE, line 1: the header cannot be read"),
    ],
)
def test_a_file_without_the_columns_or_rows_of_its_kind(
    folder: Folder, kind: str, lines: list[str], what: str
) -> None:
    assert what in folder.refused(kind, *lines)


def test_the_line_is_right_far_behind_the_first_read(folder: Folder) -> None:
    lines = [f"{n},1,1" for n in range(ROWS + 10)]
    lines.insert(ROWS - 3, "")
    lines.append("99999,1,x")
    assert folder.refused("trades", TRADES, *lines).startswith(f"FILE, line {ROWS + 13}: size is")


def test_bars_that_are_repeated_are_left_out_and_counted(folder: Folder) -> None:
    lines = [GOOD, GOOD, "2024-01-02,11,11,11,11,5", GOOD.replace("-01,", "-03,")]
    lines += [lines[-1], lines[-1], "2024-01-04,11,11,11,11,5.0"]
    datasets = folder.one("1d", BARS, *lines)
    assert datasets.series[0].rows == 4
    assert datasets.series[0].warnings == (
        "3 bars that repeat the one before were left out (first: line 3)",
    )
    assert [step.time.day for step in steps(datasets) if isinstance(step, BarOpen)] == [1, 2, 3, 4]
    bad = "2024-01-05,11,11,11,12,5"
    assert "FILE, line 9: close 12 is above high 11" in folder.refused("1d", BARS, *lines, bad)


def test_crossed_quotes_are_put_right_with_their_sizes_and_counted(folder: Folder) -> None:
    header = "timestamp,bid,ask,bid_size,ask_size"
    lines = ["2024-01-01,1,2,5,6", "2024-01-02,2,1,5,6", "2024-01-03,2,1,5,6"]
    datasets = folder.one("quotes", header, *lines)
    tick = [step.tick for step in steps(datasets) if isinstance(step, TickStep)][1]
    assert [tick.bid, tick.ask, tick.bid_size, tick.ask_size] == [D(1), D(2), D(6), D(5)]
    assert "2 rows with a bid above the ask were put right (first: line 3)" in str(
        datasets.warnings
    )


def test_crossed_bars_are_put_right_price_by_price(folder: Folder) -> None:
    lines = ["2024-01-01,10,13,9,11,10,12,9,12,5", "2024-01-02,11,12,9,11,10,12,10,11,5"]
    datasets = folder.one("1d", TWO_SIDED, *lines)
    bar = [step.bar for step in steps(datasets) if isinstance(step, BarOpen)]
    assert prices([bar[0].bid.high, bar[0].ask.high, bar[1].bid.open, bar[1].ask.open]) == [
        "12",
        "13",
        "10",
        "11",
    ]
    assert datasets.series[0].warnings == (
        "2 rows with a bid above the ask were put right (first: line 2)",
    )


def test_a_price_of_zero_or_less_is_allowed_where_it_is_said(folder: Folder) -> None:
    datasets = folder.one("trades", TRADES, "2020-04-20,-37.63,1", allow_negative=True)
    step = steps(datasets)[0]
    assert isinstance(step, TickStep)
    assert format(step.tick.last, "f") == "-37.63"


def test_a_change_over_night_that_looks_like_a_split_is_warned_of(folder: Folder) -> None:
    lines = ["2014-06-06,649,651,644,645.57,1", "2014-06-09,92.7,93.88,91.75,93.7,1"]
    (warning,) = folder.one("1d", BARS, *lines).series[0].warnings
    assert warning == (
        "the price changed by more than 40 % overnight once (first: 645.57 to 92.7, line 3): "
        "an unadjusted split?"
    )
    calm = ["2014-06-06,10,10,10,10,1", "2014-06-09,14,14,6,6,1", "2014-06-10,3.6,4,3,3,1"]
    assert not folder.one("1d", BARS, *calm).warnings


def test_only_changes_from_day_to_day_look_like_a_split(folder: Folder) -> None:
    lines = minutes(100, 50, 20, first="2024-01-01T23:57")
    lines += ["2024-01-02T00:01:00Z,10,10,10,10,1", "2024-01-02T00:02:00Z,3,3,3,3,1"]
    (warning,) = folder.one("1m", *lines).series[0].warnings
    assert warning.startswith("the price changed by more than 40 % overnight once")
    assert "20 to 10, line 5" in warning
    ticks = [TRADES, "2024-01-01T23:59,10,1", "2024-01-02T00:00,20,1", "2024-01-02T00:01,90,1"]
    assert "once (first: 10 to 20, line 3)" in str(folder.one("trades", *ticks).warnings)


def test_bars_off_their_grid_are_warned_of(folder: Folder) -> None:
    lines = minutes(1, 1, 1, first="2024-01-01T00:00:30", length=60)
    (warning,) = folder.one("1h", *lines).series[0].warnings
    assert warning == (
        "3 bars do not begin at a multiple of 1h (first: 2024-01-01T00:00:30+00:00, line 2): "
        "is the time zone right?"
    )
    weeks = [BARS, "2024-01-02,1,1,1,1,1"]
    assert "do not begin at a multiple of 1w" in str(folder.one("1w", *weeks).warnings)


def test_daily_bars_of_a_zone_begin_at_its_midnight_or_its_opening(folder: Folder) -> None:
    utc = [BARS, "2024-03-08T05:00:00Z,1,1,1,1,1", "2024-03-11T04:00:00Z,1,1,1,1,1"]
    assert "2 bars do not begin at a multiple of 1d" in str(folder.one("1d", *utc).warnings)
    assert not folder.one("1d", *utc, tz="America/New_York").warnings
    opening = [BARS, "2024-03-08T09:30,1,1,1,1,1", "2024-03-11T09:30,1,1,1,1,1"]
    new_york = {"tz": "America/New_York", "session": "09:30-16:00"}
    assert not folder.one("1d", *opening, **new_york).warnings


def test_rows_outside_of_the_session_show_that_the_zone_is_wrong(folder: Folder) -> None:
    session = {"tz": "America/New_York", "session": "09:30-16:00"}
    morning = minutes(*[1] * 20, first="2024-01-03T14:30")
    assert not folder.one("1m", *morning, **session).warnings
    evening = minutes(*[1] * 20, first="2024-01-03T09:30")
    assert "most rows are outside of the session" in str(
        folder.one("1m", *evening, **session).warnings
    )
    night = {"tz": "America/New_York", "session": "18:00-17:00"}
    assert not folder.one("1m", *morning, **night).warnings


def test_what_has_no_volume_is_warned_of(folder: Folder) -> None:
    (warning,) = folder.one("1d", BARS[:-7], "2024-01-01,1,1,1,1").series[0].warnings
    assert warning.startswith("there is no volume")
    (warning,) = folder.one("trades", "timestamp,price", "2024-01-01,1").series[0].warnings
    assert warning.startswith("there are no sizes")


def test_hours_that_a_clock_change_shortens_end_where_the_next_begins(folder: Folder) -> None:
    """Four-hour bars by the clock of New York: the night of the change has one of three hours."""
    stamps = ["2024-03-09 20:00", "2024-03-10 00:00", "2024-03-10 04:00", "2024-03-10 08:00"]
    lines = [BARS, *(f"{stamp},1,1,1,1,1" for stamp in stamps)]
    datasets = folder.one("4h", *lines, tz="America/New_York")
    assert "1 bars end an hour early, where the next one begins" in str(datasets.warnings)
    closes = [step.time for step in steps(datasets) if isinstance(step, BarClose)]
    opens = [step.time for step in steps(datasets) if isinstance(step, BarOpen)]
    assert closes[:-1] == opens[1:]


@pytest.mark.parametrize(("kind", "second"), [("1h", "00:30"), ("30m", "00:01"), ("4h", "02:59")])
def test_other_bars_that_overlap_are_refused(folder: Folder, kind: str, second: str) -> None:
    lines = [BARS, "2024-01-01 00:00,1,1,1,1,1", f"2024-01-01 {second},1,1,1,1,1"]
    said = folder.refused(kind, *lines)
    assert said == f"FILE, line 3: the bar begins before the one before it, of {kind}, has ended"


@given(st.lists(st.text(max_size=60), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_read_or_refused_but_never_crashes(folder: Folder, lines: list[str]) -> None:
    for kind, header in (("1d", BARS), ("quotes", QUOTES), ("trades", TRADES)):
        with suppress(DataError):
            folder.one(kind, header, *(line.replace("\ud800", "") for line in lines))


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.sets(st.integers(0, 39)))
def test_places_are_kept_when_rows_are_left_out(blanks: list[bool], dropped: set[int]) -> None:
    lines = [number for number, blank in enumerate(blanks, start=2) if not blank]
    places = Places()
    for row, line in enumerate(lines):
        places.note(row, line)
    out = sorted(row for row in dropped if row < len(lines))
    left = places.without(out, len(lines))
    kept = [line for row, line in enumerate(lines) if row not in dropped]
    assert [left[row] for row in range(len(kept))] == kept
    assert all(one < other for one, other in pairwise(kept))
