"""What must hold before something may leave that could raise exposure (W-11, G6)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace as with_changes
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tradegw.errors import IntentConflict, NotReconciled, OrderDenied
from tradegw.model.enums import OrderType, PositionEventKind, PositionSide, Side
from tradegw.model.events import PositionEvent
from tradegw.model.order import ClosePositionRequest, OrderChange, Unresolved
from tradegw.model.trading import StateSetter, TradingState
from tradegw.orders.gate import PATIENCE_SECONDS
from tradegw.testing.broker import EPOCH


@pytest.fixture
def shut() -> Core:
    """A core whose broker is not logged on yet."""
    return Core(linked=False)


def test_an_order_waits_for_the_first_reconciliation(shut: Core) -> None:
    works = [shut.desk.submit(order_request()) for _ in range(3)]
    shut.wait(PATIENCE_SECONDS - 0.5)
    assert not any(work.called for work in works)
    assert shut.broker.asked("submit") == []
    shut.intake.on_link_up()
    assert [result_of(work).id for work in works] == ["ord-1", "ord-2", "ord-3"]


def test_an_order_that_waited_too_long_is_refused_and_never_sent(shut: Core) -> None:
    work = shut.desk.submit(order_request(client_order_id="c", stop_loss="90"))
    shut.wait(PATIENCE_SECONDS)
    failure_of(work, NotReconciled)
    shut.intake.on_link_up()
    assert shut.broker.asked("submit") == []
    assert shut.guards() == 0
    assert result_of(shut.desk.submit(order_request(client_order_id="c"))).id == "ord-1"


def test_the_same_order_twice_while_the_gate_is_shut_is_sent_once(shut: Core) -> None:
    works = [shut.desk.submit(order_request(client_order_id="c")) for _ in range(2)]
    other = shut.desk.submit(order_request(client_order_id="c", quantity="2"))
    shut.intake.on_link_up()
    assert {result_of(work).id for work in works} == {"ord-1"}
    failure_of(other, IntentConflict)
    assert len(shut.broker.asked("submit")) == 1


def test_the_wait_at_the_gate_is_part_of_the_whole(shut: Core) -> None:
    work = shut.desk.submit(order_request())
    shut.wait(4)
    shut.broker.plan("submit", Deferred())
    shut.intake.on_link_up()
    shut.wait(5.5)
    assert not work.called
    shut.wait(0.5)
    assert result_of(work).outcome is Unresolved.UNKNOWN


def test_what_was_answered_before_needs_no_open_gate() -> None:
    core = Core()
    first = core.submit(client_order_id="c")
    again = Core(again=core, linked=False)
    assert result_of(again.desk.submit(order_request(client_order_id="c"))) == first


def test_cancels_and_closes_do_not_wait_for_the_gate() -> None:
    core = Core()
    order_id = core.submit().id
    core.broker.held["pos-1"] = a_position()
    again = Core(again=core, linked=False)
    assert result_of(again.desk.cancel(order_id)).success
    assert result_of(again.desk.close_position("pos-1", ClosePositionRequest())).id


def test_once_open_it_stays_open_when_the_link_is_lost() -> None:
    core = Core()
    core.intake.on_link_down((), None)
    core.submit()


# -- what is left to reduce


def reduce_only(core: Core) -> None:
    result_of(core.trading.change(TradingState.REDUCE_ONLY, None, StateSetter.CLIENT))


@pytest.fixture
def long() -> Core:
    """Ten are held, five of which a resting order would sell, and only reductions are taken."""
    core = Core()
    core.broker.fill(core.submit(quantity="10").id, "10")
    core.submit(
        side=Side.SELL,
        quantity="5",
        order_type=OrderType.LIMIT,
        limit_price="200",
        reduce_only=True,
    )
    reduce_only(core)
    return core


def may_leave(core: Core, **members: object) -> bool:
    try:
        core.gate.check(order_request(**{"side": Side.SELL, **members}))
    except OrderDenied:
        return False
    return True


def test_no_more_may_leave_than_others_leave_to_be_reduced(long: Core) -> None:
    assert may_leave(long, quantity="5")
    assert not may_leave(long, quantity="5.1")
    assert not may_leave(long, quantity="1", side=Side.BUY)
    assert not may_leave(long, quantity="1", symbol="MSFT")


def test_an_order_that_ended_leaves_its_part_to_others(long: Core) -> None:
    result_of(long.desk.cancel("ord-2"))
    assert may_leave(long, quantity="10")


def test_exit_legs_take_nothing_from_what_may_be_reduced() -> None:
    core = Core()
    core.entered("1")
    reduce_only(core)
    assert may_leave(core, quantity="1")


def test_a_change_does_not_compete_with_the_order_itself(long: Core) -> None:
    order = long.broker.orders["ord-2"]
    long.gate.check_change(order, OrderChange(quantity=Decimal(10)))
    with pytest.raises(OrderDenied):
        long.gate.check_change(order, OrderChange(quantity=Decimal(11)))


def test_a_change_under_way_counts_with_what_it_wants(long: Core) -> None:
    with long.gate.changing("ord-2", OrderChange(quantity=Decimal(8))):
        assert may_leave(long, quantity="2")
        assert not may_leave(long, quantity="3")
    assert may_leave(long, quantity="3")


def test_before_the_first_reconciliation_nobody_knows_what_could_be_reduced() -> None:
    core = Core()
    core.broker.fill(core.submit(quantity="10").id, "10")
    reduce_only(core)
    again = Core(again=core, linked=False)
    assert not may_leave(again, quantity="1")
    core.broker.held["pos-1"] = a_position(quantity=Decimal(10))
    again.intake.on_link_up()
    assert may_leave(again, quantity="1")


def test_when_everything_may_leave_nothing_is_looked_at() -> None:
    core = Core()
    assert not core.gate.is_restricted
    core.gate.check(order_request(quantity="1000000"))


@pytest.mark.parametrize("order_type", [OrderType.LIMIT, OrderType.STOP])
def test_what_rests_must_be_marked_or_it_could_open_when_the_position_is_closed(
    order_type: OrderType,
) -> None:
    core = Core()
    core.broker.fill(core.submit(quantity="10").id, "10")
    reduce_only(core)
    rests = order_request(
        side=Side.SELL,
        quantity="10",
        order_type=order_type,
        **{"limit_price" if order_type is OrderType.LIMIT else "stop_price": "90"},
    )
    refusal = failure_of(core.desk.submit(rests), OrderDenied)
    assert "marked reduce_only" in refusal.message
    assert len(core.broker.asked("submit")) == 1
    result_of(core.desk.submit(with_changes(rests, reduce_only=True)))
    assert core.broker.asked("submit")[-1].reduce_only is True


# -- where positions are kept apart


@pytest.fixture
def hedged() -> Core:
    """Of one symbol four are long in one position and three short in another; reductions only."""
    core = Core(hedges=True, linked=False)
    core.broker.held = {
        "long": a_position(id="long", quantity=Decimal(4)),
        "short": a_position(id="short", quantity=Decimal(3), side=PositionSide.SHORT),
    }
    core.intake.on_link_up()
    reduce_only(core)
    return core


def test_an_order_that_names_no_position_would_open_one(hedged: Core) -> None:
    for side in Side:
        refusal = failure_of(hedged.desk.submit(order_request(side=side)), OrderDenied)
        assert "position_id" in refusal.message
    assert hedged.broker.asked("submit") == []


def test_an_order_may_reduce_the_position_that_it_names_and_no_other(hedged: Core) -> None:
    assert may_leave(hedged, quantity="4", position_id="long")
    assert not may_leave(hedged, quantity="4.1", position_id="long")
    assert not may_leave(hedged, quantity="1", position_id="long", side=Side.BUY)
    assert not may_leave(hedged, quantity="1", position_id="short")
    assert may_leave(hedged, quantity="3", position_id="short", side=Side.BUY)
    assert not may_leave(hedged, quantity="3.1", position_id="short", side=Side.BUY)
    assert not may_leave(hedged, quantity="1", position_id="other")
    assert not may_leave(hedged, quantity="1", position_id="long", symbol="MSFT")


@pytest.mark.parametrize("is_told", [True, False])
def test_only_orders_of_the_same_position_leave_less_of_it(hedged: Core, is_told: bool) -> None:
    """Whether or not the broker's orders say which position they belong to."""
    order = hedged.submit(side=Side.SELL, quantity="3", position_id="long")
    if not is_told:
        order_id = order.id
        hedged.broker.orders[order_id] = with_changes(
            hedged.broker.orders[order_id], position_id=None
        )
        hedged.blotter._orders[order_id] = with_changes(
            hedged.blotter._orders[order_id], position_id=None
        )
    assert may_leave(hedged, quantity="1", position_id="long")
    assert not may_leave(hedged, quantity="2", position_id="long")
    assert may_leave(hedged, quantity="3", position_id="short", side=Side.BUY)


def test_what_executed_counts_before_the_position_is_told_again(hedged: Core) -> None:
    order = hedged.submit(side=Side.SELL, quantity="3", position_id="long")
    hedged.broker.fill(order.id, "2")
    hedged.broker.fill(order.id, "3")
    assert not may_leave(hedged, quantity="2", position_id="long")
    assert may_leave(hedged, quantity="1", position_id="long")
    left = a_position(id="long", quantity=Decimal(1))
    hedged.intake.on_event(
        PositionEvent(timestamp=EPOCH, event=PositionEventKind.MODIFIED, position=left)
    )
    assert may_leave(hedged, quantity="1", position_id="long")


def test_what_executed_is_part_of_what_the_broker_says_is_held(hedged: Core) -> None:
    """The position came before the fill that it counts already."""
    order = hedged.submit(side=Side.SELL, quantity="3", position_id="long")
    left = a_position(id="long", quantity=Decimal(1))
    hedged.broker.held["long"] = left
    hedged.intake.on_event(
        PositionEvent(timestamp=EPOCH, event=PositionEventKind.MODIFIED, position=left)
    )
    hedged.broker.fill(order.id, "3")
    assert not may_leave(hedged, quantity="1", position_id="long")
    hedged.reconciled()
    assert may_leave(hedged, quantity="1", position_id="long")


def test_a_change_must_fit_the_position_of_its_order(hedged: Core) -> None:
    handle = hedged.submit(
        side=Side.SELL,
        quantity="3",
        order_type=OrderType.LIMIT,
        limit_price="200",
        position_id="long",
        reduce_only=True,
    )
    order = hedged.broker.orders[handle.id]
    hedged.gate.check_change(order, OrderChange(quantity=Decimal(4)))
    with pytest.raises(OrderDenied):
        hedged.gate.check_change(order, OrderChange(quantity=Decimal(5)))
    nameless = with_changes(order, position_id=None, correlation_id=None)
    with pytest.raises(OrderDenied):
        hedged.gate.check_change(nameless, OrderChange(quantity=Decimal(4)))


def test_with_trading_active_no_position_need_be_named() -> None:
    core = Core(hedges=True)
    core.submit()
