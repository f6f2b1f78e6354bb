"""The gateway is killed, and started again: nothing is lost, doubled or left over (G2, W-23)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold
from tests.orders.core import Core, a_position, ids, order_request
from tradegw.errors import ProviderError, UnsupportedOperation
from tradegw.model.enums import (
    AlertCode,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
)
from tradegw.model.journal import Intent, IntentKind, Outcome, Verdict
from tradegw.model.order import Order, OrderChange
from tradegw.model.protection import ExitsChange, LegKind
from tradegw.testing.broker import EPOCH
from tradegw.testing.listener import Notebook

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
NO_ANSWER = ProviderError("no answer")
SHORT = {"side": Side.SELL, "stop_loss": "110", "take_profit": "90"}


@pytest.fixture
def core() -> Core:
    return Core()


def covers(core: Core, stop: str, limit: str | None = None) -> None:
    limit = stop if limit is None else limit
    assert (core.live(STOP), core.live(LIMIT)) == (Decimal(stop), Decimal(limit))


# -- killed at every call to the broker ------------------------------------------------------------


class Life:
    """An entry is filled in two parts, its stop executes in two parts; the gateway dies when it has
    made so many calls, *before* the last reaches the broker or after that.
    """

    def __init__(self, calls: int, *, before: bool, cannot: bool, slowly: bool) -> None:
        self.core = Core()
        self.broker = self.core.broker
        self.broker.cancels_slowly = slowly
        self.cannot = cannot
        self.left = calls
        self.before = before
        self.died = False
        self._ask = self.core.line.ask
        self.core.line.ask = self._counted  # type: ignore[method-assign]  # it can die there

    def _counted(self, call: Callable[[], Deferred[Any]], *, always: bool = False) -> Deferred[Any]:
        self.left -= 1
        if self.left > 0:
            return self._ask(call, always=always)
        if self.left == 0 and not self.before:
            self.broker.listener = Notebook()
            call().addErrback(lambda _failed: None)
        self.broker.listener = Notebook()
        return Deferred()

    def step(self, happen: Callable[[], object]) -> None:
        if self.cannot:
            self.broker._outcomes["replace"].clear()
            self.broker.plan("replace", *[UnsupportedOperation("replace", "here")] * 9)
        happen()
        net = sum(
            (o.side.sign * o.filled_quantity for o in self.broker.orders.values()), Decimal(0)
        )
        hold(self.broker, net)
        for _ in range(4):
            if self.left <= 0 and not self.died:
                self.died = True
                self.core = crashed(self.core)
            self.core.wait(10)
            for order in list(self.broker.orders.values()):
                if order.status is OrderStatus.PENDING_CANCEL:
                    self.broker.end(order.id, OrderStatus.CANCELLED)
        covers(self.core, str(net))
        check_that_plans_are_kept(self.core)

    def entry(self) -> Order | None:
        return next((o for o in self.broker.orders.values() if o.client_order_id == "c1"), None)

    def fill_entry(self, total: str) -> None:
        entry = self.entry()
        if entry is not None:
            self.broker.fill(entry.id, total)

    def fill_stop(self, part: str) -> None:
        left = Decimal(part)
        for leg in [leg for leg in self.core.live_legs() if leg.order_type is STOP]:
            now = min(left, leg.remaining_quantity)
            if now:
                left -= now
                self.broker.fill(leg.id, leg.filled_quantity + now)

    def run(self) -> None:
        request = order_request(stop_loss="90", take_profit="110", client_order_id="c1")
        self.step(lambda: self.core.desk.submit(request))
        self.step(lambda: self.fill_entry("0.4"))
        self.step(lambda: self.fill_entry("1"))
        self.step(lambda: self.fill_stop("0.3"))
        self.step(lambda: self.fill_stop("0.7"))
        assert self.core.live_legs() == []
        assert self.core.guards() == 0


@pytest.mark.parametrize("slowly", [False, True], ids=["cancels at once", "cancels slowly"])
@pytest.mark.parametrize("cannot", [False, True], ids=["legs shrink", "legs are placed anew"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_g2_w23_killed_at_any_call_to_the_broker_the_legs_cover_what_is_open_at_every_step(
    before: bool, cannot: bool, slowly: bool
) -> None:
    for calls in itertools.count(1):
        life = Life(calls, before=before, cannot=cannot, slowly=slowly)
        life.run()
        if not life.died:
            break
    assert calls > 8


# -- what happened meanwhile -----------------------------------------------------------------------


def test_w23_a_pending_plan_protects_what_is_filled_after_the_restart(core: Core) -> None:
    entry_id = core.entered()
    again = crashed(core)
    again.broker.fill(entry_id, "1")
    again.wait(2)
    covers(again, "1")


def test_w11_what_was_filled_while_the_gateway_was_dead_is_protected(core: Core) -> None:
    entry_id = core.entered()
    core.intake.on_event = lambda event: None  # type: ignore[method-assign]  # it is dead
    core.broker.fill(entry_id, "1")
    hold(core.broker, Decimal(1))
    again = crashed(core)
    again.wait(2)
    covers(again, "1")


def test_w23_resting_legs_are_known_and_the_one_still_cancels_the_other(core: Core) -> None:
    core.entered("1")
    hold(core.broker, Decimal(1))
    again = crashed(core)
    assert len(again.legs()) == 2
    again.broker.fill(again.leg("c1-sl").id, "1")
    assert again.live_legs() == []
    assert again.guards() == 0


def test_w23_a_leg_that_executed_while_the_gateway_was_dead_cancels_the_other(core: Core) -> None:
    core.entered("1")
    core.intake.on_event = lambda event: None  # type: ignore[method-assign]  # it is dead
    core.broker.fill(core.leg("c1-sl").id, "1")
    again = crashed(core)
    assert again.live_legs() == []
    assert again.guards() == 0


def test_w23_legs_of_a_position_that_was_closed_meanwhile_go(core: Core) -> None:
    core.entered("1")
    core.intake.on_event = lambda event: None  # type: ignore[method-assign]  # it is dead
    closing = core.broker._accept(order_request(side=Side.SELL))
    core.broker.fill(closing.id, "1")
    assert crashed(core).live_legs() == []


def test_a_leg_that_its_client_gave_up_is_not_placed_again_after_a_restart(core: Core) -> None:
    core.entered("1")
    core.desk.cancel(core.leg("c1-sl").id)
    hold(core.broker, Decimal(1))
    again = crashed(core)
    again.wait(90)
    covers(again, "0", "1")


def test_w22_later_legs_take_the_price_that_a_client_gave_before_the_restart(core: Core) -> None:
    entry_id = core.entered("0.4")
    core.desk.replace(core.leg("c1-sl").id, OrderChange(stop_price=Decimal(95)))
    hold(core.broker, Decimal("0.4"))
    again = crashed(core)
    again.broker.fill(entry_id, "1")
    again.wait(2)
    assert again.leg("c1-sl-1").stop_price == 95


def test_a_fill_that_is_told_after_a_cancel_and_a_restart_is_protected(core: Core) -> None:
    """Plans that are over are kept for that."""
    entry_id = core.entered()
    core.broker.end(entry_id, OrderStatus.CANCELLED)
    assert core.guards() == 0
    again = crashed(core)
    again.broker.fill(entry_id, "0.7")
    again.wait(2)
    covers(again, "0.7")


def test_the_leg_names_of_a_plan_go_on_where_they_were(core: Core) -> None:
    entry_id = core.entered("0.4")
    hold(core.broker, Decimal("0.4"))
    again = crashed(core)
    again.broker.fill(entry_id, "1")
    again.wait(2)
    assert ids(again.live_legs()) == ["c1-sl", "c1-tp", "c1-sl-1", "c1-tp-1"]


@pytest.mark.parametrize("crashes", [1, 2])
def test_w22_an_entry_that_was_being_replaced_is_protected_under_its_new_id(
    core: Core, crashes: int
) -> None:
    core.broker.renames = True
    entry_id = core.entered("0.4", order_type=LIMIT, limit_price="100")
    answer: Deferred[None] = Deferred()
    core.broker.plan("replace", answer)
    core.desk.replace(entry_id, OrderChange(limit_price=Decimal(101)))
    hold(core.broker, Decimal("0.4"))
    for _ in range(crashes):
        core = crashed(core)
    answer.callback(None)
    core.wait(90)
    successor = core.broker.successors[entry_id]
    core.broker.fill(successor, "1")
    core.wait(2)
    covers(core, "1")


def test_executions_are_not_counted_twice_if_they_are_told_again(core: Core) -> None:
    """The plans had taken it in, the clients had not been told: it comes once more."""
    core.entered("1", client_order_id="a")
    core.entered("1", client_order_id="b")
    core.broker.plan("cancel", Deferred())  # what closes waits for the leg, and is not told yet
    closing = core.submit(side=Side.SELL, client_order_id="closing")
    core.broker.fill(closing.id, "1")
    hold(core.broker, Decimal(1))
    again = crashed(core)
    again.wait(10)
    assert ids(again.live_legs()) == ["b-sl", "b-tp"]


def test_w09_what_only_closes_needs_no_protection_after_a_restart_either(core: Core) -> None:
    core.entered("1", client_order_id="long")
    hold(core.broker, Decimal(1))
    again = crashed(core)
    again.entered("1", client_order_id="short", **SHORT)
    assert again.live_legs() == []


def test_a_leg_that_nobody_was_told_of_is_looked_at_after_the_restart(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its fill would be in no list that is compared with what was told."""
    entry_id = core.entered()
    core.broker.plan("submit", None, Deferred())  # the news of the stop waits for the other leg
    core.broker.fill(entry_id, "1")
    hold(core.broker, Decimal(1))
    asked, look_up = [], core.broker.order

    def noted(order_id: str) -> Deferred[Order]:
        asked.append(order_id)
        return look_up(order_id)

    monkeypatch.setattr(core.broker, "order", noted)
    again = crashed(core)
    again.wait(5)
    assert again.leg("c1-sl").id in asked
    covers(again, "1")


def test_an_entry_that_closed_something_before_anybody_was_told_of_it_does_not_do_so_twice(
    core: Core,
) -> None:
    """It was accepted and filled in one moment, and clients had not heard of the order at all."""
    core.entered("1", client_order_id="a")
    core.entered("1", client_order_id="b")
    core.broker.plan("cancel", Deferred())
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.fills_at_once = {OrderType.MARKET}
    core.submit(side=Side.SELL, client_order_id="closing")
    hold(core.broker, Decimal(1))
    again = crashed(core)
    again.wait(10)
    assert ids(again.live_legs()) == ["b-sl", "b-tp"]


def test_a_change_of_a_leg_that_arrives_after_the_restart_leaves_no_second_leg(core: Core) -> None:
    """It was looked for before, and rested yet under its old id; of the new one nobody tells."""
    core.entered("1")
    hold(core.broker, Decimal(1))
    core.broker.renames = True
    answer: Deferred[None] = Deferred()
    core.broker.plan("replace", answer)
    core.guardian.move(a_position(), ExitsChange(stop_loss=Decimal(95))).addErrback(
        lambda _unknown: None
    )
    again = crashed(core)
    again.wait(5)
    again.broker.unheard = {OrderEventKind.CREATED}
    answer.callback(None)
    again.wait(30)
    covers(again, "1")
    assert len(again.legs()) == 3


# -- before the broker was asked -------------------------------------------------------------------


def unasked(core: Core) -> Core:
    """The one after *core*, which cannot ask the broker how things stand."""
    core.broker.plan("open_orders", *[NO_ANSWER] * 1000)
    return crashed(core)


def test_before_the_broker_was_asked_nothing_is_sent_but_events_are_taken_in_and_alerted(
    core: Core,
) -> None:
    entry_id = core.entered(take_profit=None)
    again = unasked(core)
    again.broker.fill(entry_id, "1")
    again.wait(1.9)
    assert again.legs() == []
    assert len(again.alerts()) == 1
    hold(again.broker, Decimal(1))
    again.broker._outcomes.clear()
    again.wait(60)
    covers(again, "1", "0")


def test_a_position_that_the_dead_gateway_left_bare_is_alerted_though_nobody_can_be_asked(
    core: Core,
) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", Deferred())
    core.broker.fill(entry_id, "1")
    core.sink.events.clear()
    again = unasked(core)
    again.wait(1.9)
    assert len(again.alerts()) == 1


def test_stopping_before_the_broker_was_asked_waits_for_nothing(core: Core) -> None:
    entry_id = core.entered()
    again = unasked(core)
    again.broker.fill(entry_id, "1")
    assert again.guardian.idle().called
    again.guardian.stop()
    again.wait(10)
    assert again.legs() == []


# -- legs that were sent and not written down ------------------------------------------------------


def killed_before_it_was_written(core: Core, filled: str) -> str:
    """An entry is filled for *filled* and its stop rests, of which nothing is in the journal; the
    id of the entry.
    """
    entry_id = core.entered(take_profit=None)
    core.store.fail("killed")
    core.broker.fill(entry_id, filled)
    assert core.live(STOP) == Decimal(filled)
    core.broker.listener = Notebook()
    return entry_id


def test_w23_a_leg_of_which_only_the_broker_knows_and_that_executed_meanwhile_is_counted_once(
    core: Core,
) -> None:
    entry_id = killed_before_it_was_written(core, "0.4")
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    core.broker.fill(entry_id, "1")
    hold(core.broker, Decimal("0.6"))
    again = crashed(core)
    again.wait(10)
    assert ids(again.live_legs()) == ["c1-sl-1"]
    covers(again, "0.6", "0")
    check_that_plans_are_kept(again)


def test_w23_it_is_counted_once_as_well_if_its_execution_is_told_before_that_of_its_entry(
    core: Core,
) -> None:
    entry_id = killed_before_it_was_written(core, "1")
    again = unasked(core)
    again.broker.fill(again.leg("c1-sl").id, "0.4")
    hold(again.broker, Decimal("0.6"))
    again.wait(1)
    assert again.guards() == 1
    again.broker._outcomes.clear()
    again.wait(60)
    assert ids(again.legs()) == ["c1-sl"]
    covers(again, "0.6", "0")
    assert again.alerts(AlertCode.OCO_DOUBLE_EXIT) == []
    again.broker.fill(again.leg("c1-sl").id, "1")
    assert again.order_events(entry_id)
    assert again.guards() == 0


def test_oco_both_sides_of_a_pair_that_executed_while_the_gateway_was_dead_are_alerted(
    core: Core,
) -> None:
    core.entered("1")
    core.broker.listener = Notebook()
    for name in ("c1-sl", "c1-tp"):
        core.broker.fill(core.leg(name).id, "1")
    again = crashed(core)
    again.wait(1)
    assert len(again.alerts(AlertCode.OCO_DOUBLE_EXIT)) == 1


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("c1-sl", {"side": Side.BUY}),
        ("c1-sl", {"symbol": "MSFT"}),
        ("c1-tp", {}),  # of which this entry has none
        ("c1-sx", {}),
        ("c2-sl", {}),
        ("c1-sl-x", {}),
    ],
)
def test_an_order_is_no_lost_leg_unless_name_symbol_and_side_fit(
    core: Core, name: str, members: dict[str, Any]
) -> None:
    entry_id = core.entered("1", take_profit=None)
    again = crashed(core)
    guarded = again.guardian._plans.by_entry_id(entry_id)
    assert guarded is not None
    order = replace(again.leg("c1-sl"), id="z1", client_order_id=name, **members)
    guarded.plan.legs.clear()
    again.guardian._plans._legs_by_name.clear()
    assert again.guardian._plans.of_leg(order) is None
    right = replace(again.leg("c1-sl"), id="z1", client_order_id="c1-sl-7")
    assert again.guardian._plans.of_leg(right) is not None
    assert guarded.plan.next_leg(LegKind.STOP_LOSS, Decimal(1)).client_order_id == "c1-sl-8"


def test_an_order_of_a_legs_name_is_none_if_no_earlier_process_can_have_sent_it(
    core: Core,
) -> None:
    core.entered("1", take_profit=None)
    order = replace(core.leg("c1-sl"), id="z1", client_order_id="c1-sl-7")
    assert core.guardian._plans.of_leg(order) is None


# -- entries without an id -------------------------------------------------------------------------


def a_forgotten_entry(core: Core, outcome: Verdict | None, *, written: bool = True) -> str:
    """A plan whose entry was sent, of which only the journal knows what became."""
    order = core.broker._accept(order_request(client_order_id="x"))
    request = order_request(stop_loss="90", client_order_id="other")
    core.guardian.expect("lost", request, "x")
    if written:
        core.store.write(Intent(id="lost", kind=IntentKind.SUBMIT, at=EPOCH, body=b"{}"))
    if outcome is not None:
        order_id = order.id if outcome is Verdict.ACCEPTED else None
        core.store.keep(Outcome(intent_id="lost", at=EPOCH, verdict=outcome, order_id=order_id))
    return order.id


def test_an_entry_that_was_accepted_is_found_by_what_the_journal_says(core: Core) -> None:
    order_id = a_forgotten_entry(core, Verdict.ACCEPTED)
    again = crashed(core)
    assert again.guardian.guards(order_id)
    again.broker.fill(order_id, "1")
    again.wait(2)
    covers(again, "1", "0")


@pytest.mark.parametrize("written", [True, False])
def test_a_plan_whose_entry_was_refused_or_never_sent_ends(core: Core, written: bool) -> None:
    a_forgotten_entry(core, Verdict.REJECTED if written else None, written=written)
    assert core.guards() == 1
    again = crashed(core)
    assert again.guards() == 0
    assert again.store.plans() == []


# -- positions -------------------------------------------------------------------------------------


def test_w09_of_a_position_smaller_than_what_is_guarded_the_newest_is_protected(
    core: Core,
) -> None:
    for name in ("a", "b", "c"):
        core.entered("1", client_order_id=name)
    core.guardian.on_positions([a_position(quantity=Decimal("1.5"))])
    assert {str(leg.client_order_id): leg.remaining_quantity for leg in core.live_legs()} == {
        "b-sl": Decimal("0.5"),
        "b-tp": Decimal("0.5"),
        "c-sl": 1,
        "c-tp": 1,
    }


@pytest.mark.parametrize(
    "positions", [[], [a_position(side=PositionSide.SHORT)], [a_position(symbol="MSFT")]]
)
def test_legs_of_a_position_that_is_not_there_go(core: Core, positions: list[Any]) -> None:
    core.entered("1")
    core.guardian.on_positions(positions)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_a_position_greater_than_what_is_guarded_changes_nothing(core: Core) -> None:
    core.entered("1")
    core.guardian.on_positions([a_position(quantity=Decimal(5))])
    covers(core, "1")


def test_what_the_broker_says_is_held_is_what_the_next_execution_closes(core: Core) -> None:
    core.guardian.on_positions([a_position(quantity=Decimal(5))])
    core.entered("1", **SHORT)
    assert core.live_legs() == []


def test_where_positions_are_not_netted_each_is_looked_at_by_its_id(core: Core) -> None:
    core.guardian._holdings.nets = False
    for name in ("a", "b"):
        entry_id = core.entered(client_order_id=name)
        core.broker.fill(entry_id, "1", position_id=f"pos-{name}")
    core.entered("1", client_order_id="nowhere")
    core.guardian.on_positions([a_position(id="pos-b")])
    assert ids(core.live_legs()) == ["b-sl", "b-tp", "nowhere-sl", "nowhere-tp"]


def test_g2_a_leg_that_was_believed_gone_and_works_is_taken_away_beside_another(core: Core) -> None:
    """The broker did not find it, and lists it later: nobody else would ever take it away."""
    core.entered("1")
    guarded = core.guardian.plans.all()[0]
    lost = core.leg("c1-sl")
    next(leg for leg in guarded.plan.legs if leg.order_id == lost.id).ended = True
    core.guardian.reconciled()
    assert core.live(OrderType.STOP) == 2
    hold(core.broker, Decimal(1))
    core.reconciled()
    assert core.live(OrderType.STOP) == 1
    covers(core, "1")
