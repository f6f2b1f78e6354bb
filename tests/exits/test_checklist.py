"""Items of the checklists 20.4 to 20.11 of the order lifecycle that no other test is named after.

Where ours is built in another way the test says what stands in the item's place.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exits.restarting import hold, timers
from tests.exits.test_trails import CANNOT, STOP, stops, the_stop, tick, trailing
from tests.orders.core import POSITION_ID, SYMBOL, Core, a_position, ids, order_request, result_of
from tradegw.errors import OrderRejected, UnsupportedOperation
from tradegw.exits.naming import LegName
from tradegw.exits.plan import Plan
from tradegw.exits.plans import Plans
from tradegw.exits.tightening import PAUSES_SECONDS
from tradegw.model.enums import OrderStatus, OrderType, Side, TrailingType
from tradegw.model.protection import LegKind, LegState, ProtectionState, Trail

NO = OrderRejected("no")


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def trail() -> Core:
    """A long position of one, entered at 100, with a stop that trails by 5."""
    core = Core()
    trailing(core)
    hold(core.broker, Decimal(1))
    core.broker.calls.clear()
    return core


# -- 20.4 registration -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mine", None])
def test_exr03_a_plan_bears_the_clients_id_of_its_entry_beside_the_brokers(
    core: Core, name: str | None
) -> None:
    handle = core.submit(stop_loss="90", take_profit="110", client_order_id=name)
    (plan,) = core.protection.position(SYMBOL).plans
    assert plan.order_id == handle.id
    assert plan.client_order_id == handle.client_order_id != handle.id
    assert name in (None, plan.client_order_id)


@pytest.mark.parametrize("kind", LegKind)
def test_exr04_the_names_of_both_kinds_of_leg_lead_back_to_kind_and_entry(kind: LegKind) -> None:
    assert LegName.read(str(LegName("c1", kind, 3))) == LegName("c1", kind, 3)
    assert LegName.read(f"c1-{kind.name}") is None


@pytest.mark.parametrize("options", [{}, {"hedges": True}, {"holds": True}, {"brackets": True}])
def test_exr09_there_is_no_broker_without_somebody_who_guards(options: dict[str, bool]) -> None:
    core = Core(**options)  # type: ignore[arg-type]  # all of these are yes or no
    core.entered()
    assert len(core.broker.asked("submit")) == 1
    if "brackets" not in options:
        assert core.guards() == 1


# -- 20.5 and 20.6 placement and coverage ----------------------------------------------------------


def test_exp10_a_fill_before_the_answer_keeps_its_position_id(core: Core) -> None:
    accept = core.broker._accept

    def accepted(request: Any) -> Any:
        order = accept(request)
        if order.order_type is OrderType.MARKET:
            core.broker.fill(order.id, "1", position_id=POSITION_ID)
        return core.broker.orders[order.id]

    core.broker._accept = accepted  # type: ignore[method-assign]  # it tells the position
    core.entered()
    assert [(leg.position_id, leg.reduce_only) for leg in core.live_legs()] == [
        (POSITION_ID, True),
        (POSITION_ID, True),
    ]


def test_exc05_one_look_tells_what_is_covered_and_what_is_needed_of_both_kinds(core: Core) -> None:
    entry_id = core.entered("1", quantity="3")
    core.broker.plan("submit", None, *[NO] * 50)
    core.broker.fill(entry_id, "3")
    seen = core.protection.position(SYMBOL)
    three, one, two = Decimal(3), Decimal(1), Decimal(2)
    assert (seen.covered.stop_loss, seen.covered.take_profit) == (three, one)
    assert (seen.uncovered.stop_loss, seen.uncovered.take_profit) == (Decimal(0), two)


# -- 20.7 pairs, closing, cancelling ---------------------------------------------------------------


def test_exx03_a_partial_fill_of_a_leg_cancels_nothing_and_both_kinds_stay(core: Core) -> None:
    core.entered("1")
    core.broker.fill(core.leg("c1-tp").id, "0.4")
    assert core.broker.asked("cancel") == []
    assert core.live(STOP) == core.live(OrderType.LIMIT) == Decimal("0.6")
    assert core.guards() == 1


@pytest.mark.parametrize(("filled", "left"), [(None, []), ("1", ["c1-sl", "c1-tp"])])
def test_exx06_of_a_cancelled_entry_the_legs_of_what_had_filled_are_left(
    core: Core, filled: str | None, left: list[str]
) -> None:
    entry_id = core.entered(filled, quantity="2")
    assert result_of(core.desk.cancel(entry_id)).success
    assert ids(core.live_legs()) == left
    assert [plan.state for one in core.protection.positions() for plan in one.plans] == [
        ProtectionState.COVERED for _ in left[:1]
    ]


def test_exx07_only_what_failed_is_told_again_and_with_what_still_rests(core: Core) -> None:
    core.entered("1", client_order_id="fine")
    entry_id = core.entered("1", quantity="2", client_order_id="short")
    core.broker.plan("submit", *[NO] * 50)
    core.broker.fill(entry_id, "2")
    core.sink.events.clear()
    core.guardian.on_link_up()
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["order_id"] == entry_id
    assert [one["actual_order_ids"] for one in alert.details["failed_exits"]] == [
        [core.leg("short-sl").id],
        [core.leg("short-tp").id],
    ]


def test_exx08_what_is_over_goes_and_what_failed_is_still_found_by_its_entry(core: Core) -> None:
    over = core.entered(client_order_id="over")
    core.broker.end(over, OrderStatus.CANCELLED)
    entry_id = core.entered(client_order_id="short")
    core.broker.plan("submit", NO, NO)
    core.broker.fill(entry_id, "1")
    core.guardian.on_link_up()
    assert not core.guardian.guards(over)
    assert core.guardian.guards(entry_id)
    assert core.guards() == 1
    assert core.live(STOP) == 1  # and is worked on


def test_exx09_plans_are_counted_and_found_and_there_may_be_none() -> None:
    plans = Plans()
    assert (len(plans), plans.all(), plans.by_entry_id("e1")) == (0, [], None)
    assert plans.of_position(a_position()) == []
    request = order_request(stop_loss="90", client_order_id="c1")
    guarded = plans.add(Plan.of("i1", request, "c1"))
    plans.bind("i1", "e1")
    assert (len(plans), plans.all(), plans.by_entry_id("e1")) == (1, [guarded], guarded)


# -- 20.9 links ------------------------------------------------------------------------------------


def test_lk06_a_legs_partial_and_last_fill_both_carry_its_parent(core: Core) -> None:
    entry_id = core.entered("1")
    leg = core.leg("c1-sl")
    core.broker.fill(leg.id, "0.5")
    core.broker.fill(leg.id, "1")
    told = [event for event in core.order_events(leg.id) if event.order.filled_quantity > 0]
    assert [event.parent_order_id for event in told] == [entry_id, entry_id]
    assert [event.order.parent_order_id for event in told] == [entry_id, entry_id]


def test_lk08_links_are_of_legs_alone_and_follow_them_to_a_new_id(core: Core) -> None:
    entry_id = core.entered("1")
    leg = core.leg("c1-sl")
    assert core.blotter.links_of("unknown") is None
    entry, links = core.blotter.links_of(entry_id), core.blotter.links_of(leg.id)
    assert entry is not None
    assert entry.parent_order_id is None
    assert links is not None
    assert links.parent_order_id == entry_id
    core.broker.renames = True
    core.wait(1)
    core.broker.fill(core.leg("c1-tp").id, "0.5")
    renamed = the_stop(core)
    assert renamed.id != leg.id
    found = core.blotter.links_of(renamed.id)
    assert found is not None
    assert found.parent_order_id == entry_id


# -- 20.11 trailing stops --------------------------------------------------------------------------


def test_ts01_the_leg_of_a_trail_bears_a_name_that_leads_back_to_its_entry(trail: Core) -> None:
    name = LegName.read(the_stop(trail).client_order_id or "")
    assert name == LegName("c1", LegKind.STOP_LOSS, 0)
    assert LegName.read("trailing:c1") is None


@pytest.mark.parametrize(
    ("side", "kind", "distance", "stop"),
    [
        (Side.BUY, TrailingType.PERCENT, "2.5", "97.5"),
        (Side.BUY, TrailingType.ABSOLUTE, "5", "95"),
        (Side.SELL, TrailingType.PERCENT, "2.5", "102.5"),
        (Side.SELL, TrailingType.ABSOLUTE, "5", "105"),
    ],
)
def test_ts08_the_fill_price_is_the_first_mark_and_the_stop_is_behind_it(
    core: Core, side: Side, kind: TrailingType, distance: str, stop: str
) -> None:
    trailing(core, side=side, trailing_stop=Trail(distance=Decimal(distance), kind=kind))
    (plan,) = core.protection.position(SYMBOL).plans
    assert plan.trailing is not None
    assert plan.trailing.mark == 100
    assert stops(core) == [Decimal(stop)]


def test_ts10_where_no_price_is_known_the_first_tick_places_the_stop(core: Core) -> None:
    core.broker.fill(trailing(core, None), "1", average_fill_price=None)
    assert stops(core) == []
    tick(core, 104)
    assert stops(core) == [99]
    assert core.protection.position(SYMBOL).plans[0].legs[0].state is LegState.RESTING


def tries(core: Core, seconds: float) -> list[float]:
    """When a move was asked for within so many *seconds*, in whole ones from now."""
    began, found = core.clock.seconds(), []
    for _ in range(round(seconds * 16)):
        before = len(core.broker.asked("replace"))
        core.clock.advance(1 / 16)
        if len(core.broker.asked("replace")) > before:
            found.append(round(core.clock.seconds() - began, 1))
    return found


def test_ts12_ts14_a_move_that_fails_is_tried_again_at_growing_distances_up_to_a_limit(
    trail: Core,
) -> None:
    trail.broker.plan("replace", *[NO] * 7)
    trail.wait(2)
    tick(trail, 110)
    assert len(trail.broker.asked("replace")) == 1
    assert tries(trail, 100) == [1.0, 6.0, 36.0, 66.0, 96.0]
    assert stops(trail) == [95]
    trail.wait(61)
    assert stops(trail) == [105]
    assert PAUSES_SECONDS == (1.0, 5.0, 30.0)


def test_ts12_the_pause_after_a_million_failures_is_the_longest_and_after_none_there_is_none(
    trail: Core,
) -> None:
    (guarded,) = trail.guardian.plans.all()
    assert guarded.lag.until == 0
    trail.broker.plan("replace", *[NO] * 2)
    trail.wait(2)
    guarded.lag.attempts = 10**6
    tick(trail, 110)
    assert tries(trail, 31) == [30.0]


def test_ts14_nothing_is_tried_within_the_pause_whatever_the_price_does(trail: Core) -> None:
    trail.broker.plan("replace", NO, NO, NO)
    trail.wait(2)
    tick(trail, 110)
    trail.wait(1)
    for price in range(111, 115):
        tick(trail, price)
        trail.wait(1)
    assert len(trail.broker.asked("replace")) == 2
    trail.wait(40)
    assert stops(trail) == [109]


def test_ts15_a_stop_that_its_client_took_away_is_not_brought_back_by_another_try(
    trail: Core,
) -> None:
    trail.broker.plan("replace", NO)
    trail.wait(2)
    tick(trail, 110)
    result_of(trail.desk.cancel(the_stop(trail).id))
    trail.wait(100)
    tick(trail, 120)
    trail.wait(10)
    assert stops(trail) == []
    assert len(trail.broker.asked("replace")) == 1


def test_ts16_stopped_nothing_that_trails_is_tried_again_and_no_timer_is_left(
    trail: Core,
) -> None:
    trail.broker.plan("replace", NO)
    trail.wait(2)
    tick(trail, 110)
    assert timers(trail)
    trail.guardian.stop()
    tick(trail, 130)
    assert len(trail.broker.asked("replace")) == 1
    trail.wait(2)  # what tells of a shortfall looks once more
    assert timers(trail) == []
    assert stops(trail) == [95]


def test_ts19_where_the_broker_has_no_quotes_that_is_why_there_is_no_stop(core: Core) -> None:
    core.broker.plan("quote", *[UnsupportedOperation("quotes", "scripted")] * 50)
    core.broker.fill(trailing(core, None), "1", average_fill_price=None)
    assert stops(core) == []
    (alert,) = core.alerts()
    assert alert.details is not None
    assert "does not support quotes" in alert.details["failed_exits"][0]["error"]
    tick(core, 104)
    assert stops(core) == [99]


def test_ts21_one_refusal_is_one_and_the_next_try_moves_it(trail: Core) -> None:
    trail.broker.plan("replace", NO)
    trail.wait(2)
    tick(trail, 110)
    assert stops(trail) == [95]
    trail.wait(1)
    assert stops(trail) == [105]


def test_ts21_so_it_is_where_the_stop_is_placed_anew(trail: Core) -> None:
    trail.broker.plan("replace", *[CANNOT] * 9)
    trail.broker.plan("submit", NO)
    trail.wait(2)
    tick(trail, 110)
    assert stops(trail) == [95]
    trail.wait(1)
    assert stops(trail) == [105]
