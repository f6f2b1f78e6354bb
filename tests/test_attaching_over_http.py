"""A position that nobody protects gets exits, over REST: what a client asks and sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.orders.core import POSITION_ID, a_position
from tests.test_order_journey import Journey
from tests.test_trailing_over_http import left_clean, tick
from tradegw.errors import OrderRejected
from tradegw.model.enums import OrderType

PATH = f"/v1/positions/{POSITION_ID}"
ENTRY = {"symbol": "AAPL", "side": "buy", "quantity": "1", "order_type": "market"}
TRAILING = {
    "symbol": "AAPL",
    "side": "sell",
    "quantity": "1",
    "order_type": "trailing_stop",
    "trailing_distance": "5",
    "trailing_type": "absolute",
    "client_order_id": "t1",
}


@pytest.fixture
def journey() -> Iterator[Journey]:
    """A long position of one, bought without exits."""
    made = Journey()
    _, handle = made.ask("POST", "/v1/orders", ENTRY)
    made.broker.held[POSITION_ID] = a_position()
    made.broker.fill(handle["id"], "1", position_id=POSITION_ID)
    made.heard()
    yield from left_clean(made)


def resting(journey: Journey) -> list[Any]:
    status, orders = journey.ask("GET", "/v1/orders")
    assert status == 200
    return [order for order in orders if order["status"] == "OPEN"]


def test_a_naked_position_is_protected_shown_moved_and_closed(journey: Journey) -> None:
    assert journey.ask("GET", "/v1/protection") == (200, [])
    status, placed = journey.ask("PATCH", PATH, {"stop_loss": "90", "take_profit": "110"})
    assert status == 200
    profit, stop = resting(journey)  # the newest first
    assert placed == {
        "position_id": POSITION_ID,
        "stop_loss": {"order_ids": [stop["id"]], "trigger_price": "90"},
        "take_profit": {"order_ids": [profit["id"]], "trigger_price": "110"},
    }
    _, shown = journey.ask("GET", f"/v1/protection/{POSITION_ID}")
    [plan] = shown["plans"]
    assert (shown["quantity"], shown["covered"]["stop_loss"], plan["state"]) == (
        "1",
        "1",
        "COVERED",
    )
    assert "order_id" not in plan
    status, moved = journey.ask("PATCH", PATH, {"stop_loss": "95"})
    assert (status, moved["stop_loss"]["order_ids"]) == (200, [stop["id"]])
    status, handle = journey.ask("DELETE", PATH)
    assert status == 200
    journey.broker.held.clear()
    journey.broker.fill(handle["id"], "1")
    journey.reactor.advance(5)
    assert resting(journey) == []
    assert journey.ask("GET", "/v1/protection") == (200, [])


def test_its_refusal_is_answered_as_the_brokers(journey: Journey) -> None:
    journey.broker.plan("submit", OrderRejected("no", "TOO_MANY_ORDERS"))
    status, body = journey.ask("PATCH", PATH, {"stop_loss": "90"})
    assert (status, body["code"]) == (422, "ORDER_REJECTED")
    assert body["details"]["reject_code"] == "TOO_MANY_ORDERS"
    assert journey.ask("GET", "/v1/protection") == (200, [])


def test_the_wrong_side_is_answered_400(journey: Journey) -> None:
    tick(journey, "100")
    status, body = journey.ask("PATCH", PATH, {"stop_loss": "101"})
    assert (status, body["code"]) == (400, "INVALID_VALUE")


def test_w24_a_trailing_stop_that_the_broker_does_not_have_is_kept_here(journey: Journey) -> None:
    journey.broker.order_types = (OrderType.MARKET, OrderType.STOP)
    tick(journey, "100")
    status, handle = journey.ask("POST", "/v1/orders", TRAILING)
    assert (status, handle["client_order_id"]) == (201, "t1")
    tick(journey, "110")
    journey.reactor.advance(2)
    _, order = journey.ask("GET", f"/v1/orders/{handle['id']}")
    assert (order["order_type"], order["stop_price"]) == ("STOP", "105")
    assert journey.ask("POST", "/v1/orders", TRAILING) == (201, handle)
    status, _ = journey.ask("DELETE", f"/v1/orders/{handle['id']}")
    assert status == 200
    assert resting(journey) == []
    assert journey.ask("GET", "/v1/protection") == (200, [])


def test_a_trailing_stop_that_protects_nothing_is_answered_422(journey: Journey) -> None:
    journey.broker.order_types = (OrderType.MARKET, OrderType.STOP)
    status, body = journey.ask("POST", "/v1/orders", TRAILING | {"quantity": "2"})
    assert (status, body["details"]["reject_code"]) == (422, "UNSUPPORTED")
    assert "1 AAPL, not 2" in body["message"]
