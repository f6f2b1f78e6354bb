"""Legs are placed when the entry fills, once each (order_lifecycle 20.4, 20.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, failure_of, ids, order_request
from tradegw.errors import (
    GatewayError,
    InternalError,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from tradegw.model.enums import OrderStatus, OrderType, Side
from tradegw.testing.broker import Lost

HALF = Decimal("0.5")
NO_ANSWER = ProviderError("no answer")
DUPLICATE = OrderRejected("duplicate client order id")


@pytest.fixture
def core() -> Core:
    return Core()


def legs_sent(core: Core) -> list[Any]:
    """The requests for legs that left, answered or not."""
    return [sent for sent in core.broker.asked("submit") if "-" in str(sent.client_order_id)][0:]


def test_exr06_before_the_fill_nothing_is_placed_but_a_plan_is_there(core: Core) -> None:
    core.entered()
    assert core.legs() == []
    assert core.guards() == 1


def test_exr07_a_broker_that_keeps_brackets_itself_needs_no_plan() -> None:
    core = Core(brackets=True)
    core.entered("1")
    assert core.guards() == 0
    assert len(core.broker.asked("submit")) == 1


def test_exr08_an_order_without_exits_has_no_plan(core: Core) -> None:
    core.entered("1", stop_loss=None, take_profit=None)
    assert core.guards() == 0
    assert core.legs() == []


def test_w12_both_exits_are_placed_where_the_broker_keeps_none(core: Core) -> None:
    core.entered("1")
    assert (core.live(OrderType.STOP), core.live(OrderType.LIMIT)) == (1, 1)


def test_exp01_a_fill_places_exactly_a_stop_and_a_limit(core: Core) -> None:
    core.entered("1")
    stop, profit = core.legs()
    assert (stop.client_order_id, stop.order_type) == ("c1-sl", OrderType.STOP)
    assert (profit.client_order_id, profit.order_type) == ("c1-tp", OrderType.LIMIT)
    assert stop.side is profit.side is Side.SELL
    assert stop.quantity == profit.quantity == 1
    assert stop.stop_price == 90
    assert profit.limit_price == 110
    assert core.alerts() == []


def test_a_short_entry_is_bought_back(core: Core) -> None:
    core.entered("1", side=Side.SELL, stop_loss="110", take_profit="90")
    assert [leg.side for leg in core.legs()] == [Side.BUY, Side.BUY]


def test_exp03_without_a_client_id_the_legs_are_named_after_the_brokers(core: Core) -> None:
    entry_id = core.entered("1", client_order_id=None)
    assert ids(core.legs()) == [f"{entry_id}-sl", f"{entry_id}-tp"]


def test_exp05_further_fills_add_numbered_legs_for_the_difference(core: Core) -> None:
    entry_id = core.entered("0.4")
    core.broker.fill(entry_id, "0.7")
    core.broker.fill(entry_id, "1")
    assert [(leg.client_order_id, str(leg.quantity)) for leg in core.legs()] == [
        ("c1-sl", "0.4"),
        ("c1-tp", "0.4"),
        ("c1-sl-1", "0.3"),
        ("c1-tp-1", "0.3"),
        ("c1-sl-2", "0.3"),
        ("c1-tp-2", "0.3"),
    ]


def test_a_fill_told_twice_places_nothing_twice(core: Core) -> None:
    entry_id = core.entered("0.4")
    core.broker.fill(entry_id, "0.4")
    core.broker.fill(entry_id, "0.3")
    assert len(core.legs()) == 2


def test_exp06_exp07_legs_of_every_fill_name_the_position_and_are_reduce_only(core: Core) -> None:
    entry_id = core.entered()
    core.broker.fill(entry_id, "0.5", position_id="pos-1")
    core.broker.fill(entry_id, "1", position_id="pos-1")
    assert {(leg.position_id, leg.reduce_only) for leg in core.legs()} == {("pos-1", True)}
    assert len(core.legs()) == 4


def test_exp08_without_a_position_id_legs_name_none_and_are_not_reduce_only(core: Core) -> None:
    core.entered("1")
    assert {(leg.position_id, leg.reduce_only) for leg in core.legs()} == {(None, None)}


def early(core: Core, fill: str = "1", **members: Any) -> tuple[Deferred[Any], Deferred[None]]:
    """An entry whose fill is told before its submit is answered: the submit and its answer."""
    order_id, answer = "ord-1", Deferred[None]()
    core.broker.plan("submit", answer)
    request = order_request(stop_loss="90", take_profit="110", client_order_id="c1")
    submitted = core.desk.submit(request)
    accepted = core.broker._accept(core.broker.asked("submit")[0])
    assert accepted.id == order_id
    core.broker.fill(order_id, fill, **members)
    return submitted, answer


def test_exp09_w50_a_fill_before_the_answer_is_protected_at_once(core: Core) -> None:
    early(core)
    assert ids(core.live_legs()) == ["c1-sl", "c1-tp"]


def test_exp10_an_early_fill_keeps_its_position_id(core: Core) -> None:
    early(core, position_id="pos-1")
    assert {leg.position_id for leg in core.legs()} == {"pos-1"}


def test_exp09_the_answer_waits_for_the_legs_of_an_early_fill(core: Core) -> None:
    leg_answer: Deferred[None] = Deferred()
    entry_answer: Deferred[None] = Deferred()
    core.broker.plan("submit", Lost(NO_ANSWER))
    core.broker.plan("submit", leg_answer)
    core.broker._outcomes["submit"].clear()

    def filled_before_the_answer() -> None:
        core.broker.plan("submit", leg_answer)
        core.broker.fill("ord-1", "1")

    core.broker.plan("submit", entry_answer)
    original = core.broker._accept

    def accept(request: Any) -> Any:
        order = original(request)
        if order.id == "ord-1":
            filled_before_the_answer()
        return order

    core.broker._accept = accept  # type: ignore[method-assign]  # fills while it accepts
    submitted = core.desk.submit(order_request(stop_loss="90", client_order_id="c1"))
    entry_answer.callback(None)
    assert not submitted.called
    leg_answer.callback(None)
    assert submitted.called


def test_the_answer_does_not_wait_for_legs_for_ever(core: Core) -> None:
    core.broker.plan("submit", None, Deferred())
    original = core.broker._accept

    def accept(request: Any) -> Any:
        order = original(request)
        core.broker.fill(order.id, "1")
        return order

    core.broker._accept = accept  # type: ignore[method-assign]  # fills while it accepts
    submitted = core.desk.submit(order_request(stop_loss="90", client_order_id="c1"))
    core.clock.advance(1.9)
    assert not submitted.called
    core.clock.advance(0.1)
    assert submitted.called


def test_exr10_a_broker_that_answers_a_repeat_with_the_same_order_gets_one_pair(
    core: Core,
) -> None:
    entry_id = core.entered()
    core.broker._accept = lambda _request: core.broker.orders[entry_id]  # type: ignore[method-assign]  # idempotent
    repeat = core.submit(stop_loss="90", take_profit="110", client_order_id="c1")
    assert repeat.id == entry_id
    assert core.guards() == 1
    del core.broker._accept  # type: ignore[misc]  # back to the method
    core.broker.fill(entry_id, "1")
    assert ids(core.legs()) == ["c1-sl", "c1-tp"]


def test_two_orders_with_one_client_id_are_both_protected(core: Core) -> None:
    """A lenient broker accepts the same client order id twice."""
    first, second = core.entered(), core.entered()
    core.broker.fill(first, "1")
    core.broker.fill(second, "1")
    assert core.live(OrderType.STOP) == 2


# -- when the broker does not obey ---------------------------------------------------------------


@pytest.mark.parametrize("error", [NO_ANSWER, ProviderUnavailable("503"), InternalError("what?")])
def test_w03_a_leg_whose_answer_was_lost_is_found_and_not_sent_again(
    core: Core, error: GatewayError
) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", Lost(error))
    core.broker.listener = Deaf(core)
    core.intake.on_event(core.broker.filled(entry_id, "1"))
    core.wait(2)
    assert ids(core.legs()) == ["c1-sl", "c1-tp"]
    assert core.alerts() == []
    core.wait(60)
    assert len(core.legs()) == 2
