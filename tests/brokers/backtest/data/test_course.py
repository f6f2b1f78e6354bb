"""The order of work: closes before opens, short bars first, then symbols as configured."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.brokers.backtest.data.files import (
    BARS,
    QUOTES,
    TRADES,
    Folder,
    at,
    minutes,
    shown,
    steps,
    wish,
)
from tradegw.brokers.backtest.data.course import Course
from tradegw.brokers.backtest.data.deliveries import deliveries
from tradegw.brokers.backtest.data.errors import DataError
from tradegw.brokers.backtest.data.stamps import bound
from tradegw.brokers.backtest.data.steps import BarClose, BarOpen, Over, Rank, TickStep


def test_a_bar_ends_before_the_next_begins_at_the_same_instant(folder: Folder) -> None:
    datasets = folder.one("1h", *minutes(1, 2, length=60))
    assert [shown(step) for step in steps(datasets)] == [
        "01 00:00 open X 1",
        "01 01:00 close X 1h 1 told",
        "01 01:00 open X 1",
        "01 02:00 close X 1h 2 told",
    ]
    assert datasets.end == at("2024-01-01 02:00")


def test_all_that_ends_comes_before_all_that_begins(folder: Folder) -> None:
    """Short bars first, then the symbols in the order of the configuration."""
    datasets = folder.load(
        folder.item("B", "1h", *minutes(1, 2, length=60, first="2024-01-01T23:00")),
        folder.item("A", "1d", *minutes(3, 4, length=1440)),
        folder.item("C", "30m", *minutes(5, 6, length=30, first="2024-01-01T23:30")),
        folder.item("T", "trades", TRADES, "2024-01-02,7,1", "2024-01-02,6,1"),
    )
    wanted = ("*:candle", "T:quote")
    midnight = [shown(s) for s in steps(datasets, *wanted) if s.time == at("2024-01-02")]
    assert midnight == [
        "02 00:00 close C 30m 5 told",
        "02 00:00 close B 1h 1 told",
        "02 00:00 close A 1d 3 told",
        "02 00:00 open B 1",
        "02 00:00 open A 3",
        "02 00:00 open C 5",
        "02 00:00 tick T 7 told",
        "02 00:00 tick T 6 told",
        "02 00:00 over T",
    ]


def test_larger_bars_end_after_the_smaller_ones_that_make_them(folder: Folder) -> None:
    lines = minutes(1, 2, 3, 4, length=30)
    datasets = folder.one("30m", *lines)
    assert [shown(step) for step in steps(datasets, "X:candle_1h,candle_30m,candle_2h")][-4:] == [
        "01 01:30 open X 3",
        "01 02:00 close X 30m 4 told",
        "01 02:00 close X 1h 4 told",
        "01 02:00 close X 2h 4 told",
    ]


def test_a_larger_bar_ends_when_its_time_is_over_without_another_price(folder: Folder) -> None:
    datasets = folder.one("1m", *minutes(1, 2, 3, first="2024-01-01T10:00"))
    last = steps(datasets, "X:candle_5m")[-1]
    assert shown(last) == "01 10:05 close X 5m 3 told"
    stopped = folder.load(
        folder.item("X", "1m", *minutes(1, 2, 3, first="2024-01-01T10:00")),
        end=at("2024-01-01 10:03"),
    )
    assert shown(steps(stopped, "X:candle_5m")[-1]) == "01 10:03 close X 1m 3"


def test_history_makes_larger_bars_but_is_not_told(folder: Folder) -> None:
    item = folder.item("X", "1m", *minutes(*range(1, 11), first="2024-01-01T10:00"))
    datasets = folder.load(item, start=at("2024-01-01 10:03"), end=at("2024-01-01 10:08"))
    told = [shown(step) for step in steps(datasets, "X:candle_5m") if isinstance(step, BarClose)]
    assert told == [
        "01 10:04 close X 1m 4",
        "01 10:05 close X 1m 5",
        "01 10:05 close X 5m 5 told",
        "01 10:06 close X 1m 6",
        "01 10:07 close X 1m 7",
        "01 10:08 close X 1m 8",
    ]
    assert datasets.begin == at("2024-01-01 10:03")
    later = folder.load(item, start=at("2024-01-01 10:06"))
    told = [shown(step) for step in steps(later, "X:candle_5m") if isinstance(step, BarClose)]
    assert [line for line in told if line.endswith("told")] == ["01 10:10 close X 5m 10 told"]


def test_a_bar_in_progress_at_the_start_is_not_replayed(folder: Folder) -> None:
    item = folder.item("X", "1h", *minutes(1, 2, 3, length=60))
    datasets = folder.load(item, start=at("2024-01-01 00:30"))
    assert shown(steps(datasets)[0]) == "01 01:00 open X 1"
    assert datasets.begin == at("2024-01-01 00:30")


def test_the_finest_series_of_a_symbol_moves_it_and_others_are_only_told(folder: Folder) -> None:
    datasets = folder.load(
        folder.item("X", "1d", *minutes(1, length=1440)),
        folder.item("X", "quotes", QUOTES, "2024-01-01T00:00,1,1", "2024-01-01T12:00,2,2"),
        folder.item("X", "12h", *minutes(1, 2, length=720)),
    )
    assert [shown(step) for step in steps(datasets)] == [
        "01 00:00 tick X 1 told",
        "01 12:00 close X 12h 1 told",
        "01 12:00 tick X 2 told",
        "02 00:00 close X 12h 2 told",
        "02 00:00 close X 1d 1 told",
    ]
    moved = {type(step) for step in steps(datasets) if not isinstance(step, BarClose)}
    assert moved == {TickStep}


def test_a_finer_series_without_rows_in_the_run_moves_nothing(folder: Folder) -> None:
    items = [
        folder.item("X", "quotes", QUOTES, "2023-12-01T00:00,1,1"),
        folder.item("X", "1h", *minutes(1, 2, length=60)),
    ]
    datasets = folder.load(*items, start=at("2024-01-01"))
    assert datasets.driver("X").kind == "1h"
    assert [shown(step) for step in steps(datasets)][:2] == [
        "01 00:00 open X 1",
        "01 01:00 close X 1h 1 told",
    ]
    assert "no rows between BACKTEST_START and BACKTEST_END" in str(datasets.warnings)


def test_no_rows_at_all_in_the_run_are_refused(folder: Folder) -> None:
    item = folder.item("X", "1h", *minutes(1, 2, length=60))
    with pytest.raises(DataError, match="no rows between BACKTEST_START and BACKTEST_END"):
        folder.load(item, start=at("2024-01-02"))
    with pytest.raises(DataError, match="no rows between"):
        folder.load(item, end=at("2024-01-01"))


def test_bars_that_are_stamped_with_their_end_begin_a_length_earlier(folder: Folder) -> None:
    lines = minutes(1, 2, length=60, first="2024-01-01T01:00")
    datasets = folder.one("1h", *lines, label="end")
    assert [shown(step) for step in steps(datasets)] == [
        "01 00:00 open X 1",
        "01 01:00 close X 1h 1 told",
        "01 01:00 open X 1",
        "01 02:00 close X 1h 2 told",
    ]
    days = [BARS, "2024-03-11,1,1,1,1,1", "2024-03-12,1,1,1,1,1"]
    datasets = folder.one("1d", *days, label="end", tz="America/New_York")
    assert [step.time for step in steps(datasets)][:2] == [
        at("2024-03-10 05:00"),
        at("2024-03-11 04:00"),
    ]


def test_a_closed_market_has_no_steps(folder: Folder) -> None:
    """Candle on Friday, the next open on Monday."""
    lines = [BARS, "2024-01-05,1,1,1,1,1", "2024-01-08,2,2,2,2,1"]
    times = [f"{step.time:%a}" for step in steps(folder.one("1d", *lines))]
    assert times == ["Fri", "Sat", "Mon", "Tue"]


def test_a_symbol_whose_prices_are_over_before_others_is_told(folder: Folder) -> None:
    items = [
        folder.item("A", "1d", *minutes(1, 2, length=1440)),
        folder.item("B", "1d", *minutes(1, 2, 3, length=1440)),
        folder.item("C", "trades", TRADES, "2024-01-01T12:00,1,1"),
    ]
    assert [shown(s) for s in steps(folder.load(*items)) if isinstance(s, Over)] == [
        "01 12:00 over C",
        "03 00:00 over A",
    ]


def test_a_symbol_that_only_the_end_of_the_run_cuts_is_not_over(folder: Folder) -> None:
    noon = [TRADES, *(f"2024-01-0{day}T12:00,1,1" for day in range(1, 6))]
    later = [line.replace("12:00", "13:00") for line in noon]
    items = [folder.item("A", "trades", *noon), folder.item("B", "trades", *later)]
    cut = folder.load(*items, end=bound("2024-01-02", closing=True))
    assert not [step for step in steps(cut) if isinstance(step, Over)]
    assert [step.symbol for step in steps(folder.load(*items)) if isinstance(step, Over)] == ["A"]


def test_what_is_next_can_be_seen_before_it_is_taken(folder: Folder) -> None:
    datasets = folder.one("1h", *minutes(1, 2, length=60))
    course = Course(datasets, deliveries(datasets, wish()))
    seen = []
    while (moment := course.peek()) is not None:
        assert course.peek() == moment
        step = next(course)
        assert step.time == moment.time
        seen.append(moment.rank)
    assert seen == [Rank.OPEN, Rank.CLOSE] * 2
    assert next(course, None) is None


def test_what_is_told_is_what_was_subscribed_to(folder: Folder) -> None:
    datasets = folder.load(
        folder.item("Q", "quotes", QUOTES, "2024-01-01,1,1"),
        folder.item("T", "trades", TRADES, "2024-01-01,1,1"),
        folder.item("B", "1h", *minutes(1, length=60)),
    )
    open_ = deliveries(datasets, wish())
    assert open_.quotes == {"Q"}
    assert open_.candles == {"Q": (), "T": ("1m",), "B": ("1h",)}
    every = deliveries(datasets, wish("*:*"))
    assert every.quotes == {"Q", "T"}
    assert every.candles == {"Q": ("1m",), "T": ("1m",), "B": ("1h",)}
    some = deliveries(datasets, wish("B:candle_2h,candle_1h,candle_1m,quote", "Z:candle"))
    assert some.quotes == frozenset()
    assert some.candles == {"Q": (), "T": (), "B": ("1h", "2h")}
    assert some.impossible == (
        "Z is not in the data",
        "there are no quotes of B, only bars",
        "candles of 1m cannot be made of the data of B",
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["quotes", "trades", "1m", "5m", "1h"]),
            st.lists(st.integers(1, 40), min_size=1, max_size=12),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_course_is_all_points_sorted_by_time_rank_length_and_symbol(
    folder: Folder, plan: list[tuple[str, list[int]]]
) -> None:
    items, expected = [], []
    for number, (kind, gaps) in enumerate(plan):
        length = {"1m": 1, "5m": 5, "1h": 60}.get(kind, 0)
        stamps = _stamps([max(gap, length) for gap in gaps])
        items.append(folder.item(f"S{number}", kind, *_lines(kind, stamps)))
        for row, stamp in enumerate(stamps):
            expected.append((stamp, Rank.OPEN, 0, number, row))
            if length:
                ends = stamp + timedelta(minutes=length)
                expected.append((ends, Rank.CLOSE, length * 60, number, row))
    datasets = folder.load(*items)
    found = []
    for step in steps(datasets, "NONE:candle"):
        if isinstance(step, Over):
            continue
        number = int(step.symbol[1:])
        if isinstance(step, BarClose):
            found.append((step.time, Rank.CLOSE, step.timeframe.seconds, number, step.bar.open))
        else:
            price = step.bar.bid.open if isinstance(step, BarOpen) else step.tick.last
            found.append((step.time, Rank.OPEN, 0, number, price))
    assert found == [(*key, row + 1) for *key, row in sorted(expected)]
    assert all(one[:2] <= other[:2] for one, other in pairwise(found))


def _stamps(gaps: list[int]) -> list[datetime]:
    stamps = [at("2024-01-01 00:00")]
    for gap in gaps:
        stamps.append(stamps[-1] + timedelta(minutes=gap))
    return stamps


def _lines(kind: str, stamps: list[datetime]) -> list[str]:
    """Row n has the price n + 1."""
    rows = [(f"{stamp:%Y-%m-%dT%H:%M:%SZ}", n) for n, stamp in enumerate(stamps, start=1)]
    if kind == "quotes":
        return [QUOTES, *(f"{stamp},{n},{n}" for stamp, n in rows)]
    if kind == "trades":
        return [TRADES, *(f"{stamp},{n},1" for stamp, n in rows)]
    return [BARS, *(f"{stamp},{n},{n},{n},{n},1" for stamp, n in rows)]
