"""Columns, the curve, extremes and tracks: small, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.backtest.report.told import DAY, MONDAY, amount, shown
from tradegw.brokers.backtest.report.column import Column
from tradegw.brokers.backtest.report.curve import EquityCurve, Point
from tradegw.brokers.backtest.report.exact import micros
from tradegw.brokers.backtest.report.extremes import Extremes, Span
from tradegw.brokers.backtest.report.track import Track
from tradegw.simulator.paths import Prices

steady = settings(derandomize=True, deadline=None)
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
prices = st.integers(1, 12).map(Decimal)


class TestColumn:
    @given(st.lists(amounts, max_size=60))
    @steady
    def test_what_is_read_is_what_was_appended(self, values: list[Decimal]) -> None:
        """Whatever the scales, and whether or not 64 bits hold them."""
        column = Column()
        for value in values:
            column.append(value)
        assert list(column) == values
        assert len(column) == len(values)

    def test_a_chunk_takes_the_smallest_scale_as_it_comes(self) -> None:
        column = Column()
        values = [Decimal("1E+3"), Decimal("1.5"), Decimal("0.000000000001"), Decimal(10**30)]
        for value in values:
            column.append(value)
        assert list(column) == values

    def test_many_chunks_follow_each_other(self) -> None:
        column = Column()
        same = Decimal("100000.5")
        for number in range(10_000):
            column.append(same if number % 3 else Decimal(number))
        assert list(column) == [same if n % 3 else Decimal(n) for n in range(10_000)]

    def test_the_last_value_can_be_replaced_and_repeated(self) -> None:
        column, one, other = Column(), Decimal("1.25"), Decimal("7.125")
        column.append(one)
        column.append(one)
        column.replace_last(other)
        column.append(other)
        column.append(one)
        assert list(column) == [one, other, other, one]

    @pytest.mark.parametrize("first", [Decimal(1), Decimal(10**30)])
    def test_a_copy_grows_on_its_own(self, first: Decimal) -> None:
        column = Column()
        column.append(first)
        copy = column.copy()
        copy.append(Decimal(2))
        column.append(Decimal(3))
        assert shown(list(column), list(copy)) == [[first, 3], [first, 2]]


class TestCurve:
    def test_closes_of_one_moment_are_one_point(self) -> None:
        """The account counts as it is when all symbols have closed."""
        curve = EquityCurve()
        curve.add(MONDAY, amount(100), amount(100), amount(0))
        curve.add(MONDAY + DAY, amount(100), amount(70), amount(50))
        curve.add(MONDAY + DAY, amount(100), amount(110), amount(60))
        assert list(curve)[1:] == [
            Point(micros(MONDAY + DAY), amount(100), amount(110), amount(60))
        ]

    def test_what_is_told_late_is_how_things_stand(self) -> None:
        """Times never step back in the curve."""
        curve = EquityCurve()
        curve.add(MONDAY + DAY, amount(1), amount(5), amount(0))
        curve.add(MONDAY, amount(1), amount(6), amount(0))
        assert [(p.time, p.equity) for p in curve] == [(micros(MONDAY + DAY), amount(6))]

    def test_midnight_belongs_to_the_day_that_ends(self) -> None:
        """A daily bar of Monday ends on Tuesday at 00:00."""
        curve = EquityCurve()
        curve.add(MONDAY + DAY, amount(1), amount(5), amount(0))
        curve.add(MONDAY + DAY + timedelta(hours=1), amount(1), amount(7), amount(0))
        days = curve.days()
        assert list(days.values()) == [5, 7]
        assert next(iter(days)) * DAY == MONDAY - MONDAY.replace(year=1970)

    def test_an_end_is_put_to_a_copy(self) -> None:
        curve = EquityCurve()
        curve.add(MONDAY, amount(1), amount(5), amount(0))
        ended = curve.until(MONDAY + DAY, amount(1), amount(6), amount(0))
        assert shown([p.equity for p in ended], len(curve)) == [[5, 6], 1]


class TestExtremes:
    @given(st.lists(st.tuples(prices, prices), max_size=40), st.integers(0, 40))
    @steady
    def test_they_are_what_a_look_at_all_bars_finds(
        self, bars: list[tuple[Decimal, Decimal]], since: int
    ) -> None:
        extremes = Extremes()
        for number, (one, other) in enumerate(bars):
            high, low = max(one, other), min(one, other)
            extremes.add(number, Prices(low, high, low, high))
        asked = bars[since:]
        wanted = Span(max(map(max, asked)), min(map(min, asked))) if asked else None
        assert extremes.since(since) == wanted


class TestTrack:
    @given(st.integers(1, 9000))
    @settings(derandomize=True, deadline=None, max_examples=20)
    def test_any_number_of_bars_fits_without_losing_an_extreme(self, bars: int) -> None:
        track = Track()
        for number in range(bars):
            height = Decimal(number * 7919 % 1000 + 10)
            prices = Prices(height, height + 2, height - 2, height + 1)
            track.closed(MONDAY + number * DAY, prices)
        assert len(track.stretches) <= 2048
        heights = [number * 7919 % 1000 + 10 for number in range(bars)]
        assert max(stretch.high for stretch in track.stretches) == max(heights) + 2
        assert min(stretch.low for stretch in track.stretches) == min(heights) - 2
        assert shown(track.first_open, track.last_close) == [heights[0], heights[-1] + 1]
        assert track.stretches[-1].last == micros(MONDAY + (bars - 1) * DAY)
        assert [bar.close for bar in track.recent] == [height + 1 for height in heights[-500:]]
