"""What an entry's plan wants and what its legs are (order_lifecycle 20.4, 20.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.orders.core import order_request
from tests.orders.samples import an_order
from tradegw.exits.leg import Leg
from tradegw.exits.plan import Plan
from tradegw.model.enums import OrderStatus, OrderType, Side, TimeInForce
from tradegw.model.order import Order
from tradegw.model.protection import LegKind

SL, TP = LegKind.STOP_LOSS, LegKind.TAKE_PROFIT
ONE = Decimal(1)


def a_plan(seed: str | None = "c1", **members: Any) -> Plan:
    members = {"stop_loss": "90", "take_profit": "110", **members}
    plan = Plan.of("intent", order_request(**members), seed)
    plan.take_entry(an_order("e1"))
    return plan


def a_leg(plan: Plan, kind: LegKind = SL, quantity: Decimal = ONE) -> Leg:
    """A resting leg."""
    leg = plan.next_leg(kind, quantity)
    plan.legs.append(leg)
    plan.take_leg(leg, leg_order(leg))
    return leg


def leg_order(leg: Leg, **members: Any) -> Order:
    values = {"quantity": leg.quantity, "order_id": f"{leg.client_order_id}@broker", **members}
    return an_order(client_order_id=leg.client_order_id, **values)


def test_exr01_a_stop_loss_alone() -> None:
    plan = a_plan(take_profit=None)
    assert plan.targets == {SL: Decimal(90)}
    assert plan.exit_side is Side.SELL


def test_exr02_both_legs_and_exr05_the_opposite_side() -> None:
    plan = a_plan(side=Side.SELL)
    assert plan.targets == {SL: Decimal(90), TP: Decimal(110)}
    assert plan.exit_side is Side.BUY


@pytest.mark.parametrize("seed", [None, ""])
def test_exp03_without_client_id_the_brokers_is_the_seed(seed: str | None) -> None:
    assert a_plan(seed).next_leg(SL, ONE).client_order_id == "e1-sl"


def test_exp02_exp05_leg_ids_come_from_the_clients_id_and_are_numbered_by_kind() -> None:
    plan = a_plan()
    names = [plan.next_leg(SL, ONE).client_order_id for _ in range(3)]
    assert names == ["c1-sl", "c1-sl-1", "c1-sl-2"]
    assert plan.next_leg(TP, ONE).client_order_id == "c1-tp"


def test_exp04_the_same_input_gives_the_same_ids() -> None:
    assert a_plan().next_leg(TP, ONE).client_order_id == a_plan().next_leg(TP, ONE).client_order_id


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kind", LegKind)
def test_exp01_the_order_that_places_a_leg(kind: LegKind, side: Side) -> None:
    plan = a_plan(side=side)
    request = plan.request_for(plan.next_leg(kind, Decimal("0.4")))
    assert request.side is side.opposite
    assert request.quantity == Decimal("0.4")
    assert request.time_in_force is TimeInForce.GTC
    prices = (request.order_type, request.stop_price, request.limit_price)
    assert (
        prices
        == {
            SL: (OrderType.STOP, Decimal(90), None),
            TP: (OrderType.LIMIT, None, Decimal(110)),
        }[kind]
    )


@pytest.mark.parametrize("position_id", [None, "pos-1"])
def test_exp06_exp08_only_a_leg_that_names_a_position_is_reduce_only(
    position_id: str | None,
) -> None:
    plan = a_plan()
    plan.take_entry(an_order("e1", filled=1, position_id=position_id))
    request = plan.request_for(plan.next_leg(SL, ONE))
    assert request.position_id == position_id
    assert request.reduce_only is (True if position_id else None)


def test_a_position_id_once_known_is_not_forgotten() -> None:
    plan = a_plan()
    plan.take_entry(an_order("e1", filled="0.4", position_id="pos-1"))
    plan.take_entry(an_order("e1", filled=1))
    assert plan.position_id == "pos-1"


def test_fills_of_the_entry_never_shrink() -> None:
    plan = a_plan()
    assert plan.take_entry(an_order("e1", filled="0.6"))
    assert not plan.take_entry(an_order("e1", filled="0.4"))
    assert plan.open_quantity == Decimal("0.6")


def test_an_entry_that_ended_stays_ended() -> None:
    plan = a_plan()
    plan.take_entry(an_order("e1", status=OrderStatus.CANCELLED))
    plan.take_entry(an_order("e1"))
    assert plan.is_over


@pytest.mark.parametrize("status", [OrderStatus.REJECTED, OrderStatus.EXPIRED])
def test_w16_an_entry_that_ends_unfilled_ends_its_plan(status: OrderStatus) -> None:
    plan = a_plan()
    assert not plan.is_over
    plan.take_entry(an_order("e1", status=status))
    assert plan.is_over


def test_a_plan_is_not_over_while_a_leg_may_execute() -> None:
    plan = a_plan()
    leg = a_leg(plan)
    plan.take_entry(an_order("e1", filled=1, status=OrderStatus.FILLED))
    plan.release()
    assert not plan.is_over
    leg.ended, leg.in_doubt = True, True
    assert not plan.is_over
    leg.in_doubt = False
    assert plan.is_over


def test_a_leg_takes_what_the_broker_says_of_it() -> None:
    leg = a_leg(a_plan())
    assert leg.order_id == "c1-sl@broker"
    assert leg.take(leg_order(leg, quantity="0.8", filled="0.3", stop_price=Decimal(91)))
    assert (leg.quantity, leg.filled, leg.remaining, leg.price) == (
        Decimal("0.8"),
        Decimal("0.3"),
        Decimal("0.5"),
        Decimal(91),
    )
    assert not leg.take(leg_order(leg, quantity="0.8", filled="0.2"))
    assert leg.filled == Decimal("0.3")


def test_a_broker_that_tells_no_quantity_does_not_empty_a_leg() -> None:
    leg = a_leg(a_plan())
    leg.take(leg_order(leg, quantity=0))
    assert leg.remaining == 1


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.FILLED])
def test_w15_a_leg_that_ended_covers_nothing_and_stays_ended(status: OrderStatus) -> None:
    leg = a_leg(a_plan())
    leg.take(leg_order(leg, status=status))
    leg.take(leg_order(leg))
    assert not leg.alive
    assert leg.remaining == 0


def test_w03_a_leg_in_doubt_covers_nothing_until_it_is_heard_of() -> None:
    plan = a_plan()
    leg = plan.next_leg(SL, ONE)
    leg.in_doubt = True
    assert leg.remaining == 0
    leg.take(leg_order(leg))
    assert leg.remaining == 1


def test_w03_a_leg_that_was_not_found_but_arrives_late_is_alive() -> None:
    leg = a_plan().next_leg(SL, ONE)
    leg.ended = True
    assert leg.take(leg_order(leg))
    assert leg.alive


def test_w22_a_replaced_leg_lives_on_under_its_new_id() -> None:
    plan = a_plan()
    leg = a_leg(plan)
    leg.take(leg_order(leg, status=OrderStatus.CANCELLED))
    plan.leg_replaced_by(leg, leg_order(leg, order_id="new"))
    assert (leg.order_id, leg.alive) == ("new", True)
    leg.take(leg_order(leg, status=OrderStatus.CANCELLED))  # the old one's end, told late
    assert (leg.order_id, leg.alive) == ("new", True)


def test_w22_the_end_of_an_order_that_is_being_replaced_is_not_the_end_of_the_leg() -> None:
    leg = a_leg(a_plan())
    leg.changing = True
    leg.take(leg_order(leg, status=OrderStatus.CANCELLED))
    assert leg.remaining == 1
    leg.changing = False  # the change failed
    assert leg.remaining == 0


def test_w22_a_successor_told_by_event_before_the_answer_is_taken_for_the_leg() -> None:
    leg = a_leg(a_plan())
    leg.changing = True
    leg.take(leg_order(leg, order_id="new"))
    leg.take(leg_order(leg, status=OrderStatus.CANCELLED))
    leg.replaced_by(leg_order(leg, order_id="new"))
    assert (leg.order_id, leg.alive) == ("new", True)


def test_w22_an_entry_that_is_being_replaced_is_not_over() -> None:
    plan = a_plan()
    plan.changing = True
    plan.take_entry(an_order("e1", status=OrderStatus.CANCELLED))
    assert not plan.is_over
    plan.entry_replaced_by(an_order("e2", quantity=2))
    assert not plan.is_over
    assert plan.entry_id == "e2"


def filled_entry(quantity: str = "1") -> Plan:
    plan = a_plan()
    plan.take_entry(an_order("e1", quantity=quantity, filled=quantity))
    return plan


def test_a_leg_that_executes_closes_what_was_open() -> None:
    plan = filled_entry()
    leg = a_leg(plan)
    plan.take_leg(leg, leg_order(leg, filled="0.4"))
    assert plan.open_quantity == Decimal("0.6")


def test_w07_legs_that_execute_more_than_there_was_overshoot() -> None:
    plan = filled_entry()
    stop, profit = a_leg(plan, SL), a_leg(plan, TP)
    plan.take_leg(stop, leg_order(stop, filled=1, status=OrderStatus.FILLED))
    assert plan.overshot == 0
    plan.take_leg(profit, leg_order(profit, filled="0.3"))
    assert plan.overshot == Decimal("0.3")
    assert plan.open_quantity == 0


def test_what_was_closed_by_a_leg_is_not_counted_twice_if_the_position_is_told_first() -> None:
    """The position's end overtakes the leg's fill; a later fill of the entry is open again."""
    plan = filled_entry()
    leg = a_leg(plan)
    plan.release()
    plan.take_leg(leg, leg_order(leg, filled=1, status=OrderStatus.FILLED))
    plan.take_entry(an_order("e1", quantity=2, filled=2))
    assert plan.open_quantity == 1


def test_what_is_released_is_closed_and_later_fills_are_open() -> None:
    plan = filled_entry()
    plan.release()
    assert plan.open_quantity == 0
    plan.take_entry(an_order("e1", quantity="1.5", filled="1.5"))
    assert plan.open_quantity == Decimal("0.5")


quantities = st.decimals("0", "5", places=2)


@given(st.lists(st.tuples(st.sampled_from(["entry", "sl", "tp", "release"]), quantities)))
def test_open_quantity_is_never_negative_and_is_what_is_left(
    history: list[tuple[str, Decimal]],
) -> None:
    """Whatever happens: open + exited + closed is what was filled, or the legs overshot."""
    plan = a_plan()
    legs = {"sl": a_leg(plan, SL, Decimal(5)), "tp": a_leg(plan, TP, Decimal(5))}
    for what, quantity in history:
        if what == "entry":
            plan.take_entry(an_order("e1", quantity=5, filled=quantity))
        elif what == "release":
            plan.release()
        else:
            plan.take_leg(legs[what], leg_order(legs[what], quantity=5, filled=quantity))
        assert plan.open_quantity >= 0
        assert plan.closed >= 0
        accounted = plan.open_quantity + plan.exited + plan.closed
        assert accounted == plan.entry_filled + plan.overshot
        assert plan.overshot == 0 or plan.open_quantity == plan.closed == 0
