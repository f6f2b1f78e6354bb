"""Between broker and gateway: who looks after which exit from when on, and what that costs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.exits.test_native import (
    CANCELLED,
    LIMIT,
    PENDING,
    STOP,
    exits_sent,
    holds,
    pair,
    protected,
    resting,
    taken_over,
)
from tests.orders.core import POSITION_ID, Core, order_request, result_of
from tradegw.errors import OrderRejected, ProviderError, UnsupportedOperation
from tradegw.exits.leg import Leg
from tradegw.exits.native.grace import LOOK_SECONDS
from tradegw.exits.native.legs import GRACE_SECONDS
from tradegw.model.enums import OrderEventKind, Side
from tradegw.model.order import OrderChange, Replaced
from tradegw.model.protection import ExitLimits, ExitsChange, LegKind
from tradegw.testing.broker import Lost


@pytest.fixture
def core() -> Core:
    """A broker that keeps exits itself; it places them when the test says so."""
    return Core(brackets=True)


def sold_elsewhere(core: Core, quantity: str, left: str) -> None:
    """Somebody sells some of what is held; so much is left."""
    holds(core, left)
    order = core.broker._accept(order_request(side=Side.SELL, quantity=quantity))
    core.broker.fill(order.id, quantity)


def ended_unheard(core: Core, order_id: str) -> None:
    """The broker cancels an order and does not tell."""
    core.broker.unheard = {OrderEventKind.CANCELLED}
    core.broker.end(order_id, CANCELLED)
    core.broker.unheard = set()


# -- changes without an answer ---------------------------------------------------------------------


def stops_of(core: Core) -> list[Leg]:
    """The stops in the only plan."""
    (guarded,) = core.guardian.plans.all()
    return [leg for leg in guarded.plan.legs if leg.kind is LegKind.STOP_LOSS]


def test_what_took_the_place_of_a_leg_is_known_without_the_answer(core: Core) -> None:
    """Its new id is told before anybody could be asked: it is one leg, and not two."""
    core.broker.renames = True
    _, stop, _limit = protected(core, "10")
    core.broker.unheard = {OrderEventKind.CREATED, OrderEventKind.CANCELLED}
    looked: Deferred[None] = Deferred()
    core.broker.plan("replace", Lost(ProviderError("no answer")))
    core.broker.plan("order", looked)
    work = core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(85)))
    work.addErrback(lambda _failure: None)
    core.broker.unheard = set()
    core.broker.tell(core.broker.orders[stop.id], OrderEventKind.CANCELLED)
    core.broker.tell(next(reversed(core.broker.orders.values())), OrderEventKind.CREATED)
    looked.callback(None)
    core.wait(60)
    (leg,) = stops_of(core)
    assert leg.remaining == 10
    assert leg.former == [stop.id]
    rest = sorted((kind, int(left)) for kind, left, _price in resting(core))
    assert rest == [("LIMIT", 10), ("STOP", 10)]


def test_a_leg_for_more_is_not_taken_for_one_that_is_being_changed(core: Core) -> None:
    """Where the broker places a pair for every fill: the one being lowered rests on."""
    holds(core, "4")
    entry_id = core.entered("4", quantity="10")
    first = core.broker.keep_exits(entry_id, "4")[STOP]
    answer: Deferred[None] = Deferred()
    core.broker.plan("replace", answer)
    sold_elsewhere(core, "1", left="3")
    holds(core, "9")
    core.broker.fill(entry_id, "10")
    second = core.broker.keep_exits(entry_id, "6")[STOP]
    assert [leg.order_id for leg in stops_of(core)] == [first.id, second.id]
    answer.errback(UnsupportedOperation("replace", "scripted"))
    core.wait(60)
    for wanted in ("STOP", "LIMIT"):
        assert sum(left for kind, left, _ in resting(core) if kind == wanted) == 9


# -- lowering --------------------------------------------------------------------------------------


def test_a_broker_that_says_yes_and_leaves_the_quantity_is_not_believed(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that changes only prices of its brackets: too much would be sold."""
    protected(core, "10")
    replaced = core.broker._replaced

    def prices_only(order_id: str, change: OrderChange) -> Replaced:
        return replaced(order_id, replace(change, quantity=None))

    monkeypatch.setattr(core.broker, "_replaced", prices_only)
    sold_elsewhere(core, "4", left="6")
    assert sorted(resting(core)) == sorted(pair(6, 6))


def test_what_takes_the_place_of_a_leg_that_cannot_be_lowered_is_not_waited_for(
    core: Core,
) -> None:
    """It was taken away from here: the broker places nothing in its stead."""
    protected(core, "10")
    core.broker.plan("replace", *[OrderRejected("not of a bracket")] * 2)
    sold_elsewhere(core, "4", left="6")
    assert sorted(resting(core)) == sorted(pair(6, 6))
    core.wait(60)
    assert core.alerts() == []


def test_what_is_closed_elsewhere_while_the_entry_works_is_not_left_to_the_broker(
    core: Core,
) -> None:
    """It will not fill again: the legs could turn the position around."""
    holds(core, "4")
    entry_id = core.entered("4", quantity="10")
    core.broker.keep_exits(entry_id, "4")
    sold_elsewhere(core, "3", left="1")
    assert resting(core) == pair(1, 1)
    assert core.alerts() == []


def test_legs_for_a_fill_that_was_not_told_yet_are(core: Core) -> None:
    holds(core, "4")
    entry_id = core.entered("4", quantity="10")
    core.broker.keep_exits(entry_id, "4")
    core.broker.keep_exits(entry_id, "6")
    core.wait(1)
    core.broker.fill(entry_id, "10")
    core.wait(60)
    assert resting(core) == [*pair(4, 4), *pair(6, 6)]
    assert core.broker.asked("cancel") == []


# -- who is to place the next one ------------------------------------------------------------------


def test_a_leg_of_ours_that_is_ended_is_not_left_to_the_broker(core: Core) -> None:
    _, stop, _ = protected(core)
    core.broker.end(stop.id, CANCELLED)
    core.wait(GRACE_SECONDS + 0.5)
    core.broker.end(core.leg("c1-sl-1").id, CANCELLED)
    core.wait(1.5)
    assert sorted(resting(core)) == sorted(pair(1, 1))


def test_parts_of_an_entry_whose_legs_wait_for_all_of_it_are_ours_from_the_second_on(
    core: Core,
) -> None:
    """One alert, and nothing asked again: it is known that the broker covers none of them."""
    entry_id = core.entered("1", quantity="10")
    core.broker.keep_exits(entry_id, "10", PENDING)
    core.wait(GRACE_SECONDS + 1)
    core.broker.calls.clear()
    for filled in range(2, 6):
        core.broker.fill(entry_id, str(filled))
        assert core.live(STOP) == core.live(LIMIT) == filled
        core.wait(10)
    assert {name for name, _ in core.broker.calls} == {"submit"}
    assert len(core.alerts()) == 1


def test_so_are_those_after_what_filled_first_was_sold_again(core: Core) -> None:
    entry_id = core.entered("4", quantity="10")
    core.broker.keep_exits(entry_id, "10", PENDING)
    core.wait(GRACE_SECONDS + 1)
    core.broker.fill(core.leg("c1-sl-1").id, "4")
    core.broker.fill(entry_id, "6")
    assert core.live(STOP) == core.live(LIMIT) == 2


def test_legs_that_never_worked_are_the_brokers_to_end_with_their_entry(core: Core) -> None:
    """They cannot execute; a cancel for each would cost more calls than the entry."""
    entry_id = core.submit(stop_loss="90", take_profit="110").id
    legs = core.broker.keep_exits(entry_id, "1", PENDING)
    result_of(core.desk.cancel(entry_id))
    core.wait(1)
    for leg in legs.values():
        core.broker.end(leg.id, CANCELLED)
    core.wait(60)
    assert core.broker.asked("cancel") == [entry_id]
    assert core.guards() == 0


def test_exits_that_were_moved_stay_there_when_the_entry_is_changed_otherwise(core: Core) -> None:
    """The broker shows the entry with the exits that it was sent with."""
    holds(core, "4")
    entry_id = core.entered("4", quantity="10", order_type=LIMIT, limit_price="100")
    core.wait(GRACE_SECONDS + 1)
    core.broker.plan("replace", UnsupportedOperation("exits of a working entry", "scripted"))
    result_of(core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(95))))
    result_of(core.desk.replace(entry_id, OrderChange(limit_price=Decimal(101))))
    core.wait(1)
    assert ("STOP", Decimal(4), Decimal(95)) in resting(core)


# -- the broker replaces a leg by another ----------------------------------------------------------


@pytest.mark.parametrize("order_of_news", ["new first", "old first"])
def test_a_leg_that_the_broker_replaces_by_itself_is_left_alone(
    core: Core, order_of_news: str
) -> None:
    """To cancel the old one could end the new one, or the one that it is paired with."""
    _, stop, _ = protected(core)
    heir = replace(stop, id="leg-heir")
    core.broker.orders[heir.id] = heir
    if order_of_news == "new first":
        core.broker.tell(heir, OrderEventKind.CREATED)
    core.broker.end(stop.id, CANCELLED)
    if order_of_news == "old first":
        core.broker.tell(heir, OrderEventKind.CREATED)
    core.wait(60)
    assert core.broker.asked("cancel") == []
    assert exits_sent(core) == 0
    assert core.alerts() == []


def test_so_is_one_of_which_only_the_new_leg_was_told(core: Core) -> None:
    _, stop, _ = protected(core)
    heir = replace(stop, id="leg-heir")
    core.broker.orders[heir.id] = heir
    core.broker.tell(heir, OrderEventKind.CREATED)
    ended_unheard(core, stop.id)
    core.wait(60)
    assert core.broker.asked("cancel") == []
    assert (stop.id, OrderEventKind.CANCELLED) in core.told()


def test_two_legs_for_the_same_that_both_rest_are_put_right(core: Core) -> None:
    _, stop, limit = protected(core)
    heir = replace(stop, id="leg-heir")
    core.broker.orders[heir.id] = heir
    core.broker.tell(heir, OrderEventKind.CREATED)
    core.wait(GRACE_SECONDS + 1)
    assert sorted(resting(core)) == sorted(pair(1, 1))
    assert core.broker.orders[limit.id].status is not CANCELLED


# -- what it costs, and what is told ---------------------------------------------------------------


def test_an_end_that_nobody_told_costs_one_question(core: Core) -> None:
    """As Alpaca cancels the stop when the take-profit fills; clients hear of it all the same."""
    _, stop, limit = protected(core)
    ended_unheard(core, stop.id)
    core.broker.calls.clear()
    core.broker.fill(limit.id, "1")
    core.wait(60)
    assert core.broker.calls == [("order", stop.id)]
    assert (stop.id, OrderEventKind.CANCELLED) in core.told()
    assert core.guards() == 0


def test_executions_that_nobody_told_have_the_broker_asked_for_everything(core: Core) -> None:
    """An order tells how much it executed, but not at what prices and costs."""
    _, stop, _ = protected(core, "2")
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(stop.id, "2")
    core.broker.unheard = set()
    holds(core, "0")
    core.broker.end(protected_limit(core), CANCELLED)
    core.wait(GRACE_SECONDS + 6)
    assert core.broker.asked("trades")
    assert (stop.id, OrderEventKind.FILLED) in core.told()


def protected_limit(core: Core) -> str:
    """The id of the take-profit that the broker placed."""
    (found,) = [one.id for one in core.broker.orders.values() if one.order_type is LIMIT]
    return found


def test_a_leg_that_the_broker_does_not_find_for_a_moment_is_not_covered_twice(
    core: Core,
) -> None:
    _, stop, limit = protected(core)
    hidden = core.broker.orders.pop(limit.id)
    core.broker.end(stop.id, CANCELLED)
    core.wait(LOOK_SECONDS + 0.25)
    core.broker.orders[limit.id] = hidden
    core.wait(60)
    assert sorted(resting(core)) == sorted(pair(1, 1))


def test_a_link_that_is_lost_meanwhile_hides_nothing(core: Core) -> None:
    core.entered("1")
    holds(core, "1")
    core.wait(2)
    core.intake.on_link_down(("AAPL",), "gone")
    core.broker.plan("open_orders", *[ProviderError("gone")] * 3)
    core.wait(2 * GRACE_SECONDS)
    assert "gone" in str(taken_over(core))
    core.intake.on_link_up()
    core.wait(2 * GRACE_SECONDS)
    assert resting(core) == pair(1, 1)


def test_a_restart_without_a_link_tells_what_is_missing(core: Core) -> None:
    core.entered("1")
    holds(core, "1")
    core.wait(1)
    again = Core(again=core, linked=False, exit_limits=ExitLimits(look_seconds=5.0))
    again.wait(20)
    assert taken_over(again)
    again.intake.on_link_up()
    again.wait(2 * GRACE_SECONDS)
    assert resting(again) == pair(1, 1)


def test_legs_that_come_when_all_is_closed_are_taken_away(core: Core) -> None:
    entry_id = core.entered("1")
    sold_elsewhere(core, "1", left="0")
    assert core.guards() == 0
    core.broker.keep_exits(entry_id, "1")
    assert resting(core) == []
