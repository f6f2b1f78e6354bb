"""The gateway dies in the middle of a close: what became of that is found out, then protection is
put right (G8).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.exits.restarting import check_that_plans_are_kept, crashed
from tests.orders.core import Core, a_position
from tradegw.errors import OrderRejected, ProviderError
from tradegw.exits.closes import DOUBT_SECONDS, RESTART_SECONDS
from tradegw.exits.keeping import decode, encode
from tradegw.model.enums import OrderStatus, OrderType
from tradegw.model.order import ClosePositionRequest, Order
from tradegw.testing.broker import Lost
from tradegw.testing.listener import Notebook

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
NO_ANSWER = ProviderError("no answer")


def holding(*, holds: bool = True) -> Core:
    core = Core(holds=holds)
    core.entered("1")
    core.broker.held = {"p1": a_position(id="p1")}
    return core


def covers(core: Core, quantity: str) -> None:
    assert (core.live(STOP), core.live(LIMIT)) == (Decimal(quantity), Decimal(quantity))


def close_of(core: Core) -> Order | None:
    """The closing order, if the broker has it."""
    orders = [o for o in core.broker.orders.values() if o.order_type is OrderType.MARKET]
    return orders[1] if len(orders) > 1 else None


def close(core: Core, quantity: str | None = None) -> Deferred[Any]:
    size = None if quantity is None else Decimal(quantity)
    return core.desk.close_position("p1", ClosePositionRequest(quantity=size))


def dies_at(core: Core, calls: int, *, before: bool) -> None:
    """Its call of that number is the last, and does not reach the broker if *before* that."""
    left, ask = [calls], core.line.ask

    def counted(call: Callable[[], Deferred[Any]], *, always: bool = False) -> Deferred[Any]:
        left[0] -= 1
        if left[0] > 0:
            return ask(call, always=always)
        core.broker.listener = Notebook()
        if left[0] == 0 and not before:
            call().addErrback(lambda _failed: None)
        return Deferred()

    core.line.ask = counted  # type: ignore[method-assign]  # it can die there


def executes(core: Core) -> None:
    order = close_of(core)
    if order is not None and not order.status.is_terminal:
        core.broker.held = {}
        core.broker.fill(order.id, "1")


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("when", ["meanwhile", "later", "never"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("calls", range(1, 7))
def test_g8_killed_at_every_call_of_a_close(
    calls: int, when: str, *, before: bool, holds: bool
) -> None:
    """Never an unprotected rest without an alarm, never a leg on a flat position."""
    core = holding(holds=holds)
    dies_at(core, calls, before=before)
    close(core)
    if when == "meanwhile":
        executes(core)
    again = crashed(core)
    for second in range(30):
        again.wait(1)
        if when == "later" and second == 5:
            executes(again)
        is_open = bool(again.broker.held)
        if second >= 2 and is_open and again.live(STOP) < 1:
            assert again.alerts()
    order = close_of(again)
    if when == "never" and order is not None and not order.status.is_terminal:
        again.broker.end(order.id, OrderStatus.CANCELLED)
    again.reconciled()
    again.wait(2)
    covers(again, "1" if again.broker.held else "0")
    assert again.guards() == len(again.broker.held)
    assert all(not one.plan.held for one in again.guardian.plans.all())
    check_that_plans_are_kept(again)


def test_a_close_in_doubt_when_it_dies_is_resolved_before_legs_are_placed() -> None:
    """It has executed: no leg is placed on what is gone."""
    core = holding()
    core.broker.plan("close", Lost(NO_ANSWER))
    close(core)
    core.broker.listener = Notebook()
    executes(core)
    submitted = len(core.broker.asked("submit"))
    again = crashed(core)
    again.wait(2 * DOUBT_SECONDS)
    assert len(again.broker.asked("submit")) in (0, submitted)
    covers(again, "0")
    assert again.guards() == 0


def test_legs_do_not_wait_long_for_a_close_of_a_dead_process_that_the_broker_does_not_have() -> (
    None
):
    core = holding()
    core.broker.plan("close", NO_ANSWER)
    close(core)
    again = crashed(core)
    covers(again, "0")
    again.wait(RESTART_SECONDS + 1)
    covers(again, "1")
    assert RESTART_SECONDS < DOUBT_SECONDS


def test_a_refusal_that_was_written_down_but_not_seen_by_the_plan_is_read() -> None:
    core = holding()
    core.broker.plan("close", OrderRejected("no"))
    core.guardian._closes.over = lambda intent_id: []  # type: ignore[method-assign]  # dies here
    close(core).addErrback(lambda _refused: None)
    covers(core, "0")
    again = crashed(core)
    again.wait(1)
    covers(again, "1")


def test_what_is_held_for_an_intent_that_was_never_written_stands_again() -> None:
    core = holding()
    (guarded,) = core.guardian.plans.all()
    guarded.plan.holds["never-written"] = Decimal(1)
    core.guardian._keeping.keep(guarded)
    again = crashed(core)
    (plan,) = [one.plan for one in again.guardian.plans.all()]
    assert plan.holds == {}
    again.wait(1)
    covers(again, "1")


def test_an_end_that_was_told_but_not_seen_by_the_plan_is_read() -> None:
    core = holding()
    handle = close(core)
    core.guardian._closes.take = lambda *_told: []  # type: ignore[method-assign]  # dies here
    order = close_of(core)
    assert order is not None
    core.broker.end(order.id, OrderStatus.CANCELLED)
    assert handle.called
    again = crashed(core)
    again.wait(1)
    covers(again, "1")


def test_a_close_of_a_part_goes_on_after_a_restart() -> None:
    core = holding()
    close(core, "0.4")
    again = crashed(core)
    again.wait(2 * DOUBT_SECONDS)
    covers(again, "0.6")
    order = close_of(again)
    assert order is not None
    again.broker.held = {"p1": a_position(id="p1", quantity=Decimal("0.6"))}
    again.broker.fill(order.id, "0.4")
    covers(again, "0.6")
    again.reconciled()
    covers(again, "0.6")


def test_what_is_held_is_kept_with_the_plan() -> None:
    core = holding()
    close(core, "0.4")
    (guarded,) = core.guardian.plans.all()
    assert list(guarded.plan.holds.values()) == [Decimal("0.4")]
    assert decode(encode(guarded.plan)).holds == guarded.plan.holds
    check_that_plans_are_kept(core)
