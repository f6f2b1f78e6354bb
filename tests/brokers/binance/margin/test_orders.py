"""Orders of a margin account at the double: loans, shorts, exits, and what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.brokers.binance.stand import request
from tradegw.brokers.binance.limits import ACCOUNT_WEIGHT, ORDERS
from tradegw.brokers.binance.margin.venue import costs
from tradegw.errors import InvalidValue, OrderDenied, OrderRejected, UnsupportedOperation
from tradegw.model.account import Position
from tradegw.model.enums import (
    MarginMode,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
)
from tradegw.model.limits import Lane
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderQuery
from tradegw.testing.binance import refuse

from .stand import MarginStand


@pytest.fixture
def stand() -> Iterator[MarginStand]:
    stand = MarginStand()
    stand.start()
    yield stand
    stand.stop()


def position(stand: MarginStand) -> Position:
    (found,) = stand.ask(stand.broker.positions())
    return found


def short(stand: MarginStand, **members: Any) -> Order:
    return stand.submit(**{"side": Side.SELL, "client_order_id": "c-1", **members})


# -- loans


def test_what_an_entry_lacks_is_borrowed(stand: MarginStand) -> None:
    order = stand.submit(quantity="600", client_order_id="c-1")  # 1206 of 1000
    assert order.status is OrderStatus.FILLED
    assert stand.margin.owed == {"USDC": Decimal(206)}
    (sent,) = stand.calls("POST", "order")
    assert sent["sideEffectType"] == "AUTO_BORROW_REPAY"
    account = stand.ask(stand.broker.account())
    assert (account.balance, account.margin_used) == (Decimal(-206), Decimal(206))
    assert account.equity == Decimal("992.8")  # 599.4 at 2.00, less what is owed


def test_what_is_sold_and_not_there_is_a_short_position(stand: MarginStand) -> None:
    order = short(stand)
    assert stand.margin.owed == {"SOL": Decimal(10)}
    held = position(stand)
    assert (held.id, held.side, held.quantity) == ("SOLUSDC", PositionSide.SHORT, Decimal(10))
    assert held.average_entry_price == order.average_fill_price == Decimal("2.00")
    stand.spot.set_quote("SOLUSDC", "2.50", "2.50")
    assert position(stand).unrealized_pnl == Decimal(-5)


def test_interest_is_owed_like_what_was_borrowed(stand: MarginStand) -> None:
    short(stand)
    stand.margin.accrue("SOL", "0.002")
    held = position(stand)
    assert held.quantity == Decimal("10.002")
    assert held.average_entry_price == Decimal("2.00")


def test_an_order_that_turns_a_position_has_the_cost_of_the_new_one(stand: MarginStand) -> None:
    stand.submit()
    stand.spot.set_quote("SOLUSDC", "3.00", "3.01")
    stand.submit(side=Side.SELL, quantity="15")
    held = position(stand)
    assert (held.side, held.quantity) == (PositionSide.SHORT, Decimal("5.01"))
    assert held.average_entry_price == Decimal("3.00")


def test_what_a_cancelled_entry_borrowed_is_paid_back(stand: MarginStand) -> None:
    order = short(stand, order_type=OrderType.LIMIT, limit_price="3.00")
    assert stand.margin.owed == {"SOL": Decimal(10)}
    assert stand.ask(stand.broker.positions()) == []  # what was borrowed is there
    stand.ask(stand.broker.cancel(order.id))
    assert stand.margin.owed == {}


def test_more_than_can_be_borrowed_is_refused(stand: MarginStand) -> None:
    stand.fake.faults.plan(
        refuse(400, -3006, "Your borrow amount has exceed maximum borrow amount."), "POST"
    )
    refusal = stand.refused(stand.broker.submit(request()))
    assert isinstance(refusal, OrderRejected)
    assert refusal.reject_code == "INSUFFICIENT_MARGIN"


def test_an_order_that_reduces_borrows_nothing(stand: MarginStand) -> None:
    stand.submit()
    refusal = stand.refused(
        stand.broker.submit(request(side=Side.SELL, quantity="20", reduce_only=True))
    )
    assert isinstance(refusal, OrderRejected)
    assert stand.margin.owed == {}
    stand.submit(side=Side.SELL, quantity="9", reduce_only=True)
    assert [each["sideEffectType"] for each in stand.calls("POST", "order")][1:] == [
        "AUTO_REPAY",
        "AUTO_REPAY",
    ]


def test_a_buy_that_reduces_is_of_no_more_than_is_owed(stand: MarginStand) -> None:
    reducing = request(quantity="11", reduce_only=True)
    assert isinstance(stand.refused(stand.broker.submit(reducing)), OrderDenied)
    short(stand)
    refusal = stand.refused(stand.broker.submit(reducing))
    assert isinstance(refusal, OrderDenied)
    assert "At most 10.011 reduces" in refusal.message
    stand.submit(quantity="4", reduce_only=True)
    assert stand.margin.owed == {"SOL": Decimal("6.004")}


def test_a_sale_that_reduces_is_of_no_more_than_is_ours(stand: MarginStand) -> None:
    stand.submit()
    stand.margin.world.balances.borrow("SOL", Decimal(20))  # by hand, and free
    refusal = stand.refused(
        stand.broker.submit(request(side=Side.SELL, quantity="11", reduce_only=True))
    )
    assert isinstance(refusal, OrderDenied)
    assert (refusal.reject_code, position(stand).side) == (
        "REDUCE_ONLY_VIOLATED",
        PositionSide.LONG,
    )
    stand.submit(side=Side.SELL, quantity="9.99", reduce_only=True)
    assert stand.ask(stand.broker.positions()) == []


# -- closed


def test_a_short_position_is_closed_with_interest_and_the_fee(stand: MarginStand) -> None:
    short(stand)
    stand.margin.accrue("SOL", "0.002")
    stand.ask(stand.broker.close(position(stand), ClosePositionRequest(), "close"))
    assert stand.margin.owed == {}
    assert stand.margin.balances["SOL"] < Decimal("0.001")
    assert stand.ask(stand.broker.positions()) == []


def test_a_part_of_a_short_position_is_closed(stand: MarginStand) -> None:
    short(stand)
    part = ClosePositionRequest(quantity=Decimal(4))
    closing = stand.ask(stand.broker.close(position(stand), part, "close"))
    assert closing.filled_quantity == Decimal(4)
    assert position(stand).quantity == Decimal("6.004")


def test_less_of_a_short_position_than_can_be_bought_is_refused_unsent(
    stand: MarginStand,
) -> None:
    short(stand)
    little = ClosePositionRequest(quantity=Decimal("0.0004"))
    refusal = stand.refused(stand.broker.close(position(stand), little, "close"))
    assert isinstance(refusal, OrderDenied)
    assert "At least 0.001" in refusal.message
    assert len(stand.calls("POST", "order")) == 1


def test_a_long_position_is_closed_and_loans_are_paid_back(stand: MarginStand) -> None:
    stand.submit(quantity="600")
    stand.ask(stand.broker.close(position(stand), ClosePositionRequest(), "close"))
    assert stand.margin.owed == {}
    assert stand.ask(stand.broker.positions()) == []


# -- exits


def bracket(stand: MarginStand, **members: Any) -> Order:
    wanted = {"client_order_id": "c-1", "stop_loss": "1.80", "take_profit": "3.00"}
    return stand.submit(**{**wanted, **members})


def legs(stand: MarginStand) -> dict[str, Order]:
    working = stand.ask(stand.broker.open_orders())
    return {
        "stop" if order.stop_price else "limit": order for order in working if order.parent_order_id
    }


def test_the_exits_of_a_market_buy_are_a_pair_in_the_older_words(stand: MarginStand) -> None:
    entry = bracket(stand)
    stand.wait()
    (sent,) = stand.calls("POST", "order/oco")
    assert (sent["price"], sent["stopPrice"], sent["sideEffectType"]) == ("3", "1.8", "AUTO_REPAY")
    found = legs(stand)
    assert {order.quantity for order in found.values()} == {Decimal("9.99")}
    assert {order.parent_order_id for order in found.values()} == {entry.id}
    stand.spot.set_quote("SOLUSDC", "1.70", "1.71")
    stand.wait()
    assert stand.margin.balances.get("SOL", Decimal(0)) == 0


def test_the_exits_of_a_limit_buy_wait_for_it(stand: MarginStand) -> None:
    entry = bracket(stand, order_type=OrderType.LIMIT, limit_price="1.95")
    assert {order.status for order in legs(stand).values()} == {OrderStatus.PENDING}
    stand.spot.fill(stand.number(entry.id))
    stand.wait()
    assert {order.quantity for order in legs(stand).values()} == {Decimal("9.99")}
    assert {order.status for order in legs(stand).values()} == {OrderStatus.OPEN}


def test_the_exits_of_a_market_sale_are_a_pair_that_buys(stand: MarginStand) -> None:
    entry = bracket(stand, side=Side.SELL, stop_loss="2.20", take_profit="1.50")
    stand.wait()
    found = legs(stand)
    assert {order.side for order in found.values()} == {Side.BUY}
    assert {order.quantity for order in found.values()} == {Decimal(10)}
    assert {order.parent_order_id for order in found.values()} == {entry.id}
    stand.spot.set_quote("SOLUSDC", "2.24", "2.25")
    stand.wait()
    assert legs(stand) == {}
    assert stand.margin.owed == {"SOL": Decimal("0.01")}


def test_a_sale_of_what_was_held_has_no_exits_that_would_buy(stand: MarginStand) -> None:
    stand.submit(quantity="20")
    bracket(stand, side=Side.SELL, stop_loss="2.20", take_profit="1.50")
    stand.wait()
    assert legs(stand) == {}
    assert stand.calls("POST", "order/oco") == []


def test_the_exits_of_a_sale_that_rests_are_the_gateways(stand: MarginStand) -> None:
    asked = request(
        side=Side.SELL, stop_loss="3", take_profit="1", order_type=OrderType.LIMIT,
        limit_price="2.00",
    )  # fmt: skip
    assert not stand.broker.manages_exits(asked)
    stand.ask(stand.broker.submit(asked))
    leg = request(order_type=OrderType.STOP, stop_price="3", client_order_id="leg")
    placed = stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    assert placed.status is OrderStatus.OPEN
    assert stand.calls("POST", "order")[-1]["sideEffectType"] == "AUTO_REPAY"


# -- what is not there


def test_orders_cannot_be_changed(stand: MarginStand) -> None:
    order = stand.submit(order_type=OrderType.LIMIT, limit_price="1.50", client_order_id="c-1")
    before = len(stand.fake.calls)
    change = OrderChange(quantity=Decimal(8))
    assert isinstance(stand.refused(stand.broker.replace(order.id, change)), UnsupportedOperation)
    assert len(stand.fake.calls) == before


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"margin_mode": MarginMode.ISOLATED}, UnsupportedOperation),
        ({"leverage": Decimal(3)}, UnsupportedOperation),
        ({"hidden": True}, UnsupportedOperation),
        ({"time_in_force": TimeInForce.DAY}, InvalidValue),
    ],
)
def test_what_no_order_can_be_is_refused_unsent(
    stand: MarginStand, members: dict[str, Any], kind: type[Exception]
) -> None:
    assert isinstance(stand.refused(stand.broker.submit(request(**members))), kind)
    assert stand.calls("POST", "order") == []


def test_a_symbol_that_has_no_margin_is_refused_unsent(stand: MarginStand) -> None:
    stand.spot.symbol("SOLUSDC").margin = False
    stand.ask(stand.broker.stopService())
    stand.new_broker()
    stand.start()
    refusal = stand.refused(stand.broker.submit(request()))
    assert isinstance(refusal, OrderDenied)
    assert stand.calls("POST", "order") == []


# -- asked for


def test_accounts_are_apart(stand: MarginStand) -> None:
    order = stand.submit(client_order_id="c-1")
    assert "SOL" not in stand.fake.spot.balances
    stand.wait()
    assert stand.events_of(order.id) == [OrderEventKind.CREATED, OrderEventKind.FILLED]
    stand.fake.spot.trade_outside("SOLUSDC", "BUY", "7")
    stand.wait()
    assert len(stand.trades) == 1  # spot's are not heard
    (closed,) = stand.ask(stand.broker.closed_orders(OrderQuery()))
    assert closed.id == order.id


def test_an_order_that_may_borrow_weighs_much() -> None:
    assert costs((("sideEffectType", "AUTO_BORROW_REPAY"),), 1)[ACCOUNT_WEIGHT] == 1500
    assert costs((("sideEffectType", "AUTO_REPAY"),), 2)[ACCOUNT_WEIGHT] == 6


def test_how_many_orders_there_may_be_margin_says_itself(stand: MarginStand) -> None:
    stand.margin.world.pool.orders[0].limit = 77
    stand.ask(stand.broker.stopService())
    stand.new_broker()
    stand.start()
    stand.submit()  # whose answer tells how many there were
    capacities = {limit.name: limit.capacity for limit in stand.broker.limits().limits}
    assert capacities[ORDERS] == 77


def test_the_keys_of_another_account_do_nothing(stand: MarginStand) -> None:
    stand.memory.values["binance:account"] = b"1"
    stand.ask(stand.broker.stopService())
    stand.new_broker()
    stand.broker.startService()
    stand.wait(5.0)
    stand.refused(stand.broker.submit(request()))
    assert stand.margin.orders == []
