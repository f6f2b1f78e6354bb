"""Exits that the broker keeps itself: adopted, watched, and made good where it fails."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.exits.test_trails import tick
from tests.orders.core import (
    POSITION_ID,
    Core,
    a_position,
    failure_of,
    ids,
    order_request,
    result_of,
)
from tradegw.errors import InvalidRequest, OrderRejected, ProviderError, UnsupportedOperation
from tradegw.exits.native.grace import LOOK_SECONDS
from tradegw.exits.native.legs import GRACE_SECONDS
from tradegw.model.enums import AlertCode, OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.market import Instrument
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderRequest, Replaced
from tradegw.model.protection import (
    ExitLimits,
    ExitsChange,
    LegState,
    LegType,
    PositionProtection,
    ProtectionState,
)
from tradegw.testing.broker import Lost

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
CANCELLED, PENDING = OrderStatus.CANCELLED, OrderStatus.PENDING


@pytest.fixture
def core() -> Core:
    """A broker that keeps exits itself; it places them when the test says so."""
    return Core(brackets=True)


def resting(core: Core) -> list[tuple[str, Decimal, Decimal | None]]:
    """Type, remaining quantity and price of every exit that works, the oldest first."""
    return [
        (order.order_type.value, order.remaining_quantity, order.stop_price or order.limit_price)
        for order in core.broker.orders.values()
        if order.side is Side.SELL and not order.status.is_terminal
    ]


def pair(stop: object, limit: object) -> list[tuple[str, object, Decimal]]:
    """A stop at 90 and a limit at 110 of these quantities."""
    return [("STOP", Decimal(str(stop)), Decimal(90)), ("LIMIT", Decimal(str(limit)), Decimal(110))]


def protected(core: Core, quantity: str = "1", **members: Any) -> tuple[str, Order, Order]:
    """An entry that filled, and the legs that the broker placed for it."""
    holds(core, quantity)
    entry_id = core.entered(quantity, quantity=quantity, **members)
    legs = core.broker.keep_exits(entry_id, quantity)
    return entry_id, legs[STOP], legs[LIMIT]


def holds(core: Core, quantity: str) -> None:
    """So much is held, as the broker says when asked."""
    core.broker.held = {}
    if Decimal(quantity):
        core.broker.held[POSITION_ID] = a_position(quantity=Decimal(quantity))


def sold(core: Core, quantity: str) -> None:
    """All of the position is sold by an order from outside."""
    holds(core, "0")
    order = core.broker._accept(order_request(side=Side.SELL, quantity=quantity))
    core.broker.fill(order.id, quantity)
    core.intake.on_event(core.close_event())


def shown(core: Core) -> PositionProtection:
    (one,) = core.protection.positions()
    return one


def exits_sent(core: Core) -> int:
    """How many exits were sent from here."""
    return len([one for one in core.broker.asked("submit") if one.side is Side.SELL])


def taken_over(core: Core) -> list[dict[str, Any]]:
    """The details of the alerts."""
    return [alert.details or {} for alert in core.alerts()]


# -- as it should be -------------------------------------------------------------------------------


def test_the_brokers_legs_are_legs_of_the_plan(core: Core) -> None:
    _, stop, limit = protected(core)
    core.wait(2 * GRACE_SECONDS)
    position = shown(core)
    assert position.covered.stop_loss == position.covered.take_profit == 1
    (plan,) = position.plans
    assert plan.state is ProtectionState.COVERED
    assert [leg.order_id for leg in plan.legs] == [stop.id, limit.id]
    assert [leg.state for leg in plan.legs] == [LegState.RESTING] * 2
    assert all(leg.native for leg in plan.legs)
    assert core.alerts() == []
    assert exits_sent(core) == 0


def test_nothing_is_placed_or_told_while_the_broker_may_still_place_its_own(core: Core) -> None:
    entry_id = core.entered("1")
    core.wait(GRACE_SECONDS - 0.5)
    assert shown(core).plans[0].state is ProtectionState.UNCOVERED
    assert resting(core) == []
    core.broker.keep_exits(entry_id, "1")
    core.wait(60)
    assert resting(core) == pair(1, 1)
    assert core.alerts() == []


def test_legs_that_wait_for_the_fill_are_no_cover_before_it(core: Core) -> None:
    entry_id = core.submit(stop_loss="90", take_profit="110", client_order_id="c1").id
    core.broker.keep_exits(entry_id, "1", PENDING)
    core.wait(60)
    position = shown(core)
    assert position.covered.stop_loss == 0
    assert position.plans[0].state is ProtectionState.PENDING
    core.broker.fill(entry_id, "1")
    assert shown(core).covered.stop_loss == 1
    core.wait(60)
    assert resting(core) == pair(1, 1)
    assert core.alerts() == []


def test_an_entry_that_is_cancelled_ends_the_plan_with_its_waiting_legs(core: Core) -> None:
    entry_id = core.submit(stop_loss="90", take_profit="110").id
    legs = core.broker.keep_exits(entry_id, "1", PENDING)
    result_of(core.desk.cancel(entry_id))
    for leg in legs.values():
        core.broker.end(leg.id, CANCELLED)
    assert core.guards() == 0
    core.wait(60)
    assert core.alerts() == []


def test_legs_that_wait_on_after_their_entry_ended_are_taken_away(core: Core) -> None:
    entry_id = core.submit(stop_loss="90", take_profit="110").id
    core.broker.keep_exits(entry_id, "1", PENDING)
    result_of(core.desk.cancel(entry_id))
    core.wait(GRACE_SECONDS + 1)
    assert resting(core) == []
    assert core.guards() == 0
    assert core.alerts() == []


def test_a_refused_entry_leaves_no_plan(core: Core) -> None:
    core.broker.plan("submit", OrderRejected("no"))
    failure_of(core.desk.submit(_request()), OrderRejected)
    assert core.guards() == 0


def _request() -> OrderRequest:
    return order_request(stop_loss="90", client_order_id="c1")


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_the_end_of_the_other_leg_is_expected_when_one_fills(
    core: Core, cancelled_first: bool
) -> None:
    _, stop, limit = protected(core)
    work = [lambda: core.broker.fill(limit.id, "1"), lambda: core.broker.end(stop.id, CANCELLED)]
    for step in reversed(work) if cancelled_first else work:
        step()
        core.wait(1)
    assert core.guards() == 0
    core.wait(60)
    assert core.alerts() == []
    assert exits_sent(core) == 0
    assert core.broker.asked("cancel") == []


def test_a_partial_fill_of_a_leg_is_followed_by_the_broker(core: Core) -> None:
    _, stop, limit = protected(core, "10")
    core.broker.fill(limit.id, "4")
    core.wait(1)
    core.broker._change(
        core.broker.orders[stop.id],
        OrderEventKind.MODIFIED,
        quantity=Decimal(6),
        remaining_quantity=Decimal(6),
    )
    core.wait(60)
    assert resting(core) == pair(6, 6)
    assert core.broker.asked("replace") == core.broker.asked("cancel") == []
    assert core.alerts() == []


def test_pairs_that_come_and_go_do_not_count_as_legs_in_vain(core: Core) -> None:
    """Else the next attempt would come later and later."""
    entry_id = core.submit(quantity="9", stop_loss="90", take_profit="110").id
    for filled in range(1, 10):
        core.broker.fill(entry_id, str(filled))
        legs = core.broker.keep_exits(entry_id, "1")
        core.broker.fill(legs[LIMIT].id, "1")
        core.broker.end(legs[STOP].id, CANCELLED)
    (guarded,) = core.guardian.plans.all()
    assert guarded.in_vain == 0


# -- what the broker fails to do -------------------------------------------------------------------


@pytest.mark.parametrize("status", [CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED])
def test_a_leg_that_the_broker_drops_is_told_and_placed_here(
    core: Core, status: OrderStatus
) -> None:
    _, stop, _ = protected(core)
    core.broker.end(stop.id, status)
    core.wait(GRACE_SECONDS - 0.5)
    assert core.alerts() == []
    core.wait(1)
    (details,) = taken_over(core)
    (failed,) = details["failed_exits"]
    assert failed["type"] == "StopLoss"
    assert status.value in failed["error"]
    assert sorted(resting(core)) == sorted(pair(1, 1))
    assert shown(core).plans[0].state is ProtectionState.COVERED


def test_what_the_broker_never_places_is_placed_here(core: Core) -> None:
    core.entered("1")
    core.wait(GRACE_SECONDS + 0.5)
    assert resting(core) == pair(1, 1)
    assert ids(core.live_legs()) == ["c1-sl-1", "c1-tp-1"], "the first names may be the broker's"
    (details,) = taken_over(core)
    assert {one["type"] for one in details["failed_exits"]} == {"StopLoss", "TakeProfit"}


def test_a_leg_of_which_nobody_told_is_found_before_another_is_placed(core: Core) -> None:
    holds(core, "1")
    entry_id = core.entered("1")
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.keep_exits(entry_id, "1")
    core.wait(60)
    assert resting(core) == pair(1, 1)
    assert exits_sent(core) == 0
    assert core.alerts() == []


def test_a_cancel_of_the_other_leg_of_which_nobody_told_is_found(core: Core) -> None:
    """As Alpaca does it."""
    _, stop, limit = protected(core)
    core.broker.unheard = {OrderEventKind.CANCELLED}
    core.broker.end(stop.id, CANCELLED)
    core.broker.fill(limit.id, "1")
    core.broker.unheard = set()
    core.wait(GRACE_SECONDS + 5)
    assert core.guards() == 0
    assert core.broker.asked("cancel") == []
    assert core.alerts() == []
    assert (stop.id, OrderEventKind.CANCELLED) in core.told(), "clients hear of it as well"


def test_a_leg_that_is_left_over_is_taken_away(core: Core) -> None:
    """The broker did not link them: both could execute."""
    _, stop, limit = protected(core)
    core.broker.fill(limit.id, "1")
    core.wait(GRACE_SECONDS - 0.5)
    assert len(resting(core)) == 1
    core.wait(1)
    assert core.broker.orders[stop.id].status is CANCELLED
    assert core.guards() == 0


def test_a_broker_that_does_not_answer_is_asked_again_and_nothing_is_placed(core: Core) -> None:
    core.entered("1")
    core.broker.plan("open_orders", ProviderError("no answer"), ProviderError("no answer"))
    core.wait(2 * GRACE_SECONDS + 1)
    assert resting(core) == []
    assert "no answer" in str(taken_over(core))
    core.wait(GRACE_SECONDS)
    assert resting(core) == pair(1, 1)


def test_ours_and_the_brokers_leg_are_a_pair_like_any_other(core: Core) -> None:
    _, stop, limit = protected(core, "10")
    core.broker.end(stop.id, CANCELLED)
    core.wait(GRACE_SECONDS + 1)
    core.broker.fill(limit.id, "4")
    assert sorted(resting(core)) == sorted(pair(6, 6))
    core.broker.fill(core.leg("c1-sl-1").id, "6")
    core.wait(GRACE_SECONDS + 1)
    assert resting(core) == []
    assert core.guards() == 0
    assert core.alerts(AlertCode.OCO_DOUBLE_EXIT) == []


def test_the_brokers_leg_is_lowered_at_once_when_one_of_ours_executes(core: Core) -> None:
    """It knows nothing of ours."""
    _, stop, limit = protected(core, "10")
    core.broker.end(stop.id, CANCELLED)
    core.wait(GRACE_SECONDS + 1)
    core.broker.fill(core.leg("c1-sl-1").id, "4")
    assert core.broker.orders[limit.id].remaining_quantity == 6


# -- brokers that take but one exit, besides their own pairs ---------------------------------------


@pytest.fixture
def alone(core: Core) -> Core:
    core.broker.instruments["AAPL"] = Instrument(one_exit=True)
    return core


def test_a_pair_of_the_broker_rests_where_ours_could_not(alone: Core) -> None:
    protected(alone)
    alone.wait(60)
    assert resting(alone) == pair(1, 1)
    assert alone.broker.asked("cancel") == []


def test_a_limit_makes_way_for_the_stop_that_the_broker_dropped(alone: Core) -> None:
    _, stop, limit = protected(alone)
    alone.broker.end(stop.id, OrderStatus.EXPIRED)
    alone.wait(GRACE_SECONDS + 0.5)
    assert alone.broker.orders[limit.id].status is CANCELLED
    assert resting(alone) == pair(1, 1)[:1]
    sent = exits_sent(alone)
    alone.wait(120)
    assert resting(alone) == pair(1, 1)[:1]
    assert exits_sent(alone) == sent
    assert len(alone.alerts()) == 1
    states = {leg.leg_type: leg.state for leg in shown(alone).plans[0].legs}
    assert states[LegType.TAKE_PROFIT] in (LegState.HELD, LegState.ENDED)


def test_when_the_brokers_pair_works_in_the_end_it_has_the_exits_again(alone: Core) -> None:
    holds(alone, "4")
    entry_id = alone.entered("4", quantity="10")
    legs = alone.broker.keep_exits(entry_id, "10", PENDING)
    alone.wait(GRACE_SECONDS + 0.5)
    assert resting(alone)[-1] == ("STOP", Decimal(4), Decimal(90))
    holds(alone, "10")
    alone.broker.fill(entry_id, "10")
    assert alone.broker.asked("cancel") == [alone.leg("c1-sl-1").id]
    for leg in legs.values():
        alone.broker.work_on(leg.id)
    assert resting(alone) == pair(10, 10)
    alone.wait(60)
    assert resting(alone) == pair(10, 10)


def test_what_was_taken_over_is_swapped_at_the_price_like_exits_of_ours(alone: Core) -> None:
    _, stop, _ = protected(alone)
    alone.broker.end(stop.id, OrderStatus.EXPIRED)
    alone.wait(GRACE_SECONDS + 0.5)
    tick(alone, 111)
    assert resting(alone) == [("LIMIT", Decimal(1), Decimal(110))]


# -- brackets that wait for the whole entry --------------------------------------------------------


def test_a_part_of_an_entry_is_covered_here_until_the_brokers_legs_work(core: Core) -> None:
    entry_id = core.entered("4", quantity="10")
    legs = core.broker.keep_exits(entry_id, "10", PENDING)
    core.wait(GRACE_SECONDS + 0.5)
    assert len(taken_over(core)) == 1
    assert shown(core).covered.stop_loss == 4
    assert exits_sent(core) == 2
    core.broker.fill(entry_id, "10")
    for leg in legs.values():
        core.broker.work_on(leg.id)
    assert resting(core) == pair(10, 10)
    core.wait(60)
    assert resting(core) == pair(10, 10)
    assert len(taken_over(core)) == 1


def test_where_the_broker_refuses_them_that_is_told(core: Core) -> None:
    entry_id = core.entered("4", quantity="10")
    core.broker.keep_exits(entry_id, "10", PENDING)
    core.broker.plan("submit", OrderRejected("wash trade"), OrderRejected("wash trade"))
    core.wait(GRACE_SECONDS + 0.5)
    assert "wash trade" in str(taken_over(core)[-1])
    core.broker.fill(entry_id, "10")
    assert shown(core).plans[0].state is ProtectionState.COVERED


def test_what_is_left_of_an_entry_that_ends_in_part_is_covered(core: Core) -> None:
    entry_id = core.entered("4", quantity="10")
    legs = core.broker.keep_exits(entry_id, "10", PENDING)
    core.broker.end(entry_id, CANCELLED)
    for leg in legs.values():
        core.broker.end(leg.id, CANCELLED)
    core.wait(GRACE_SECONDS + 0.5)
    assert resting(core) == pair(4, 4)


def test_legs_that_are_too_large_and_cannot_be_lowered_are_taken_over(core: Core) -> None:
    entry_id = core.entered("4", quantity="10")
    legs = core.broker.keep_exits(entry_id, "10")
    core.broker.plan("replace", *[OrderRejected("not of a bracket")] * 2)
    core.broker.end(entry_id, CANCELLED)
    core.wait(60)
    assert {core.broker.orders[leg.id].status for leg in legs.values()} == {CANCELLED}
    assert sorted(resting(core)) == sorted(pair(4, 4))


# -- races -----------------------------------------------------------------------------------------


def test_a_leg_may_be_told_before_its_entry_is_answered(core: Core) -> None:
    answer = _late(core)
    work = core.desk.submit(_request())
    core.broker.unheard = {OrderEventKind.CREATED}
    entry = core.broker._accept(core.broker.asked("submit")[0])
    core.broker.unheard = {OrderEventKind.PARTIALLY_FILLED, OrderEventKind.FILLED}
    core.broker.fill(entry.id, "1")
    core.broker.unheard = set()
    stop = core.broker.keep_exits(entry.id, "1")[STOP]
    core.broker.fill(stop.id, "1")
    core.broker._accept = lambda request: core.broker.orders[entry.id]  # type: ignore[method-assign]
    answer.callback(None)
    result_of(work)
    core.wait(60)
    assert core.guards() == 0
    assert core.alerts() == core.alerts(AlertCode.OCO_DOUBLE_EXIT) == []
    assert exits_sent(core) == 0


def _late(core: Core) -> Deferred[None]:
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    return answer


def test_legs_and_even_their_fill_may_be_told_before_the_entrys(core: Core) -> None:
    entry_id = core.submit(stop_loss="90", take_profit="110", client_order_id="c1").id
    legs = core.broker.keep_exits(entry_id, "1")
    core.broker.fill(legs[LIMIT].id, "1")
    core.broker.end(legs[STOP].id, CANCELLED)
    core.wait(1)
    core.broker.fill(entry_id, "1")
    assert core.guards() == 0
    core.wait(60)
    assert core.alerts() == core.alerts(AlertCode.OCO_DOUBLE_EXIT) == []
    assert core.broker.asked("cancel") == []
    assert core.guardian._holdings.held("AAPL") == 0


def test_a_fill_of_the_entry_that_nobody_told_is_found_before_legs_are_touched(core: Core) -> None:
    entry_id = core.submit(stop_loss="90", take_profit="110", client_order_id="c1").id
    core.broker.keep_exits(entry_id, "1")
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(entry_id, "1")
    holds(core, "1")
    core.wait(60)
    assert resting(core) == pair(1, 1)
    assert shown(core).plans[0].state is ProtectionState.COVERED
    assert core.alerts() == []


def test_legs_of_others_are_left_alone(core: Core) -> None:
    core.entered("1")
    other = core.submit(client_order_id="c2")
    core.broker.keep_exits(other.id, "1")
    core.broker.keep_exits(core.submit(client_order_id="c3", stop_loss="80").id, "1")
    (plan,) = [one for one in shown(core).plans if one.client_order_id == "c1"]
    assert plan.legs == ()


# -- closes ----------------------------------------------------------------------------------------


def test_a_position_that_is_closed_otherwise_leaves_no_leg_of_the_broker(core: Core) -> None:
    protected(core)
    sold(core, "1")
    assert resting(core) == []
    assert core.guards() == 0


def test_a_close_releases_the_brokers_legs_and_a_failed_one_is_made_good_at_once() -> None:
    core = Core(brackets=True, holds=True)
    _, stop, limit = protected(core)
    core.broker.plan("close", OrderRejected("halted"))
    failure_of(core.desk.close_position(POSITION_ID, ClosePositionRequest()), OrderRejected)
    assert {core.broker.orders[leg.id].status for leg in (stop, limit)} == {CANCELLED}
    assert resting(core) == pair(1, 1)
    assert core.alerts() == []


def test_a_close_while_the_entry_works_releases_them_too() -> None:
    core = Core(brackets=True, holds=True)
    holds(core, "4")
    legs = core.broker.keep_exits(core.entered("4", quantity="10"), "4")
    result_of(core.desk.close_position(POSITION_ID, ClosePositionRequest()))
    assert {core.broker.orders[leg.id].status for leg in legs.values()} == {CANCELLED}


# -- changes ---------------------------------------------------------------------------------------


def test_a_move_of_the_position_moves_the_brokers_legs(core: Core) -> None:
    _, stop, _ = protected(core)
    change = ExitsChange(stop_loss=Decimal(95))
    moved = result_of(core.desk.move_exits(POSITION_ID, change))
    assert moved.stop_loss is not None
    assert moved.stop_loss.order_ids == (stop.id,)
    assert core.broker.asked("replace") == [(stop.id, OrderChange(stop_price=Decimal(95)))]
    core.broker.end(stop.id, CANCELLED)
    core.wait(60)
    assert ("STOP", Decimal(1), Decimal(95)) in resting(core)


def test_a_move_while_the_entry_works_is_told_to_the_broker_for_what_is_to_fill(
    core: Core,
) -> None:
    holds(core, "4")
    entry_id = core.entered("4", quantity="10")
    stop = core.broker.keep_exits(entry_id, "4")[STOP]
    result_of(core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(95))))
    assert core.broker.orders[entry_id].stop_loss == 95
    assert core.broker.orders[stop.id].stop_price == 95


def test_what_the_broker_moves_with_the_entry_is_not_moved_again(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds(core, "4")
    entry_id = core.entered("4", quantity="10")
    stop = core.broker.keep_exits(entry_id, "4")[STOP]
    replaced = core.broker._replaced

    def with_legs(order_id: str, change: OrderChange) -> Replaced:
        core.broker._change(stop, OrderEventKind.MODIFIED, stop_price=change.stop_loss)
        return replaced(order_id, change)

    monkeypatch.setattr(core.broker, "_replaced", with_legs)
    moved = result_of(core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(95))))
    assert moved.stop_loss is not None
    assert moved.stop_loss.order_ids == (stop.id,)
    assert len(core.broker.asked("replace")) == 1


def test_a_move_before_the_broker_has_placed_its_legs_is_for_those_to_come(core: Core) -> None:
    holds(core, "1")
    core.entered("1")
    result_of(core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(95))))
    assert exits_sent(core) == 0
    core.wait(GRACE_SECONDS + 1)
    assert ("STOP", Decimal(1), Decimal(95)) in resting(core)


def test_where_a_leg_cannot_be_moved_it_becomes_ours(core: Core) -> None:
    _, stop, _ = protected(core)
    core.broker.plan("replace", UnsupportedOperation("replace", "scripted"))
    result_of(core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(95))))
    assert core.broker.orders[stop.id].status is CANCELLED
    assert ("STOP", Decimal(1), Decimal(95)) in resting(core)


def test_a_change_of_a_working_entrys_exits_is_the_brokers(core: Core) -> None:
    entry_id = core.submit(stop_loss="90", take_profit="110", client_order_id="c1").id
    change = OrderChange(stop_loss=Decimal(95))
    result_of(core.desk.replace(entry_id, change))
    assert core.broker.asked("replace") == [(entry_id, change)]
    core.broker.fill(entry_id, "1")
    core.wait(60)  # it placed none
    assert ("STOP", Decimal(1), Decimal(95)) in resting(core)


def test_legs_of_ours_follow_such_a_change(core: Core) -> None:
    entry_id = core.entered("4", quantity="10")
    core.wait(GRACE_SECONDS + 1)
    assert resting(core) == pair(4, 4)
    result_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(95))))
    assert ("STOP", Decimal(4), Decimal(95)) in resting(core)


def test_a_change_of_a_filled_entrys_exits_moves_the_legs(core: Core) -> None:
    entry_id, stop, _ = protected(core)
    result_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(95))))
    assert core.broker.asked("replace") == [(stop.id, OrderChange(stop_price=Decimal(95)))]


def test_exits_attached_to_a_working_entry_have_a_plan(core: Core) -> None:
    entry_id = core.submit(client_order_id="c1").id
    assert core.guards() == 0
    result_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(90))))
    assert core.guards() == 1
    core.broker.fill(entry_id, "1")
    core.broker.keep_exits(entry_id, "1")
    assert shown(core).covered.stop_loss == 1
    assert exits_sent(core) == 0


def test_a_leg_has_no_exits_itself(core: Core) -> None:
    _, stop, _ = protected(core)
    failure_of(core.desk.replace(stop.id, OrderChange(stop_loss=Decimal(1))), InvalidRequest)


def test_a_client_may_move_a_leg_by_its_id_also_where_that_gives_it_a_new_one(core: Core) -> None:
    core.broker.renames = True
    _, stop, _ = protected(core)
    changed = result_of(core.desk.replace(stop.id, OrderChange(stop_price=Decimal(95))))
    core.wait(60)
    assert changed.order.id != stop.id
    assert core.broker.asked("cancel") == []
    assert sorted(resting(core)) == sorted(
        [("STOP", Decimal(1), Decimal(95)), ("LIMIT", Decimal(1), Decimal(110))]
    )
    assert exits_sent(core) == 0
    assert core.alerts() == []


def test_a_leg_that_its_client_cancels_is_given_up_and_the_one_paired_with_it_is_not(
    core: Core,
) -> None:
    """The broker cancels both; the client asked for one."""
    _, stop, limit = protected(core)
    result_of(core.desk.cancel(limit.id))
    core.broker.end(stop.id, CANCELLED)
    assert resting(core) == pair(1, 1)[:1]
    core.wait(60)
    assert resting(core) == pair(1, 1)[:1]
    assert core.alerts() == []


def test_the_paired_leg_is_looked_at_where_the_broker_does_not_tell_its_end(core: Core) -> None:
    _, stop, limit = protected(core)
    result_of(core.desk.cancel(limit.id))
    core.broker.unheard = {OrderEventKind.CANCELLED}
    core.broker.end(stop.id, CANCELLED)
    core.wait(LOOK_SECONDS + 0.5)
    assert resting(core) == pair(1, 1)[:1]
    core.broker.unheard = set()
    core.wait(60)
    assert resting(core) == pair(1, 1)[:1]


def test_a_look_that_is_not_answered_is_left_to_the_reconciliation(core: Core) -> None:
    _, stop, limit = protected(core)
    result_of(core.desk.cancel(limit.id))
    core.broker.unheard = {OrderEventKind.CANCELLED}
    core.broker.end(stop.id, CANCELLED)
    core.broker.plan("order", ProviderError("no answer"))
    core.wait(LOOK_SECONDS + 0.5)
    core.broker.unheard = set()
    core.reconciled()
    core.wait(GRACE_SECONDS + 1)
    assert resting(core) == pair(1, 1)[:1]


def test_a_cancel_that_fails_leaves_the_leg_wanted(core: Core) -> None:
    _, stop, _ = protected(core)
    core.broker.plan("cancel", OrderRejected("no"))
    failure_of(core.desk.cancel(stop.id), OrderRejected)
    core.broker.end(stop.id, CANCELLED)
    core.wait(60)
    assert sorted(resting(core)) == sorted(pair(1, 1))


# -- looking ---------------------------------------------------------------------------------------


def test_the_look_every_few_seconds_keeps_still_within_the_time_and_insists_after_it() -> None:
    core = Core(brackets=True, exit_limits=ExitLimits(look_seconds=1.0))
    core.broker.plan("submit", None, *[OrderRejected("no")] * 40)
    core.entered("1")
    core.wait(GRACE_SECONDS - 0.5)
    assert core.alerts() == []
    core.wait(70)
    assert [one for one in taken_over(core) if one.get("rebroadcast")]


def test_an_entry_whose_move_had_no_answer_is_counted_once_under_its_new_id(core: Core) -> None:
    holds(core, "4")
    core.broker.renames = True
    entry_id = core.entered("4", quantity="10")
    core.broker.keep_exits(entry_id, "4")
    core.broker.plan("replace", Lost(ProviderError("no answer")))
    core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(95))).addErrback(lambda _: None)
    for _ in range(4):
        core.reconciled()
    assert not core.trading.is_restricted
    core.broker.fill(core.broker.successors[entry_id], "10")
    holds(core, "10")
    core.wait(GRACE_SECONDS + 1)
    assert shown(core).quantity == 10
    for _ in range(4):
        core.reconciled()
    assert not core.trading.is_restricted
