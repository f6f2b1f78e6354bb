"""The algebra of coverage (order_lifecycle 20.6): pure functions of a plan."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.exits.test_plan import ONE, SL, TP, a_leg, a_plan, leg_order
from tests.orders.samples import an_order
from tradegw.exits.coverage import (
    Cancel,
    Find,
    Place,
    Shrink,
    Step,
    covered,
    needed,
    next_step,
    shortfall,
    unconfirmed,
)
from tradegw.exits.leg import Leg
from tradegw.exits.plan import Plan
from tradegw.model.enums import OrderStatus
from tradegw.model.protection import LegKind

HALF = Decimal("0.5")


def filled(quantity: str = "1", **members: str | None) -> Plan:
    plan = a_plan(**members)
    plan.take_entry(an_order("e1", quantity=2, filled=quantity))
    return plan


def protected(quantity: str = "1") -> tuple[Plan, Leg, Leg]:
    plan = filled(quantity)
    return plan, a_leg(plan, SL, Decimal(quantity)), a_leg(plan, TP, Decimal(quantity))


def execute(plan: Plan, leg: Leg, total: str) -> None:
    done = Decimal(total) >= leg.quantity
    status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
    plan.take_leg(leg, leg_order(leg, filled=total, status=status))


def test_nothing_filled_needs_nothing() -> None:
    plan = a_plan()
    assert next_step(plan) is None
    assert shortfall(plan) == {}


def test_exc01_needed_is_what_was_filled_and_is_not_covered_per_leg() -> None:
    plan = filled("1")
    a_leg(plan, SL, HALF)
    assert shortfall(plan) == {SL: HALF, TP: ONE}


def test_exc01_too_much_cover_is_no_negative_need() -> None:
    plan = filled("0.5")
    a_leg(plan, SL, ONE)
    assert shortfall(plan) == {TP: HALF}


def test_exc02_only_both_legs_cover_fully() -> None:
    plan, _, profit = protected()
    assert shortfall(plan) == {}
    assert next_step(plan) is None
    profit.ended = True
    assert shortfall(plan) == {TP: ONE}


def test_a_kind_that_is_not_wanted_needs_nothing() -> None:
    plan = filled(take_profit=None)
    assert needed(plan, TP) == 0
    assert shortfall(plan) == {SL: ONE}


def test_exc03_filled_and_ended_legs_do_not_count_and_partly_filled_ones_with_the_rest() -> None:
    plan, stop, profit = protected()
    execute(plan, stop, "0.4")
    assert covered(plan, SL) == Decimal("0.6")
    assert needed(plan, SL) == Decimal("0.6")
    profit.ended = True
    assert covered(plan, TP) == 0


def test_exc04_the_kinds_are_summed_apart() -> None:
    plan = filled("1")
    a_leg(plan, SL, HALF)
    a_leg(plan, SL, HALF)
    a_leg(plan, TP, HALF)
    assert (covered(plan, SL), covered(plan, TP)) == (ONE, HALF)


def test_a_fill_places_the_stop_first() -> None:
    assert next_step(filled("0.4")) == Place(SL, Decimal("0.4"))


def test_a_further_fill_places_only_the_difference() -> None:
    plan, _, _ = protected("0.4")
    plan.take_entry(an_order("e1", quantity=2, filled=1))
    assert next_step(plan) == Place(SL, Decimal("0.6"))


def test_w18_a_partly_filled_leg_shrinks_the_other() -> None:
    plan, stop, profit = protected()
    execute(plan, stop, "0.4")
    assert next_step(plan) == Shrink(profit, Decimal("0.6"))


def test_w18_a_partly_filled_leg_shrinks_to_its_new_total() -> None:
    """What it executed itself stays part of its quantity."""
    plan, stop, profit = protected()
    execute(plan, profit, "0.3")
    stop.quantity = Decimal("0.7")
    execute(plan, stop, "0.2")
    assert next_step(plan) == Shrink(profit, Decimal("0.8"))


def test_exx01_a_full_fill_cancels_the_other() -> None:
    plan, stop, profit = protected()
    execute(plan, stop, "1")
    assert next_step(plan) == Cancel(profit)


def test_w10_one_of_two_pieces_takes_only_its_share_of_the_other_side() -> None:
    plan = filled("1")
    profits = [a_leg(plan, TP, Decimal(quantity)) for quantity in ("0.4", "0.6")]
    stops = [a_leg(plan, SL, Decimal(quantity)) for quantity in ("0.4", "0.6")]
    execute(plan, profits[0], "0.4")
    assert next_step(plan) == Cancel(stops[0])
    stops[0].ended = True
    assert next_step(plan) is None
    assert covered(plan, SL) == covered(plan, TP) == Decimal("0.6")


def test_w10_a_leg_is_shrunk_if_the_share_is_smaller_than_it() -> None:
    plan = filled("1")
    profits = [a_leg(plan, TP, HALF), a_leg(plan, TP, HALF)]
    stop = a_leg(plan, SL, ONE)
    execute(plan, profits[0], "0.5")
    assert next_step(plan) == Shrink(stop, HALF)


def test_what_covers_too_much_goes_before_what_is_missing() -> None:
    plan = filled("0.5")
    profit = a_leg(plan, TP, ONE)
    assert next_step(plan) == Shrink(profit, HALF)


def test_a_leg_on_its_way_out_is_left_alone_and_strips_no_other() -> None:
    plan = filled("0.5")
    first, second = a_leg(plan, SL, HALF), a_leg(plan, SL, HALF)
    a_leg(plan, TP, HALF)
    assert next_step(plan) == Cancel(first)
    first.ending = True
    assert next_step(plan) is None
    assert second.remaining == HALF


def test_a_leg_on_its_way_out_still_counts_so_that_nothing_is_placed_besides() -> None:
    plan, stop, _ = protected()
    stop.ending = True
    assert shortfall(plan) == {}


def test_w22_a_leg_that_its_client_gave_up_is_not_placed_again() -> None:
    plan, stop, _ = protected()
    stop.waivers = 1
    assert next_step(plan) is None
    stop.ended = True
    assert needed(plan, SL) == 0
    assert next_step(plan) is None


def test_w22_a_leg_that_its_client_gives_up_goes_first_if_there_is_too_much() -> None:
    plan = filled("0.5")
    a_leg(plan, TP, HALF)
    _, stop = a_leg(plan, SL, HALF), a_leg(plan, SL, HALF)
    stop.waivers = 1
    assert next_step(plan) == Cancel(stop)


def test_w22_later_fills_are_protected_although_an_earlier_leg_was_given_up() -> None:
    plan, stop, _ = protected()
    stop.waivers, stop.ended = 1, True
    plan.take_entry(an_order("e1", quantity=2, filled=2))
    assert shortfall(plan) == {SL: ONE, TP: ONE}


def test_w03_a_leg_in_doubt_is_looked_for_before_another_is_placed() -> None:
    plan, stop, _ = protected()
    stop.in_doubt = True
    assert shortfall(plan) == {SL: ONE}
    assert next_step(plan) == Find(stop)


def test_w03_a_leg_in_doubt_is_looked_for_even_if_it_is_not_needed_any_more() -> None:
    plan, stop, profit = protected()
    stop.in_doubt = True
    profit.ended = True
    plan.release()
    assert next_step(plan) == Find(stop)


def test_a_kind_marked_short_waits_and_holds_up_no_other() -> None:
    plan = filled()
    plan.short[SL] = "refused"
    assert next_step(plan) == Place(TP, ONE)
    plan.short[TP] = "refused"
    assert next_step(plan) is None


def test_a_leg_on_its_way_to_the_broker_covers_but_is_not_confirmed() -> None:
    plan = filled(take_profit=None)
    leg = plan.next_leg(SL, ONE)
    plan.legs.append(leg)
    assert shortfall(plan) == {}
    assert unconfirmed(plan) == {SL: ONE}
    plan.take_leg(leg, leg_order(leg))
    assert unconfirmed(plan) == {}


def test_a_leg_that_ended_while_it_is_replaced_covers_but_is_not_confirmed() -> None:
    plan, stop, _ = protected()
    stop.changing = stop.ended = True
    assert shortfall(plan) == {}
    assert unconfirmed(plan) == {SL: ONE}


def test_w55_there_is_no_least_quantity() -> None:
    assert next_step(filled("0.00000001")) == Place(SL, Decimal("0.00000001"))


# -- the algebra ----------------------------------------------------------------------------------

amounts = st.decimals("0.01", "3", places=2)
legs = st.lists(
    st.tuples(
        st.sampled_from(LegKind),
        amounts,
        st.integers(0, 100),  # per cent executed
        st.sampled_from(["resting", "resting", "ended", "doubt", "ending", "waived", "given up"]),
    ),
    max_size=6,
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan in any state, reachable or not."""
    plan = a_plan()
    plan.take_entry(an_order("e1", quantity=9, filled=draw(st.decimals("0", "9", places=2))))
    for kind, quantity, percent, state in draw(legs):
        leg = a_leg(plan, kind, quantity)
        leg.filled = quantity * percent / 100
        leg.ended = state in ("ended", "given up")
        leg.in_doubt = state == "doubt"
        leg.ending = state == "ending"
        leg.waivers = int(state in ("waived", "given up"))
    return plan


def obey(plan: Plan, step: Step) -> None:
    """What an obedient broker makes of a step."""
    if isinstance(step, Place):
        a_leg(plan, step.kind, step.quantity)
    elif isinstance(step, Find):
        step.leg.in_doubt = False
    elif isinstance(step, Cancel):
        step.leg.ended = True
    elif isinstance(step, Shrink):
        step.leg.quantity = step.quantity


@given(plans())
def test_steps_end_and_leave_each_kind_exactly_covered(plan: Plan) -> None:
    for _ in range(50):
        step = next_step(plan)
        if step is None:
            break
        if isinstance(step, Shrink):
            assert step.leg.filled < step.quantity < step.leg.quantity
        if isinstance(step, Place):
            assert step.quantity > 0
        obey(plan, step)
    assert next_step(plan) is None
    assert shortfall(plan) == {}
    for kind in LegKind:
        leaving = [leg for leg in plan.live_legs(kind) if leg.ending]
        spare = sum((leg.remaining for leg in leaving), Decimal(0))
        assert needed(plan, kind) <= covered(plan, kind) <= needed(plan, kind) + spare


@given(plans())
def test_nobody_places_while_something_covers_too_much(plan: Plan) -> None:
    step = next_step(plan)
    if isinstance(step, Place):
        for kind in LegKind:
            staying = [one for one in plan.live_legs(kind) if not one.ending]
            assert sum((leg.remaining for leg in staying), Decimal(0)) <= needed(plan, kind)


@given(plans())
def test_shortfall_is_within_what_is_open_and_confirmed_legs_are_no_more_than_all(
    plan: Plan,
) -> None:
    missing, unheard = shortfall(plan), unconfirmed(plan)
    for kind, quantity in missing.items():
        assert 0 < quantity <= plan.open_quantity
        assert unheard[kind] >= quantity
