"""Closing what exits protect: where they hold the quantity they make way, and nothing is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, result_of
from tests.orders.journals import SlowJournal
from tradegw.errors import GatewayError, OrderRejected, PositionNotFound, ProviderError
from tradegw.exits.closes import DOUBT_SECONDS, WAY_SECONDS
from tradegw.exits.outcry import BEING_CLOSED
from tradegw.model.enums import (
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionEventKind,
    PositionSide,
    Side,
)
from tradegw.model.events import PositionEvent
from tradegw.model.order import ClosePositionRequest, OrderHandle
from tradegw.model.trading import StateSetter, TradingState
from tradegw.orders.clearing import TURN_SECONDS
from tradegw.testing.broker import EPOCH, Lost

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
ALL = ClosePositionRequest()
NO_ANSWER = ProviderError("no answer")


def holding(quantity: str = "1", *, holds: bool = True) -> Core:
    """A long position ``p1`` with both exits, at a broker that nets."""
    core = Core(holds=holds)
    core.entered(quantity, quantity=quantity)
    held(core, quantity)
    core.broker.calls.clear()
    return core


def held(core: Core, quantity: str) -> None:
    core.broker.held = {"p1": a_position(id="p1", quantity=Decimal(quantity))}
    if Decimal(quantity) == 0:
        core.broker.held = {}


def closed(core: Core, request: ClosePositionRequest = ALL) -> OrderHandle:
    return result_of(core.desk.close_position("p1", request))


def filled(core: Core, order_id: str, total: str, left: str = "0") -> None:
    """The close executed *total* in all, and *left* is what is held then."""
    held(core, left)
    core.broker.fill(order_id, total)


def part(quantity: str) -> ClosePositionRequest:
    return ClosePositionRequest(quantity=Decimal(quantity))


def asked(core: Core) -> list[str]:
    """What was asked of the broker, apart from looking."""
    return [name for name, _ in core.broker.calls if name in ("cancel", "close", "submit")]


def covers(core: Core, quantity: str) -> None:
    assert (core.live(STOP), core.live(LIMIT)) == (Decimal(quantity), Decimal(quantity))


# -- where exits hold the quantity


def test_w21_legs_make_way_before_the_close_is_sent() -> None:
    core = holding()
    handle = closed(core)
    assert asked(core) == ["cancel", "cancel", "close"]
    filled(core, handle.id, "1")
    core.wait(5)
    assert core.live_legs() == []
    assert core.guards() == 0
    assert core.alerts() == []


def test_w21_of_a_part_the_legs_are_lowered_before() -> None:
    core = holding()
    handle = closed(core, part("0.4"))
    covers(core, "0.6")
    filled(core, handle.id, "0.4", left="0.6")
    covers(core, "0.6")
    assert core.guards() == 1


@pytest.mark.parametrize("at_price", [True, False])
def test_a_refused_close_restores_protection_at_once(at_price: bool) -> None:
    core = holding()
    core.broker.plan("close", OrderRejected("market closed"))
    request = ClosePositionRequest(order_type=LIMIT, limit_price=Decimal(120))
    failure_of(core.desk.close_position("p1", request if at_price else ALL), OrderRejected)
    covers(core, "1")
    assert core.guards() == 1
    core.wait(5)
    assert core.alerts() == []


def test_what_cannot_be_restored_is_alerted() -> None:
    core = holding()
    core.broker.plan("close", OrderRejected("market closed"))
    core.broker.plan("submit", OrderRejected("no stops today"))
    failure_of(core.desk.close_position("p1", ALL), OrderRejected)
    assert core.alerts()
    core.wait(2)
    covers(core, "1")


@pytest.mark.parametrize("end", [OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED])
@pytest.mark.parametrize("executed", [None, "0.4"])
def test_a_close_that_ends_before_it_is_done_leaves_the_rest_covered(
    end: OrderStatus, executed: str | None
) -> None:
    core = holding()
    handle = closed(core)
    if executed is not None:
        filled(core, handle.id, executed, left="0.6")
        covers(core, "0")
    core.broker.end(handle.id, end)
    left = 1 - Decimal(executed or 0)
    covers(core, str(left))


@pytest.mark.parametrize("error", [NO_ANSWER, OrderRejected("cannot be cancelled now")])
def test_w19_a_leg_that_cannot_be_taken_away_stays_in_the_plan(error: GatewayError) -> None:
    """The close is sent all the same, and refused; the leg is known and protects on."""
    core = holding()
    core.broker.plan("cancel", *[error] * 20)
    work = core.desk.close_position("p1", ALL)
    core.wait(WAY_SECONDS)
    failure_of(work, OrderRejected)
    core.wait(5)
    covers(core, "1")
    assert core.guards() == 1
    assert core.alerts() == []


def test_w19_a_leg_that_lives_on_after_the_close_is_cancelled_until_it_ends() -> None:
    core = holding(holds=False)
    handle = closed(core)
    core.broker.plan("cancel", *[OrderRejected("try again later")] * 2)
    filled(core, handle.id, "1")
    covers(core, "1")
    assert core.guards() == 1
    core.wait(10)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_a_cancel_without_an_answer_does_not_stop_the_close_for_ever() -> None:
    core = holding()
    core.broker.plan("cancel", Deferred())
    work = core.desk.close_position("p1", ALL)
    core.wait(WAY_SECONDS - 1)
    assert core.broker.asked("close") == []
    core.wait(1)
    assert len(core.broker.asked("close")) == 1
    failure_of(work, OrderRejected)
    core.wait(60)
    covers(core, "1")


def test_the_end_of_slow_cancels_is_waited_for() -> None:
    core = holding()
    core.broker.cancels_slowly = True
    core.desk.close_position("p1", ALL)
    assert core.broker.asked("close") == []
    for leg in core.live_legs():
        core.broker.end(leg.id, OrderStatus.CANCELLED)
    core.wait(1)
    assert len(core.broker.asked("close")) == 1


def test_a_leg_that_executes_while_it_is_taken_away_leaves_nothing_to_close() -> None:
    core = holding()
    late: Deferred[None] = Deferred()
    core.broker.plan("cancel", late)
    work = core.desk.close_position("p1", ALL)
    held(core, "0")
    core.broker.fill(core.leg("c1-sl").id, "1")
    late.callback(None)
    core.wait(WAY_SECONDS)
    failure_of(work, PositionNotFound)
    assert core.broker.asked("close") == []
    assert core.live_legs() == []
    assert core.guards() == 0


def test_of_what_a_leg_executed_meanwhile_no_more_is_closed_than_is_left() -> None:
    core = holding()
    late: Deferred[None] = Deferred()
    core.broker.plan("replace", late)
    core.desk.close_position("p1", part("0.9"))
    held(core, "0.7")
    core.broker.fill(core.leg("c1-sl").id, "0.3")
    late.callback(None)
    core.wait(WAY_SECONDS)
    ((_, sent),) = core.broker.asked("close")
    assert sent.quantity == Decimal("0.7")


def test_a_close_in_doubt_is_told_as_unprotected_and_protection_comes_back() -> None:
    core = holding()
    core.broker.plan("close", NO_ANSWER)
    core.desk.close_position("p1", ALL)
    core.wait(1)
    covers(core, "0")
    assert core.alerts() == []
    core.wait(1)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert {one["error"] for one in alert.details["failed_exits"]} == {BEING_CLOSED}
    core.wait(DOUBT_SECONDS)
    covers(core, "1")


def test_a_close_that_turns_up_late_takes_the_legs_away_again() -> None:
    core = holding()
    core.broker.plan("close", Lost(NO_ANSWER))
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("order_by_client_id", *[NO_ANSWER] * 50)
    core.broker.plan("open_orders", *[NO_ANSWER] * 50)
    core.desk.close_position("p1", ALL)
    core.wait(DOUBT_SECONDS + 1)
    covers(core, "1")
    (close,) = [o for o in core.broker.orders.values() if o.order_type is OrderType.MARKET][1:]
    filled(core, close.id, "1")
    core.wait(1)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_a_close_that_works_for_long_is_waited_for_and_told() -> None:
    """A market order before the market opens: nothing can be placed beside it."""
    core = holding()
    handle = closed(core)
    core.wait(3 * DOUBT_SECONDS)
    covers(core, "0")
    assert core.alerts()
    core.broker.end(handle.id, OrderStatus.EXPIRED)
    covers(core, "1")


def test_one_close_of_a_position_leaves_after_the_other() -> None:
    core = holding()
    first: Deferred[None] = Deferred()
    core.broker.plan("close", first)
    core.desk.close_position("p1", part("0.4"))
    second = core.desk.close_position("p1", ALL)
    assert len(core.broker.asked("close")) == 1
    held(core, "0.6")
    core.broker.plan("close", OrderRejected("later"))
    first.callback(None)
    core.wait(1)
    failure_of(second, OrderRejected)
    position, _ = core.broker.asked("close")[1]
    assert position.quantity == Decimal("0.6")  # it was looked up again


def test_closes_that_were_written_down_at_once_leave_one_after_the_other() -> None:
    core = Core(holds=True, store=(store := SlowJournal()))
    core.broker.held = {"p1": a_position(id="p1")}
    store.slow = True
    core.broker.plan("close", Deferred())
    core.desk.close_position("p1", part("0.4"))
    core.desk.close_position("p1", part("0.3"))
    store.sync()
    assert len(core.broker.asked("close")) == 1
    core.wait(TURN_SECONDS)
    assert len(core.broker.asked("close")) == 2


def test_a_close_that_is_not_answered_does_not_stop_the_next_for_ever() -> None:
    core = holding()
    core.broker.plan("close", Deferred())
    core.desk.close_position("p1", part("0.4"))
    core.desk.close_position("p1", ALL)
    core.wait(TURN_SECONDS)
    assert len(core.broker.asked("close")) == 2


def test_neither_a_halt_nor_the_breakers_stop_a_safe_close() -> None:
    core = holding()
    result_of(core.trading.change(TradingState.HALTED, None, StateSetter.CLIENT))
    for _ in range(3):
        core.breakers.adapter.record_failure(0)
        core.breakers.exit_order.record_failure(0)
    filled(core, closed(core).id, "1")
    assert core.live_legs() == []
    assert core.guards() == 0


def test_with_a_failing_journal_it_is_closed_all_the_same() -> None:
    core = holding()
    core.store.fail("disk full")
    filled(core, closed(core).id, "1")
    assert core.live_legs() == []


def test_all_positions_are_closed_side_by_side() -> None:
    core = holding()
    core.broker.held["p2"] = a_position(id="p2", symbol="MSFT")
    core.broker.plan("cancel", Deferred())
    work = core.desk.close_all_positions(None)
    assert [position.id for position, _ in core.broker.asked("close")] == ["p2"]
    core.wait(WAY_SECONDS)
    assert [position.id for position, _ in core.broker.asked("close")] == ["p2", "p1"]
    failure_of(work, OrderRejected)


# -- other entries


@pytest.mark.parametrize("holds", [True, False])
def test_w17_entries_that_still_work_keep_their_orders_and_plans(holds: bool) -> None:
    core = holding(holds=holds)
    pending = core.entered(client_order_id="c2", order_type=LIMIT, limit_price="95")
    filled(core, closed(core).id, "1")
    assert core.broker.orders[pending].status is OrderStatus.OPEN
    core.broker.fill(pending, "1")
    assert {leg.client_order_id for leg in core.live_legs()} == {"c2-sl", "c2-tp"}


@pytest.mark.parametrize("holds", [True, False])
def test_w61_an_entry_that_fills_during_a_close_keeps_its_own_protection(holds: bool) -> None:
    core = holding(holds=holds)
    pending = core.entered(client_order_id="c2", order_type=LIMIT, limit_price="95")
    handle = closed(core, part("1"))
    core.broker.fill(pending, "1")
    assert {"c2-sl", "c2-tp"} <= {leg.client_order_id for leg in core.live_legs()}
    filled(core, handle.id, "1", left="1")
    core.broker.listener.on_event(core.close_event(id="p1"))  # late
    core.wait(5)
    assert {leg.client_order_id for leg in core.live_legs()} == {"c2-sl", "c2-tp"}
    covers(core, "1")


def test_w61_more_of_the_same_entry_is_protected_beside_its_close() -> None:
    core = holding()
    entry = core.entered("1", quantity="2", client_order_id="c2", symbol="MSFT")
    core.broker.held = {"p2": a_position(id="p2", symbol="MSFT")}
    handle = result_of(core.desk.close_position("p2", part("1")))
    core.broker.fill(entry, "2")
    legs = [leg for leg in core.live_legs() if leg.symbol == "MSFT"]
    assert {leg.remaining_quantity for leg in legs} == {Decimal(1)}
    core.broker.fill(handle.id, "1")
    legs = [leg for leg in core.live_legs() if leg.symbol == "MSFT"]
    assert [leg.remaining_quantity for leg in legs] == [1, 1]


# -- where they do not


def test_where_exits_hold_nothing_they_stay_until_the_close_has_filled() -> None:
    core = holding(holds=False)
    handle = closed(core)
    assert asked(core) == ["close"]
    covers(core, "1")
    filled(core, handle.id, "0.4", left="0.6")
    covers(core, "0.6")
    filled(core, handle.id, "1")
    assert core.live_legs() == []


@pytest.mark.parametrize("holds", [True, False])
def test_a_close_at_a_price_leaves_the_legs_which_shrink_as_it_fills(holds: bool) -> None:
    core = holding(holds=holds)
    core.broker.exits_hold_quantity = False  # or it would be refused
    request = ClosePositionRequest(order_type=LIMIT, limit_price=Decimal(105))
    handle = closed(core, request)
    assert core.live(STOP) == 1
    filled(core, handle.id, "0.3", left="0.7")
    assert core.live(STOP) == Decimal("0.7")


# -- hedged


def hedged(holds: bool) -> Core:
    core = Core(hedges=True, holds=holds)
    for name in ("p1", "p2"):
        entry = core.entered(client_order_id=f"of-{name}")
        core.broker.fill(entry, "1", position_id=name)
        core.broker.held[name] = a_position(id=name)
    return core


def legs_of(core: Core, name: str) -> list[Decimal]:
    legs = core.live_legs()
    return [
        o.remaining_quantity for o in legs if (o.client_order_id or "").startswith(f"of-{name}")
    ]


def hedged_close(core: Core, request: ClosePositionRequest) -> OrderHandle:
    core.broker.exits_hold_quantity = False  # the scripted broker counts by symbol
    return result_of(core.desk.close_position("p1", request))


@pytest.mark.parametrize("holds", [True, False])
def test_of_hedged_positions_only_the_one_that_is_closed_loses_its_legs(holds: bool) -> None:
    core = hedged(holds)
    handle = hedged_close(core, ALL)
    assert legs_of(core, "p1") == ([] if holds else [1, 1])
    core.broker.fill(handle.id, "1")
    assert legs_of(core, "p1") == []
    assert legs_of(core, "p2") == [1, 1]


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("holds", [True, False])
def test_part_of_a_hedged_position_shrinks_its_legs(holds: bool, again: bool) -> None:
    core = hedged(holds)
    handle = hedged_close(core, part("0.4"))
    if again:
        core = Core(again=core)
    core.broker.fill(handle.id, "0.1")
    core.broker.fill(handle.id, "0.4")
    assert legs_of(core, "p1") == [Decimal("0.6")] * 2
    assert legs_of(core, "p2") == [1, 1]


# -- flat


def test_when_all_is_closed_it_is_looked_whether_anything_is_left() -> None:
    core = holding()
    handle = closed(core)
    core.broker.calls.clear()
    filled(core, handle.id, "1", left="0.2")
    assert len(core.broker.asked("positions")) == 1
    core.wait(1)
    assert core.broker.asked("open_orders")  # everything is compared


@pytest.mark.parametrize("left", [None, PositionSide.SHORT])
def test_what_is_flat_needs_no_more_looking(left: PositionSide | None) -> None:
    core = holding()
    handle = closed(core)
    core.broker.held = {} if left is None else {"p1": a_position(id="p1", side=left)}
    core.broker.calls.clear()
    core.broker.fill(handle.id, "1")
    core.wait(1)
    assert core.broker.asked("open_orders") == []


def test_of_a_part_something_may_be_left() -> None:
    core = holding()
    handle = closed(core, part("0.4"))
    core.broker.calls.clear()
    filled(core, handle.id, "0.4", left="0.6")
    assert core.broker.asked("positions") == []


def test_short_positions_are_closed_the_same_way() -> None:
    core = Core(holds=True)
    core.entered("1", side=Side.SELL, stop_loss="110", take_profit="90")
    core.broker.held = {"p1": a_position(id="p1", side=PositionSide.SHORT)}
    handle = closed(core)
    assert core.live_legs() == []
    core.broker.end(handle.id, OrderStatus.CANCELLED)
    covers(core, "1")


@pytest.mark.parametrize("holds", [True, False])
def test_g2_a_close_that_is_told_late_takes_nothing_from_the_next_entry_of_that_position(
    holds: bool,
) -> None:
    """Where a side is one position for ever its id comes again; that it is closed is heard first,
    and what closed it when the next entry is protected.
    """
    core = hedged(holds)
    handle = hedged_close(core, ALL)
    closing = PositionEvent(
        timestamp=EPOCH, event=PositionEventKind.CLOSED, position=a_position(id="p1")
    )
    del core.broker.held["p1"]
    core.intake.on_event(closing)
    entry = core.entered(client_order_id="of-p1-again")
    core.broker.fill(entry, "1", position_id="p1")
    core.broker.held["p1"] = a_position(id="p1")
    assert legs_of(core, "p1-again") == [1, 1]
    core.broker.fill(handle.id, "1")
    core.reconciled()
    assert legs_of(core, "p1-again") == [1, 1]
