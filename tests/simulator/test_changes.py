"""Cancelling and replacing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.simulator.floor import (
    ABSOLUTE,
    BUY,
    LIMIT,
    SELL,
    STOP_LIMIT,
    TRAILING,
    Floor,
    change,
    shown,
)
from tradegw.errors import (
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
)
from tradegw.model.enums import OrderStatus
from tradegw.model.order import OrderChange


class TestCancelAndReplace:
    def test_cancel_before_the_fill(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10)
        cancelled = floor.exchange.cancel(sent.id, floor.time)
        assert cancelled.status is OrderStatus.CANCELLED
        floor.at(100)
        assert floor.exchange.trades() == []
        assert floor.order_kinds(sent.id) == ["ORDER_CREATED", "ORDER_CANCELLED"]

    def test_what_is_unknown_or_over_cannot_be_changed(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10)
        floor.at(100)
        floor.forget()
        exchange, time = floor.exchange, floor.time
        with pytest.raises(OrderNotModifiable, match="FILLED"):
            exchange.cancel(sent.id, time)
        with pytest.raises(OrderNotModifiable):
            exchange.replace(sent.id, OrderChange(), time)
        with pytest.raises(OrderNotFound):
            exchange.cancel("nobody", time)
        with pytest.raises(OrderNotFound):
            exchange.replace("nobody", OrderChange(), time)
        with pytest.raises(OrderNotFound):
            exchange.order("nobody")
        assert floor.events == []

    def test_a_replace_keeps_the_id_and_what_is_not_mentioned(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10, LIMIT, limit_price=90, client_order_id="mine")
        changed = floor.exchange.replace(sent.id, change(limit_price=95), floor.time)
        assert changed.id == sent.id
        assert shown(changed.limit_price, changed.quantity) == [95, 10]
        assert changed.client_order_id == "mine"
        assert floor.order_kinds(sent.id) == ["ORDER_CREATED", "ORDER_MODIFIED"]
        floor.at(95)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    def test_an_empty_change_changes_nothing(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10, LIMIT, limit_price=90)
        floor.time += timedelta(seconds=1)
        assert floor.exchange.replace(sent.id, OrderChange(), floor.time) == sent
        assert floor.order_kinds(sent.id) == ["ORDER_CREATED"]

    def test_a_new_price_costs_priority_and_a_smaller_quantity_does_not(self) -> None:
        floor = Floor()
        first = floor.send(BUY, 10, LIMIT, limit_price=90)
        second = floor.send(BUY, 10, LIMIT, limit_price=90)
        third = floor.send(BUY, 10, LIMIT, limit_price=90)
        floor.exchange.replace(first.id, change(limit_price=90), floor.time)
        floor.exchange.replace(second.id, change(quantity=5), floor.time)
        floor.at(90)
        orders = [trade.order_id for trade in floor.exchange.trades()]
        assert orders == [second.id, third.id, first.id]

    def test_a_repriced_post_only_order_is_judged_again(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10, LIMIT, limit_price=90, post_only=True)
        floor.at(100)
        floor.exchange.replace(sent.id, change(limit_price=105), floor.time)
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.REJECTED

    def test_a_trailing_stop_keeps_its_best_price_when_its_distance_changes(self) -> None:
        floor = Floor()
        sent = floor.send(SELL, 10, TRAILING, trailing_distance=20, trailing_type=ABSOLUTE)
        floor.at(100)
        floor.at(110)
        floor.exchange.replace(sent.id, change(trailing_distance=5), floor.time)
        floor.at(106)
        assert floor.exchange.trades() == []
        floor.at(105)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    @pytest.mark.parametrize(
        ("wanted", "field"),
        [
            ({"quantity": 4}, "quantity"),
            ({"quantity": 3}, "quantity"),
            ({"quantity": 0}, "quantity"),
            ({"limit_price": -1}, "limit_price"),
            ({"stop_price": 90}, "stop_price"),
            ({"trailing_distance": 1}, "trailing_distance"),
        ],
    )
    def test_a_change_that_makes_no_sense_changes_nothing(
        self, wanted: dict[str, object], field: str
    ) -> None:
        floor = Floor(volume_limit=Decimal(1))
        sent = floor.send(BUY, 10, LIMIT, limit_price=100)
        floor.at(100, volume=Decimal(4))
        before = floor.exchange.order(sent.id)
        with pytest.raises(InvalidValue) as refusal:
            floor.exchange.replace(sent.id, change(**wanted), floor.time)
        assert refusal.value.details is not None
        assert refusal.value.details["field"] == field
        assert floor.exchange.order(sent.id) == before

    def test_a_triggered_stop_cannot_be_moved(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 1, STOP_LIMIT, stop_price=100, limit_price=95)
        floor.at(100)
        with pytest.raises(InvalidValue):
            floor.exchange.replace(sent.id, change(stop_price=110), floor.time)

    def test_a_change_beyond_the_means_is_refused(self) -> None:
        floor = Floor(cash=Decimal(1000))
        sent = floor.send(BUY, 5, LIMIT, limit_price=100)
        with pytest.raises(OrderRejected) as refusal:
            floor.exchange.replace(sent.id, change(quantity=11), floor.time)
        assert refusal.value.reject_code == "INSUFFICIENT_FUNDS"
