"""What is left to the members of an OCO group, as algebra (issue 4, order_lifecycle 6.4, 6.5)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.orders.samples import an_order
from tradegw.model.enums import OrderStatus, Side
from tradegw.model.order import Order
from tradegw.orders.rounds import Round, decode, encode

FILLED, REJECTED = OrderStatus.FILLED, OrderStatus.REJECTED
Fills = list[tuple[int, int]]


def a_round(*names: str) -> Round:
    one = Round(id="oco:1", group="g", symbol="AAPL", members={})
    for name in names:
        one.add(name)
    return one


def sized(*quantities: int) -> tuple[Round, list[Order]]:
    """A round of orders a, b, ... of these quantities that have executed nothing."""
    names = [chr(ord("a") + number) for number in range(len(quantities))]
    one = a_round(*names)
    orders = [an_order(name, quantity=q) for name, q in zip(names, quantities, strict=True)]
    for order in orders:
        one.take(order.id, order)
    return one, orders


def filled(order: Order, more: int) -> Order:
    """*order* after it executed so much more, at most what remains."""
    total = order.filled_quantity + min(Decimal(more), order.remaining_quantity)
    done = total == order.quantity
    status = FILLED if done else OrderStatus.PARTIALLY_FILLED
    return an_order(order.id, quantity=order.quantity, filled=total, status=status)


def obeyed(one: Round, order: Order) -> Order:
    """*order* after the broker did what the round wants of it."""
    left = one.excess(order)
    if left is None:
        return order
    if not left:
        status = OrderStatus.CANCELLED
        return an_order(
            order.id, quantity=order.quantity, filled=order.filled_quantity, status=status
        )
    total = order.filled_quantity + left
    status = OrderStatus.PARTIALLY_FILLED if order.filled_quantity else OrderStatus.OPEN
    return an_order(order.id, quantity=total, filled=order.filled_quantity, status=status)


quantities = st.lists(st.integers(1, 20), min_size=2, max_size=4)
fills = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 20)), max_size=12)


@given(quantities, fills)
def test_obedient_members_never_execute_more_than_the_largest_wanted(
    wanted: list[int], history: Fills
) -> None:
    one, orders = sized(*wanted)
    for which, more in history:
        number = which % len(orders)
        if orders[number].status.is_terminal:
            continue
        orders[number] = filled(orders[number], more)
        assert not one.take(orders[number].id, orders[number])
        orders = [obeyed(one, order) for order in orders]
    executed = sum(order.filled_quantity for order in orders)
    assert executed <= max(wanted)
    assert one.executed == executed
    if any(order.status is FILLED for order in orders) or executed == max(wanted):
        assert all(order.status.is_terminal for order in orders)
    for order in orders:
        if not order.status.is_terminal:
            assert order.remaining_quantity <= max(wanted) - executed
            assert one.excess(order) is None


@given(quantities, fills, st.integers(0, 3))
def test_too_much_is_said_once_and_only_if_several_executed_more_than_the_size(
    wanted: list[int], history: Fills, deaf: int
) -> None:
    """One member is deaf: the broker neither lowers nor cancels it."""
    one, orders = sized(*wanted)
    deaf %= len(orders)
    said = 0
    for which, more in history:
        number = which % len(orders)
        if orders[number].status.is_terminal:
            continue
        orders[number] = filled(orders[number], more)
        said += one.take(orders[number].id, orders[number])
        orders = [o if i == deaf else obeyed(one, o) for i, o in enumerate(orders)]
    executed = [order.filled_quantity for order in orders if order.filled_quantity]
    assert said <= 1
    assert one.doubled == bool(said)
    if len(executed) < 2:
        assert not said
    if len(executed) > 1 and sum(executed) > max(wanted):
        assert said
    if sum(order.status is FILLED for order in orders) > 1 and len(set(wanted)) == 1:
        assert said or sum(executed) <= max(wanted)


@given(quantities, fills)
def test_it_is_read_as_it_was_written(wanted: list[int], history: Fills) -> None:
    one, orders = sized(*wanted)
    for which, more in history:
        number = which % len(orders)
        orders[number] = filled(orders[number], more)
        one.take(orders[number].id, orders[number])
    again = decode(encode(one))
    assert encode(again) == encode(one)
    assert (again.left, again.executed, again.over) == (one.left, one.executed, one.over)


@given(quantities, fills)
def test_what_is_told_again_changes_nothing(wanted: list[int], history: Fills) -> None:
    one, orders = sized(*wanted)
    for which, more in history:
        number = which % len(orders)
        orders[number] = filled(orders[number], more)
        one.take(orders[number].id, orders[number])
    before = encode(one)
    for order in orders:
        assert not one.take(order.id, order)
    assert encode(one) == before


def test_a_successor_may_show_what_was_executed_under_the_earlier_id() -> None:
    one, (first, _) = sized(10, 10)
    one.take("a", filled(first, 4))
    one.take("a", an_order("a2", quantity=10, filled=4))
    assert one.executed == 4
    assert one.left == 6
    one.take("a", an_order("a2", quantity=10, filled=5))
    assert one.executed == 5


def test_a_successor_may_begin_anew_with_the_rest() -> None:
    one, (first, _) = sized(10, 10)
    one.take("a", filled(first, 4))
    one.take("a", an_order("a2", quantity=6))
    assert one.executed == 4
    assert one.left == 6
    one.take("a", an_order("a2", quantity=6, filled=2))
    one.take("a", filled(first, 4))  # late news of the earlier one
    assert one.executed == 6
    assert one.members["a"].order_id == "a2"


def test_one_that_came_later_gets_no_more_than_what_is_left() -> None:
    one, (first, _) = sized(10, 10)
    one.take("a", filled(first, 4))
    one.add("late", sized=True)
    late = an_order("c", quantity=50)
    one.take("late", late)
    assert one.excess(late) == 6


def test_one_that_was_on_its_way_counts_with_what_it_wanted() -> None:
    one = a_round("a", "unseen")
    one.take("a", an_order("a", quantity=2, filled=1))
    assert one.left == 1
    one.take("unseen", an_order("b", quantity=3))
    assert one.left == 2


def test_one_that_is_seen_when_all_is_over_gets_nothing_and_widens_nothing() -> None:
    one = a_round("a", "unseen")
    one.take("a", an_order("a", quantity=2, filled=2, status=FILLED))
    late = an_order("b", quantity=3)
    assert not one.take("unseen", late)
    assert one.excess(late) == 0
    assert one.take("unseen", an_order("b", quantity=3, filled=1))


def test_an_order_alone_is_left_alone() -> None:
    one, (order,) = sized(10)
    part = filled(order, 4)
    one.take("a", part)
    assert one.excess(an_order("a", quantity=50, filled=4)) is None


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.EXPIRED])
def test_an_end_without_execution_takes_nothing_from_the_others(status: OrderStatus) -> None:
    one, (_, second) = sized(10, 10)
    one.take("a", an_order("a", quantity=10, status=status))
    assert one.excess(second) is None


def test_a_rejection_leaves_nothing_to_the_others_and_is_no_execution() -> None:
    one, (_, second, third) = sized(10, 10, 10)
    one.take("a", an_order("a", quantity=10, status=REJECTED))
    assert one.excess(second) == one.excess(third) == 0
    assert not one.take("b", filled(second, 10))
    assert one.take("c", filled(third, 1))


def test_what_is_executed_after_a_full_fill_is_too_much_whatever_the_sizes() -> None:
    one, (small, large) = sized(2, 5)
    assert not one.take("a", filled(small, 2))
    assert one.take("b", filled(large, 1))


def test_sides_are_remembered_for_the_alert() -> None:
    one = a_round("a")
    one.take("a", an_order("a", side=Side.SELL))
    assert one.members["a"].side is Side.SELL
