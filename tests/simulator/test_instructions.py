"""Reduce-only orders, orders that fill in parts, orders that share the volume."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.floor import (
    BUY,
    FOK,
    IOC,
    LIMIT,
    SELL,
    STOP,
    Floor,
    shown,
)
from tradegw.errors import (
    OrderRejected,
)
from tradegw.model.enums import OrderStatus


class TestReduceOnly:
    def test_is_capped_to_the_position_and_the_rest_cancelled(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        floor.at(100)
        sent = floor.send(SELL, 8, reduce_only=True)
        floor.at(101)
        done = floor.exchange.order(sent.id)
        assert shown(done.status, done.filled_quantity) == [OrderStatus.CANCELLED, 5]
        assert floor.exchange.positions() == []

    @pytest.mark.parametrize("side", [BUY, SELL])
    def test_is_refused_without_anything_to_reduce(self, side: Any) -> None:
        floor = Floor()
        if side is BUY:
            floor.send(BUY, 5)
        floor.at(100)
        with pytest.raises(OrderRejected) as refusal:
            floor.send(side, 1, reduce_only=True)
        assert refusal.value.reject_code == "REDUCE_ONLY_VIOLATED"

    def test_goes_when_its_position_is_gone_but_not_before_others_could_cancel_it(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        floor.at(100)
        stop = floor.send(SELL, 5, STOP, stop_price=90, reduce_only=True)
        floor.at(100)
        floor.send(SELL, 5)
        floor.at(100)
        assert floor.exchange.order(stop.id).status is OrderStatus.OPEN
        floor.at(100)
        assert floor.exchange.order(stop.id).status is OrderStatus.CANCELLED

    def test_never_opens_anything_even_if_the_position_goes_in_the_same_tick(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        floor.at(100)
        sent = [floor.send(SELL, 5, STOP, stop_price=90, reduce_only=True) for _ in range(2)]
        floor.at(80)
        assert floor.exchange.positions() == []
        statuses = [floor.exchange.order(one.id).status for one in sent]
        assert statuses == [OrderStatus.FILLED, OrderStatus.CANCELLED]

    def test_may_wait_for_an_entry_that_is_at_work(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        stop = floor.send(SELL, 5, STOP, stop_price=90, reduce_only=True)
        floor.at(100)
        floor.at(90)
        assert floor.exchange.order(stop.id).status is OrderStatus.FILLED


class TestParts:
    """``partial_ratio``: two tranches per order."""

    def test_two_fills_a_tick_apart_with_a_weighted_average(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.4"))
        sent = floor.send(BUY, 10)
        floor.at(100)
        half = floor.exchange.order(sent.id)
        assert half.status is OrderStatus.PARTIALLY_FILLED
        assert shown(half.filled_quantity, half.remaining_quantity) == [4, 6]
        floor.at(110)
        full = floor.exchange.order(sent.id)
        assert full.status is OrderStatus.FILLED
        assert full.average_fill_price == 106
        assert [trade.quantity for trade in floor.exchange.trades()] == [4, 6]
        assert floor.order_kinds(sent.id) == [
            "ORDER_CREATED",
            "ORDER_PARTIALLY_FILLED",
            "ORDER_FILLED",
        ]

    def test_a_cancel_in_between_stops_the_rest(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(SELL, 10)
        floor.at(100)
        cancelled = floor.exchange.cancel(sent.id, floor.time)
        assert shown(cancelled.status, cancelled.filled_quantity) == [OrderStatus.CANCELLED, 5]
        floor.at(100)
        assert len(floor.exchange.trades()) == 1
        (position,) = floor.exchange.positions()
        assert shown(str(position.side), position.quantity) == ["SHORT", 5]

    def test_the_rest_waits_for_the_limit(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, LIMIT, limit_price=100)
        floor.at(100)
        floor.at(101)
        assert floor.exchange.order(sent.id).filled_quantity == 5
        floor.at(99)
        assert floor.exchange.order(sent.id).average_fill_price == Decimal("99.5")

    def test_the_rest_of_a_triggered_stop_goes_at_any_price(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, STOP, stop_price=100)
        floor.at(100)
        floor.at(95)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    def test_within_a_bar_the_rest_comes_with_the_next_corner(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, LIMIT, limit_price=95)
        floor.at(100)
        floor.to(90)
        assert floor.exchange.order(sent.id).filled_quantity == 5
        floor.to(99)
        full = floor.exchange.order(sent.id)
        assert shown(full.status, full.average_fill_price) == [OrderStatus.FILLED, 95]

    def test_an_ioc_order_takes_its_first_part_and_no_more(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.4"))
        sent = floor.send(BUY, 10, time_in_force=IOC)
        floor.at(100)
        done = floor.exchange.order(sent.id)
        assert shown(done.status, done.filled_quantity) == [OrderStatus.CANCELLED, 4]

    def test_a_fok_order_is_not_divided(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, time_in_force=FOK)
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    def test_a_quantity_too_small_to_divide_is_filled_whole(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, "0.000000001")
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED


class TestVolume:
    """``volume_limit``: a share of what is traded."""

    def test_orders_share_what_a_tick_offers_in_sequence(self) -> None:
        floor = Floor(volume_limit=Decimal("0.5"))
        first, second = floor.send(BUY, 60), floor.send(SELL, 60)
        floor.at(100, volume=Decimal(200))
        assert floor.exchange.order(first.id).filled_quantity == 60
        assert floor.exchange.order(second.id).filled_quantity == 40
        floor.at(100, volume=Decimal(0))
        assert floor.exchange.order(second.id).filled_quantity == 40
        floor.at(100, volume=Decimal(40))
        assert floor.exchange.order(second.id).filled_quantity == 60

    def test_quotes_offer_each_side_its_own_size(self) -> None:
        floor = Floor(volume_limit=Decimal(1))
        bought, sold = floor.send(BUY, 60), floor.send(SELL, 60)
        floor.at(100, bid_size=Decimal(10), ask_size=Decimal(20))
        assert floor.exchange.order(bought.id).filled_quantity == 20
        assert floor.exchange.order(sold.id).filled_quantity == 10

    def test_a_bar_has_one_budget_from_open_to_close(self) -> None:
        floor = Floor(volume_limit=Decimal("0.1"))
        sent = floor.send(BUY, 150, LIMIT, limit_price=101)
        floor.at(100, volume=Decimal(1000))
        floor.to(90, volume=Decimal(1000))
        floor.to(100, volume=Decimal(1000))
        assert floor.exchange.order(sent.id).filled_quantity == 100

    def test_no_volume_no_limit(self) -> None:
        floor = Floor(volume_limit=Decimal("0.1"))
        sent = floor.send(BUY, 150)
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED
