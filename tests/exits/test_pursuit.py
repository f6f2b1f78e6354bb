"""How work on exits ends that does not come to an end by itself."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from tests.orders.core import Core
from tradegw.exits import pursuit
from tradegw.exits.coverage import Place, next_step
from tradegw.exits.plan import Plan
from tradegw.exits.plans import RETAINED_LOST
from tradegw.exits.pursuit import IN_VAIN_SECONDS, MOST_STEPS
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType
from tradegw.model.order import Order, OrderRequest
from tradegw.model.protection import LegKind


@pytest.fixture
def core() -> Core:
    return Core()


def sent_legs(core: Core) -> list[OrderRequest]:
    return [each for each in core.broker.asked("submit") if "-sl" in each.client_order_id]


@pytest.mark.parametrize("enough", [True, False], ids=["covered", "short"])
def test_steps_that_lead_nowhere_end_and_are_alerted(
    core: Core, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_more(plan: Plan, _now: object = None) -> Place:
        return Place(LegKind.STOP_LOSS, Decimal(1 if enough else 0) / 1000)

    monkeypatch.setattr(pursuit, "next_step", one_more)
    core.broker.fill(core.entered(take_profit=None), "0.01")
    core.wait(50)
    assert len(sent_legs(core)) == MOST_STEPS
    assert len(core.alerts()) <= 2
    alert = core.alerts()[0]
    assert alert.details is not None
    assert [each["type"] for each in alert.details["failed_exits"]] == ["StopLoss"]


def test_what_led_nowhere_is_tried_again(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    one_more = Place(LegKind.STOP_LOSS, Decimal(1))
    monkeypatch.setattr(pursuit, "next_step", lambda _plan, _now=None: one_more)
    core.broker.fill(core.entered(take_profit=None), "1")
    monkeypatch.setattr(pursuit, "next_step", next_step)
    core.wait(50)
    assert core.live(OrderType.STOP) == MOST_STEPS
    core.wait(20)
    assert core.live(OrderType.STOP) == 1


@pytest.mark.parametrize("told", ["by the answer", "by an event before", "by an event after"])
def test_legs_that_the_broker_takes_and_ends_are_sent_more_and_more_seldom(
    core: Core, told: str
) -> None:
    entry_id = core.entered(take_profit=None)
    accept = core.broker._accept

    def ending(request: OrderRequest) -> Order:
        order = accept(request)
        if told != "by an event after":
            core.broker.end(order.id, OrderStatus.REJECTED)
        else:
            core.clock.callLater(0, core.broker.end, order.id, OrderStatus.REJECTED)
        return core.broker.orders[order.id]

    core.broker._accept = ending  # type: ignore[method-assign]  # whatever is sent from now on
    core.broker.fill(entry_id, "1")
    if told == "by the answer":
        core.broker.unheard = {OrderEventKind.REJECTED}
    guarded = core.guardian._plans.by_entry_id(entry_id)
    assert guarded is not None
    times, seen = [], 0
    for _ in range(3 * 3600):
        core.clock.advance(1)
        if len(sent_legs(core)) > seen:
            seen = len(sent_legs(core))
            times.append(core.clock.seconds())
    pauses = [round(later - time) for time, later in pairwise(times)]
    assert max(pauses) <= IN_VAIN_SECONDS[-1] + 1
    assert len(sent_legs(core)) < 50
    assert len(guarded.plan.legs) <= RETAINED_LOST + 1
    assert len(core.guardian._plans._legs) <= RETAINED_LOST + 1
    assert core.alerts()
    core.broker._accept = accept  # type: ignore[method-assign]  # as it was
    core.wait(301)
    assert core.live(OrderType.STOP) == 1


def test_a_leg_that_ends_now_and_then_is_placed_again_soon(core: Core) -> None:
    core.broker.fill(core.entered(take_profit=None), "1")
    for _ in range(8):
        (leg,) = core.live_legs()
        core.broker.end(leg.id, OrderStatus.CANCELLED)
        core.wait(1)
        assert core.live(OrderType.STOP) == 1
        core.clock.advance(3600)


def test_a_leg_that_its_client_gave_up_is_not_forgotten(core: Core) -> None:
    core.broker.fill(core.entered(take_profit=None), "1")
    core.desk.cancel(core.leg("c1-sl").id)
    core.wait(1)
    for number in range(2, RETAINED_LOST + 10):
        core.broker.fill("ord-1", f"1.{number:03}")
        core.broker.end(core.live_legs()[0].id, OrderStatus.CANCELLED)
        core.clock.advance(3600)
    assert core.live(OrderType.STOP) < 1
