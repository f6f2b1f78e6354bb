"""``PATCH /v1/positions/{id}`` through the wired gateway: the outcomes of protocol 3.11.

``tests/exits/test_moving.py`` has them at the desk; here are the answers a client sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.orders.core import POSITION_ID, a_position
from tests.test_order_journey import Journey
from tradegw.errors import OrderRejected, ProviderError, UnsupportedOperation
from tradegw.model.enums import OrderStatus, OrderType
from tradegw.model.order import Order

CANNOT = UnsupportedOperation("replace", "scripted")
ENTRY = {
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "1",
    "order_type": "market",
    "stop_loss": "90",
    "take_profit": "110",
    "client_order_id": "c1",
}


class Held(Journey):
    """A journey that holds a long position of one, with the exits of *entry* resting.

    *fills* are the totals after each fill; every fill has legs of its own.
    """

    def __init__(self, *fills: str, **entry: Any) -> None:
        super().__init__()
        self.broker.held[POSITION_ID] = a_position()
        wanted = {name: value for name, value in (ENTRY | entry).items() if value is not None}
        status, handle = self.ask("POST", "/v1/orders", wanted)
        assert status == 201
        for total in fills or ("1",):
            self.broker.fill(handle["id"], total, position_id=POSITION_ID)
        self.heard()
        self.broker.calls.clear()

    def move(self, **prices: str) -> tuple[int, Any]:
        return self.ask("PATCH", f"/v1/positions/{POSITION_ID}", prices)

    def leg(self, client_order_id: str) -> Order:
        [found] = [o for o in self.broker.orders.values() if o.client_order_id == client_order_id]
        return found

    def resting(self) -> dict[str, str]:
        """Client order id and trigger price of what clients see resting."""
        status, orders = self.ask("GET", "/v1/orders")
        assert status == 200
        return {
            order["client_order_id"]: order.get("stop_price") or order["limit_price"]
            for order in orders
        }

    def asked(self) -> list[str]:
        """What changes the broker was asked for."""
        return [name for name, _ in self.broker.calls if name in ("replace", "cancel", "submit")]

    def let_time_pass(self) -> None:
        for _ in range(60):
            self.reactor.advance(1)

    def end(self) -> None:
        self.gateway.stopService()
        for _ in range(30):
            self.reactor.advance(1)
        assert self.reactor.getDelayedCalls() == []


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.end()


@pytest.fixture
def split() -> Iterator[Held]:
    """The entry came in two fills, so that each leg rests as two orders, of 0.4 and 0.6."""
    made = Held("0.4", "1")
    yield made
    made.end()


@pytest.fixture
def without_profit() -> Iterator[Held]:
    made = Held(take_profit=None)
    yield made
    made.end()


def placement(price: str, *legs: Order) -> dict[str, Any]:
    return {"order_ids": [leg.id for leg in legs], "trigger_price": price}


def test_a_stop_loss_is_changed_in_place(held: Held) -> None:
    stop = held.leg("c1-sl")
    assert held.move(stop_loss="95") == (
        200,
        {"position_id": POSITION_ID, "stop_loss": placement("95", stop)},
    )
    assert held.resting() == {"c1-sl": "95", "c1-tp": "110"}
    assert held.asked() == ["replace"]
    [told] = held.heard()
    assert (told["event"], told["order"]["id"]) == ("ORDER_MODIFIED", stop.id)
    assert told["order"]["stop_price"] == "95"


def test_a_take_profit_is_changed_in_place(held: Held) -> None:
    assert held.move(take_profit="120") == (
        200,
        {"position_id": POSITION_ID, "take_profit": placement("120", held.leg("c1-tp"))},
    )
    assert held.resting() == {"c1-sl": "90", "c1-tp": "120"}
    assert held.asked() == ["replace"]


def test_both_are_moved_in_one_request_the_stop_loss_first(held: Held) -> None:
    status, moved = held.move(take_profit="120", stop_loss="95")
    stop, profit = held.leg("c1-sl"), held.leg("c1-tp")
    assert (status, moved) == (
        200,
        {
            "position_id": POSITION_ID,
            "stop_loss": placement("95", stop),
            "take_profit": placement("120", profit),
        },
    )
    assert [order_id for order_id, _ in held.broker.asked("replace")] == [stop.id, profit.id]
    assert held.resting() == {"c1-sl": "95", "c1-tp": "120"}


def test_where_it_cannot_be_changed_it_is_cancelled_and_placed_anew(held: Held) -> None:
    held.broker.plan("replace", CANNOT)
    status, moved = held.move(stop_loss="95")
    new = held.leg("c1-sl-1")
    assert (status, moved["stop_loss"]) == (200, placement("95", new))
    assert held.asked() == ["replace", "cancel", "submit"]
    assert (new.order_type, new.position_id, new.reduce_only) == (OrderType.STOP, "pos-1", True)
    assert held.resting() == {"c1-sl-1": "95", "c1-tp": "110"}
    cancelled, created = held.heard()
    assert (cancelled["event"], created["event"]) == ("ORDER_CANCELLED", "ORDER_CREATED")


def test_a_refused_new_leg_is_answered_409_and_the_old_one_restored(held: Held) -> None:
    held.broker.plan("replace", CANNOT)
    held.broker.plan("submit", OrderRejected("too near"))
    status, body = held.move(stop_loss="95")
    assert (status, body["code"]) == (409, "ORDER_NOT_MODIFIABLE")
    assert body["details"] == {"order_id": POSITION_ID}
    assert sorted(held.resting().values()) == ["110", "90"]
    assert held.leg("c1-sl").status is OrderStatus.CANCELLED
    assert [told["type"] for told in held.heard()] == ["order", "order"], "and no alert"


def test_if_neither_is_accepted_it_is_answered_502_and_everybody_alerted(held: Held) -> None:
    """In the end the old one is placed after all."""
    old = held.leg("c1-sl")
    held.broker.plan("replace", CANNOT)
    held.broker.plan("submit", OrderRejected("too near"), OrderRejected("not now"))
    status, body = held.move(stop_loss="95")
    assert (status, body["code"]) == (502, "PROVIDER_ERROR")
    told = held.heard()
    assert [event["order"]["id"] for event in told if event["type"] == "order"] == [old.id]
    [alert] = [event for event in told if event["type"] != "order"]
    assert (alert["type"], alert["code"]) == ("error", "POSITION_UNPROTECTED")
    assert POSITION_ID in alert["message"]
    assert alert["details"] == {
        "position_id": POSITION_ID,
        "leg_type": "stop_loss",
        "cancelled_order_id": old.id,
        "error": "too near",
        "restore_error": "not now",
    }
    assert list(held.resting()) == ["c1-tp"]
    held.let_time_pass()
    assert sorted(held.resting().values()) == ["110", "90"]


def test_a_second_move_addresses_the_replacement(held: Held) -> None:
    held.broker.plan("replace", CANNOT)
    assert held.move(stop_loss="95")[0] == 200
    new = held.leg("c1-sl-1")
    status, moved = held.move(stop_loss="96")
    assert (status, moved["stop_loss"]) == (200, placement("96", new))
    assert held.broker.asked("replace")[-1][0] == new.id
    assert held.resting() == {"c1-sl-1": "96", "c1-tp": "110"}


def test_a_second_move_addresses_the_id_that_the_broker_gave_in_exchange(held: Held) -> None:
    held.broker.renames = True
    first = held.move(stop_loss="95")[1]["stop_loss"]["order_ids"]
    status, second = held.move(stop_loss="96")
    assert status == 200
    assert [order_id for order_id, _ in held.broker.asked("replace")][-1:] == first
    [renamed] = second["stop_loss"]["order_ids"]
    assert held.ask("GET", f"/v1/orders/{renamed}")[1]["stop_price"] == "96"


def test_a_leg_of_two_orders_is_moved_whole(split: Held) -> None:
    status, moved = split.move(stop_loss="95")
    legs = split.leg("c1-sl"), split.leg("c1-sl-1")
    assert (status, moved["stop_loss"]) == (200, placement("95", *legs))
    assert split.resting() == {
        "c1-sl": "95",
        "c1-sl-1": "95",
        "c1-tp": "110",
        "c1-tp-1": "110",
    }


def test_if_the_second_leg_fails_the_first_stays_moved(held: Held) -> None:
    held.broker.plan("replace", None, OrderRejected("too far", "PRICE"))
    status, body = held.move(stop_loss="95", take_profit="120")
    assert (status, body["code"]) == (422, "ORDER_REJECTED")
    assert body["details"] == {"reject_code": "PRICE"}
    held.let_time_pass()
    assert held.resting() == {"c1-sl": "95", "c1-tp": "110"}
    assert held.asked() == ["replace", "replace"]


def test_if_the_cancel_fails_nothing_is_placed(held: Held) -> None:
    held.broker.plan("replace", CANNOT)
    held.broker.plan("cancel", ProviderError("no answer"))
    status, body = held.move(stop_loss="95")
    assert (status, body["code"]) == (502, "PROVIDER_ERROR")
    assert held.heard() == []
    held.let_time_pass()
    assert held.asked() == ["replace", "cancel"]
    assert held.resting() == {"c1-sl": "90", "c1-tp": "110"}


def test_a_take_profit_is_placed_anew_with_its_unfilled_quantity_as_a_limit(held: Held) -> None:
    held.broker.fill(held.leg("c1-tp").id, "0.25")
    held.broker.calls.clear()
    held.broker.plan("replace", CANNOT)
    status, moved = held.move(take_profit="120")
    new = held.leg("c1-tp-1")
    assert (status, moved["take_profit"]) == (200, placement("120", new))
    assert held.asked() == ["replace", "cancel", "submit"], "and nothing had to be put right"
    _, shown = held.ask("GET", f"/v1/orders/{new.id}")
    assert (shown["order_type"], shown["side"]) == ("LIMIT", "SELL")
    assert (shown["limit_price"], shown["quantity"]) == ("120", "0.75")
    assert "stop_price" not in shown


def test_an_unknown_position_is_answered_404(held: Held) -> None:
    status, body = held.ask("PATCH", "/v1/positions/nope", {"stop_loss": "95"})
    assert (status, body["code"]) == (404, "POSITION_NOT_FOUND")
    assert body["details"] == {"resource": "position", "id": "nope"}
    assert held.asked() == []


def test_a_leg_that_was_never_placed_is_placed(without_profit: Held) -> None:
    """An extension: what a client wants of a position is attached if it has none."""
    status, moved = without_profit.move(take_profit="120")
    profit = without_profit.leg("c1-tp")
    assert (status, moved["take_profit"]) == (200, placement("120", profit))
    assert without_profit.asked() == ["submit"]
    assert without_profit.resting() == {"c1-sl": "90", "c1-tp": "120"}


def test_w60_an_exit_on_the_wrong_side_is_answered_400_and_nothing_moves(held: Held) -> None:
    status, body = held.move(stop_loss="120", take_profit="115")
    assert (status, body["code"]) == (400, "INVALID_VALUE")
    assert body["message"] == "stop_loss 120 of a LONG position must be below its take_profit 115"
    assert body["details"] == {"field": "stop_loss", "provided": "120"}
    limit = {"order_type": "limit", "limit_price": "90", "client_order_id": "c2"}
    status, body = held.ask("POST", "/v1/orders", ENTRY | limit)
    assert (status, body["code"]) == (400, "INVALID_VALUE")
    assert body["message"] == "stop_loss 90 of a BUY must be below its limit_price 90"
    assert held.asked() == []
    assert held.resting() == {"c1-sl": "90", "c1-tp": "110"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "INVALID_REQUEST"),
        ({}, "VALIDATION_ERROR"),
        ({"stop_loss": None, "take_profit": None}, "VALIDATION_ERROR"),
    ],
    ids=["no body", "no member", "no price"],
)
def test_a_request_that_names_no_leg_is_answered_400(held: Held, body: Any, code: str) -> None:
    status, answer = held.ask("PATCH", f"/v1/positions/{POSITION_ID}", body)
    assert (status, answer["code"]) == (400, code)
    assert held.broker.calls == [], "the broker is not even asked for the position"
