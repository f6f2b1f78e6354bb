"""Both exits of a pair executed: an account that this turned around is put right, once (W-07)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold
from tests.orders.core import Core
from tradegw.errors import OrderRejected
from tradegw.model.enums import AlertCode, OrderStatus, OrderType, PositionSide, Side
from tradegw.model.money import ZERO
from tradegw.model.order import Order
from tradegw.testing.listener import Notebook


@pytest.fixture
def core() -> Core:
    return Core()


def turned_around(core: Core, net: str = "-1") -> None:
    """The stop executed, and so did the take-profit before its cancel arrived."""
    core.entered("1", quantity="1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.broker.fill(core.leg("c1-tp").id, "1")
    core.broker.cancels_slowly = False
    hold(core.broker, Decimal(net))


def closed(core: Core) -> list[tuple[Side, Decimal]]:
    """What was asked to be closed, by the side of the closing order."""
    return [
        (position.side.closing, request.quantity or position.quantity)
        for position, request in core.broker.asked("close")
    ]


def bought_back(core: Core) -> list[Order]:
    """The closing orders that the broker took, in all processes."""
    orders = core.broker.orders.values()
    return [order for order in orders if order.side is Side.BUY and order.id != "ord-1"]


def told(core: Core) -> list[Decimal]:
    """The quantities of which the alerts say that they are being closed."""
    details = [alert.details or {} for alert in core.alerts()]
    return [one["quantity"] for one in details if one.get("double_exit")]


def test_w07_what_turned_the_account_around_is_closed_and_told(core: Core) -> None:
    turned_around(core)
    assert len(core.alerts(AlertCode.OCO_DOUBLE_EXIT)) == 1
    core.wait(1)
    assert closed(core) == [(Side.BUY, Decimal(1))]
    assert told(core) == [1]


def test_w07_it_is_done_once(core: Core) -> None:
    turned_around(core)
    core.wait(1)
    for _ in range(3):
        core.reconciled()
    assert len(closed(core)) == 1
    (order,) = bought_back(core)
    core.broker.fill(order.id, "1")
    hold(core.broker, ZERO)
    core.reconciled()
    assert len(closed(core)) == 1
    assert core.guards() == 0
    core.entered("1", client_order_id="c2", quantity="1")
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == 1


def test_w07_nothing_is_closed_before_the_broker_was_asked_what_there_is(core: Core) -> None:
    turned_around(core)
    core.wait(0.25)
    assert closed(core) == []


def test_w07_what_a_client_has_dealt_with_is_left_alone_and_so_is_what_it_does_then(
    core: Core,
) -> None:
    turned_around(core)
    core.broker.fill(core.submit(side=Side.BUY).id, "1")
    hold(core.broker, ZERO)
    core.wait(1)
    core.broker.fill(core.submit(side=Side.SELL).id, "1")
    hold(core.broker, Decimal(-1))
    core.reconciled()
    assert closed(core) == []
    assert told(core) == []


def test_w07_no_more_is_closed_than_was_executed_too_much(core: Core) -> None:
    turned_around(core)
    core.broker.fill(core.submit(side=Side.SELL, quantity="2").id, "2")
    hold(core.broker, Decimal(-3))
    core.wait(1)
    assert closed(core) == [(Side.BUY, Decimal(1))]


def test_w07_where_others_are_protected_on_that_side_nothing_is_closed(core: Core) -> None:
    turned_around(core)
    core.entered(
        "2", client_order_id="c2", side=Side.SELL, quantity="2", stop_loss="110", take_profit="90"
    )
    hold(core.broker, Decimal(-3))
    core.wait(1)
    assert closed(core) == []


def test_w07_where_positions_are_not_netted_nothing_turns_around() -> None:
    core = Core(hedges=True)
    turned_around(core)
    core.wait(1)
    assert closed(core) == []


def test_w07_a_close_that_is_refused_is_told(core: Core) -> None:
    turned_around(core)
    core.broker.plan("close", OrderRejected("no"))
    core.wait(1)
    assert told(core) == [1]
    assert (core.alerts()[-1].details or {})["error"] == "no"
    core.reconciled()
    assert len(closed(core)) == 1


def test_w07_after_a_crash_it_is_still_done(core: Core) -> None:
    turned_around(core)
    after = crashed(core)
    after.wait(1)
    assert len(bought_back(after)) == 1
    assert told(after) == [1]


def test_w07_after_a_crash_it_is_not_done_again(core: Core) -> None:
    turned_around(core)
    core.wait(1)
    after = crashed(core)
    check_that_plans_are_kept(after)
    after.wait(1)
    after.reconciled()
    assert closed(after) == []
    assert len(bought_back(after)) == 1


def test_a_position_on_the_other_side_by_now_is_not_closed(core: Core) -> None:
    """Between the reconciliation and the close the account was turned around again."""
    turned_around(core)
    core.broker.plan("positions", None)
    positions = core.broker.positions
    asked = []

    def turning(*lane: Any) -> object:
        asked.append(1)
        if len(asked) > 1:
            hold(core.broker, Decimal(1))
        return positions(*lane)

    core.broker.positions = turning  # type: ignore[method-assign,assignment]
    core.wait(1)
    assert core.broker.held["pos-1"].side is PositionSide.LONG
    assert closed(core) == []
    assert len(told(core)) == 1


def test_w07_what_an_entry_fills_after_a_double_exit_is_counted_once(core: Core) -> None:
    """The broker was asked meanwhile: its position and the legs tell of the same excess."""
    entry_id = core.entered("1", quantity="3")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.broker.fill(core.leg("c1-tp").id, "1")
    core.broker.cancels_slowly = False
    hold(core.broker, Decimal(-1))
    core.wait(1)
    assert closed(core) == []  # the entry works on
    core.broker.fill(entry_id, "3")
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == 1


def test_w07_a_double_exit_of_which_the_answer_to_a_cancel_tells_is_told_at_once(
    core: Core,
) -> None:
    """The event that tells of it is lost, or late."""
    core.entered("1", quantity="1")
    listener, core.broker.listener = core.broker.listener, Notebook()
    core.broker.fill(core.leg("c1-tp").id, "1")
    core.broker.listener = listener
    core.broker.fill(core.leg("c1-sl").id, "1")
    assert len(core.alerts(AlertCode.OCO_DOUBLE_EXIT)) == 1
    hold(core.broker, Decimal(-1))
    core.wait(1)
    assert closed(core) == [(Side.BUY, Decimal(1))]


@pytest.fixture
def lender(core: Core) -> Core:
    """What the first entry's exits sold too much, the second entry had bought."""
    core.entered("1", quantity="2")
    core.entered("1", client_order_id="c2", quantity="1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.broker.fill(core.leg("c1-tp").id, "1")
    hold(core.broker, ZERO)
    core.wait(1)
    return core


def test_w07_what_the_entry_fills_after_another_paid_for_the_excess_is_protected(
    lender: Core,
) -> None:
    lender.broker.cancels_slowly = False
    for leg in lender.live_legs():
        lender.broker.end(leg.id, OrderStatus.CANCELLED)
    assert lender.live_legs() == []
    lender.broker.fill("ord-1", "2")
    assert lender.live(OrderType.STOP) == lender.live(OrderType.LIMIT) == 1
    check_that_plans_are_kept(lender)


def test_w07_a_leg_that_executes_while_it_makes_way_for_that_is_undone_too(lender: Core) -> None:
    lender.broker.fill(lender.leg("c2-sl").id, "1")
    hold(lender.broker, Decimal(-1))
    lender.wait(6)
    assert len(lender.alerts(AlertCode.OCO_DOUBLE_EXIT)) == 2
    assert closed(lender) == [(Side.BUY, Decimal(1))]
    assert told(lender) == [1]


def test_what_an_entry_that_ended_did_not_make_up_for_is_closed_then(core: Core) -> None:
    """As long as it works it may: what it fills goes into what its exits executed too much."""
    entry_id = core.entered("0.5", quantity="1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "0.5")
    core.broker.fill(core.leg("c1-tp").id, "0.5")
    core.broker.cancels_slowly = False
    hold(core.broker, Decimal("-0.5"))
    core.wait(30)
    assert closed(core) == []
    core.broker.fill(entry_id, "0.75")
    hold(core.broker, Decimal("-0.25"))
    core.broker.end(entry_id, OrderStatus.CANCELLED)
    core.wait(30)
    assert closed(core) == [(Side.BUY, Decimal("0.25"))]


def test_what_the_exits_of_several_entries_executed_too_much_is_closed_together(core: Core) -> None:
    core.entered("1", quantity="1")
    core.entered("0.5", quantity="0.5", client_order_id="c2")
    core.broker.cancels_slowly = True
    for name, quantity in (("c1", "1"), ("c2", "0.5")):
        core.broker.fill(core.leg(f"{name}-sl").id, quantity)
        core.broker.fill(core.leg(f"{name}-tp").id, quantity)
    core.broker.cancels_slowly = False
    hold(core.broker, Decimal("-1.5"))
    core.wait(30)
    assert closed(core) == [(Side.BUY, Decimal("1.5"))]
    assert told(core) == [Decimal("1.5")]


def test_what_is_sold_too_much_while_a_close_is_under_way_is_closed_after_it(core: Core) -> None:
    core.entered("1", quantity="1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.broker.fill(core.leg("c1-tp").id, "0.5")
    hold(core.broker, Decimal("-0.5"))
    core.wait(1)
    core.broker.fill(core.leg("c1-tp").id, "1")
    hold(core.broker, Decimal(-1))
    core.wait(30)
    assert told(core) == [Decimal("0.5")]
    (order,) = bought_back(core)
    core.broker.fill(order.id, "0.5")
    hold(core.broker, Decimal("-0.5"))
    core.reconciled()
    assert closed(core) == [(Side.BUY, Decimal("0.5"))] * 2
    assert told(core) == [Decimal("0.5")] * 2


def test_w07_after_a_crash_the_close_that_still_works_is_waited_for(core: Core) -> None:
    """A second one for as much would be taken for the first, and never be sent."""
    core.entered("1", quantity="1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.broker.fill(core.leg("c1-tp").id, "0.5")
    hold(core.broker, Decimal("-0.5"))
    core.wait(1)
    (order,) = bought_back(core)
    after = crashed(core)
    after.wait(1)
    after.broker.fill(after.leg("c1-tp").id, "1")
    hold(after.broker, Decimal(-1))
    after.wait(30)
    assert closed(after) == []
    after.broker.fill(order.id, "0.5")
    hold(after.broker, Decimal("-0.5"))
    after.reconciled()
    after.wait(1)
    assert closed(after) == [(Side.BUY, Decimal("0.5"))]


def test_w07_what_is_bought_back_for_one_entry_pays_for_no_other(core: Core) -> None:
    """Else what the other's exits execute too much later on would count as paid."""
    for name in ("c1", "c2"):
        core.entered("1", quantity="1", client_order_id=name)
    core.broker.cancels_slowly = True
    for name in ("c1", "c2"):
        core.broker.fill(core.leg(f"{name}-sl").id, "0.7")
        core.broker.fill(core.leg(f"{name}-tp").id, "0.7")
    hold(core.broker, Decimal("-0.8"))
    core.wait(1)
    core.broker.fill(core.leg("c1-sl").id, "1")
    order = bought_back(core)[-1]
    core.broker.fill(order.id, "0.8")
    hold(core.broker, Decimal("-0.3"))
    core.reconciled()
    core.wait(1)
    assert closed(core) == [(Side.BUY, Decimal("0.8")), (Side.BUY, Decimal("0.3"))]
