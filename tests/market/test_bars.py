"""Bars made of prices and of smaller bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradegw.market.bars import BarBuilder, bar_end, bar_start, makes, roll_up
from tradegw.model.enums import Timeframe
from tradegw.model.market import Bar

steady = settings(derandomize=True, deadline=None)

THURSDAY = datetime(2025, 1, 16, 10, 37, 12, 500_000, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-01-16T{text}Z")


def bar(start: datetime, text: str, timeframe: Timeframe = Timeframe.M1, volume: int = 1) -> Bar:
    opened, high, low, close = (Decimal(price) for price in text.split("/"))
    return Bar(
        symbol="X",
        provider="p",
        timeframe=timeframe,
        timestamp=start,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=Decimal(volume),
    )


def text(made: Bar | None) -> str | None:
    if made is None:
        return None
    prices = f"{made.open}/{made.high}/{made.low}/{made.close}"
    return f"{made.timestamp:%H:%M} {prices} x{made.volume}"


@pytest.mark.parametrize(
    ("timeframe", "start"),
    [
        (Timeframe.M1, "2025-01-16T10:37Z"),
        (Timeframe.M2, "2025-01-16T10:36Z"),
        (Timeframe.M5, "2025-01-16T10:35Z"),
        (Timeframe.M10, "2025-01-16T10:30Z"),
        (Timeframe.M15, "2025-01-16T10:30Z"),
        (Timeframe.M30, "2025-01-16T10:30Z"),
        (Timeframe.H1, "2025-01-16T10:00Z"),
        (Timeframe.H2, "2025-01-16T10:00Z"),
        (Timeframe.H4, "2025-01-16T08:00Z"),
        (Timeframe.H12, "2025-01-16T00:00Z"),
        (Timeframe.D1, "2025-01-16T00:00Z"),
        (Timeframe.W1, "2025-01-13T00:00Z"),
    ],
)
def test_boundaries_are_of_the_epoch_days_of_utc_and_weeks_of_monday(
    timeframe: Timeframe, start: str
) -> None:
    assert bar_start(THURSDAY, timeframe) == datetime.fromisoformat(start)


@given(st.integers(-(10**15), 4 * 10**15), st.sampled_from(Timeframe))
@steady
def test_every_moment_is_in_its_bar(microseconds: int, timeframe: Timeframe) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    start = bar_start(moment, timeframe)
    assert start <= moment < bar_end(bar(start, "1/1/1/1", timeframe))
    assert bar_start(start, timeframe) == start


def test_prices_make_a_bar_that_is_told_when_the_next_one_begins() -> None:
    builder = BarBuilder("X", "p", Timeframe.M1)
    prices = [("10:00:00", 5), ("10:00:10", 7), ("10:00:20", 4), ("10:00:59.999", 6)]
    for moment, price in prices:
        assert builder.add(at(moment), Decimal(price), Decimal(2)) is None
    assert builder.ends == at("10:01:00")
    assert text(builder.add(at("10:03:00"), Decimal(9))) == "10:00 5/7/4/6 x8"
    assert builder.ends == at("10:04:00")


def test_the_clock_finishes_a_bar_without_another_price_and_only_once() -> None:
    builder = BarBuilder("X", "p", Timeframe.M1)
    builder.add(at("10:00:00"), Decimal(5))
    assert builder.finish(at("10:00:59.999999")) is None
    assert text(builder.finish(at("10:01:00"))) == "10:00 5/5/5/5 x0"
    assert builder.finish(at("10:05:00")) is None
    assert builder.ends is None


def test_a_first_bar_that_lacks_its_beginning_is_left_out() -> None:
    builder = BarBuilder("X", "p", Timeframe.M1)
    builder.add(at("10:00:01"), Decimal(5))
    assert builder.add(at("10:01:30"), Decimal(6)) is None
    assert text(builder.finish(at("10:02:00"))) == "10:01 6/6/6/6 x0"


def test_or_kept_where_that_is_asked_for() -> None:
    builder = BarBuilder("X", "p", Timeframe.M1, keep_first=True)
    builder.add(at("10:00:01"), Decimal(5))
    assert text(builder.finish(at("10:01:00"))) == "10:00 5/5/5/5 x0"


def test_small_bars_make_a_large_one_which_ends_with_the_last_of_them() -> None:
    builder = BarBuilder("X", "p", Timeframe.M5)
    texts = ["5/6/4/5", "5/9/5/8", "8/8/2/3", "3/4/3/4"]
    for minute, prices in enumerate(texts):
        assert builder.add_bar(bar(at(f"10:0{minute}:00"), prices)) == []
    (made,) = builder.add_bar(bar(at("10:04:00"), "4/5/4/5"))
    assert text(made) == "10:00 5/9/2/5 x5"


def test_a_missing_last_part_delays_a_large_bar_until_the_clock_or_the_next_part() -> None:
    builder = BarBuilder("X", "p", Timeframe.M2)
    builder.add_bar(bar(at("10:00:00"), "5/6/4/5"))
    finished = builder.add_bar(bar(at("10:03:00"), "1/1/1/1"))
    assert [text(made) for made in finished] == ["10:00 5/6/4/5 x1", "10:02 1/1/1/1 x1"]


def test_only_whole_multiples_can_be_made() -> None:
    assert makes(Timeframe.M1, Timeframe.W1)
    assert makes(Timeframe.D1, Timeframe.W1)
    assert makes(Timeframe.H4, Timeframe.H4)
    assert not makes(Timeframe.M2, Timeframe.M5)
    assert not makes(Timeframe.M5, Timeframe.M1)


def test_roll_up_leaves_out_what_has_not_ended_and_what_lacks_its_beginning() -> None:
    minutes = [bar(at(f"10:{m:02}:00"), f"{m}/{m}/{m}/{m}") for m in range(3, 18) if m != 9]
    rolled = roll_up(minutes, Timeframe.M5, at("10:18:00"))
    assert [text(made) for made in rolled] == ["10:05 5/8/5/8 x4", "10:10 10/14/10/14 x5"]
    kept = roll_up(minutes, Timeframe.M5, at("10:20:00"), keep_first=True)
    assert [f"{made.timestamp:%H:%M}" for made in kept] == ["10:00", "10:05", "10:10", "10:15"]
    assert roll_up([], Timeframe.M5, at("10:20:00")) == []


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.decimals(1, 100, places=1), st.integers(0, 50)),
        min_size=1,
        max_size=80,
    ),
    st.sampled_from([Timeframe.M5, Timeframe.M15, Timeframe.H1]),
)
@steady
def test_rolling_up_minutes_is_the_same_as_building_from_the_prices(
    steps: list[tuple[int, Decimal, int]], timeframe: Timeframe
) -> None:
    minute = BarBuilder("X", "p", Timeframe.M1)
    direct = BarBuilder("X", "p", timeframe)
    minutes: list[Bar] = []
    built: list[Bar] = []
    now = at("00:00:00")
    for wait, price, volume in [(0, Decimal(50), 1), *steps, (7200, Decimal(1), 1)]:
        now += timedelta(seconds=wait)
        for builder, bars in ((minute, minutes), (direct, built)):
            finished = builder.add(now, price, Decimal(volume))
            if finished is not None:
                bars.append(finished)
    assert roll_up(minutes, timeframe, now) == built
    assert sum(made.volume for made in built) == 1 + sum(volume for _, _, volume in steps)
    for made in built:
        assert made.low <= min(made.open, made.close) <= max(made.open, made.close) <= made.high
