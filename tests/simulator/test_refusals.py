"""What the exchange refuses, and how it says so."""

from __future__ import annotations

from decimal import Decimal
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
from tradegw.model.market import Instrument as Rules
from tradegw.simulator.instruments import Instrument


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


class TestExitsThatHoldQuantity:
    """With ``exits_hold_quantity`` what rests to reduce a position cannot be sold twice."""

    @staticmethod
    def guarded(*, hold: bool = True, **exits: Any) -> Floor:
        """Long ten, with a stop and a target of four, at an exchange that *hold*s what they sell
        or keeps its own *exits*.
        """
        floor = Floor(exits_hold_quantity=hold, native_brackets=bool(exits))
        floor.send(BUY, 10, **exits)
        floor.at(100)
        if not exits:
            floor.send(SELL, 4, STOP, stop_price=90, reduce_only=True)
            floor.send(SELL, 4, LIMIT, limit_price=120, reduce_only=True)
        return floor

    def test_what_rests_holds_its_quantity_once_for_a_pair(self) -> None:
        floor = self.guarded()
        with pytest.raises(OrderRejected) as refusal:
            floor.send(SELL, 7, reduce_only=True)
        assert refusal.value.reject_code == "QUANTITY_HELD"
        assert floor.send(SELL, 6, reduce_only=True).status is OrderStatus.OPEN

    def test_another_stop_or_target_may_have_what_its_kind_leaves(self) -> None:
        floor = self.guarded()
        for order_type, price in ((STOP, {"stop_price": 91}), (LIMIT, {"limit_price": 119})):
            with pytest.raises(OrderRejected):
                floor.send(SELL, 7, order_type, reduce_only=True, **price)
            assert floor.send(SELL, 6, order_type, reduce_only=True, **price)

    def test_what_is_taken_away_is_free_again(self) -> None:
        floor = self.guarded()
        for resting in floor.exchange.open_orders():
            floor.exchange.cancel(resting.id, floor.exchange.time)
        assert floor.send(SELL, 10, reduce_only=True)

    def test_where_but_one_exit_may_rest_a_pair_needs_twice_its_quantity(self) -> None:
        floor = Floor(one_exit=True)
        floor.send(BUY, 10)
        floor.at(100)
        floor.send(SELL, 6, STOP, stop_price=90, reduce_only=True)
        with pytest.raises(OrderRejected) as refusal:
            floor.send(SELL, 6, LIMIT, limit_price=120, reduce_only=True)
        assert refusal.value.reject_code == "QUANTITY_HELD"
        assert floor.send(SELL, 4, LIMIT, limit_price=120, reduce_only=True)

    def test_else_nothing_is_held(self) -> None:
        assert self.guarded(hold=False).send(SELL, 10, reduce_only=True)

    def test_nor_by_exits_that_the_exchange_keeps_itself(self) -> None:
        assert self.guarded(stop_loss=90, take_profit=120).send(SELL, 10, reduce_only=True)


class TestInstruments:
    """Orders comply with the steps and minima of their instrument."""

    ROUGH = Instrument(
        symbol="X",
        price_step=Decimal("0.5"),
        quantity_step=Decimal("0.1"),
        minimum_quantity=Decimal("0.5"),
        minimum_notional=Decimal(80),
    )

    @classmethod
    def floor(cls) -> Floor:
        floor = Floor(instrument=cls.ROUGH)
        floor.at(100)
        return floor

    @pytest.mark.parametrize(
        ("quantity", "price", "code"),
        [
            ("1.05", 100, "INVALID_QUANTITY"),
            ("0.4", 1000, "INVALID_QUANTITY"),
            ("0.7", 100, "INVALID_QUANTITY"),
            ("1", "100.2", "INVALID_PRICE"),
        ],
    )
    def test_others_are_refused(self, quantity: str, price: object, code: str) -> None:
        with pytest.raises(OrderRejected) as refusal:
            self.floor().send(BUY, quantity, LIMIT, limit_price=price)
        assert refusal.value.reject_code == code

    def test_at_market_the_last_price_counts(self) -> None:
        with pytest.raises(OrderRejected, match="worth less than 80"):
            self.floor().send(BUY, "0.7")
        assert self.floor().send(BUY, "0.8").status is OrderStatus.OPEN

    def test_what_complies_is_taken(self) -> None:
        order = self.floor().send(BUY, "0.5", LIMIT, limit_price="200.5")
        assert order.status is OrderStatus.OPEN

    def test_its_rules_are_told(self) -> None:
        rules = self.ROUGH.rules
        assert rules.quantity_step == self.ROUGH.quantity_step
        assert rules.price_step == self.ROUGH.price_step
        assert rules.minimum_quantity == self.ROUGH.minimum_quantity
        assert rules.minimum_notional == self.ROUGH.minimum_notional
        usual = Instrument(symbol="X").rules
        assert usual == Rules(quantity_step=Decimal("1e-9"), price_step=Decimal("1e-12"))
