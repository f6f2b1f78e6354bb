"""What the exchange refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.floor import (
    BUY,
    IOC,
    LIMIT,
    PERCENT,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING,
    Floor,
    order,
)
from tradegw.errors import (
    GatewayError,
    InvalidRequest,
    InvalidValue,
    OrderRejected,
    SymbolNotFound,
)
from tradegw.model.enums import OrderStatus, OrderType


@pytest.mark.parametrize(
    ("members", "error", "field"),
    [
        ({"quantity": 0}, InvalidValue, "quantity"),
        ({"quantity": -1}, InvalidValue, "quantity"),
        ({"quantity": "NaN"}, InvalidValue, "quantity"),
        ({"order_type": LIMIT}, InvalidRequest, "limit_price"),
        ({"order_type": LIMIT, "limit_price": 0}, InvalidValue, "limit_price"),
        ({"order_type": LIMIT, "limit_price": -5}, InvalidValue, "limit_price"),
        ({"order_type": LIMIT, "limit_price": 5, "stop_price": 5}, InvalidValue, "stop_price"),
        ({"limit_price": 5}, InvalidValue, "limit_price"),
        ({"order_type": STOP}, InvalidRequest, "stop_price"),
        ({"order_type": STOP_LIMIT, "stop_price": 5}, InvalidRequest, "limit_price"),
        ({"order_type": TRAILING, "trailing_distance": 5}, InvalidRequest, "trailing_type"),
        (
            {"order_type": TRAILING, "trailing_distance": 100, "trailing_type": PERCENT},
            InvalidValue,
            "trailing_distance",
        ),
        ({"stop_loss": 0}, InvalidValue, "stop_loss"),
        ({"take_profit": -1}, InvalidValue, "take_profit"),
        (
            {"order_type": STOP, "stop_price": 5, "time_in_force": IOC},
            InvalidValue,
            "time_in_force",
        ),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_its_field(
    members: dict[str, Any], error: type[GatewayError], field: str
) -> None:
    floor = Floor()
    quantity = members.pop("quantity", 1)
    with pytest.raises(error) as refusal:
        floor.send(BUY, quantity, members.pop("order_type", OrderType.MARKET), **members)
    assert refusal.value.details is not None
    assert refusal.value.details["field"] == field
    assert floor.events == []
    assert floor.exchange.open_orders() == []


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"quantity": "0.0000000001"}, "INVALID_QUANTITY"),
        ({"quantity": "1e15"}, "INVALID_QUANTITY"),
        ({"order_type": LIMIT, "limit_price": "0.0000000000001"}, "INVALID_PRICE"),
        ({"quantity": 1001}, "INSUFFICIENT_FUNDS"),
        ({"quantity": 1001, "order_type": LIMIT, "limit_price": 100}, "INSUFFICIENT_FUNDS"),
        ({"client_order_id": "used"}, "DUPLICATE_CLIENT_ORDER_ID"),
    ],
)
def test_an_order_that_the_exchange_refuses_has_a_code(members: dict[str, Any], code: str) -> None:
    floor = Floor()
    floor.at(100)
    floor.send(BUY, 1, client_order_id="used")
    floor.forget()
    quantity = members.pop("quantity", 1)
    with pytest.raises(OrderRejected) as refusal:
        floor.send(BUY, quantity, members.pop("order_type", OrderType.MARKET), **members)
    assert refusal.value.reject_code == code
    assert floor.events == []


def test_a_used_client_order_id_names_the_order_that_has_it() -> None:
    floor = Floor()
    sent = floor.send(BUY, 1, client_order_id="once")
    floor.at(100)
    with pytest.raises(OrderRejected) as refusal:
        floor.send(SELL, 1, client_order_id="once")
    assert refusal.value.details == {
        "order_id": sent.id,
        "reject_code": "DUPLICATE_CLIENT_ORDER_ID",
    }
    found = floor.exchange.order_by_client_id("once")
    assert found is not None
    assert found.status is OrderStatus.FILLED


def test_an_unknown_symbol_is_not_found() -> None:
    floor = Floor()
    with pytest.raises(SymbolNotFound):
        floor.exchange.submit(order(BUY, 1, symbol="NONE"), floor.time)


def test_a_closed_market_takes_no_orders_but_cancels() -> None:
    floor = Floor()
    sent = floor.send(BUY, 1, LIMIT, limit_price=50)
    floor.at(100)
    floor.exchange.close_market("X")
    with pytest.raises(OrderRejected) as refusal:
        floor.send(BUY, 1)
    assert refusal.value.reject_code == "MARKET_CLOSED"
    assert floor.exchange.cancel(sent.id, floor.time).status is OrderStatus.CANCELLED


def test_only_so_many_orders_may_be_at_work() -> None:
    floor = Floor(most_working=2)
    first = floor.send(BUY, 1, LIMIT, limit_price=1)
    floor.send(BUY, 1, LIMIT, limit_price=1)
    with pytest.raises(OrderRejected) as refusal:
        floor.send(BUY, 1, LIMIT, limit_price=1)
    assert refusal.value.reject_code == "TOO_MANY_ORDERS"
    floor.exchange.cancel(first.id, floor.time)
    floor.send(BUY, 1, LIMIT, limit_price=1)


def test_an_empty_client_order_id_is_none() -> None:
    floor = Floor()
    floor.send(BUY, 1, client_order_id="")
    floor.send(BUY, 1, client_order_id="")
    assert len(floor.exchange.open_orders()) == 2
