"""Orders are sent, cancelled, changed; positions closed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from zope.interface.verify import verifyObject

from tests.brokers.tektii.stand import SYMBOL, Stand, flat, request
from tradegw.errors import (
    GatewayError,
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    UnsupportedOperation,
    leaves_doubt,
)
from tradegw.interfaces import IPacedBroker
from tradegw.model.account import Position
from tradegw.model.enums import (
    AlertCode,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
)
from tradegw.model.events import AlertEvent, OrderEvent
from tradegw.model.limits import Lane
from tradegw.model.order import ClosePositionRequest, Order, OrderChange
from tradegw.testing.tektii import body, html, refuse, slow

LIMIT = {"order_type": OrderType.LIMIT, "limit_price": "1.07"}


@pytest.fixture
def stand() -> Iterator[Stand]:
    """The run stands still, and fills are made by hand."""
    stand = Stand(flat())
    stand.fake.run.paused = True
    stand.start()
    stand.crowd.join(echo=True)
    stand.wait(0.5)
    yield stand
    stand.stop()


def sent(stand: Stand) -> list[dict[str, Any]]:
    """The bodies of all orders."""
    posts = (call for call in stand.fake.calls if call.verb == "POST")
    return [msgspec.json.decode(call.body) for call in posts]


def change(stand: Stand, order_id: str, **members: str) -> Any:
    """What comes of a change; numbers are texts."""
    decimals: Any = {name: Decimal(value) for name, value in members.items()}
    return stand.ask(stand.broker.replace(order_id, OrderChange(**decimals)))


def quantities(order: Order) -> str:
    return f"{order.quantity} {order.filled_quantity} {order.remaining_quantity}"


def refused(stand: Stand, order_id: str, **members: str) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        change(stand, order_id, **members)
    return caught.value


# -- submit


def test_an_order_is_answered_as_it_was_asked_for(stand: Stand) -> None:
    order = stand.submit(**LIMIT, client_order_id="c-1", reduce_only=False, stop_loss="1.06")
    assert (order.id, order.status, order.client_order_id) == ("o-1", OrderStatus.OPEN, "c-1")
    assert (order.limit_price, order.stop_loss) == (Decimal("1.07"), Decimal("1.06"))


def test_what_is_refused_here_never_reaches_the_engine(stand: Stand) -> None:
    for odd in ({"time_in_force": TimeInForce.DAY}, {"leverage": "2"}, {"post_only": True}):
        with pytest.raises(InvalidValue):
            stand.submit(**odd)
    assert sent(stand) == []


def test_a_handle_that_is_rejected_is_a_rejection_with_its_reason(stand: Stand) -> None:
    stand.fake.exchange.rejects[SYMBOL] = "insufficient_margin"
    with pytest.raises(OrderRejected) as caught:
        stand.submit()
    assert caught.value.reject_code == "INSUFFICIENT_MARGIN"
    assert not leaves_doubt(caught.value)
    stand.fake.exchange.rejects[SYMBOL] = "insufficient_margin"
    stand.fake.faults.plan(html(500), "GET", "/api/v1/orders/*", times=1)
    with pytest.raises(OrderRejected):
        stand.submit()


def test_an_order_that_is_filled_at_once_is_shown_as_the_engine_has_it(stand: Stand) -> None:
    order = stand.submit(**LIMIT)
    stand.fake.fill(order.id)
    handle = {"id": order.id, "status": "filled"}
    stand.fake.faults.plan(body(200, handle), "POST")
    again = stand.submit(**LIMIT)
    assert (again.status, again.average_fill_price) == (OrderStatus.FILLED, Decimal("1.07"))


def test_what_the_engine_can() -> None:
    stand = Stand()
    assert verifyObject(IPacedBroker, stand.broker)
    found = stand.broker.capabilities()
    assert [kind.value for kind in found.supported_order_types] == [
        "MARKET",
        "LIMIT",
        "STOP",
        "STOP_LIMIT",
    ]
    assert [each.value for each in found.supported_asset_classes] == ["STOCK", "CRYPTO", "FOREX"]
    assert found.position_mode is PositionMode.HEDGING
    expected = {"hedging", "reduce_only", "short_selling", "leverage", "bracket_orders", "oco"}
    assert set(found.features) == expected
    assert (found.max_leverage, found.rate_limits) == (None, None)
    assert not stand.broker.manages_exits(request(stop_loss="1"))
    stand.stop()


# -- cancel


def test_a_cancel_is_followed_by_a_look(stand: Stand) -> None:
    order = stand.submit(**LIMIT)
    cancelled = stand.ask(stand.broker.cancel(order.id))
    assert cancelled.status is OrderStatus.CANCELLED
    verbs = [(call.verb, call.status) for call in stand.fake.calls[-2:]]
    assert verbs == [("DELETE", 204), ("GET", 200)]


def test_what_is_unknown_or_over_cannot_be_cancelled(stand: Stand) -> None:
    with pytest.raises(OrderNotFound):
        stand.ask(stand.broker.cancel("o-99"))
    order = stand.submit(**LIMIT)
    stand.fake.fill(order.id)
    with pytest.raises(OrderNotModifiable):
        stand.ask(stand.broker.cancel(order.id))


# -- change


def test_a_change_is_a_cancel_and_a_new_order_with_all_that_was_not_changed(stand: Stand) -> None:
    order = stand.submit(
        **LIMIT,
        client_order_id="c-1",
        position_id=None,
        time_in_force=TimeInForce.IOC,
        side=Side.SELL,
    )
    stand.fake.order(order.id).held = True
    changed = change(stand, order.id, limit_price="1.09")
    assert (changed.previous_order_id, changed.order.id) == ("o-1", "o-2")
    assert (changed.order.limit_price, changed.order.quantity) == (Decimal("1.09"), Decimal(1000))
    first, second = sent(stand)
    assert second == {**first, "limit_price": "1.09"}
    assert [each.status for each in stand.fake.orders] == ["cancelled", "open"]


def test_of_a_partly_filled_order_what_is_left_is_sent_anew(stand: Stand) -> None:
    order = stand.submit(**LIMIT, quantity="10")
    stand.fake.fill(order.id, 4)
    changed = change(stand, order.id, limit_price="1.06").order
    assert sent(stand)[-1]["quantity"] == "6"
    assert sent(stand)[-1]["position_id"] is None  # though its first part opened one
    assert changed.status is OrderStatus.PARTIALLY_FILLED
    changed = change(stand, changed.id, quantity="15").order
    assert sent(stand)[-1]["quantity"] == "11"
    stand.fake.fill(changed.id, 6, "1.05")
    changed = change(stand, changed.id, limit_price="1.07").order
    assert sent(stand)[-1]["quantity"] == "5"
    assert quantities(changed) == "15 10 5"


def test_an_order_that_was_changed_shows_what_it_executed_before_as_its_own(stand: Stand) -> None:
    """As a total: its client and its exits see one order that goes on."""
    order = stand.submit(**LIMIT, quantity="10", client_order_id="c-1")
    stand.fake.fill(order.id, 4, "1.00")
    changed = change(stand, order.id, limit_price="1.06").order
    stand.fake.fill(changed.id, 1, "1.05")
    stand.wait(0.1)
    seen = stand.ask(stand.broker.order(changed.id))
    assert quantities(seen) == "10 5 5"
    assert (seen.average_fill_price, seen.status) == (
        Decimal("1.01"),
        OrderStatus.PARTIALLY_FILLED,
    )
    told = [e.order for e in stand.told.events if isinstance(e, OrderEvent)]
    assert [f"{o.id} {o.filled_quantity}" for o in told[1:]] == [
        "o-1 4",
        "o-1 4",
        "o-2 4",
        "o-2 5",
    ]


@pytest.mark.parametrize("quantity", ["4", "3"])
def test_nothing_is_done_if_nothing_would_be_left(stand: Stand, quantity: str) -> None:
    order = stand.submit(**LIMIT, quantity="10")
    stand.fake.fill(order.id, 4)
    assert isinstance(refused(stand, order.id, quantity=quantity), OrderNotModifiable)
    assert stand.fake.order(order.id).lives


def test_an_exit_stays_one(stand: Stand) -> None:
    entry = stand.submit()
    stand.fake.fill(entry.id, price="1.08")
    leg = request(
        order_type=OrderType.STOP,
        stop_price="1.07",
        side=Side.SELL,
        position_id="pos-1",
        reduce_only=True,
        client_order_id="o-1-sl",
    )
    order = stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    moved = change(stand, order.id, stop_price="1.075").order
    assert (moved.reduce_only, moved.position_id) == (True, "pos-1")
    assert stand.fake.order("o-1-sl").reduce_only
    assert [o.reduce_only for o in stand.ask(stand.broker.open_orders())] == [True]


def test_what_changes_nothing_does_nothing(stand: Stand) -> None:
    order = stand.submit(**LIMIT)
    for members in ({}, {"limit_price": "1.0700"}, {"quantity": "1000"}):
        changed = change(stand, order.id, **members)
        assert (changed.order.id, changed.previous_order_id) == ("o-1", None)
    assert stand.fake.order(order.id).lives
    assert len(sent(stand)) == 1


def test_what_is_over_or_unknown_cannot_be_changed(stand: Stand) -> None:
    assert isinstance(refused(stand, "o-99", limit_price="1"), OrderNotFound)
    for end in ("filled", "cancelled", "rejected"):
        order = stand.submit(**LIMIT)
        stand.fake.order(order.id).status = end
        assert isinstance(refused(stand, order.id, limit_price="1"), OrderNotModifiable)
    with pytest.raises(UnsupportedOperation):
        change(stand, order.id, trailing_distance="1")


def test_a_change_that_is_refused_leaves_the_order_as_it_was(stand: Stand) -> None:
    order = stand.submit(**LIMIT, quantity="10", client_order_id="c-1")
    stand.fake.fill(order.id, 4)
    reason = "Limit price is not aligned"
    stand.fake.faults.plan(refuse(422, reason, "invalid_order"), "POST")
    error = refused(stand, order.id, limit_price="1.069999999")
    assert isinstance(error, OrderNotModifiable)
    assert reason in error.message
    assert "o-2" in error.message
    assert stand.fake.order("c-1").id == "o-2"
    assert stand.fake.order("o-2").quantity == 6
    assert stand.fake.order("o-2").lives
    news = [event for event in stand.told.events if isinstance(event, OrderEvent)]
    restored = [each for each in news if each.event_id is None]
    assert [(each.event, each.order.id) for each in restored] == [(OrderEventKind.CREATED, "o-2")]


def test_if_it_cannot_be_restored_either_that_is_said_and_an_exit_is_an_alert(
    stand: Stand,
) -> None:
    entry = stand.submit()
    stand.fake.fill(entry.id, price="1.08")
    leg = stand.submit(
        order_type=OrderType.STOP,
        stop_price="1.07",
        side=Side.SELL,
        position_id="pos-1",
        reduce_only=True,
    )
    stand.fake.faults.plan(refuse(422, "no", "invalid_order"), "POST", times=2)
    error = refused(stand, leg.id, stop_price="1.06")
    assert isinstance(error, ProviderError)
    alerts = [event for event in stand.told.events if isinstance(event, AlertEvent)]
    assert [alert.code for alert in alerts] == [AlertCode.POSITION_UNPROTECTED]


def test_a_replacement_that_is_not_answered_is_in_doubt_and_not_sent_again(stand: Stand) -> None:
    order = stand.submit(**LIMIT)
    stand.fake.faults.plan(html(500, accepted=True), "POST")
    assert leaves_doubt(refused(stand, order.id, limit_price="1.06"))
    assert len(sent(stand)) == 2


def test_a_change_goes_on_although_the_look_after_its_cancel_failed_once(stand: Stand) -> None:
    order = stand.submit(**LIMIT, quantity="10")
    path = f"/api/v1/orders/{order.id}"
    stand.fake.faults.plan(slow(1.0), "DELETE")
    stand.clock.callLater(0.5, stand.fake.faults.plan, html(500), "GET", path)
    changed = change(stand, order.id, limit_price="1.06")
    assert ("GET", 500) in [(call.verb, call.status) for call in stand.fake.calls]
    assert (changed.previous_order_id, changed.order.id) == (order.id, "o-2")


def test_an_exit_that_was_cancelled_to_be_changed_and_is_gone_is_an_alert(stand: Stand) -> None:
    stand.fake.fill(stand.submit().id, price="1.08")
    leg = stand.submit(
        order_type=OrderType.STOP,
        stop_price="1.07",
        side=Side.SELL,
        position_id="pos-1",
        reduce_only=True,
    )
    path = f"/api/v1/orders/{leg.id}"
    stand.fake.faults.plan(slow(1.0), "DELETE")
    stand.clock.callLater(0.5, stand.fake.faults.plan, html(500), "GET", path, 9)
    assert leaves_doubt(refused(stand, leg.id, stop_price="1.06"))
    alerts = [event for event in stand.told.events if isinstance(event, AlertEvent)]
    assert [alert.code for alert in alerts] == [AlertCode.POSITION_UNPROTECTED]


def test_a_handle_is_enough_if_the_order_cannot_be_told(stand: Stand) -> None:
    shown = {
        "id": "o-9",
        "symbol": SYMBOL,
        "side": "buy",
        "order_type": "market",
        "quantity": "1000",
        "filled_quantity": "NaN",
        "status": "filled",
        "created_at": 1,
    }
    stand.fake.faults.plan(body(200, {"id": "o-9", "status": "filled"}), "POST")
    stand.fake.faults.plan(body(200, shown), "GET")
    taken = stand.submit(client_order_id="c-1")
    assert (taken.id, taken.status, taken.client_order_id) == ("o-9", OrderStatus.OPEN, "c-1")


# -- positions


def opened(stand: Stand, side: Side = Side.BUY) -> Position:
    order = stand.submit(side=side)
    stand.fake.fill(order.id, price="1.08")
    (position,) = stand.ask(stand.broker.positions())
    return position


def close(stand: Stand, position: Position, **members: Any) -> Order:
    return stand.ask(stand.broker.close(position, ClosePositionRequest(**members), "close-1"))


@pytest.mark.parametrize(("side", "word"), [(Side.BUY, "sell"), (Side.SELL, "buy")])
def test_a_position_is_closed_whole_by_the_other_side(stand: Stand, side: Side, word: str) -> None:
    close(stand, opened(stand, side))
    assert sent(stand)[-1] == {
        "symbol": SYMBOL,
        "side": word,
        "order_type": "market",
        "quantity": "1000",
        "limit_price": None,
        "stop_price": None,
        "client_order_id": "close-1",
        "position_id": "pos-1",
        "reduce_only": True,
        "time_in_force": "gtc",
    }


def test_a_part_is_closed_and_never_more_than_there_is(stand: Stand) -> None:
    position = opened(stand)
    assert close(stand, position, quantity=Decimal(400)).quantity == 400
    assert close(stand, position, quantity=Decimal(4000)).quantity == 1000


def test_a_close_may_wait_for_its_price(stand: Stand) -> None:
    close(stand, opened(stand), order_type=OrderType.LIMIT, limit_price=Decimal("1.1"))
    assert (sent(stand)[-1]["order_type"], sent(stand)[-1]["limit_price"]) == ("limit", "1.1")


def test_a_position_has_the_times_at_which_it_was_seen_and_what_its_trades_realised(
    stand: Stand,
) -> None:
    position = opened(stand)
    stand.wait(0.1)
    stand.fake.exchange.now += 60_000
    order = close(stand, position, quantity=Decimal(400))
    stand.fake.fill(order.id, price="1.09")
    stand.wait(0.1)
    (left,) = stand.ask(stand.broker.positions())
    assert (left.quantity, left.realized_pnl) == (Decimal(600), Decimal("4.00"))
    assert (left.updated_at - left.opened_at).total_seconds() == 60
    stand.fake.fill(close(stand, position, quantity=Decimal(200)).id, price="1.07")
    stand.wait(0.1)
    (left,) = stand.ask(stand.broker.positions())
    assert (left.quantity, left.realized_pnl) == (Decimal(400), Decimal("2.00"))
