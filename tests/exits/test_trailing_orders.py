"""TRAILING_STOP orders at a broker that has none: a stop that the gateway has follow the market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold, timers
from tests.exits.test_attaching import attach, holding, quoted, resting, sold_elsewhere
from tests.exits.test_trails import tick
from tests.orders.core import POSITION_ID, Core, failure_of, order_request, result_of
from tradegw.errors import (
    IntentConflict,
    OrderDenied,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    SymbolNotFound,
    UnsupportedOperation,
)
from tradegw.model.enums import (
    OrderEventKind,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TrailingType,
)
from tradegw.model.order import Order, OrderChange, OrderHandle, OrderRequest, Unresolved
from tradegw.model.protection import ProtectionState, Trail
from tradegw.testing.broker import Lost

NO = OrderRejected("no", "TOO_MANY_ORDERS")
NO_ANSWER = ProviderError("no answer")
CANNOT = UnsupportedOperation("replace", "scripted")
MARKET, STOP = OrderType.MARKET, OrderType.STOP
ONE = Decimal(1)


def without(core: Core) -> Core:
    core.broker.order_types = (MARKET, OrderType.LIMIT, STOP)
    return core


@pytest.fixture
def core() -> Core:
    """A long position of one at 200, at a broker that has no trailing stops."""
    core = without(holding())
    quoted(core, "200")
    return core


def request(**members: Any) -> OrderRequest:
    values: dict[str, Any] = {
        "side": Side.SELL,
        "order_type": OrderType.TRAILING_STOP,
        "trailing_distance": Decimal(5),
        "trailing_type": TrailingType.ABSOLUTE,
        "client_order_id": "t1",
        **members,
    }
    return order_request(**values)


def submit(core: Core, **members: Any) -> Deferred[OrderHandle]:
    return core.desk.submit(request(**members))


def test_it_becomes_a_stop_of_that_name_which_follows_the_market(core: Core) -> None:
    handle = result_of(submit(core))
    order = core.broker.orders[handle.id]
    assert (order.client_order_id, order.order_type, order.stop_price) == ("t1", STOP, Decimal(195))
    assert (handle.status, handle.client_order_id) == (OrderStatus.OPEN, "t1")
    tick(core, 210)
    core.wait(2)
    assert core.broker.orders[handle.id].stop_price == 205
    assert core.alerts() == []
    check_that_plans_are_kept(core)


def test_it_is_the_clients_own_order_in_every_event(core: Core) -> None:
    handle = result_of(submit(core))
    (created,) = core.order_events(handle.id)
    assert created.order.correlation_id == handle.correlation_id
    assert created.order.parent_order_id is None
    assert created.order.order_type is STOP
    assert not created.order.outside


def test_it_is_seen_as_protection_of_the_position(core: Core) -> None:
    handle = result_of(submit(core))
    (shown,) = core.protection.positions()
    (plan,) = shown.plans
    assert plan.state is ProtectionState.COVERED
    assert plan.trailing is not None
    assert (plan.trailing.mark, plan.targets.stop_loss) == (Decimal(200), Decimal(195))
    assert [leg.order_id for leg in plan.legs] == [handle.id]


def test_a_percentage_of_a_short_position_without_a_name() -> None:
    core = without(holding("-2"))
    tick(core, 200)
    handle = result_of(
        submit(
            core,
            side=Side.BUY,
            quantity="2",
            trailing_distance=Decimal(10),
            trailing_type=TrailingType.PERCENT,
            client_order_id=None,
        )
    )
    order = core.broker.orders[handle.id]
    assert (order.side, order.stop_price) == (Side.BUY, Decimal(220))
    assert str(order.client_order_id).startswith("gw-")


def test_a_broker_that_has_them_gets_it_as_it_is() -> None:
    core = holding()
    handle = result_of(submit(core))
    assert core.broker.orders[handle.id].order_type is OrderType.TRAILING_STOP
    assert core.guards() == 0


# -- what it cannot do -----------------------------------------------------------------------------


def test_without_a_position_it_is_refused(core: Core) -> None:
    failure_of(submit(core, side=Side.BUY), OrderDenied)
    error = failure_of(submit(core, quantity="2"), OrderDenied)
    assert error.reject_code == "UNSUPPORTED"
    assert "1 AAPL, not 2" in error.message
    assert core.broker.asked("submit") == []
    assert core.guards() == 0


def test_what_has_exits_already_is_not_promised_twice(core: Core) -> None:
    result_of(submit(core))
    failure_of(submit(core, client_order_id="t2"), OrderDenied)
    core.broker.fill(core.submit(client_order_id="more").id, "1")
    hold(core.broker, Decimal(2))
    result_of(submit(core, client_order_id="t2"))
    working = [order for order in core.broker.orders.values() if not order.status.is_terminal]
    assert sum(order.quantity for order in working) == 2


def test_two_at_once_are_not_both_taken(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("quote", answer)
    first, second = submit(core), submit(core, client_order_id="t2")
    result_of(second)
    answer.callback(None)
    failure_of(first, OrderDenied)
    assert len(core.broker.asked("submit")) == 1


@pytest.mark.parametrize(
    "members",
    [
        {"time_in_force": TimeInForce.DAY},
        {"oco_group_id": "g1"},
        {"take_profit": "300"},
        {"trailing_distance": Decimal(200)},
    ],
)
def test_what_would_be_lost_with_the_first_move_is_refused(
    core: Core, members: dict[str, Any]
) -> None:
    failure_of(submit(core, **members), OrderDenied)
    assert core.broker.asked("submit") == []
    assert core.guards() == 0


def test_where_positions_are_kept_apart_it_names_one() -> None:
    core = without(holding(hedges=True))
    tick(core, 200)
    failure_of(submit(core), OrderDenied)
    handle = result_of(submit(core, position_id=POSITION_ID))
    order = core.broker.orders[handle.id]
    assert (order.position_id, order.reduce_only) == (POSITION_ID, True)


# -- three outcomes --------------------------------------------------------------------------------


def test_a_refusal_is_told_and_no_plan_lingers(core: Core) -> None:
    core.broker.plan("submit", NO)
    error = failure_of(submit(core), OrderRejected)
    assert error.reject_code == "TOO_MANY_ORDERS"
    core.wait(60)
    assert core.guards() == 0
    assert core.alerts() == []
    assert timers(core) == []
    result_of(submit(core, client_order_id="t2"))


def test_without_a_price_it_fails_and_nothing_is_sent(core: Core) -> None:
    core.broker.quotes.clear()
    failure_of(submit(core), SymbolNotFound)
    assert core.guards() == 0


def test_an_order_that_ends_as_it_arrives_leaves_no_plan(core: Core) -> None:
    accept = core.broker._accept

    def ended(asked: OrderRequest) -> Order:
        return replace(accept(asked), status=OrderStatus.REJECTED)

    core.broker._accept = ended  # type: ignore[method-assign, assignment]  # the broker is obedient otherwise
    core.broker.unheard = set(OrderEventKind)
    result_of(submit(core))
    core.wait(60)
    assert core.guards() == 0
    assert core.alerts() == []


@pytest.mark.parametrize("arrived", [True, False])
def test_without_an_answer_its_client_is_told_when_it_is_known(core: Core, arrived: bool) -> None:
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("submit", Lost(NO_ANSWER) if arrived else NO_ANSWER)
    core.broker.plan("order_by_client_id", *[NO_ANSWER] * 6)
    work = submit(core)
    core.wait(12)
    assert result_of(work).outcome is Unresolved.UNKNOWN
    core.wait(200)
    assert core.broker.asked("submit") == [request_sent(core)]
    if not arrived:
        assert core.guards() == 0
        return
    (stop,) = core.broker.orders.values()
    tick(core, 210)
    core.wait(2)
    assert core.broker.orders[stop.id].stop_price == 205


def request_sent(core: Core) -> OrderRequest:
    (sent,) = core.broker.asked("submit")
    assert isinstance(sent, OrderRequest)
    return sent


def test_a_repeat_gets_the_same_answer_and_another_request_a_conflict(core: Core) -> None:
    first = result_of(submit(core))
    tick(core, 210)
    core.wait(2)
    assert result_of(submit(core)).id == first.id
    failure_of(submit(core, trailing_distance=Decimal(6)), IntentConflict)
    assert len(core.broker.asked("submit")) == 1


def test_a_repeat_after_a_restart_gets_it_too(core: Core) -> None:
    first = result_of(submit(core))
    again = crashed(core)
    again.wait(10)
    assert result_of(submit(again)).id == first.id
    assert len(again.broker.orders) == 1


# -- how it ends -----------------------------------------------------------------------------------


def test_it_executes_and_that_is_all(core: Core) -> None:
    handle = result_of(submit(core))
    core.broker.fill(handle.id, "0.4")
    core.broker.fill(handle.id, "1")
    core.broker.held.clear()
    core.reconciled()
    core.wait(60)
    assert core.guards() == 0
    assert len(core.broker.orders) == 1


def test_its_client_cancels_it_and_it_does_not_come_back(core: Core) -> None:
    handle = result_of(submit(core))
    assert result_of(core.desk.cancel(handle.id)).success
    core.wait(60)
    assert core.guards() == 0
    assert len(core.broker.orders) == 1
    assert core.alerts() == []


def test_after_a_move_by_a_new_order_it_is_found_by_the_old_id(core: Core) -> None:
    """Its client knows no other."""
    handle = result_of(submit(core))
    core.broker.plan("replace", CANNOT)
    tick(core, 210)
    core.wait(2)
    (stop,) = core.live_legs()
    assert (stop.client_order_id, stop.stop_price) == ("t1-sl-1", Decimal(205))
    (created,) = [
        event for event in core.order_events(stop.id) if event.event is OrderEventKind.CREATED
    ]
    assert created.parent_order_id == handle.id
    assert core.broker.orders[handle.id].status is OrderStatus.CANCELLED
    assert result_of(core.desk.cancel(handle.id)).success
    core.wait(60)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_where_changes_rename_orders_the_old_id_stands_for_the_new_one(core: Core) -> None:
    core.broker.renames = True
    handle = result_of(submit(core))
    tick(core, 210)
    core.wait(2)
    (stop,) = [order for order in core.broker.orders.values() if not order.status.is_terminal]
    assert stop.id != handle.id
    result_of(core.desk.replace(handle.id, OrderChange(stop_price=Decimal(207))))
    assert result_of(core.desk.cancel(handle.id)).success
    assert all(order.status.is_terminal for order in core.broker.orders.values())
    core.wait(60)
    assert core.guards() == 0


def test_it_has_no_exits_of_its_own(core: Core) -> None:
    handle = result_of(submit(core))
    for change in (
        OrderChange(take_profit=Decimal(150)),
        OrderChange(trailing_distance=ONE, trailing_type=TrailingType.ABSOLUTE),
    ):
        failure_of(core.desk.replace(handle.id, change), OrderDenied)


def test_its_client_may_move_it_closer_and_not_away(core: Core) -> None:
    handle = result_of(submit(core))
    result_of(core.desk.replace(handle.id, OrderChange(stop_price=Decimal(198))))
    failure_of(core.desk.replace(handle.id, OrderChange(stop_price=Decimal(190))), OrderDenied)
    result_of(attach(core, trailing_distance=1, trailing_type=TrailingType.ABSOLUTE))
    core.wait(2)
    assert core.broker.orders[handle.id].stop_price == 199


def test_its_client_may_have_it_sell_less(core: Core) -> None:
    handle = result_of(submit(core))
    result_of(core.desk.replace(handle.id, OrderChange(quantity=Decimal("0.4"))))
    core.wait(60)
    working = [order for order in core.broker.orders.values() if not order.status.is_terminal]
    assert [order.quantity for order in working] == [Decimal("0.4")]
    assert core.alerts() == []


def test_a_take_profit_may_be_attached_beside_it(core: Core) -> None:
    result_of(submit(core))
    result_of(attach(core, take_profit=300))
    assert resting(core, OrderType.LIMIT) == [(ONE, Decimal(300))]
    sold_elsewhere(core, "1")
    assert all(order.status.is_terminal for order in core.broker.orders.values())


def test_as_long_as_it_is_on_its_way_nothing_is_attached_beside_it(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    work = submit(core)
    failure_of(attach(core, stop_loss=150), OrderNotModifiable)
    answer.callback(None)
    result_of(work)
    assert core.live_legs() == []
    assert len(core.broker.orders) == 1


# -- restarts --------------------------------------------------------------------------------------


def test_after_a_restart_it_follows_on(core: Core) -> None:
    handle = result_of(submit(core))
    again = crashed(core)
    again.wait(10)
    tick(again, 210)
    again.wait(2)
    assert again.broker.orders[handle.id].stop_price == 205
    assert len(again.broker.orders) == 1


@pytest.mark.parametrize("reached", [True, False])
def test_killed_before_its_answer_it_is_found_or_never_was(core: Core, reached: bool) -> None:
    tick(core, 200)
    ask = core.line.ask

    def dies(call: Any, *, always: bool = False) -> Deferred[Any]:
        if reached:
            core.broker.unheard = set(OrderEventKind)
            ask(call, always=always)
            core.broker.unheard = set()
        return Deferred()

    core.line.ask = dies  # type: ignore[method-assign]  # it can die there
    submit(core)
    again = crashed(core)
    again.wait(120)
    assert len(again.broker.orders) == int(reached)
    assert again.guards() == int(reached)
    if reached:
        (stop,) = again.broker.orders.values()
        tick(again, 210)
        again.wait(2)
        assert again.broker.orders[stop.id].stop_price == 205
    else:
        result_of(submit(again, client_order_id="t2"))


@pytest.mark.parametrize("accepted", [True, False])
def test_killed_when_only_its_outcome_was_written_it_is_what_that_says(
    core: Core, accepted: bool
) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    work = submit(core)
    (written,) = core.store.plans()
    if accepted:
        answer.callback(None)
        handle = result_of(work)
    else:
        answer.errback(NO)
        failure_of(work, OrderRejected)
    core.store.keep(written)
    again = crashed(core)
    again.wait(60)
    assert again.guards() == int(accepted)
    assert again.alerts() == []
    if accepted:
        tick(again, 210)
        again.wait(2)
        assert again.broker.orders[handle.id].stop_price == 205


def test_what_it_trails_by_is_in_the_journal(core: Core) -> None:
    result_of(submit(core))
    (guarded,) = crashed(core).guardian._plans.all()
    assert guarded.plan.ratchet is not None
    assert guarded.plan.ratchet.trail == Trail(distance=Decimal(5), kind=TrailingType.ABSOLUTE)
    assert guarded.plan.own_name == "t1"
