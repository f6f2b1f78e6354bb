"""The dossier's pitfalls of orders, each under its number, against the double."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tradegw.errors import (
    InvalidValue,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    UnsupportedOperation,
    ValidationFailed,
    leaves_doubt,
)
from tradegw.model.enums import (
    OrderEventKind,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TrailingType,
)
from tradegw.model.limits import Lane
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderQuery
from tradegw.testing.alpaca import refuse

from .stand import Stand, request

TEN = Decimal(10)
LIMIT = OrderType.LIMIT


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    stand.start()
    yield stand
    stand.stop()


def resting(stand: Stand, **members: Any) -> Order:
    """A buy of 10 far below the market, which has reached it."""
    order = stand.submit(**{"order_type": LIMIT, "limit_price": "100", **members})
    stand.wait()
    return order


def bracket(stand: Stand, **members: Any) -> Order:
    """A filled buy whose exits Alpaca keeps."""
    order = stand.submit(**{"stop_loss": "220", "take_profit": "240", **members})
    stand.wait()
    return order


def sent(stand: Stand, verb: str = "POST") -> list[dict[str, Any]]:
    """The bodies that came."""
    return [
        json.loads(call.body)
        for call in stand.fake.calls
        if call.verb == verb and call.path.startswith("/v2/orders")
    ]


def test_01_a_changed_order_goes_on_under_a_new_id(stand: Stand) -> None:
    order = resting(stand, client_order_id="c1")
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    stand.wait()
    assert changed.previous_order_id == order.id
    assert changed.order.id != order.id
    assert changed.order.client_order_id == "c1"
    assert stand.events_of(order.id)[-1] is OrderEventKind.CANCELLED
    new = [event.order for event in stand.order_events if event.order.id == changed.order.id]
    assert new[-1].status is OrderStatus.OPEN
    assert (new[-1].limit_price, new[-1].client_order_id) == (Decimal(101), "c1")
    found = stand.ask(stand.broker.order_by_client_id("c1"))
    assert found.id == changed.order.id
    assert stand.ask(stand.broker.order(order.id)).status is OrderStatus.CANCELLED


def test_01_a_chain_of_changes_keeps_the_first_name_across_a_restart(stand: Stand) -> None:
    order = resting(stand, client_order_id="c1")
    for price in (101, 102, 103):
        change = OrderChange(limit_price=Decimal(price))
        order = stand.ask(stand.broker.replace(order.id, change)).order
        stand.wait()
    stand.stop()
    stand.new_broker()
    stand.start()
    (found,) = stand.ask(stand.broker.open_orders())
    assert (found.id, found.client_order_id) == (order.id, "c1")
    assert stand.ask(stand.broker.order_by_client_id("c1")).id == order.id


def test_02_a_change_right_after_the_submit_waits_for_the_venue(stand: Stand) -> None:
    stand.fake.world.desk.venue_seconds = 0.5
    order = stand.submit(order_type=LIMIT, limit_price="100")
    assert order.status is OrderStatus.PENDING
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    assert changed.previous_order_id == order.id


def test_02_what_waits_for_the_opening_cannot_be_changed(stand: Stand) -> None:
    stand.fake.set_session("closed")
    order = resting(stand)
    with pytest.raises(UnsupportedOperation):
        stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    assert not sent(stand, "PATCH")


def test_03_the_old_order_may_fill_although_the_change_was_accepted(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.world.desk.venue_seconds = 2.0
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    stand.fake.fill(order.id)
    stand.wait(5.0)
    assert stand.ask(stand.broker.order(order.id)).status is OrderStatus.FILLED
    assert OrderEventKind.FILLED in stand.events_of(order.id)
    assert OrderEventKind.REJECTED in stand.events_of(changed.order.id)


def test_04_what_has_executed_in_part_is_not_changed(stand: Stand) -> None:
    """Nobody knows whether the new quantity counts what has executed; at worst it is sold twice."""
    order = resting(stand)
    stand.fake.fill(order.id, 4)
    stand.wait()
    with pytest.raises(UnsupportedOperation):
        stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    assert not sent(stand, "PATCH")


def test_04_the_quantity_is_always_told(stand: Stand) -> None:
    order = resting(stand)
    stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    assert sent(stand, "PATCH")[0]["qty"] == "10"


def test_05_a_cancel_outside_hours_stays_pending(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.set_session("closed")
    began = stand.clock.seconds()
    pending = stand.ask(stand.broker.cancel(order.id))
    assert pending.status is OrderStatus.PENDING_CANCEL
    assert stand.clock.seconds() - began < 3.0
    again = stand.ask(stand.broker.cancel(order.id))
    assert again.status is OrderStatus.PENDING_CANCEL


def test_06_a_cancel_is_over_when_the_order_is(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.world.desk.venue_seconds = 0.7
    began = stand.clock.seconds()
    cancelled = stand.ask(stand.broker.cancel(order.id))
    assert cancelled.status is OrderStatus.CANCELLED
    assert stand.clock.seconds() - began >= 0.7


def test_06_a_cancel_that_comes_too_late_says_so(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.world.desk.venue_seconds = 0.5
    answer = stand.broker.cancel(order.id)
    stand.wait(0.2)
    stand.fake.fill(order.id)
    with pytest.raises(OrderNotModifiable):
        stand.ask(answer)


def test_06_a_cancel_is_answered_as_soon_as_the_stream_tells_of_it(stand: Stand) -> None:
    order = resting(stand)
    began = stand.clock.seconds()
    stand.ask(stand.broker.cancel(order.id))
    assert stand.clock.seconds() - began < 0.1


def test_06_a_cancel_without_a_stream_is_looked_up(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.trading_stream.script.lose(10)
    assert stand.ask(stand.broker.cancel(order.id)).status is OrderStatus.CANCELLED


def test_07_what_exits_hold_cannot_be_closed_before_they_are_gone(stand: Stand) -> None:
    bracket(stand)
    (position,) = stand.ask(stand.broker.positions())
    with pytest.raises(OrderRejected) as refusal:
        stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-1"))
    assert refusal.value.details is not None
    assert refusal.value.details["held_for_orders"] == "10"
    assert refusal.value.reject_code == "INVALID_QUANTITY"
    assert stand.broker.exits_hold_quantity
    for leg in stand.ask(stand.broker.open_orders()):
        if leg.order_type is LIMIT:
            stand.ask(stand.broker.cancel(leg.id))
    closed = stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-2"))
    stand.wait()
    assert closed.client_order_id == "close-2"
    assert stand.fake.positions == {}


def test_08_a_held_leg_is_pending(stand: Stand) -> None:
    order = bracket(stand)
    working = {leg.order_type: leg for leg in stand.ask(stand.broker.open_orders())}
    assert working[OrderType.STOP].status is OrderStatus.PENDING
    assert working[LIMIT].status is OrderStatus.OPEN
    assert {leg.parent_order_id for leg in working.values()} == {order.id}


def test_09_held_legs_are_found_after_a_restart(stand: Stand) -> None:
    order = bracket(stand)
    stand.stop()
    stand.new_broker()
    stand.start()
    legs = stand.ask(stand.broker.open_orders())
    assert sorted(leg.order_type for leg in legs) == [LIMIT, OrderType.STOP]
    assert {leg.parent_order_id for leg in legs} == {order.id}


def test_09_held_legs_of_an_entry_that_is_long_gone_are_found_beside_it(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradegw.brokers.alpaca.rest.MOST_ORDERS", 3)
    order = bracket(stand)
    for _ in range(4):
        stand.wait(60.0)
        stand.submit(symbol="ETH/USD", quantity="1")
    stand.stop()
    stand.new_broker()
    stand.start()
    legs = stand.ask(stand.broker.open_orders())
    assert sorted(leg.order_type for leg in legs) == [LIMIT, OrderType.STOP]
    assert {leg.parent_order_id for leg in legs} == {order.id}


def test_10_the_silent_end_of_a_sibling_shows_when_asked(stand: Stand) -> None:
    bracket(stand)
    stop = next(
        leg for leg in stand.ask(stand.broker.open_orders()) if leg.order_type is OrderType.STOP
    )
    stand.fake.set_quote("AAPL", "241", "241.02")
    stand.wait()
    assert stand.ask(stand.broker.open_orders()) == []
    assert stand.ask(stand.broker.order(stop.id)).status is OrderStatus.CANCELLED
    assert stand.fake.positions == {}


def test_10_a_stop_that_fills_through_a_successor_keeps_its_parent(stand: Stand) -> None:
    stand.fake.world.desk.replaces_stop_legs = True
    order = bracket(stand)
    stop = next(
        leg for leg in stand.ask(stand.broker.open_orders()) if leg.order_type is OrderType.STOP
    )
    stand.fake.set_quote("AAPL", "219", "219.02")
    stand.wait()
    filled = stand.order_events[-1]
    assert filled.event is OrderEventKind.FILLED
    assert filled.order.id != stop.id
    assert filled.order.parent_order_id == order.id
    assert OrderEventKind.CANCELLED in stand.events_of(stop.id)


@pytest.mark.parametrize("exits", [{"stop_loss": "220"}, {"take_profit": "240"}])
def test_11_a_single_exit_leaves_as_oto(stand: Stand, exits: dict[str, str]) -> None:
    stand.submit(**exits)
    (body,) = sent(stand)
    assert body["order_class"] == "oto"
    stand.wait()
    (leg,) = stand.ask(stand.broker.open_orders())
    assert leg.status is OrderStatus.OPEN


def test_11_exits_never_leave_without_their_class(stand: Stand) -> None:
    """Alpaca would drop them without a word: of crypto, of fractions, of what trails."""
    for members in (
        {"symbol": "ETH/USD", "quantity": "1"},
        {"quantity": "0.5"},
        {"order_type": OrderType.TRAILING_STOP, "trailing_distance": "1", "side": Side.SELL},
    ):
        wanted = request(**{"stop_loss": "220", "trailing_type": TrailingType.ABSOLUTE, **members})
        assert not stand.broker.manages_exits(wanted)
    stand.submit(symbol="ETH/USD", quantity="1", stop_loss="2900")
    (body,) = sent(stand)
    assert not body.keys() & {"order_class", "stop_loss", "take_profit"}


def test_12_exits_too_near_to_alpacas_own_price_are_refused_with_that(stand: Stand) -> None:
    with pytest.raises(OrderRejected) as refusal:
        stand.submit(stop_loss="231.41")
    assert refusal.value.reject_code == "INVALID_PRICE"
    assert refusal.value.details is not None
    assert "base_price" in refusal.value.details


def test_13_no_order_asks_for_extended_hours(stand: Stand) -> None:
    bracket(stand)
    resting(stand)
    assert all("extended_hours" not in body for body in sent(stand))


def test_14_the_exits_of_a_day_order_end_with_the_day_and_that_is_told(stand: Stand) -> None:
    bracket(stand, time_in_force=TimeInForce.DAY)
    legs = stand.ask(stand.broker.open_orders())
    stand.fake.set_session("closed")
    stand.wait()
    assert stand.ask(stand.broker.open_orders()) == []
    ended = {stand.ask(stand.broker.order(leg.id)).status for leg in legs}
    assert ended <= {OrderStatus.EXPIRED, OrderStatus.CANCELLED}


def test_15_legs_are_known_by_their_parent_not_by_a_name_of_ours(stand: Stand) -> None:
    order = bracket(stand, client_order_id="c1")
    for leg in stand.ask(stand.broker.open_orders()):
        assert leg.parent_order_id == order.id
        assert leg.client_order_id != "c1"


def test_16_a_wash_trade_is_a_refusal_that_says_so(stand: Stand) -> None:
    resting(stand)
    with pytest.raises(OrderRejected) as refusal:
        stand.submit(side=Side.SELL, quantity="1")
    assert refusal.value.reject_code == "WASH_TRADE"


def test_20_a_name_that_was_used_is_refused_and_the_order_can_be_found(stand: Stand) -> None:
    order = stand.submit(client_order_id="c1")
    with pytest.raises(OrderRejected) as refusal:
        stand.submit(client_order_id="c1")
    assert refusal.value.reject_code == "DUPLICATE_CLIENT_ORDER_ID"
    assert not leaves_doubt(refusal.value)
    assert stand.ask(stand.broker.order_by_client_id("c1")).id == order.id
    assert len(stand.fake.orders) == 1


def test_21_an_order_is_told_to_be_there_once(stand: Stand) -> None:
    order = stand.submit()
    stand.wait()
    assert stand.events_of(order.id) == [
        OrderEventKind.CREATED,
        OrderEventKind.MODIFIED,
        OrderEventKind.FILLED,
    ]


def test_22_what_an_event_executes_is_not_what_the_order_has(stand: Stand) -> None:
    order = resting(stand)
    stand.fake.fill(order.id, 4, "100")
    stand.fake.fill(order.id, 6, "99")
    stand.wait()
    assert [event.trade.quantity for event in stand.trades] == [Decimal(4), Decimal(6)]
    assert [event.trade.price for event in stand.trades] == [Decimal(100), Decimal(99)]
    assert stand.order_events[-1].order.filled_quantity == TEN


def test_33_a_stop_of_crypto_leaves_as_a_stop_limit(stand: Stand) -> None:
    stand.submit(symbol="ETH/USD", quantity="2")
    stand.wait()
    stop = stand.submit(
        symbol="ETH/USD", side=Side.SELL, quantity="1", order_type=OrderType.STOP, stop_price="2900"
    )
    assert stop.order_type is OrderType.STOP_LIMIT
    assert (stop.stop_price, stop.limit_price) == (Decimal(2900), Decimal(2784))
    stand.wait()
    moved = stand.ask(stand.broker.replace(stop.id, OrderChange(stop_price=Decimal(2950))))
    assert (moved.order.stop_price, moved.order.limit_price) == (Decimal(2950), Decimal(2832))


@pytest.mark.parametrize("tif", [TimeInForce.DAY, TimeInForce.FOK])
def test_33_crypto_lasts_till_cancelled_or_not_at_all(stand: Stand, tif: TimeInForce) -> None:
    with pytest.raises(InvalidValue):
        stand.submit(symbol="ETH/USD", quantity="1", time_in_force=tif)
    assert not sent(stand)


def test_34_fractions_last_for_the_day_and_keep_nine_decimals(stand: Stand) -> None:
    order = stand.submit(quantity="0.057436865")
    (body,) = sent(stand)
    assert (body["qty"], body["time_in_force"]) == ("0.057436865", "day")
    stand.wait()
    assert stand.order_events[-1].order.filled_quantity == Decimal("0.057436865")
    assert order.time_in_force is TimeInForce.DAY
    with pytest.raises(InvalidValue):
        stand.submit(quantity="0.5", time_in_force=TimeInForce.GTC)
    with pytest.raises(InvalidValue):
        stand.submit(quantity="0.1234567891")


def test_34_an_exit_of_a_fraction_rests_for_the_day_whatever_it_was_meant_for(
    stand: Stand,
) -> None:
    stand.submit(quantity="2.5")
    stand.wait()
    leg = request(
        side=Side.SELL,
        quantity="2.5",
        order_type=OrderType.STOP,
        stop_price="220",
        time_in_force=TimeInForce.GTC,
    )
    order = stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    assert order.time_in_force is TimeInForce.DAY


def test_34_what_is_not_fractionable_is_refused_before_it_is_sent(stand: Stand) -> None:
    whole_only = next(
        asset.symbol
        for asset in stand.fake.terms.assets
        if not asset.fractionable and not asset.is_crypto and asset.tradable
    )
    with pytest.raises(OrderRejected) as refusal:
        stand.submit(symbol=whole_only, quantity="0.5")
    assert refusal.value.reject_code == "INVALID_QUANTITY"
    assert not sent(stand)


@pytest.mark.parametrize("name", ["limit_price", "stop_loss", "take_profit"])
def test_36_prices_finer_than_a_cent_are_refused_with_a_clear_answer(
    stand: Stand, name: str
) -> None:
    prices = {"limit_price": "231", "stop_loss": "220", "take_profit": "240", name: "211.160004"}
    with pytest.raises(InvalidValue) as refusal:
        stand.submit(order_type=LIMIT, **prices)
    assert refusal.value.details is not None
    assert refusal.value.details["field"] == name
    assert not sent(stand)


def test_36_an_exit_is_never_refused_for_a_digit(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    leg = request(side=Side.SELL, order_type=OrderType.STOP, stop_price="219.9951")
    order = stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    assert order.stop_price == Decimal(220)


def test_36_the_steps_of_what_is_held_are_known_after_a_restart(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    stand.stop()
    stand.new_broker()
    stand.start()
    assert stand.broker.instrument("AAPL") is not None


def test_37_a_stop_on_the_wrong_side_is_refused_with_the_market(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    with pytest.raises(OrderRejected) as refusal:
        stand.submit(side=Side.SELL, order_type=OrderType.STOP, stop_price="240")
    assert refusal.value.reject_code == "INVALID_PRICE"
    assert refusal.value.details is not None
    assert "market_price" in refusal.value.details


def test_38_a_close_of_what_is_closed_already_says_so_and_opens_nothing(stand: Stand) -> None:
    bracket(stand)
    (position,) = stand.ask(stand.broker.positions())
    stand.fake.set_quote("AAPL", "241", "241.02")
    stand.wait()
    with pytest.raises(PositionNotFound) as refusal:
        stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-1"))
    assert position.id in refusal.value.message
    assert stand.fake.positions == {}


def test_39_a_close_can_never_turn_a_position_round(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    (position,) = stand.ask(stand.broker.positions())
    wanted = ClosePositionRequest(quantity=Decimal(25))
    order = stand.ask(stand.broker.close(position, wanted, "close-1"))
    assert order.quantity == TEN
    assert sent(stand)[-1]["position_intent"] == "sell_to_close"
    stand.wait()
    assert stand.fake.positions == {}


def test_39_a_part_of_a_position_can_be_closed_at_a_price(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    (position,) = stand.ask(stand.broker.positions())
    wanted = ClosePositionRequest(
        quantity=Decimal(4), order_type=LIMIT, limit_price=Decimal("250.50")
    )
    order = stand.ask(stand.broker.close(position, wanted, "close-1"))
    assert (order.quantity, order.limit_price) == (Decimal(4), Decimal("250.5"))


def test_40_an_order_may_be_rejected_after_it_was_accepted(stand: Stand) -> None:
    stand.fake.reject_next("AAPL")
    order = stand.submit()
    assert order.status is OrderStatus.PENDING
    stand.wait()
    assert stand.events_of(order.id)[-1] is OrderEventKind.REJECTED


def test_48_a_replacement_that_nobody_asked_for_keeps_the_name(stand: Stand) -> None:
    """As corporate actions make them."""
    order = resting(stand, client_order_id="c1")
    desk = stand.fake.world.desk
    old = stand.fake.order(order.id)
    successor = desk._converted(old)  # the double's own way to do just that
    stand.wait()
    assert OrderEventKind.CANCELLED in stand.events_of(order.id)
    assert stand.ask(stand.broker.order_by_client_id("c1")).id == successor.id
    stand.stop()
    stand.new_broker()
    stand.start()
    assert stand.ask(stand.broker.order(successor.id)).client_order_id == "c1"


def test_48_a_cancel_under_the_old_id_reaches_the_successor(stand: Stand) -> None:
    order = resting(stand)
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    stand.wait()
    cancelled = stand.ask(stand.broker.cancel(order.id))
    assert cancelled.id == changed.order.id
    assert cancelled.status is OrderStatus.CANCELLED


def test_49_an_order_after_the_close_waits_for_the_next_day(stand: Stand) -> None:
    stand.fake.set_session("closed")
    order = stand.submit(time_in_force=TimeInForce.DAY)
    stand.wait()
    assert order.status is OrderStatus.PENDING
    assert stand.events_of(order.id) == [OrderEventKind.CREATED]
    stand.fake.set_session("regular")
    stand.wait()
    assert stand.events_of(order.id)[-1] is OrderEventKind.FILLED


def test_60_a_chain_that_is_not_whole_yet_is_waited_for(stand: Stand) -> None:
    order = resting(stand)
    chain = refuse(422, "order chain not fully replaced", 42210000)
    stand.fake.faults.plan(chain, "PATCH", times=2)
    changed = stand.ask(stand.broker.replace(order.id, OrderChange(limit_price=Decimal(101))))
    assert changed.previous_order_id == order.id


def test_a_change_of_nothing_sends_nothing(stand: Stand) -> None:
    order = resting(stand)
    same = OrderChange(limit_price=Decimal(100), quantity=TEN)
    changed = stand.ask(stand.broker.replace(order.id, same))
    assert (changed.order.id, changed.previous_order_id) == (order.id, None)
    assert not sent(stand, "PATCH")


def test_the_exits_of_a_bracket_are_moved_leg_by_leg(stand: Stand) -> None:
    order = bracket(stand)
    change = OrderChange(stop_loss=Decimal(225), take_profit=Decimal(245))
    changed = stand.ask(stand.broker.replace(order.id, change))
    assert changed.previous_order_id is None
    stand.wait()
    legs = {leg.order_type: leg for leg in stand.ask(stand.broker.open_orders())}
    assert legs[OrderType.STOP].stop_price == Decimal(225)
    assert legs[LIMIT].limit_price == Decimal(245)
    assert {leg.parent_order_id for leg in legs.values()} == {order.id}


def test_an_order_without_exits_gets_none_by_a_change(stand: Stand) -> None:
    order = resting(stand)
    with pytest.raises(UnsupportedOperation):
        stand.ask(stand.broker.replace(order.id, OrderChange(stop_loss=Decimal(90))))


@pytest.mark.parametrize(
    "members",
    [
        {"post_only": True},
        {"hidden": True},
        {"display_quantity": "5"},
        {"leverage": Decimal(2)},
        {"symbol": "ETH/USD", "order_type": OrderType.TRAILING_STOP, "trailing_distance": "1"},
    ],
)
def test_what_alpaca_has_not_is_said_before_anything_is_sent(
    stand: Stand, members: dict[str, Any]
) -> None:
    with pytest.raises(UnsupportedOperation):
        stand.submit(trailing_type=TrailingType.ABSOLUTE, **members)
    assert not sent(stand)


def test_trailing_stops_leave_as_they_are(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    stop = stand.submit(
        side=Side.SELL,
        order_type=OrderType.TRAILING_STOP,
        trailing_distance="2.5",
        trailing_type=TrailingType.PERCENT,
    )
    assert sent(stand)[-1]["trail_percent"] == "2.5"
    assert (stop.trailing_distance, stop.trailing_type) == (Decimal("2.5"), TrailingType.PERCENT)


def test_an_unknown_symbol_is_a_refusal(stand: Stand) -> None:
    with pytest.raises(OrderRejected) as refusal:
        stand.submit(symbol="ZZZZ")
    assert refusal.value.reject_code == "INVALID_SYMBOL"
    assert not leaves_doubt(refusal.value)


def test_a_leg_of_ours_is_not_held_up_by_a_look_up(stand: Stand) -> None:
    stand.fake.trade_outside("AAPL", "buy", 10)
    leg = request(side=Side.SELL, order_type=LIMIT, limit_price="300")
    stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    assert not [call for call in stand.fake.calls if call.path.startswith("/v2/assets/")]


def test_orders_that_ended_are_listed_with_their_legs(stand: Stand) -> None:
    order = bracket(stand)
    stand.fake.set_quote("AAPL", "241", "241.02")
    stand.wait()
    since = OrderQuery(since=stand.now() - timedelta(hours=1))
    closed = {each.id: each for each in stand.ask(stand.broker.closed_orders(since))}
    assert len(closed) == 3
    assert closed.pop(order.id).status is OrderStatus.FILLED
    assert {each.parent_order_id for each in closed.values()} == {order.id}


def test_a_short_sale_of_what_cannot_be_shorted_is_refused(stand: Stand) -> None:
    asset = next(
        asset
        for asset in stand.fake.terms.assets
        if not asset.shortable and not asset.is_crypto and asset.tradable
    )
    stand.fake.set_quote(asset.symbol, "10", "10.02")
    with pytest.raises((OrderRejected, ValidationFailed)):
        stand.submit(symbol=asset.symbol, side=Side.SELL, quantity="1")
