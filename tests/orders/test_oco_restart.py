"""OCO groups outlive the process: what was begun goes on, what was missed is noticed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred

from tests.exits.restarting import crashed
from tests.orders.core import Core, order_request
from tests.orders.test_oco import a_member
from tradegw.errors import ProviderError
from tradegw.model.enums import AlertCode, OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.journal import PlanState
from tradegw.model.order import OrderChange
from tradegw.testing.broker import EPOCH

DOUBLE = AlertCode.OCO_DOUBLE_EXIT


@pytest.fixture
def core() -> Core:
    return Core()


def died(core: Core) -> Core:
    """The one after *core*, whose groups do nothing any more."""
    core.groups.stop()
    return crashed(core)


def unanswered(core: Core) -> None:
    core.broker.plan("cancel", ProviderError("no answer"))


def test_a_sibling_that_could_not_be_cancelled_is_cancelled_by_the_next_process(
    core: Core,
) -> None:
    first, second = a_member(core), a_member(core)
    unanswered(core)
    core.broker.fill(first, "1")
    died(core)
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_nothing_is_cancelled_before_the_broker_was_asked(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    unanswered(core)
    core.broker.fill(first, "1")
    core.groups.stop()
    for call in core.clock.getDelayedCalls():
        call.cancel()
    again = Core(again=core, linked=False)
    again.wait(60)
    assert core.broker.orders[second].status is OrderStatus.OPEN
    again.intake.on_link_up()
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_a_second_fill_that_is_told_by_the_next_process_is_a_double_exit(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    unanswered(core)
    core.broker.fill(first, "1")
    core.broker.plan("cancel", *[ProviderError("x")] * 10)
    again = died(core)
    core.broker.fill(second, "1")
    (alert,) = again.alerts(DOUBLE)
    assert alert.details is not None
    assert alert.details["first_fill"]["order_id"] == first
    assert alert.details["total_exit_quantity"] == 2
    third = died(again)
    third.reconciled()
    assert len(third.alerts(DOUBLE)) == 1


def test_fills_of_both_that_nobody_heard_of_are_a_double_exit(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(first, "1")
    core.broker.fill(second, "1")
    again = died(core)
    assert len(again.alerts(DOUBLE)) == 1


def test_what_was_left_after_a_part_is_remembered(core: Core) -> None:
    """The last process died before it could lower the other."""
    first, second = a_member(core), a_member(core)
    core.broker.plan("replace", ProviderError("no answer"))
    core.broker.fill(first, "0.5")
    again = died(core)
    assert core.broker.orders[second].quantity == Decimal("0.5")
    again.broker.fill(second, "0.25")
    assert core.broker.orders[first].quantity == Decimal("0.75")
    assert again.alerts(DOUBLE) == []


def test_what_was_lowered_is_not_lowered_again(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    core.broker.fill(first, "0.5")
    again = died(core)
    assert again.broker.asked("replace") == []
    assert core.broker.orders[second].quantity == Decimal("0.5")


def test_a_fill_that_nobody_heard_of_cancels_the_other_at_the_start(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(first, "1")
    core.broker.unheard = set()
    died(core)
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_a_sibling_on_its_way_when_the_process_died_is_cancelled_when_it_is_found(
    core: Core,
) -> None:
    first = a_member(core)
    go: Deferred[None] = Deferred()
    core.broker.plan("submit", go)
    core.desk.submit(
        order_request(
            side=Side.SELL, order_type=OrderType.LIMIT, limit_price="90", oco_group_id="g"
        )
    )
    core.broker.fill(first, "1")
    again = died(core)
    go.callback(None)
    again.wait(5)
    second = next(reversed(core.broker.orders.values()))
    assert second.id != first
    assert second.status is OrderStatus.CANCELLED


def test_a_member_under_a_new_id_that_was_never_told_is_withdrawn_by_the_next_process(
    core: Core,
) -> None:
    """It was sent before the other executed, though it is heard of only afterwards."""
    core.broker.renames = True
    first, second = a_member(core), a_member(core)
    core.wait(1)
    core.broker.unheard = {OrderEventKind.CREATED, OrderEventKind.FILLED}
    core.broker.fill(second, "1")
    core.desk.replace(first, OrderChange(limit_price=Decimal(95)))
    successor = next(reversed(core.broker.orders))
    assert successor not in (first, second)
    again = died(core)
    core.broker.unheard = set()
    again.wait(5)
    assert core.broker.orders[successor].status is OrderStatus.CANCELLED


def test_w31_the_name_can_be_used_again_after_a_restart(core: Core) -> None:
    first, _second = a_member(core), a_member(core)
    core.broker.fill(first, "1")
    again = died(core)
    third, fourth = a_member(again), a_member(again)
    again.wait(60)
    again.reconciled()
    assert not core.broker.orders[third].status.is_terminal
    again.broker.fill(third, "1")
    assert core.broker.orders[fourth].status is OrderStatus.CANCELLED
    assert again.alerts(DOUBLE) == []


def test_rounds_are_no_exit_plans(core: Core) -> None:
    a_member(core)
    core.broker.fill(a_member(core), "1")
    assert died(core).guards() == 0


def test_a_round_that_cannot_be_read_stops_the_start(core: Core) -> None:
    core.store.keep(PlanState(plan_id="oco:x", at=EPOCH, over=False, body=b"{}"))
    with pytest.raises(ValueError, match="the OCO round oco:x in the journal cannot be read"):
        died(core)
