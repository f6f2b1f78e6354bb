"""Round trips: first in, first out; what they paid, and what they saw on the way."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.backtest.report.told import Tale, shown
from tradegw.brokers.backtest.report.facts import Where
from tradegw.brokers.backtest.report.trips import Trip
from tradegw.model.enums import PositionSide

quantities = st.decimals("-50", "50", places=3).filter(bool)
costs = st.decimals("-2", "20", places=2)
heights = st.decimals("1", "500", places=2)


def the_trip(tale: Tale) -> Trip:
    (trip,) = tale.recorder.trips
    return trip


class TestPairs:
    def test_what_was_opened_first_is_closed_first(self) -> None:
        tale = Tale()
        for price in (100, 110, 120):
            tale.fill(1, price)
            tale.bar(price)
        tale.fill(-2, 130)
        assert [trip.entry_price for trip in tale.recorder.trips] == [100, 110]
        assert [trip.pnl for trip in tale.recorder.trips] == [30, 20]
        assert [lot.price for lot in tale.recorder.open_lots()] == [120]

    def test_a_lot_that_is_closed_in_parts_pays_its_commission_in_parts(self) -> None:
        """Of 9 for 3, a third goes with each; the exits pay their own."""
        tale = Tale()
        tale.fill(3, 100, commission=9)
        tale.fill(-1, 110, commission=1)
        tale.fill(-2, 120, commission=1)
        assert [shown(t.commission, t.pnl) for t in tale.recorder.trips] == [[4, 6], [7, 33]]

    def test_shares_of_a_commission_that_do_not_divide_add_up(self) -> None:
        tale = Tale()
        tale.fill(3, 100, commission=10)
        for _ in range(3):
            tale.fill(-1, 100)
        assert sum(trip.commission for trip in tale.recorder.trips) == 10

    def test_a_flip_closes_and_opens(self) -> None:
        """Its commission is shared by what it closes and what it opens."""
        tale = Tale()
        tale.fill(10, 100)
        tale.fill(-25, 90, commission=5)
        trip = the_trip(tale)
        (lot,) = tale.recorder.open_lots()
        assert shown(trip.side, trip.quantity, trip.pnl) == [PositionSide.LONG, 10, -102]
        assert shown(lot.side, lot.quantity, lot.commission) == [PositionSide.SHORT, 15, 3]

    def test_a_short_gains_when_the_price_falls(self) -> None:
        tale = Tale()
        tale.fill(-10, 100)
        tale.fill(10, 90)
        assert shown(the_trip(tale).side, the_trip(tale).pnl) == [PositionSide.SHORT, 100]

    def test_hedged_positions_are_kept_apart(self) -> None:
        """An opening order of the other side closes nothing; naming the position does."""
        tale = Tale()
        tale.fill(1, 100, position_id="bt-pos-1")
        tale.fill(-1, 110, position_id="bt-pos-2")
        assert not tale.recorder.trips
        tale.fill(1, 105, position_id="bt-pos-2")
        assert shown(the_trip(tale).side, the_trip(tale).pnl) == [PositionSide.SHORT, 5]

    def test_contract_size_and_rate_of_exchange_count(self) -> None:
        """Gains are converted at the exit, what was paid at the entry."""
        tale = Tale()
        tale.fill(2, 100, multiplier=Decimal(50), rate=Decimal("1.1"))
        tale.fill(-2, 101, multiplier=Decimal(50), rate=Decimal("1.2"))
        assert shown(the_trip(tale).pnl, the_trip(tale).paid) == [120, 11_000]

    def test_symbols_are_kept_apart(self) -> None:
        tale = Tale()
        tale.fill(1, 100, symbol="A")
        tale.fill(-1, 50, symbol="B")
        assert not tale.recorder.trips
        assert len(list(tale.recorder.open_lots())) == 2


class TestOnTheWay:
    def test_bars_that_were_held_from_the_open_count_whole(self) -> None:
        """The bar of the exit counts by the exit alone: what came after it is not known."""
        tale = Tale()
        tale.bar(100, 500, 1, 100)
        tale.fill(10, 100)
        tale.bar(100, 108, 97, 105)
        tale.bar(105, 106, 104, 105)
        tale.fill(-10, 103)
        tale.bar(103, 900, 2, 100)
        trip = the_trip(tale)
        assert shown(trip.bars, trip.adverse, trip.favourable) == [2, -30, 80]

    @pytest.mark.parametrize(("quantity", "adverse", "favourable"), [(1, -10, 5), (-1, -20, 2)])
    def test_of_a_bar_that_was_entered_inside_the_kind_extreme_does_not_count(
        self, quantity: int, adverse: int, favourable: int
    ) -> None:
        """It may have come before: only the extreme against the trip and the close are taken."""
        tale = Tale()
        tale.fill(quantity, 100, where=Where.INSIDE)
        tale.bar(110, 120, 90, 105)
        tale.fill(-quantity, 98)
        trip = the_trip(tale)
        assert shown(trip.adverse, trip.favourable) == [adverse, favourable]

    @pytest.mark.parametrize("where", [Where.TICK, Where.SHOWN])
    def test_a_minute_of_ticks_is_entered_inside(self, where: Where) -> None:
        tale = Tale()
        tale.fill(1, 100, where=where)
        tale.bar(100, 130, 99, 101)
        tale.fill(-1, 100, where=where)
        assert the_trip(tale).favourable == 1

    def test_later_bars_count_whole_after_an_entry_inside(self) -> None:
        tale = Tale()
        tale.fill(1, 100, where=Where.INSIDE)
        tale.bar(100, 130, 99, 101)
        tale.bar(101, 125, 101, 102)
        tale.fill(-1, 102)
        assert shown(the_trip(tale).adverse, the_trip(tale).favourable) == [-1, 25]

    def test_in_and_out_within_a_bar_sees_its_two_prices(self) -> None:
        tale = Tale()
        tale.fill(1, 100)
        tale.fill(-1, 95, where=Where.INSIDE, time=tale.time + timedelta(hours=5))
        tale.bar(100, 130, 50, 101)
        trip = the_trip(tale)
        assert shown(trip.bars, trip.adverse, trip.favourable) == [0, -5, 0]

    def test_an_older_lot_has_seen_more_than_a_younger_one(self) -> None:
        tale = Tale()
        tale.fill(1, 100)
        tale.bar(100, 150, 50, 100)
        tale.fill(1, 100)
        tale.bar(100, 110, 90, 100)
        tale.fill(-2, 100)
        assert [t.favourable for t in tale.recorder.trips] == [50, 10]
        assert [t.adverse for t in tale.recorder.trips] == [-50, -10]

    def test_a_position_that_was_closed_leaves_nothing_to_the_next(self) -> None:
        tale = Tale()
        tale.fill(1, 100)
        tale.bar(100, 150, 50, 100)
        tale.fill(-1, 100)
        tale.fill(1, 100)
        tale.bar(100, 101, 99, 100)
        tale.fill(-1, 100)
        assert [t.favourable for t in tale.recorder.trips] == [50, 1]


class TestAlgebra:
    @given(st.lists(st.tuples(quantities, heights, costs), min_size=1, max_size=25), heights)
    @settings(derandomize=True, deadline=None)
    def test_trips_and_what_is_open_are_the_change_of_equity(
        self, fills: list[tuple[Decimal, Decimal, Decimal]], close: Decimal
    ) -> None:
        """The account averages its cost, trips are first in first out: the sum is the same."""
        tale = Tale()
        for quantity, price, commission in fills:
            tale.fill(quantity, price, commission)
            tale.bar(price)
        tale.bar(close)
        report = tale.report().document
        assert report["reconciliation"]["difference"] == "0"
        assert Decimal(report["reconciliation"]["equity_change"]) == tale.equity - tale.cash
        closed = sum((trip.quantity for trip in tale.recorder.trips), Decimal(0))
        still = sum((lot.quantity for lot in tale.recorder.open_lots()), Decimal(0))
        assert 2 * closed + still == sum(abs(quantity) for quantity, _, _ in fills)

    @given(st.lists(st.tuples(quantities, heights), min_size=2, max_size=25))
    @settings(derandomize=True, deadline=None)
    def test_no_trip_ends_better_than_its_best_or_worse_than_its_worst(
        self, fills: list[tuple[Decimal, Decimal]]
    ) -> None:
        tale = Tale()
        for quantity, price in fills:
            tale.fill(quantity, price)
            tale.bar(price)
        for trip in tale.recorder.trips:
            assert trip.adverse <= min(trip.pnl, Decimal(0))
            assert trip.favourable >= max(trip.pnl, Decimal(0))
