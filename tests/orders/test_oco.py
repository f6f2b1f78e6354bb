"""Groups of orders of which one cancels the others (protocol 9.10, order_lifecycle 6.4, 6.5)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.orders.core import Core, failure_of, order_request
from tradegw.errors import OrderRejected, ProviderError
from tradegw.model.enums import AlertCode, OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.order import OrderChange
from tradegw.orders import oco

DOUBLE = AlertCode.OCO_DOUBLE_EXIT


@pytest.fixture
def core() -> Core:
    return Core()


def a_member(core: Core, group: str = "g", quantity: str = "1") -> str:
    handle = core.submit(
        side=Side.SELL,
        order_type=OrderType.LIMIT,
        limit_price="110",
        quantity=quantity,
        oco_group_id=group,
    )
    return handle.id


def test_a_full_fill_cancels_the_others(core: Core) -> None:
    first, second, third = a_member(core), a_member(core), a_member(core)
    core.broker.fill(second, "1")
    assert core.broker.asked("cancel") == [first, third]
    assert core.alerts(DOUBLE) == []


def test_one_that_came_after_a_partial_fill_and_was_never_told_of_goes_as_well(core: Core) -> None:
    first = a_member(core)
    core.broker.fill(first, "0.5")
    core.broker.unheard = {OrderEventKind.CREATED}
    second = a_member(core)
    core.broker.fill(first, "1")
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_other_groups_and_orders_without_one_are_left_alone(core: Core) -> None:
    first = a_member(core, "g")
    a_member(core, "h")
    core.submit()
    core.broker.fill(first, "1")
    assert core.broker.asked("cancel") == []


def test_a_partial_fill_lowers_the_others_to_what_is_left(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    core.broker.fill(first, "0.25")
    assert core.broker.asked("cancel") == []
    assert core.broker.asked("replace") == [(second, OrderChange(quantity=Decimal("0.75")))]
    core.broker.fill(second, "0.25")
    assert core.broker.orders[first].quantity == Decimal("0.75")
    core.broker.fill(first, "0.75")
    assert core.broker.orders[second].status is OrderStatus.CANCELLED
    assert core.alerts(DOUBLE) == []


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.EXPIRED])
def test_a_cancel_or_expiry_cancels_nobody(core: Core, status: OrderStatus) -> None:
    first = a_member(core)
    a_member(core)
    core.broker.end(first, status)
    assert core.broker.asked("cancel") == []


def test_a_rejection_cancels_the_others(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    core.broker.end(first, OrderStatus.REJECTED)
    assert core.broker.asked("cancel") == [second]


def test_the_fill_goes_out_when_the_others_are_cancelled(core: Core) -> None:
    """Protocol 5.9: siblings are cancelled at the broker, then the event is sent."""
    first, second = a_member(core), a_member(core)
    core.sink.events.clear()
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    core.broker.fill(first, "1")
    assert core.told() == []
    answer.callback(None)
    assert core.told() == [
        (first, OrderEventKind.FILLED),
        (second, OrderEventKind.CANCELLED),
    ]


def test_rt08_two_full_fills_are_a_double_exit(core: Core) -> None:
    first, second = a_member(core, quantity="2"), a_member(core, quantity="3")
    core.broker.plan("cancel", ProviderError("no answer"))
    core.broker.fill(first, "2")
    core.broker.fill(second, "3")
    (alert,) = core.alerts(DOUBLE)
    assert "double-exit" in alert.message
    assert alert.details == {
        "oco_group_id": "g",
        "symbol": "AAPL",
        "first_fill": {"order_id": first, "quantity": 2, "side": "Sell"},
        "second_fill": {"order_id": second, "quantity": 3, "side": "Sell"},
        "total_exit_quantity": 5,
    }
    assert core.count("gateway_oco_double_exit_total", platform="mock") == 1


def test_rt09_one_full_fill_is_none_even_if_told_twice(core: Core) -> None:
    first = a_member(core)
    a_member(core)
    core.broker.fill(first, "1")
    core.broker.fill(first, "1")
    assert core.alerts(DOUBLE) == []


def test_rt09_orders_without_a_group_are_none(core: Core) -> None:
    for _ in range(2):
        core.broker.fill(core.submit(side=Side.SELL).id, "1")
    assert core.alerts(DOUBLE) == []


def test_w30_an_event_before_the_answer_loses_no_member(core: Core) -> None:
    """The second member's acceptance is told by event while its submit has no answer yet."""
    first = a_member(core)
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    request = order_request(
        side=Side.SELL, order_type=OrderType.LIMIT, limit_price="90", oco_group_id="g"
    )
    submitted = core.desk.submit(request)
    answer.callback(None)
    second = next(reversed(core.broker.orders))
    assert submitted.called
    core.broker.fill(second, "1")
    assert core.broker.asked("cancel") == [first]


def test_w30_events_without_group_id_do_not_end_the_membership(core: Core) -> None:
    first, second = a_member(core), a_member(core)
    for order_id in (first, second):
        core.broker.orders[order_id] = replace(core.broker.orders[order_id], oco_group_id=None)
    core.broker.fill(first, "1")
    assert core.broker.asked("cancel") == [second]


def test_w30_a_member_still_on_its_way_is_cancelled_when_it_arrives(core: Core) -> None:
    first = a_member(core)
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.desk.submit(order_request(side=Side.SELL, oco_group_id="g"))
    core.broker.fill(first, "1")
    assert core.broker.asked("cancel") == []
    answer.callback(None)
    second = next(reversed(core.broker.orders))
    assert core.broker.asked("cancel") == [second]
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_a_member_on_its_way_when_a_running_round_ends_is_cancelled_when_it_arrives(
    core: Core,
) -> None:
    first = a_member(core)
    core.broker.fill(first, "0.5")
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.desk.submit(order_request(side=Side.SELL, oco_group_id="g"))
    core.broker.fill(first, "1")
    answer.callback(None)
    second = next(reversed(core.broker.orders))
    assert second != first
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_one_that_filled_and_was_looked_at_before_its_event_is_the_first_of_two(
    core: Core,
) -> None:
    first, second = a_member(core), a_member(core)
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(first, "1")
    core.broker.unheard = set()
    core.entry.look_up(first)
    core.broker.fill(second, "1")
    (alert,) = core.alerts(DOUBLE)
    assert alert.details is not None
    assert alert.details["first_fill"]["order_id"] == first
    assert alert.details["second_fill"]["order_id"] == second
    core.reconciled()
    assert len(core.alerts(DOUBLE)) == 1


def test_two_that_were_looked_at_before_their_events_are_a_double_exit_once(core: Core) -> None:
    first, second, third = a_member(core), a_member(core), a_member(core)
    core.broker.unheard = {OrderEventKind.FILLED}
    for each in (first, second):
        core.broker.fill(each, "1")
        core.entry.look_up(each)
    core.broker.unheard = set()
    core.broker.fill(third, "0.5")
    assert len(core.alerts(DOUBLE)) == 1
    assert core.broker.orders[third].status is OrderStatus.CANCELLED


def test_a_member_still_on_its_way_that_fills_at_once_is_a_double_exit(core: Core) -> None:
    first = a_member(core)
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.broker.plan("cancel", ProviderError("too late"))
    core.desk.submit(order_request(side=Side.SELL, oco_group_id="g"))
    core.broker.fill(first, "1")
    answer.callback(None)
    second = next(reversed(core.broker.orders))
    core.broker.fill(second, "1")
    assert len(core.alerts(DOUBLE)) == 1


def test_w31_a_rejection_does_not_count_as_a_fill(core: Core) -> None:
    first, second, third = a_member(core), a_member(core), a_member(core)
    core.broker.plan("cancel", ProviderError("x"), ProviderError("x"))
    core.broker.end(first, OrderStatus.REJECTED)
    core.broker.fill(second, "1")
    assert core.alerts(DOUBLE) == []
    assert core.broker.orders[third].status is OrderStatus.CANCELLED


def test_w31_the_name_of_a_group_can_be_used_again(core: Core) -> None:
    core.broker.fill(a_member(core), "1")
    first, second = a_member(core), a_member(core)
    core.broker.fill(first, "1")
    assert core.alerts(DOUBLE) == []
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_a_refused_submit_is_no_member(core: Core) -> None:
    first = a_member(core)
    core.broker.plan("submit", OrderRejected("no"))
    failure_of(core.desk.submit(order_request(oco_group_id="g")), OrderRejected)
    core.broker.fill(first, "1")
    assert core.broker.asked("cancel") == []
    assert core.blotter.expected_in_group("g") == []


def test_a_sibling_that_cannot_be_cancelled_does_not_stop_the_next(core: Core) -> None:
    first, second, third = a_member(core), a_member(core), a_member(core)
    core.broker.plan("cancel", ProviderError("no answer"))
    core.broker.fill(first, "1")
    assert core.broker.asked("cancel") == [second, third]
    assert core.broker.orders[third].status is OrderStatus.CANCELLED


def test_w72_the_memory_of_rounds_is_bounded(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oco, "REMEMBERED", 5)
    working = a_member(core, "busy")
    core.broker.fill(a_member(core, "busy"), "0.5")
    for number in range(20):
        first, _second = a_member(core, f"g{number}"), a_member(core, f"g{number}")
        core.broker.fill(first, "1")
    rounds = core.groups._rounds.values()
    assert len(rounds) == 5
    assert {one.group for one in rounds} == {"busy", "g16", "g17", "g18", "g19"}
    assert len(core.groups._round_of) == 10
    assert len(core.store.plans()) == 5
    assert core.groups._withdrawals._under_way == {}
    assert core.broker.orders[working].quantity == Decimal("0.5")
