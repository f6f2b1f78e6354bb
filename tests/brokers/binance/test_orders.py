"""Orders at the double: made, changed, cancelled, closed, and with exits."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.brokers.binance.stand import Stand, request
from tradegw.brokers.binance.sightings import SEEN_SECONDS
from tradegw.brokers.binance.spot.stops import DUE_SECONDS
from tradegw.errors import (
    GatewayError,
    InvalidValue,
    OrderDenied,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    UnsupportedOperation,
    lacks_holding,
    leaves_doubt,
)
from tradegw.model.account import Position, TradeQuery
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, Side, TimeInForce
from tradegw.model.limits import Lane
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderQuery
from tradegw.testing.binance import refuse, timed_out, unknown_execution


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    stand.start()
    yield stand
    stand.stop()


def resting(stand: Stand, **members: object) -> Order:
    """A limit buy of 10 at 1.50."""
    wanted = {"order_type": OrderType.LIMIT, "limit_price": "1.50", "client_order_id": "c-1"}
    return stand.submit(**{**wanted, **members})


def position(stand: Stand) -> Position:
    (found,) = stand.ask(stand.broker.positions())
    return found


# -- made


def test_a_market_order_is_answered_whole_and_told_with_its_execution(stand: Stand) -> None:
    order = stand.submit(client_order_id="c-1")
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, Decimal(10))
    assert order.average_fill_price == Decimal("2.01")
    stand.wait()
    assert stand.events_of(order.id) == [OrderEventKind.CREATED, OrderEventKind.FILLED]
    (trade,) = stand.trades
    assert (trade.trade.commission, trade.trade.commission_currency) == (Decimal("0.01"), "SOL")


def test_every_type_is_accepted_and_read_back(stand: Stand) -> None:
    stand.submit()
    made = [
        resting(stand, client_order_id="limit"),
        resting(stand, client_order_id="maker", post_only=True),
        stand.submit(
            side=Side.SELL, quantity="3", order_type=OrderType.STOP, stop_price="1.90",
            client_order_id="stop",
        ),
        stand.submit(
            side=Side.SELL, quantity="3", order_type=OrderType.STOP_LIMIT, stop_price="1.90",
            limit_price="1.89", client_order_id="stop-limit",
        ),
    ]  # fmt: skip
    listed = {order.client_order_id: order for order in stand.ask(stand.broker.open_orders())}
    for order in made:
        shown = listed[order.client_order_id]
        assert (shown.id, shown.order_type, shown.quantity) == (
            order.id,
            order.order_type,
            order.quantity,
        )
        assert (shown.limit_price, shown.stop_price) == (order.limit_price, order.stop_price)
    assert listed["maker"].post_only


def test_what_is_certain_to_be_refused_is_not_sent(stand: Stand) -> None:
    before = len(stand.fake.calls)
    assert isinstance(stand.refused(stand.broker.submit(request(quantity="1.00001"))), InvalidValue)
    assert isinstance(stand.refused(stand.broker.submit(request(symbol="NOSUCH"))), OrderDenied)
    assert len(stand.fake.calls) == before


def test_post_only_that_would_take_is_refused_by_the_exchange(stand: Stand) -> None:
    refusal = stand.refused(
        stand.broker.submit(request(order_type=OrderType.LIMIT, limit_price="2.50", post_only=True))
    )
    assert isinstance(refusal, OrderRejected)
    assert refusal.reject_code == "POST_ONLY_VIOLATED"


def test_an_immediate_order_that_finds_nothing_has_expired(stand: Stand) -> None:
    order = resting(stand, time_in_force=TimeInForce.IOC)
    assert order.status is OrderStatus.EXPIRED


@pytest.mark.parametrize("fault", [timed_out(accepted=True), unknown_execution(accepted=True)])
def test_3_an_order_of_which_nothing_is_known_is_not_sent_again(
    stand: Stand, fault: object
) -> None:
    stand.fake.faults.plan(fault, "POST", "/api/v3/order")  # type: ignore[arg-type]
    refusal = stand.refused(stand.broker.submit(request(client_order_id="c-1")))
    assert leaves_doubt(refusal)
    assert len(stand.calls("POST", "order")) == 1
    found = stand.ask(stand.broker.order_by_client_id("c-1"))  # 4: by its name it is found
    assert found.status is OrderStatus.FILLED


def test_5_a_name_that_is_in_use_is_told_as_that(stand: Stand) -> None:
    resting(stand)
    refusal = stand.refused(
        stand.broker.submit(
            request(order_type=OrderType.LIMIT, limit_price="1.5", client_order_id="c-1")
        )
    )
    assert isinstance(refusal, OrderRejected)
    assert refusal.reject_code == "DUPLICATE_CLIENT_ORDER_ID"


def test_an_overloaded_exchange_did_nothing(stand: Stand) -> None:
    stand.fake.faults.plan(refuse(503, -1008, "Server is currently overloaded"), "POST")
    refusal = stand.refused(stand.broker.submit(request()))
    assert not leaves_doubt(refusal)


def test_18_a_symbol_of_letters_that_are_not_ascii_is_traded_like_any_other(stand: Stand) -> None:
    symbol = "\u5e01\u5b89\u4eba\u751fUSDT"
    stand.spot.set_quote(symbol, "0.5000", "0.5001")
    order = stand.submit(symbol=symbol, quantity="100")
    assert order.id.startswith(f"{symbol}:")
    stand.wait()
    assert stand.events_of(order.id)[-1] is OrderEventKind.FILLED
    assert stand.ask(stand.broker.order(order.id)).status is OrderStatus.FILLED


# -- found


def test_7_an_order_that_was_just_accepted_may_not_be_found_yet(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.faults.plan(refuse(400, -2013, "Order does not exist."), "GET", "/api/v3/order")
    assert stand.ask(stand.broker.order(order.id)).id == order.id


def restarted(stand: Stand) -> None:
    stand.ask(stand.broker.stopService())
    stand.new_broker()
    stand.start()


def test_an_order_of_the_process_before_may_not_be_found_at_once(stand: Stand) -> None:
    order = resting(stand)
    restarted(stand)
    stand.fake.faults.plan(refuse(400, -2013, "Order does not exist."), "GET", "/api/v3/order")
    assert stand.ask(stand.broker.order(order.id)).id == order.id


def test_what_is_no_order_is_not_asked_for_long(stand: Stand) -> None:
    stand.wait(20.0)
    before = len(stand.calls("GET", "order"))
    assert isinstance(stand.refused(stand.broker.order("SOLUSDC:77")), OrderNotFound)
    assert len(stand.calls("GET", "order")) == before + 1


@pytest.mark.parametrize("shown_by", ["stream", "list"])
def test_an_order_that_worked_a_moment_ago_is_not_believed_to_be_none(
    stand: Stand, shown_by: str
) -> None:
    order = resting(stand)
    stand.wait(20.0 if shown_by == "stream" else 60.0)
    if shown_by == "list":
        stand.ask(stand.broker.open_orders())
    missing = refuse(400, -2013, "Order does not exist.")
    stand.fake.faults.plan(missing, "GET", "/api/v3/order", times=2)
    refusal = stand.refused(stand.broker.order(order.id))
    assert isinstance(refusal, ProviderError)
    assert leaves_doubt(refusal)
    stand.wait(60.0)
    assert isinstance(stand.refused(stand.broker.order(order.id)), OrderNotFound)


def test_of_an_order_that_was_seen_to_end_it_is_believed(stand: Stand) -> None:
    order = resting(stand)
    stand.wait(20.0)
    stand.ask(stand.broker.cancel(order.id))
    stand.wait()
    missing = refuse(400, -2013, "Order does not exist.")
    stand.fake.faults.plan(missing, "GET", "/api/v3/order")
    assert isinstance(stand.refused(stand.broker.order(order.id)), OrderNotFound)


def test_an_order_of_the_process_before_is_found_by_its_name(stand: Stand) -> None:
    order = resting(stand)
    stand.ask(stand.broker.cancel(order.id))
    restarted(stand)
    assert stand.ask(stand.broker.order_by_client_id("c-1")).id == order.id
    missing = stand.refused(stand.broker.order_by_client_id("nobody"))
    assert isinstance(missing, OrderNotFound)
    assert isinstance(stand.refused(stand.broker.order_by_client_id("a b")), OrderNotFound)


def test_27_after_a_wipe_of_the_testnet_nothing_is_found_and_everything_goes_on(
    stand: Stand,
) -> None:
    order = resting(stand)
    stand.wait(SEEN_SECONDS + 5.0)
    stand.spot.wipe()
    assert isinstance(stand.refused(stand.broker.order(order.id)), OrderNotFound)
    assert isinstance(stand.refused(stand.broker.cancel(order.id)), OrderNotFound)
    assert stand.ask(stand.broker.open_orders()) == []
    assert stand.ask(stand.broker.trades(TradeQuery())) == []
    assert stand.submit().status is OrderStatus.FILLED


def test_20_the_same_number_in_two_symbols_is_two_orders(stand: Stand) -> None:
    order = resting(stand)
    other = f"SOLUSDT:{stand.number(order.id)}"
    assert isinstance(stand.refused(stand.broker.order(other)), OrderNotFound)


# -- cancelled


def test_8_unknown_is_a_hint_and_an_order_that_works_still_is_in_doubt(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.faults.plan(refuse(400, -2011, "Unknown order sent."), "DELETE")
    assert isinstance(stand.refused(stand.broker.cancel(order.id)), ProviderError)


def test_6_a_cancel_behind_a_fill_says_that_it_is_filled(stand: Stand) -> None:
    order = resting(stand)
    stand.spot.fill(stand.number(order.id))
    refusal = stand.refused(stand.broker.cancel(order.id))
    assert isinstance(refusal, OrderNotModifiable)
    assert "FILLED" in refusal.message


def test_a_cancelled_order_keeps_its_name(stand: Stand) -> None:
    order = resting(stand)
    ended = stand.ask(stand.broker.cancel(order.id))
    assert (ended.status, ended.client_order_id) == (OrderStatus.CANCELLED, "c-1")
    stand.wait()
    assert stand.order_events[-1].order.client_order_id == "c-1"
    assert stand.order_events[-1].event is OrderEventKind.CANCELLED


# -- changed


def test_less_of_an_order_is_changed_in_place(stand: Stand) -> None:
    order = resting(stand)
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(quantity=Decimal(8))))
    assert changed.previous_order_id is None
    assert (changed.order.id, changed.order.quantity) == (order.id, Decimal(8))
    assert changed.order.client_order_id == "c-1"
    stand.wait()
    assert stand.events_of(order.id)[-1] is OrderEventKind.MODIFIED
    assert stand.ask(stand.broker.order(order.id)).client_order_id == "c-1"


def test_less_of_an_order_that_executed_in_part_is_changed_in_place(stand: Stand) -> None:
    order = resting(stand)
    stand.spot.fill(stand.number(order.id), "4")
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(quantity=Decimal(6))))
    assert (changed.order.quantity, changed.order.filled_quantity) == (Decimal(6), Decimal(4))


def test_another_price_is_another_order_of_the_same_name(stand: Stand) -> None:
    order = resting(stand)
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal("1.6"))))
    assert changed.previous_order_id == order.id != changed.order.id
    assert (changed.order.limit_price, changed.order.quantity) == (Decimal("1.6"), Decimal(10))
    assert changed.order.client_order_id == "c-1"
    working = stand.ask(stand.broker.open_orders())
    assert [each.id for each in working] == [changed.order.id]


def test_an_order_that_executed_in_part_is_not_replaced(stand: Stand) -> None:
    order = resting(stand)
    stand.spot.fill(stand.number(order.id), "4")
    refusal = stand.refused(stand.broker.replace(order.id, OrderChange(limit_price=Decimal("1.6"))))
    assert isinstance(refusal, UnsupportedOperation)
    assert [each.id for each in stand.ask(stand.broker.open_orders())] == [order.id]


def test_that_it_has_not_executed_is_made_sure_of_by_the_exchange(stand: Stand) -> None:
    order = resting(stand)
    stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal("1.6"))))
    (sent,) = stand.calls("POST", "order/cancelReplace")
    assert sent["cancelRestrictions"] == "ONLY_NEW"
    assert sent["cancelReplaceMode"] == "STOP_ON_FAILURE"


def test_a_replacement_that_is_refused_after_the_cancel_is_told_with_both_facts(
    stand: Stand,
) -> None:
    order = resting(stand, post_only=True)
    refusal = stand.refused(
        stand.broker.replace(order.id, OrderChange(limit_price=Decimal("3.00")))
    )
    assert isinstance(refusal, OrderRejected)
    assert "was cancelled, and nothing took its place" in refusal.message
    stand.wait()
    assert stand.ask(stand.broker.open_orders()) == []
    assert stand.events_of(order.id)[-1] is OrderEventKind.CANCELLED


def test_what_has_ended_is_not_changed(stand: Stand) -> None:
    order = resting(stand)
    stand.spot.fill(stand.number(order.id))
    refusal = stand.refused(stand.broker.replace(order.id, OrderChange(quantity=Decimal(11))))
    assert isinstance(refusal, OrderNotModifiable)


# -- closed


def test_22_a_position_is_closed_by_what_was_received_of_it(stand: Stand) -> None:
    stand.submit()
    held = position(stand)
    assert held.quantity == Decimal("9.99")  # the fee was taken of it
    closing = stand.ask(stand.broker.close(held, ClosePositionRequest(), "close-1"))
    assert (closing.filled_quantity, closing.client_order_id) == (Decimal("9.99"), "close-1")
    assert stand.ask(stand.broker.positions()) == []


def test_no_more_is_closed_than_is_free(stand: Stand) -> None:
    stand.submit()
    held = position(stand)
    stand.submit(
        side=Side.SELL, quantity="4", order_type=OrderType.LIMIT, limit_price="3",
        client_order_id="tp",
    )  # fmt: skip
    closing = stand.ask(stand.broker.close(held, ClosePositionRequest(), "close-1"))
    assert closing.filled_quantity == Decimal("5.99")
    refusal = stand.refused(stand.broker.close(held, ClosePositionRequest(), "close-2"))
    assert lacks_holding(refusal)


def test_a_close_that_is_refused_by_a_rule_has_the_rules_read_anew(stand: Stand) -> None:
    stand.submit(quantity="10.005")
    held = position(stand)
    stand.spot.symbol("SOLUSDC").step = Decimal("0.01")
    stand.wait(70.0)
    stand.refused(stand.broker.close(held, ClosePositionRequest(), "close-1"))
    stand.wait()
    closing = stand.ask(stand.broker.close(held, ClosePositionRequest(), "close-2"))
    assert closing.filled_quantity == Decimal("9.99")


def test_no_more_is_closed_at_once_than_the_market_takes(stand: Stand) -> None:
    stand.submit()
    stand.spot.symbol("SOLUSDC").market_max_qty = Decimal(4)
    restarted(stand)
    held = position(stand)
    closing = stand.ask(stand.broker.close(held, ClosePositionRequest(), "close-1"))
    assert closing.filled_quantity == Decimal(4)
    assert position(stand).quantity == Decimal("5.99")


# -- exits


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"take_profit": "3.00"},
        {"order_type": OrderType.LIMIT, "limit_price": "1.95"},
        {"stop_loss": None, "take_profit": "1.50", "order_type": OrderType.LIMIT,
         "limit_price": "1.95"},
    ],
)  # fmt: skip
def test_an_entry_whose_exit_would_be_worth_too_little_is_refused(
    stand: Stand, members: dict[str, Any]
) -> None:
    asked = request(**{"quantity": "2.7", "stop_loss": "1.80", **members})
    refusal = stand.refused(stand.broker.submit(asked))
    assert isinstance(refusal, InvalidValue)
    assert "must be at least 5" in refusal.message
    assert stand.calls("POST", "order") == []


def bracket(stand: Stand, **members: object) -> Order:
    wanted = {"client_order_id": "c-1", "stop_loss": "1.80", "take_profit": "3.00"}
    return stand.submit(**{**wanted, **members})


def without_opo(stand: Stand) -> None:
    """The exchange has no lists whose exits are for what was received."""
    instruments: Any = stand.broker.crew.instruments
    instruments.learn([replace(each, opo_allowed=False) for each in instruments.symbols()])


def legs(stand: Stand) -> dict[str, Order]:
    working = stand.ask(stand.broker.open_orders())
    return {
        "stop" if order.stop_price else "limit": order for order in working if order.parent_order_id
    }


def test_the_exits_of_a_market_buy_are_at_the_exchange_at_once_and_exact(stand: Stand) -> None:
    entry = bracket(stand)
    stand.wait()
    found = legs(stand)
    assert {name: order.quantity for name, order in found.items()} == {
        "stop": Decimal("9.99"),
        "limit": Decimal("9.99"),
    }
    assert (found["stop"].stop_price, found["limit"].limit_price) == (Decimal("1.8"), Decimal(3))
    assert {order.parent_order_id for order in found.values()} == {entry.id}
    told = [event for event in stand.order_events if event.parent_order_id == entry.id]
    assert {event.order.id for event in told} == {order.id for order in found.values()}


@pytest.mark.parametrize("kind", ["opoco", "otoco"])
def test_the_exits_of_a_limit_buy_wait_for_it_at_the_exchange(stand: Stand, kind: str) -> None:
    if kind == "otoco":
        without_opo(stand)
    entry = bracket(stand, order_type=OrderType.LIMIT, limit_price="1.95")
    assert entry.client_order_id == "c-1"
    assert len(stand.calls("POST", f"orderList/{kind}")) == 1
    waiting = legs(stand)
    assert {order.status for order in waiting.values()} == {OrderStatus.PENDING}
    stand.spot.fill(stand.number(entry.id))
    stand.wait()
    found = legs(stand)
    assert {order.quantity for order in found.values()} == {Decimal("9.99")}
    assert {order.parent_order_id for order in found.values()} == {entry.id}
    assert OrderStatus.PENDING not in {order.status for order in found.values()}


@pytest.mark.parametrize(("burns", "received"), [(False, "9.99"), (True, "10")])
def test_opoco_is_for_what_was_received_whatever_the_fee_is_paid_in(
    stand: Stand, burns: bool, received: str
) -> None:
    stand.spot.set_quote("BNBUSDT", "600", "601")
    stand.spot.set_quote("SOLUSDT", "2.00", "2.01")
    stand.spot.deposit("BNB", "5")
    stand.spot.world.desk.fees.burns_bnb = burns
    entry = bracket(stand, symbol="SOLUSDT", order_type=OrderType.LIMIT, limit_price="1.95")
    stand.spot.fill(stand.number(entry.id))
    stand.wait()
    assert {order.quantity for order in legs(stand).values()} == {Decimal(received)}
    assert stand.spot.balances["SOL"] == Decimal(received)


def test_exits_are_known_to_be_of_their_entry_after_a_restart(stand: Stand) -> None:
    without_opo(stand)
    limit_entry = bracket(stand, order_type=OrderType.LIMIT, limit_price="1.95")
    market_entry = bracket(stand, client_order_id="c-2")
    stand.wait()
    stand.ask(stand.broker.stopService())
    stand.new_broker()
    stand.start()
    parents = {order.parent_order_id for order in stand.ask(stand.broker.open_orders())}
    assert parents == {None, limit_entry.id, market_entry.id}
    stand.spot.fill(stand.number(limit_entry.id))
    stand.wait()
    told = {event.parent_order_id for event in stand.order_events}
    assert told == {None, limit_entry.id}


def test_23_a_fill_of_the_limit_ends_the_stop_and_both_are_told(stand: Stand) -> None:
    bracket(stand)
    stand.wait()
    found = legs(stand)
    stand.spot.fill(stand.number(found["limit"].id), "2")
    stand.wait()
    assert stand.events_of(found["stop"].id)[-1] in (
        OrderEventKind.CANCELLED,
        OrderEventKind.EXPIRED,
    )
    assert stand.events_of(found["limit"].id)[-1] is OrderEventKind.PARTIALLY_FILLED


def test_exits_that_are_refused_leave_the_entry_as_it_is(stand: Stand) -> None:
    stand.fake.faults.plan(refuse(400, -2010, "The relationship of the prices"), "POST", "*/oco")
    entry = bracket(stand)
    stand.wait()
    assert entry.status is OrderStatus.FILLED
    assert legs(stand) == {}


@pytest.mark.parametrize(
    "members",
    [
        {"take_profit": None},
        {"stop_loss": None},
        {"side": Side.SELL, "stop_loss": "3", "take_profit": "1"},
        {"order_type": OrderType.LIMIT, "limit_price": "1.9", "time_in_force": TimeInForce.IOC},
        {"order_type": OrderType.STOP, "stop_price": "2.2"},
    ],
)
def test_all_other_exits_are_the_gateways(stand: Stand, members: dict[str, object]) -> None:
    asked = request(**{"stop_loss": "1.80", "take_profit": "3.00", **members})
    assert not stand.broker.manages_exits(asked)


def test_an_exit_of_ours_is_rounded_and_sent_before_others(stand: Stand) -> None:
    stand.submit()
    leg = stand.ask(
        stand.broker.submit(
            request(
                side=Side.SELL,
                quantity="9.9899",
                order_type=OrderType.STOP,
                stop_price="1.8049",
                reduce_only=True,
                client_order_id="leg",
            ),
            Lane.EMERGENCY,
        )
    )
    assert (leg.quantity, leg.stop_price) == (Decimal("9.989"), Decimal("1.80"))


def test_an_entry_whose_stop_would_find_no_place_is_refused(stand: Stand) -> None:
    for number in range(4):
        bracket(stand, client_order_id=f"c-{number}")
    stand.wait()
    limit = {"order_type": OrderType.LIMIT, "limit_price": "1.95"}
    refusal = stand.refused(
        stand.broker.submit(request(**{**limit, "stop_loss": "1.80", "take_profit": "3.00"}))
    )
    assert isinstance(refusal, OrderDenied)
    assert "5 stops in SOLUSDC, and 4 are placed" in refusal.message
    resting(stand, client_order_id="plain")  # one without
    bracket(stand, client_order_id="c-4")
    stand.wait()
    refusal = stand.refused(stand.broker.submit(request(stop_loss="1.80")))
    assert isinstance(refusal, OrderDenied)
    stand.ask(stand.broker.cancel(legs(stand)["stop"].id))
    stand.wait()
    bracket(stand, client_order_id="c-5")


def test_a_place_is_kept_while_an_entry_is_sent(stand: Stand) -> None:
    work = [
        stand.broker.submit(request(stop_loss="1.80", client_order_id=f"c-{number}"))
        for number in range(7)
    ]
    made = [each for each in work if not isinstance(_end(stand, each), OrderDenied)]
    assert len(made) == 5


def _end(stand: Stand, work: Deferred[Order]) -> Order | GatewayError:
    try:
        return stand.ask(work)
    except GatewayError as error:
        return error


def test_a_place_is_kept_for_the_stop_of_what_was_just_bought(stand: Stand) -> None:
    for number in range(4):
        bracket(stand, client_order_id=f"c-{number}")
    stand.fake.faults.plan(refuse(429, -1015, "Too many new orders."), "POST", "*/oco")
    bracket(stand, client_order_id="c-4")  # whose exits are not taken, and will be ours
    refusal = stand.refused(stand.broker.submit(request(stop_loss="1.80")))
    assert isinstance(refusal, OrderDenied)
    assert "5 are placed or may be needed" in refusal.message
    stand.wait(DUE_SECONDS + 1.0)
    stand.submit(stop_loss="1.80")  # it never came: somebody else must have seen to it


def test_an_exchange_that_says_that_it_has_opoco_and_has_not_is_asked_for_another(
    stand: Stand,
) -> None:
    missing = refuse(404, -1099, "Not found, unauthenticated, or unauthorized.")
    stand.fake.faults.plan(missing, "POST", "*/opoco", times=9)
    for name in ("c-1", "c-2"):
        bracket(stand, order_type=OrderType.LIMIT, limit_price="1.95", client_order_id=name)
    assert len(stand.calls("POST", "orderList/opoco")) == 1
    assert len(stand.calls("POST", "orderList/otoco")) == 2


# -- history


def test_executions_and_ended_orders_are_listed_of_every_symbol_of_concern(stand: Stand) -> None:
    first = stand.submit(client_order_id="c-1")
    stand.spot.set_quote("BTCUSDT", "60000", "60010")
    second = stand.submit(symbol="BTCUSDT", quantity="0.01", client_order_id="c-2")
    trades = stand.ask(stand.broker.trades(TradeQuery()))
    assert {trade.order_id for trade in trades} == {first.id, second.id}
    closed = stand.ask(stand.broker.closed_orders(OrderQuery()))
    assert {order.id for order in closed} == {first.id, second.id}
    (of_one,) = stand.ask(stand.broker.trades(TradeQuery(order_id=first.id)))
    assert of_one.order_id == first.id
