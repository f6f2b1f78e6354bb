"""What happens to the legs afterwards (order_lifecycle 20.7, failures A to C)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs
from zope.interface.verify import verifyObject

from tests.orders.core import Core, failure_of, ids, order_request, result_of
from tradegw.errors import (
    OrderNotModifiable,
    ProviderError,
    RateLimited,
    UnsupportedOperation,
)
from tradegw.interfaces import IExits
from tradegw.model.enums import (
    AlertCode,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
)
from tradegw.model.order import OrderChange, Replaced, Unresolved
from tradegw.testing.broker import Lost

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
NO_ANSWER = ProviderError("no answer")
SLOW_DOWN = RateLimited("slow down")
CANNOT = UnsupportedOperation("replace", "scripted")
DOUBLE = AlertCode.OCO_DOUBLE_EXIT


@pytest.fixture
def core() -> Core:
    return Core()


def covers(core: Core, stop: str, limit: str) -> None:
    assert (core.live(STOP), core.live(LIMIT)) == (Decimal(stop), Decimal(limit))


def closed(core: Core, quantity: str) -> None:
    """All of a long position is sold by an order from outside."""
    order = core.broker._accept(order_request(side=Side.SELL, quantity=quantity))
    core.broker.fill(order.id, quantity)
    core.intake.on_event(core.close_event())


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(IExits, core.guardian)


# -- a leg executes --------------------------------------------------------------------------------


@pytest.mark.parametrize("leg", ["c1-sl", "c1-tp"])
def test_exx01_a_full_fill_of_a_leg_cancels_the_other_and_ends_the_plan(
    core: Core, leg: str
) -> None:
    core.entered("1")
    core.broker.fill(core.leg(leg).id, "1")
    assert core.live_legs() == []
    assert core.guards() == 0
    assert core.alerts() == []


def test_exx01_the_legs_fill_goes_out_when_the_other_is_cancelled(core: Core) -> None:
    core.entered("1")
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    core.sink.events.clear()
    stop, profit = core.legs()
    core.broker.fill(stop.id, "1")
    assert core.told() == []
    answer.callback(None)
    assert core.told() == [
        (stop.id, OrderEventKind.FILLED),
        (profit.id, OrderEventKind.CANCELLED),
    ]


def test_w18_a_partial_fill_of_a_leg_shrinks_the_other(core: Core) -> None:
    core.entered("1")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    covers(core, "0.6", "0.6")
    core.broker.fill(core.leg("c1-sl").id, "0.7")
    covers(core, "0.3", "0.3")
    core.broker.fill(core.leg("c1-tp").id, "0.1")
    covers(core, "0.2", "0.2")


def test_w18_an_answer_that_lags_behind_does_not_shrink_a_leg_twice(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.entered("1")
    stop, profit = core.legs()
    core.broker.unheard = {OrderEventKind.MODIFIED}
    replaced = core.broker._replaced

    def lagging(order_id: str, change: OrderChange) -> Replaced:
        replaced(order_id, change)
        return Replaced(order=profit)

    monkeypatch.setattr(core.broker, "_replaced", lagging)
    core.broker.fill(stop.id, "0.4")
    covers(core, "0.6", "0.6")
    assert len(core.broker.asked("replace")) == 1


def test_w18_where_a_leg_cannot_be_shrunk_it_is_placed_anew(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    core.entered("1")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    covers(core, "0.6", "0.6")
    assert core.broker.orders[core.leg("c1-tp").id].status is OrderStatus.CANCELLED
    assert core.leg("c1-tp-1").quantity == Decimal("0.6")
    assert core.alerts() == []


def test_w18_where_cancels_take_time_the_new_leg_waits_for_the_old_ones_end(core: Core) -> None:
    """Else both could execute."""
    core.broker.plan("replace", CANNOT)
    core.entered("1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    assert ids(core.live_legs()) == ["c1-sl", "c1-tp"]
    core.broker.end(core.leg("c1-tp").id, OrderStatus.CANCELLED)
    covers(core, "0.6", "0.6")
    assert core.alerts() == []


def test_w18_a_leg_that_executes_while_it_is_being_shrunk(core: Core) -> None:
    core.entered("1")
    answer: Deferred[None] = Deferred()
    core.broker.plan("replace", answer)
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    core.broker.fill(core.leg("c1-tp").id, "0.5")
    answer.errback(OrderNotModifiable("tp", "it is below what was filled"))
    core.wait(2)
    covers(core, "0.1", "0.1")


def test_w10_one_of_several_pieces_takes_only_its_share(core: Core) -> None:
    entry_id = core.entered("0.4")
    core.broker.fill(entry_id, "1")
    core.broker.fill(core.leg("c1-tp").id, "0.4")
    covers(core, "0.6", "0.6")
    core.broker.fill(core.leg("c1-tp-1").id, "0.6")
    assert core.live_legs() == []
    assert core.guards() == 0


def test_w10_pieces_of_different_cut_are_resolved_by_quantity(core: Core) -> None:
    """The stop is one piece, the take-profit two, one of which fills."""
    core.broker.plan("replace", CANNOT)
    entry_id = core.entered("0.4")
    core.broker.fill(core.leg("c1-tp").id, "0.1")
    core.broker.fill(entry_id, "1")
    covers(core, "0.9", "0.9")
    core.broker.fill(core.leg("c1-tp-1").id, str(core.leg("c1-tp-1").quantity))
    open_quantity = Decimal(1) - Decimal("0.1") - core.leg("c1-tp-1").quantity
    assert core.live(STOP) == core.live(LIMIT) == open_quantity


def test_w54_a_leg_that_fills_before_the_entry_is_complete_leaves_later_fills_protected(
    core: Core,
) -> None:
    entry_id = core.entered("0.4")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    assert core.live_legs() == []
    assert core.guards() == 1
    core.broker.fill(entry_id, "1")
    covers(core, "0.6", "0.6")
    core.broker.fill(core.leg("c1-tp-1").id, "0.6")
    assert core.guards() == 0


def test_exx02_w19_a_leg_that_could_not_be_cancelled_is_kept_and_tried_again(core: Core) -> None:
    core.entered("1")
    core.broker.plan("cancel", NO_ANSWER, NO_ANSWER)
    core.broker.plan("order", NO_ANSWER)
    core.broker.fill(core.leg("c1-sl").id, "1")
    assert ids(core.live_legs()) == ["c1-tp"]
    assert core.guards() == 1
    core.wait(10)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_w19_a_cancel_whose_answer_was_lost_is_looked_up(core: Core) -> None:
    core.entered("1")
    core.broker.unheard = {OrderEventKind.CANCELLED}
    core.broker.plan("cancel", Lost(NO_ANSWER))
    stop, profit = core.legs()
    core.broker.fill(stop.id, "1")
    assert core.broker.asked("order") == [profit.id]
    assert core.guards() == 0


def test_a_leg_that_the_broker_does_not_know_any_more_is_not_cancelled_for_ever(
    core: Core,
) -> None:
    core.entered("1")
    stop, profit = core.legs()
    del core.broker.orders[profit.id]
    core.broker.fill(stop.id, "1")
    core.wait(100)
    assert core.guards() == 0
    assert core.broker.asked("cancel") == [profit.id]


def test_w07_both_legs_filled_is_told_and_counted(core: Core) -> None:
    entry_id = core.entered("1")
    stop, profit = core.legs()
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    core.broker.fill(stop.id, "1")
    core.broker.fill(profit.id, "0.3")
    answer.errback(OrderNotModifiable(profit.id, "it is filled"))
    (alert,) = core.alerts(DOUBLE)
    assert alert.details == {
        "oco_group_id": entry_id,
        "symbol": "AAPL",
        "first_fill": {"order_id": stop.id, "quantity": 1, "side": "Sell"},
        "second_fill": {"order_id": profit.id, "quantity": Decimal("0.3"), "side": "Sell"},
        "total_exit_quantity": Decimal("1.3"),
    }
    assert core.count("gateway_oco_double_exit_total", platform="mock") == 1


def test_w07_a_leg_that_fills_after_its_cancel_was_told_is_a_double_exit(core: Core) -> None:
    core.entered("1")
    stop, profit = core.legs()
    core.broker.fill(stop.id, "1")
    assert core.guards() == 0
    core.broker.fill(profit.id, "1")
    assert len(core.alerts(DOUBLE)) == 1


def test_w07_ordinary_exits_are_no_double_exit(core: Core) -> None:
    core.entered("1")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    core.broker.fill(core.leg("c1-tp").id, "0.6")
    assert core.alerts(DOUBLE) == []


# -- a leg ends by the broker's doing --------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED]
)
def test_w15_a_leg_that_the_broker_ends_is_alerted_and_placed_again(
    core: Core, status: OrderStatus
) -> None:
    entry_id = core.entered("1")
    core.broker.end(core.leg("c1-sl").id, status)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["order_id"] == entry_id
    (failed,) = alert.details["failed_exits"]
    assert failed["type"] == "StopLoss"
    assert status.value in failed["error"]
    core.wait(1)
    covers(core, "1", "1")
    assert core.leg("c1-sl-1").stop_price == 90
    core.wait(100)
    assert len(core.alerts()) == 1


def test_w15_what_a_leg_executed_before_it_ended_is_not_protected_again(core: Core) -> None:
    core.entered("1")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    core.broker.end(core.leg("c1-sl").id, OrderStatus.CANCELLED)
    core.wait(1)
    covers(core, "0.6", "0.6")


def test_w15_a_leg_that_ends_when_nothing_is_open_is_no_alarm(core: Core) -> None:
    core.entered("1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.broker.end(core.leg("c1-tp").id, OrderStatus.EXPIRED)
    assert core.alerts() == []
    assert core.guards() == 0


def test_w15_nor_is_it_if_other_legs_are_still_being_cancelled(core: Core) -> None:
    entry_id = core.entered("0.4", stop_loss=None)
    core.broker.fill(entry_id, "1")
    core.broker.plan("cancel", Deferred())
    closed(core, "1")
    core.broker.end(core.leg("c1-tp-1").id, OrderStatus.EXPIRED)
    core.wait(2)
    assert core.alerts() == []


# -- the entry ends --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED]
)
def test_w16_an_entry_that_ends_unfilled_leaves_nothing(core: Core, status: OrderStatus) -> None:
    core.broker.end(core.entered(), status)
    assert core.guards() == 0
    assert core.legs() == []


def test_w16_an_entry_that_ends_partly_filled_keeps_the_legs_of_what_was_filled(
    core: Core,
) -> None:
    entry_id = core.entered("0.4")
    core.broker.end(entry_id, OrderStatus.CANCELLED)
    covers(core, "0.4", "0.4")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    assert core.guards() == 0


def test_w16_an_entry_that_fills_after_it_was_cancelled_is_protected(core: Core) -> None:
    """It happens in the real world: the cancel was told first, then the last fill."""
    for name, first in (("a", None), ("b", "0.4")):
        entry_id = core.entered(first, client_order_id=name)
        core.broker.end(entry_id, OrderStatus.CANCELLED)
        core.broker.fill(entry_id, "0.7")
    covers(core, "1.4", "1.4")
    assert core.guards() == 2


def test_w72_plans_that_are_over_are_kept_for_late_fills_but_not_for_ever(core: Core) -> None:
    plans = core.guardian._plans
    plans._retained = 3
    entries = [core.entered("1", client_order_id=f"c{number}") for number in range(5)]
    for leg in core.legs():
        if leg.order_type is STOP:
            core.broker.fill(leg.id, "1")
    assert core.guards() == 0
    assert [plans.by_entry_id(entry) is not None for entry in entries] == [False] * 2 + [True] * 3
    assert len(plans._legs) == 6
    assert len(plans._legs_by_name) == 6
    assert len(core.journal.plans()) == 3


# -- the position is closed ------------------------------------------------------------------------


def test_exx04_a_closed_position_takes_its_legs_along(core: Core) -> None:
    core.entered("1")
    closed(core, "1")
    assert core.live_legs() == []
    assert core.guards() == 0
    assert core.alerts() == []


def test_a_close_that_is_not_what_executions_say_takes_no_leg_along_before_it_is_looked_into(
    core: Core,
) -> None:
    """It may be late, and what was filled meanwhile would stand bare."""
    core.entered("1")
    core.intake.on_event(core.close_event())
    covers(core, "1", "1")


def test_w17_other_entries_in_the_symbol_keep_their_plans(core: Core) -> None:
    core.entered("1", client_order_id="filled")
    working = core.entered(client_order_id="working")
    core.entered("1", client_order_id="other", symbol="MSFT")
    closed(core, "1")
    assert ids(core.live_legs()) == ["other-sl", "other-tp"]
    core.broker.fill(working, "1")
    assert ids(core.live_legs())[-2:] == ["working-sl", "working-tp"]


def test_an_entry_that_only_closes_the_other_side_needs_no_protection_and_ends_that_of_it(
    core: Core,
) -> None:
    core.entered("1", client_order_id="long")
    core.entered("1", client_order_id="short", side=Side.SELL, stop_loss="110", take_profit="90")
    assert core.live_legs() == []
    assert core.alerts() == []


def test_a_flip_is_protected_for_what_it_opened(core: Core) -> None:
    core.entered("0.4", client_order_id="long")
    core.entered("1", client_order_id="short", side=Side.SELL, stop_loss="110", take_profit="90")
    assert ids(core.live_legs()) == ["short-sl", "short-tp"]
    assert {leg.quantity for leg in core.live_legs()} == {Decimal("0.6")}


def test_what_another_order_closes_is_protected_no_more(core: Core) -> None:
    core.entered("1", client_order_id="long")
    closing = core.submit(side=Side.SELL, quantity="0.3", client_order_id="closing")
    core.broker.fill(closing.id, "0.3")
    assert {leg.quantity for leg in core.live_legs()} == {Decimal("0.7")}


def test_w17_on_a_hedging_broker_other_positions_keep_their_legs(core: Core) -> None:
    core.guardian._holdings.nets = False
    for name in ("a", "b"):
        entry_id = core.entered(client_order_id=name)
        core.broker.fill(entry_id, "1", position_id=f"pos-{name}")
    core.intake.on_event(core.close_event(id="pos-a"))
    assert ids(core.live_legs()) == ["b-sl", "b-tp"]


def test_w61_what_is_filled_after_the_close_is_protected(core: Core) -> None:
    entry_id = core.entered("0.4")
    closed(core, "0.4")
    assert core.live_legs() == []
    core.broker.fill(entry_id, "1")
    covers(core, "0.6", "0.6")


def test_w19_a_leg_that_survives_the_close_is_cancelled_until_it_is_gone(core: Core) -> None:
    core.entered("1")
    core.broker.plan("cancel", *[NO_ANSWER] * 5)
    closed(core, "1")
    assert len(core.live_legs()) == 2
    core.wait(60)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_exx05_a_plan_whose_leg_failed_gives_up_when_the_position_is_closed(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", NO_ANSWER, *[NO_ANSWER] * 3)
    core.broker.plan("open_orders", *[NO_ANSWER] * 3)
    core.broker.fill(entry_id, "1")
    core.wait(1.6)
    closed(core, "1")
    core.wait(60)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_a_long_positions_close_leaves_short_legs_alone(core: Core) -> None:
    core.entered("1", side=Side.SELL, stop_loss="110", take_profit="90")
    core.intake.on_event(core.close_event(side=PositionSide.LONG))
    assert len(core.live_legs()) == 2


def test_the_fill_of_the_leg_that_closed_the_position_may_be_told_after_it(core: Core) -> None:
    core.entered("1")
    core.intake.on_event(core.close_event())
    stop = core.legs()[0]
    filled = replace(stop, filled_quantity=Decimal(1), status=OrderStatus.FILLED)
    core.broker.tell(filled, OrderEventKind.FILLED)
    assert core.guards() == 0
    assert core.alerts(DOUBLE) == []


# -- what clients do to legs -----------------------------------------------------------------------


def test_w22_a_leg_that_its_client_cancels_is_not_placed_again(core: Core) -> None:
    core.entered("1")
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    core.wait(60)
    covers(core, "0", "1")
    assert core.alerts() == []
    core.broker.fill(core.leg("c1-tp").id, "1")
    assert core.guards() == 0


def test_w22_where_cancels_take_time_the_leg_stays_given_up(core: Core) -> None:
    core.entered("1")
    core.broker.cancels_slowly = True
    stop = core.leg("c1-sl").id
    result_of(core.desk.cancel(stop))
    core.broker.end(stop, OrderStatus.CANCELLED)
    core.wait(60)
    covers(core, "0", "1")


def test_w22_a_leg_whose_cancel_failed_is_wanted_as_before(core: Core) -> None:
    core.entered("1")
    core.broker.plan("cancel", SLOW_DOWN)
    stop = core.leg("c1-sl").id
    failure_of(core.desk.cancel(stop), RateLimited)
    core.broker.end(stop, OrderStatus.EXPIRED)
    core.wait(1)
    covers(core, "1", "1")


def test_w22_a_cancel_that_worked_although_its_answer_was_lost_is_respected(core: Core) -> None:
    core.entered("1")
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    stop = core.leg("c1-sl").id
    work = core.desk.cancel(stop)
    core.broker.end(stop, OrderStatus.CANCELLED)
    answer.errback(NO_ANSWER)
    core.wait(60)
    assert result_of(work).success
    covers(core, "0", "1")


def test_w22_of_two_cancels_of_a_leg_one_may_fail(core: Core) -> None:
    """A client that hears nothing repeats its call."""
    core.entered("1")
    first: Deferred[None] = Deferred()
    second: Deferred[None] = Deferred()
    core.broker.plan("cancel", first, second)
    works = [core.desk.cancel(core.leg("c1-sl").id) for _ in range(2)]
    first.errback(SLOW_DOWN)
    failure_of(works[0], RateLimited)
    second.callback(None)
    result_of(works[1])
    core.wait(60)
    covers(core, "0", "1")
    assert core.alerts() == []


def test_w22_cancel_all_takes_both_legs_and_none_comes_back(core: Core) -> None:
    core.entered("1")
    assert result_of(core.desk.cancel_all(None)).cancelled_count == 2
    core.wait(60)
    assert core.live_legs() == []


def test_w22_cancel_all_takes_a_working_entry_and_the_legs_of_what_it_filled(core: Core) -> None:
    core.entered("0.4")
    assert result_of(core.desk.cancel_all(None)).cancelled_count == 3
    core.wait(60)
    assert core.live_legs() == []


@pytest.mark.parametrize("renames", [False, True], ids=["in place", "new id"])
def test_w22_a_leg_that_its_client_changes_is_still_known(core: Core, renames: bool) -> None:
    core.broker.renames = renames
    core.entered("1")
    change = OrderChange(stop_price=Decimal(95))
    changed = result_of(core.desk.replace(core.leg("c1-sl").id, change)).order
    covers(core, "1", "1")
    assert core.alerts() == []
    core.broker.fill(changed.id, "1")
    assert core.live_legs() == []
    assert core.guards() == 0
    assert core.order_events(changed.id)[-1].parent_order_id == "ord-1"


def test_w22_later_legs_take_the_price_that_the_client_gave_the_first(core: Core) -> None:
    entry_id = core.entered("0.4")
    change = OrderChange(stop_price=Decimal(95))
    result_of(core.desk.replace(core.leg("c1-sl").id, change))
    core.broker.fill(entry_id, "1")
    assert core.leg("c1-sl-1").stop_price == 95


def test_w22_a_leg_that_its_client_enlarges_does_not_turn_the_position_around(core: Core) -> None:
    core.entered("1")
    result_of(core.desk.replace(core.leg("c1-sl").id, OrderChange(quantity=Decimal(3))))
    covers(core, "1", "1")


@pytest.mark.parametrize("renames", [False, True], ids=["in place", "new id"])
def test_a_leg_that_is_shrunk_under_a_new_id_is_still_known(core: Core, renames: bool) -> None:
    core.broker.renames = renames
    core.entered("1")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    covers(core, "0.6", "0.6")
    assert core.alerts() == []
    core.broker.fill(core.live_legs()[-1].id, "0.6")
    assert core.live_legs() == []


@pytest.mark.parametrize("fill", [None, "0.4"])
def test_w22_an_entry_that_its_client_replaces_stays_protected(
    core: Core, fill: str | None
) -> None:
    """The old id's end is told before the new id is known."""
    core.broker.renames = True
    entry_id = core.entered(fill, order_type=LIMIT, limit_price="100")
    change = OrderChange(limit_price=Decimal(101))
    changed = result_of(core.desk.replace(entry_id, change)).order
    assert changed.id != entry_id
    core.broker.fill(changed.id, "1")
    covers(core, "1", "1")


def test_w22_so_it_is_if_only_the_answer_tells_whose_place_the_new_order_took(core: Core) -> None:
    """It bears another client order id, and its event is told first."""
    entry_id = core.entered("0.4", order_type=LIMIT, limit_price="100")
    core.guardian.changing(entry_id)
    new = replace(core.broker.orders[entry_id], id="new", client_order_id="another")
    core.broker.orders["new"] = new
    core.broker.tell(new, OrderEventKind.CREATED)
    core.guardian.replaced(entry_id, new)
    core.broker.fill("new", "1")
    exits = {"stop_loss": "110", "take_profit": "90"}
    core.entered("2", client_order_id="s", side=Side.SELL, quantity="2", **exits)
    assert {leg.quantity for leg in core.live_legs()} == {1}


def test_w58_a_leg_that_ends_while_its_change_hangs_is_alerted_in_time(core: Core) -> None:
    core.entered("1")
    answer: Deferred[None] = Deferred()
    core.broker.plan("replace", answer)
    stop = core.leg("c1-sl").id
    work = core.desk.replace(stop, OrderChange(stop_price=Decimal(95)))
    core.wait(10)
    core.broker.end(stop, OrderStatus.EXPIRED)
    core.wait(2)
    assert len(core.alerts()) == 1
    answer.errback(OrderNotModifiable(stop, "it is EXPIRED"))
    assert result_of(work).outcome is Unresolved.UNKNOWN
    covers(core, "1", "1")


def test_w22_an_entry_whose_change_failed_is_guarded_as_before(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("replace", SLOW_DOWN)
    failure_of(core.desk.replace(entry_id, OrderChange(limit_price=Decimal(1))), RateLimited)
    core.broker.end(entry_id, OrderStatus.CANCELLED)
    assert core.guards() == 0


def test_w22_an_entry_whose_change_is_in_doubt_is_not_over_when_its_order_ends(core: Core) -> None:
    """Another may have taken its place: that is found out, at the latest by asking for all."""
    entry_id = core.entered(order_type=LIMIT, limit_price="100")
    core.guardian.changing(entry_id)
    core.guardian.unchanged(entry_id, in_doubt=True)
    core.broker.end(entry_id, OrderStatus.CANCELLED)
    assert core.guards() == 1
    core.guardian.reconciled()
    assert core.guards() == 0


@pytest.mark.parametrize("told", ["by an event", "by an answer", "before it was asked for all"])
def test_w22_what_took_the_place_of_an_entry_after_a_lost_answer_is_protected(
    core: Core, told: str
) -> None:
    core.broker.renames = True
    entry_id = core.entered(order_type=LIMIT, limit_price="100")
    if told == "by an answer":
        core.broker.unheard = {OrderEventKind.CREATED}
    core.guardian.changing(entry_id)
    if told == "before it was asked for all":
        core.guardian.unchanged(entry_id, in_doubt=True)
        core.broker.end(entry_id, OrderStatus.CANCELLED)
        core.guardian.reconciled()
        core.broker.orders[entry_id] = replace(
            core.broker.orders[entry_id], status=OrderStatus.OPEN
        )
    changed = core.broker._replaced(entry_id, OrderChange(limit_price=Decimal(101)))
    core.guardian.unchanged(entry_id, in_doubt=True)
    if told == "by an answer":
        core.guardian.replaced(entry_id, changed.order)
    core.broker.fill(changed.order.id, "1")
    covers(core, "1", "1")
    core.broker.fill(core.leg("c1-sl").id, "1")
    assert core.guards() == 0


def test_w22_what_an_entry_had_executed_before_it_got_a_new_id_is_counted_once(core: Core) -> None:
    """Else there would seem to be more than there is, and the next entry only to close that."""
    core.broker.renames = True
    entry_id = core.entered("0.4", order_type=LIMIT, limit_price="100")
    change = OrderChange(limit_price=Decimal(101))
    changed = result_of(core.desk.replace(entry_id, change)).order
    core.broker.fill(changed.id, "1")
    exits = {"stop_loss": "110", "take_profit": "90"}
    core.entered("2", client_order_id="s", side=Side.SELL, quantity="2", **exits)
    assert {str(leg.client_order_id): leg.quantity for leg in core.live_legs()} == {
        "s-sl": 1,
        "s-tp": 1,
    }


# -- link, stop ------------------------------------------------------------------------------------


def test_re10_w14_when_the_link_is_back_shortfalls_are_told_again_and_repaired(core: Core) -> None:
    entry_id = core.entered("0.4", take_profit=None)
    core.broker.plan("submit", OrderNotModifiable("x", "no"))
    core.broker.fill(entry_id, "1")
    core.intake.on_link_down((), None)
    core.sink.events.clear()
    core.intake.on_link_up()
    alerts = core.alerts()
    assert [alert.details["rebroadcast"] for alert in alerts if alert.details] == [True]
    assert alerts[0].details is not None
    assert alerts[0].details["order_id"] == entry_id
    assert alerts[0].details["failed_exits"][0]["actual_order_ids"] == [core.leg("c1-sl").id]
    covers(core, "1", "0")
    core.intake.on_link_up()
    assert len(core.alerts()) == 1


def test_re10_both_legs_of_one_entry_are_told_in_one_notice(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", *[OrderNotModifiable("x", "no")] * 2)
    core.broker.fill(entry_id, "1")
    core.sink.events.clear()
    core.intake.on_link_down((), None)
    core.intake.on_link_up()
    (alert,) = core.alerts()
    assert alert.details is not None
    assert len(alert.details["failed_exits"]) == 2


def test_stopped_no_leg_is_placed_any_more_and_no_timer_is_left(core: Core) -> None:
    entry_id = core.entered()
    short = core.entered(client_order_id="c2")
    core.broker.plan("submit", OrderNotModifiable("x", "no"))
    core.broker.fill(short, "1")
    core.guardian.stop()
    core.broker.fill(entry_id, "1")
    core.wait(60)
    assert ids(core.legs()) == ["c2-tp"]
    core.finish()
    assert not core.clock.getDelayedCalls()


def test_w13_a_plan_has_no_age(core: Core) -> None:
    entry_id = core.entered()
    core.clock.advance(7 * 24 * 3600)
    core.broker.fill(entry_id, "1")
    covers(core, "1", "1")
    core.clock.advance(7 * 24 * 3600)
    core.broker.fill(core.leg("c1-sl").id, "1")
    assert core.live_legs() == []


# -- exits of an entry changed through its own order -----------------------------------------------


def test_exits_can_be_attached_to_an_order_that_was_sent_without_any(core: Core) -> None:
    order_id = core.submit().id
    changed = result_of(core.desk.replace(order_id, OrderChange(stop_loss=Decimal(90))))
    assert changed.order.stop_loss == 90
    assert result_of(core.reads.order(order_id)).stop_loss == 90
    core.broker.fill(order_id, "1")
    covers(core, "1", "0")


def test_exits_cannot_be_attached_to_an_order_that_has_ended(core: Core) -> None:
    order_id = core.submit().id
    core.broker.end(order_id, OrderStatus.CANCELLED)
    change = OrderChange(stop_loss=Decimal(90))
    failure_of(core.desk.replace(order_id, change), OrderNotModifiable)
    assert core.guards() == 0


def test_a_change_that_the_broker_refuses_moves_no_exit(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("replace", OrderNotModifiable(entry_id, "too late"))
    change = OrderChange(stop_loss=Decimal(95), quantity=Decimal(2))
    failure_of(core.desk.replace(entry_id, change), OrderNotModifiable)
    core.broker.fill(entry_id, "1")
    assert core.leg("c1-sl").stop_price == 90


def test_a_strangers_order_with_the_name_of_a_leg_that_has_ended_is_left_alone(core: Core) -> None:
    core.entered("1")
    core.broker.fill(core.leg("c1-sl").id, "1")
    stranger = core.broker._accept(order_request(side=Side.SELL, client_order_id="c1-sl"))
    core.broker.fill(stranger.id, "0.1")
    core.wait(60)
    assert core.broker.orders[stranger.id].status is OrderStatus.PARTIALLY_FILLED


def test_a_stop_names_what_is_filled_and_not_covered_and_nothing_else(core: Core) -> None:
    core.submit(symbol="REST", stop_loss="90")  # its entry rests
    covered = core.submit(symbol="DONE", stop_loss="90")
    core.broker.fill(covered.id, "10")
    core.wait(1)
    core.broker.plan("submit", None, *[NO_ANSWER] * 9)
    bare = core.submit(symbol="BARE", stop_loss="90", take_profit="120")
    core.broker.fill(bare.id, "10")
    core.wait(1)
    with capturedLogs() as logged:
        core.guardian.stop()
    errors = [each for each in logged if each["log_level"] is LogLevel.error]
    assert [(each["entry_id"], each["kinds"]) for each in errors] == [
        (bare.id, "STOP_LOSS, TAKE_PROFIT")
    ]
