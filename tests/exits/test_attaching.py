"""``PATCH /v1/positions/{id}`` of what no exits protect: it gets some, and keeps them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold, timers
from tests.exits.test_trails import tick
from tests.orders.core import POSITION_ID, SYMBOL, Core, a_position, failure_of, ids, result_of
from tests.orders.samples import an_order
from tradegw.errors import (
    InvalidValue,
    NotSent,
    OrderDenied,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
)
from tradegw.model.enums import (
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TrailingType,
)
from tradegw.model.market import Instrument, Quote
from tradegw.model.order import ClosePositionRequest, Order, OrderChange
from tradegw.model.protection import ExitsChange, ExitsMoved, LegState, ProtectionState
from tradegw.testing.broker import Lost

NO = OrderRejected("no")
NO_ANSWER = ProviderError("no answer")
STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
ONE = Decimal(1)
LIMIT_ORDER: dict[str, Any] = {"order_type": LIMIT, "limit_price": "100"}


def holding(quantity: str = "1", **options: Any) -> Core:
    """A position of so many that nobody protects; it was there before the gateway."""
    core = Core(linked=False, **options)
    hold(core.broker, Decimal(quantity))
    core.intake.on_link_up()
    core.broker.calls.clear()
    core.sink.events.clear()
    return core


@pytest.fixture
def core() -> Core:
    return holding()


def attach(core: Core, position_id: str = POSITION_ID, **wanted: Any) -> Deferred[ExitsMoved]:
    change: dict[str, Any] = {
        name: Decimal(value) if isinstance(value, int) else value for name, value in wanted.items()
    }
    return core.desk.move_exits(position_id, ExitsChange(**change))


def trail(core: Core, distance: int) -> Deferred[ExitsMoved]:
    return attach(core, trailing_distance=distance, trailing_type=TrailingType.ABSOLUTE)


def resting(core: Core, kind: OrderType) -> list[tuple[Decimal, Decimal | None]]:
    """Quantity and price of the legs of a kind."""
    legs = [leg for leg in core.live_legs() if leg.order_type is kind]
    return [(leg.remaining_quantity, leg.stop_price or leg.limit_price) for leg in legs]


def quoted(core: Core, price: str) -> None:
    last = Decimal(price)
    core.broker.quotes[SYMBOL] = Quote(
        symbol=SYMBOL, provider="scripted", bid=last, ask=last, last=last, timestamp=core.now()
    )


def sold_elsewhere(core: Core, quantity: str) -> None:
    """By an order that was not sent from here."""
    order_id = f"outside-{len(core.broker.orders)}"
    order = an_order(order_id, side=Side.SELL, quantity=Decimal(quantity))
    core.broker.orders[order.id] = order
    core.broker.tell(order, OrderEventKind.CREATED)
    core.broker.fill(order.id, quantity)


def test_a_naked_position_gets_both_exits(core: Core) -> None:
    moved = result_of(attach(core, stop_loss=90, take_profit=110))
    assert resting(core, STOP) == [(ONE, Decimal(90))]
    assert resting(core, LIMIT) == [(ONE, Decimal(110))]
    stop, profit = core.live_legs()
    assert moved.stop_loss is not None
    assert moved.take_profit is not None
    assert moved.stop_loss.order_ids == (stop.id,)
    assert moved.take_profit.order_ids == (profit.id,)
    assert (stop.side, stop.position_id, stop.reduce_only) == (Side.SELL, POSITION_ID, True)
    assert core.alerts() == []
    check_that_plans_are_kept(core)


def test_a_short_one_gets_a_stop_that_buys() -> None:
    core = holding("-2")
    result_of(attach(core, stop_loss=110))
    (stop,) = core.live_legs()
    assert (stop.side, stop.quantity, stop.stop_price) == (Side.BUY, Decimal(2), Decimal(110))


def test_what_protects_a_position_is_shown_and_has_no_order(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    (shown,) = core.protection.positions()
    (plan,) = shown.plans
    assert (shown.position_id, shown.side, shown.quantity) == (POSITION_ID, PositionSide.LONG, ONE)
    assert (plan.order_id, plan.client_order_id) == (None, None)
    assert plan.state is ProtectionState.COVERED
    assert [leg.state for leg in plan.legs] == [LegState.RESTING]


def test_its_legs_are_named_after_nothing_that_was_used(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    (first,) = core.live_legs()
    core.broker.fill(first.id, "1")
    hold(core.broker, ONE)
    core.reconciled()
    core.reconciled()
    result_of(attach(core, stop_loss=90))
    (second,) = core.live_legs()
    names = [str(leg.client_order_id) for leg in (first, second)]
    assert len(set(names)) == 2
    assert all(name.startswith("gw-") and name.endswith("-sl") for name in names)


def test_its_legs_belong_to_the_plan_so_that_they_are_known_as_exits(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    (created,) = [e for e in core.order_events() if e.event is OrderEventKind.CREATED]
    assert str(created.parent_order_id).startswith(f"position:{POSITION_ID}:")


def test_a_later_change_moves_them(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    result_of(attach(core, stop_loss=95))
    assert resting(core, STOP) == [(ONE, Decimal(95))]
    assert len(core.broker.asked("submit")) == 1


def test_a_later_change_adds_the_kind_that_is_missing(core: Core) -> None:
    result_of(attach(core, take_profit=110))
    moved = result_of(attach(core, stop_loss=90))
    assert moved.take_profit is None
    assert resting(core, STOP) == [(ONE, Decimal(90))]
    assert resting(core, LIMIT) == [(ONE, Decimal(110))]
    assert core.guards() == 1


def test_an_entry_with_a_take_profit_alone_gets_a_stop_too() -> None:
    core = Core()
    core.broker.held[POSITION_ID] = a_position()
    core.entered("1", stop_loss=None)
    result_of(attach(core, stop_loss=90))
    assert resting(core, STOP) == [(ONE, Decimal(90))]
    core.broker.fill(core.leg("c1-tp").id, "1")
    assert core.live_legs() == []


def test_a_stop_that_its_client_cancelled_comes_back_when_that_is_wanted() -> None:
    core = Core()
    core.broker.held[POSITION_ID] = a_position()
    core.entered("1")
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    assert resting(core, STOP) == []
    result_of(attach(core, stop_loss=92))
    assert resting(core, STOP) == [(ONE, Decimal(92))]


@pytest.mark.parametrize("trailed", [False, True])
def test_one_that_trails_takes_the_place_of_a_stop_that_was_cancelled(trailed: bool) -> None:
    core = Core()
    core.entered("1", position_id=None, take_profit=None)
    hold(core.broker, ONE)
    if trailed:
        quoted(core, "120")
        result_of(trail(core, 5))
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    quoted(core, "100")
    moved = result_of(trail(core, 5))
    assert moved.stop_loss is not None
    assert resting(core, STOP) == [(ONE, Decimal(95))]
    tick(core, 102)
    core.wait(2)
    assert resting(core, STOP) == [(ONE, Decimal(97))]


@pytest.mark.parametrize("by_order", [False, True])
def test_a_fixed_one_takes_the_place_of_one_that_trailed_and_was_cancelled(by_order: bool) -> None:
    core = Core()
    entry_id = core.entered("0.5", position_id=None, take_profit=None)
    hold(core.broker, Decimal("0.5"))
    quoted(core, "120")
    result_of(trail(core, 5))
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    if by_order:
        result_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(90))))
    else:
        result_of(attach(core, stop_loss=90))
    tick(core, 130)
    core.wait(60)
    assert resting(core, STOP) == [(Decimal("0.5"), Decimal(90))]


def test_if_the_broker_refuses_the_fixed_one_it_may_trail_again() -> None:
    core = Core()
    core.entered("1", position_id=None, take_profit=None)
    hold(core.broker, ONE)
    quoted(core, "120")
    result_of(trail(core, 5))
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    core.broker.plan("submit", NO)
    failure_of(attach(core, stop_loss=90), OrderRejected)
    (shown,) = core.protection.positions()
    assert shown.plans[0].trailing is not None
    assert core.live_legs() == []


def test_only_what_no_entry_covers_gets_a_plan_and_what_rests_is_moved() -> None:
    core = Core()
    core.entered("1")
    hold(core.broker, Decimal(3))
    core.reconciled()
    core.reconciled()
    moved = result_of(attach(core, stop_loss=95))
    assert sorted(resting(core, STOP)) == [(ONE, Decimal(95)), (Decimal(2), Decimal(95))]
    assert moved.stop_loss is not None
    assert len(moved.stop_loss.order_ids) == 2
    assert core.live(LIMIT) == 1  # nobody wanted another


def test_what_comes_to_it_elsewhere_is_covered_by_the_next_change(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    hold(core.broker, Decimal(3))
    core.reconciled()
    core.reconciled()
    assert core.live(STOP) == 1
    result_of(attach(core, stop_loss=91))
    assert sorted(resting(core, STOP)) == [(ONE, Decimal(91)), (Decimal(2), Decimal(91))]


def test_two_changes_at_once_protect_it_once(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("open_orders", answer)
    first, second = attach(core, stop_loss=90), attach(core, stop_loss=91)
    answer.callback(None)
    result_of(first)
    result_of(second)
    assert core.live(STOP) == 1


def test_what_executed_and_was_not_told_yet_is_left_to_its_own_plan() -> None:
    """The broker shows a position before the fill of its entry arrives."""
    core = Core()
    entry_id = core.entered()
    core.broker.held[POSITION_ID] = a_position()
    failure_of(attach(core, stop_loss=95), OrderNotModifiable)
    core.broker.fill(entry_id, "1")
    assert resting(core, STOP) == [(ONE, Decimal(90))]


def test_what_is_too_little_for_an_order_does_not_keep_the_rest_from_being_moved() -> None:
    core = Core()
    core.broker.instruments[SYMBOL] = Instrument(quantity_step=Decimal("0.1"))
    core.entered("1", position_id=None)
    hold(core.broker, Decimal("1.05"))
    core.reconciled()
    core.reconciled()
    result_of(attach(core, stop_loss=95))
    assert resting(core, STOP) == [(ONE, Decimal(95))]
    assert core.guards() == 1


def test_what_of_a_working_entry_was_sold_again_gets_no_exits() -> None:
    core = Core()
    entry_id = core.submit(quantity="10", **LIMIT_ORDER).id
    core.broker.fill(entry_id, "6")
    sold_elsewhere(core, "4")
    result_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(90))))
    assert resting(core, STOP) == [(Decimal(2), Decimal(90))]
    core.broker.fill(entry_id, "10")
    assert core.live(STOP) == 6


def test_nor_does_what_of_it_only_closed_the_other_side() -> None:
    core = Core()
    core.broker.fill(core.submit(quantity="4").id, "4")
    entry_id = core.submit(side=Side.SELL, quantity="10", **LIMIT_ORDER).id
    core.broker.fill(entry_id, "6")
    result_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(110))))
    assert resting(core, STOP) == [(Decimal(2), Decimal(110))]


def test_what_of_it_executed_and_was_not_told_yet_is_covered_when_it_is() -> None:
    core = Core()
    entry_id = core.submit(quantity="10", **LIMIT_ORDER).id
    core.broker.unheard = {OrderEventKind.PARTIALLY_FILLED}
    core.broker.fill(entry_id, "6")
    result_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(90))))
    core.broker.unheard = set()
    core.broker.fill(entry_id, "6")
    assert core.live(STOP) == 6


def test_what_the_broker_keeps_exits_of_is_left_to_it(core: Core) -> None:
    core.broker.orders["stop"] = an_order(
        "stop", order_type=STOP, side=Side.SELL, parent_order_id="entry", stop_price=Decimal(80)
    )
    moved = result_of(attach(core, stop_loss=95))
    assert moved.stop_loss is not None
    assert moved.stop_loss.order_ids == ("stop",)
    assert core.broker.asked("submit") == []


def test_the_wrong_side_is_refused(core: Core) -> None:
    tick(core, 100)
    failure_of(attach(core, stop_loss=101), InvalidValue)
    failure_of(attach(core, take_profit=99), InvalidValue)
    assert core.broker.asked("submit") == []
    assert core.guards() == 0


def test_too_little_for_an_order_is_refused() -> None:
    core = holding("0.5")
    core.broker.instruments[SYMBOL] = Instrument(minimum_quantity=ONE)
    error = failure_of(attach(core, stop_loss=90), OrderNotModifiable)
    assert error.details == {"order_id": POSITION_ID}
    assert core.guards() == 0


# -- what the broker says to it --------------------------------------------------------------------


def test_a_refusal_is_told_as_it_is_and_nothing_lingers(core: Core) -> None:
    core.broker.plan("submit", NO)
    assert failure_of(attach(core, stop_loss=90, take_profit=110), OrderRejected) is NO
    core.wait(60)
    assert core.legs() == []
    assert core.guards() == 0
    assert core.alerts() == []
    assert timers(core) == []
    assert core.protection.positions() == []


def test_if_only_the_take_profit_is_refused_the_stop_stays(core: Core) -> None:
    core.broker.plan("submit", None, NO)
    failure_of(attach(core, stop_loss=90, take_profit=110), OrderRejected)
    core.wait(60)
    assert [leg.order_type for leg in core.live_legs()] == [STOP]
    assert core.alerts() == []


def test_a_refused_addition_leaves_all_as_it_was(core: Core) -> None:
    result_of(attach(core, take_profit=110))
    core.broker.plan("submit", NO)
    failure_of(attach(core, stop_loss=90), OrderRejected)
    core.wait(60)
    assert [leg.order_type for leg in core.live_legs()] == [LIMIT]
    assert core.alerts() == []


def test_a_stop_that_was_given_up_stays_so_if_the_broker_refuses_another() -> None:
    core = Core()
    core.broker.held[POSITION_ID] = a_position()
    core.entered("1")
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    core.broker.plan("submit", NO)
    failure_of(attach(core, stop_loss=92), OrderRejected)
    core.wait(60)
    assert resting(core, STOP) == []
    assert core.alerts() == []


@pytest.mark.parametrize("arrived", [True, False])
def test_without_an_answer_it_is_found_out_and_protected_once(core: Core, arrived: bool) -> None:
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("submit", *[Lost(NO_ANSWER) if arrived else NO_ANSWER] * 4)
    core.broker.plan("order_by_client_id", *[NO_ANSWER] * 8)
    work = attach(core, stop_loss=90)
    core.wait(5)
    if not arrived:
        failure_of(work, ProviderError)
    core.wait(120)
    assert resting(core, STOP) == [(ONE, Decimal(90))]


def test_while_the_breaker_is_open_nothing_is_placed(core: Core) -> None:
    core.breakers.exit_order.record_failure(0)
    while not core.breakers.exit_order.is_open:
        core.breakers.exit_order.record_failure(0)
    failure_of(attach(core, stop_loss=90), NotSent)
    assert core.broker.asked("submit") == []
    assert core.guards() == 0


# -- trailing ------------------------------------------------------------------------------------


def test_a_stop_may_trail_from_the_market_as_it_is(core: Core) -> None:
    quoted(core, "200")
    moved = result_of(trail(core, 5))
    assert moved.stop_loss is not None
    assert moved.stop_loss.trigger_price == 195
    tick(core, 210)
    core.wait(2)
    assert resting(core, STOP) == [(ONE, Decimal(205))]


def test_of_a_trail_and_a_stop_the_closer_counts(core: Core) -> None:
    quoted(core, "200")
    kind = TrailingType.ABSOLUTE
    result_of(attach(core, trailing_distance=5, trailing_type=kind, stop_loss=198))
    assert resting(core, STOP) == [(ONE, Decimal(198))]


def test_a_distance_below_any_price_is_refused(core: Core) -> None:
    quoted(core, "200")
    failure_of(trail(core, 200), OrderDenied)
    assert core.guards() == 0


# -- how it ends ---------------------------------------------------------------------------------


def test_a_leg_that_executes_takes_the_other_with_it(core: Core) -> None:
    result_of(attach(core, stop_loss=90, take_profit=110))
    stop, profit = core.live_legs()
    core.broker.fill(stop.id, "0.4")
    assert core.broker.orders[profit.id].remaining_quantity == Decimal("0.6")
    core.broker.fill(stop.id, "1")
    assert core.live_legs() == []
    assert core.guards() == 0


def test_what_is_sold_elsewhere_needs_no_legs(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    sold_elsewhere(core, "0.4")
    assert core.live(STOP) == Decimal("0.6")
    sold_elsewhere(core, "0.6")
    assert core.live_legs() == []


@pytest.mark.parametrize("holds", [True, False])
def test_a_close_takes_them_away(holds: bool) -> None:
    core = holding(holds=holds)
    result_of(attach(core, stop_loss=90, take_profit=110))
    handle = result_of(core.desk.close_position(POSITION_ID, ClosePositionRequest()))
    core.broker.held.clear()
    core.broker.fill(handle.id, "1")
    core.wait(5)
    assert core.live_legs() == []
    assert core.guards() == 0
    assert core.alerts() == []


def test_a_position_that_is_told_closed_needs_none(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    core.broker.held.clear()
    core.reconciled()
    core.reconciled()
    assert core.live_legs() == []


def test_a_plan_ends_when_its_client_cancels_all_its_legs(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    (stop,) = core.live_legs()
    result_of(core.desk.cancel(stop.id))
    core.wait(60)
    assert core.live_legs() == []
    assert core.guards() == 0
    result_of(attach(core, stop_loss=91))
    assert resting(core, STOP) == [(ONE, Decimal(91))]


def test_a_leg_that_the_broker_ends_is_placed_again(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    (stop,) = core.live_legs()
    core.broker.end(stop.id, OrderStatus.EXPIRED)
    core.wait(5)
    assert resting(core, STOP) == [(ONE, Decimal(90))]


def test_what_is_missing_is_told_with_the_position(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    (stop,) = core.live_legs()
    core.broker.plan("submit", NO)
    core.broker.end(stop.id, OrderStatus.EXPIRED)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["position_id"] == POSITION_ID
    assert "order_id" not in alert.details


def test_where_positions_are_kept_apart_each_has_its_own() -> None:
    core = Core(hedges=True)
    core.broker.held = {
        "one": a_position(id="one"),
        "two": a_position(id="two", quantity=Decimal(2)),
    }
    core.reconciled()
    core.reconciled()
    result_of(attach(core, "two", stop_loss=90))
    (stop,) = core.live_legs()
    assert (stop.position_id, stop.quantity) == ("two", Decimal(2))
    result_of(attach(core, "one", stop_loss=80))
    assert sorted(str(leg.position_id) for leg in core.live_legs()) == ["one", "two"]


# -- restarts ------------------------------------------------------------------------------------


def test_after_a_restart_it_goes_on_and_nothing_is_counted_twice(core: Core) -> None:
    result_of(attach(core, stop_loss=90, take_profit=110))
    again = crashed(core)
    again.wait(10)
    assert len(again.legs()) == 2
    stop, _ = again.live_legs()
    again.broker.fill(stop.id, "1")
    again.broker.held.clear()
    again.reconciled()
    assert again.live_legs() == []
    assert again.guardian._holdings.held(SYMBOL) == 0
    assert again.alerts() == []


def test_what_was_sold_while_it_was_down_needs_none(core: Core) -> None:
    result_of(attach(core, stop_loss=90))
    core.broker.held.clear()
    again = crashed(core)
    again.wait(10)
    again.reconciled()
    assert again.live_legs() == []
    assert again.guards() == 0


@pytest.mark.parametrize("calls", range(1, 5))
@pytest.mark.parametrize("reached", [True, False])
def test_killed_at_every_call_it_is_protected_once(calls: int, reached: bool) -> None:
    """The plan is in the journal before the first leg is sent: the next process finishes it."""
    core = holding()
    ask, left = core.line.ask, calls

    def counted(call: Any, *, always: bool = False) -> Deferred[Any]:
        nonlocal left
        left -= 1
        if left > 0:
            return ask(call, always=always)
        if left == 0 and reached:
            core.broker.unheard = set(OrderEventKind)
            call().addErrback(lambda _failed: None)
            core.broker.unheard = set()
        return Deferred()

    core.line.ask = counted  # type: ignore[method-assign]  # it can die there
    attach(core, stop_loss=90, take_profit=110)
    again = crashed(core)
    again.wait(90)
    placed: list[Order] = again.live_legs()
    assert core.broker.asked("submit") == [] or again.live(STOP) == again.live(LIMIT) == 1
    assert len(ids(placed)) == len(set(ids(placed)))
    assert again.alerts() == []


# -- however much is held and covered ------------------------------------------------------------


@given(st.lists(st.integers(1, 5), max_size=3), st.integers(0, 20), st.lists(st.integers(1, 4)))
def test_after_a_change_stops_cover_exactly_what_is_held(
    entered: list[int], more: int, sold: list[int]
) -> None:
    core = Core()
    for number, quantity in enumerate(entered):
        core.entered(str(quantity), quantity=str(quantity), client_order_id=f"c{number}")
    total = sum(entered) + more
    hold(core.broker, Decimal(total))
    core.reconciled()
    core.reconciled()
    for number, quantity in enumerate(sold):
        if total < quantity:
            break
        total -= quantity
        order = an_order(f"out-{number}", side=Side.SELL, quantity=Decimal(quantity))
        core.broker.orders[order.id] = order
        core.broker.tell(order, OrderEventKind.CREATED)
        core.broker.fill(order.id, str(quantity))
        hold(core.broker, Decimal(total))
        if total:
            result_of(attach(core, stop_loss=90))
        assert core.live(STOP) == total
    if total:
        result_of(attach(core, stop_loss=91))
    assert core.live(STOP) == total
