"""Members of an OCO group are withdrawn until they are really gone, whatever the broker does."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.orders.core import Core, order_request, result_of
from tests.orders.journals import SlowJournal
from tests.orders.test_oco import a_member
from tradegw.errors import NotSent, OrderNotModifiable, ProviderError, UnsupportedOperation
from tradegw.model.enums import AlertCode, OrderEventKind, OrderStatus
from tradegw.model.order import Order, OrderChange
from tradegw.model.trading import StateSetter, TradingState
from tradegw.orders.withdrawal import AGAIN_SECONDS, LONG_SECONDS, RECORD_SECONDS

TROUBLE = AlertCode.INTERNAL_ERROR
HALF = Decimal("0.5")


@pytest.fixture
def core() -> Core:
    return Core()


def pair(core: Core) -> tuple[str, str]:
    return a_member(core), a_member(core)


def status(core: Core, order_id: str) -> OrderStatus:
    return core.broker.orders[order_id].status


def out(core: Core, call: str, times: int) -> None:
    core.broker.plan(call, *[ProviderError("out")] * times)


def test_a_cancel_that_fails_is_tried_again_without_end(core: Core) -> None:
    first, second = pair(core)
    out(core, "cancel", 100)
    core.broker.fill(first, "1")
    core.wait(200)
    assert status(core, second) is OrderStatus.OPEN
    core.broker._outcomes["cancel"].clear()
    core.wait(31)
    assert status(core, second) is OrderStatus.CANCELLED
    asked = len(core.broker.asked("cancel"))
    core.wait(200)
    assert len(core.broker.asked("cancel")) == asked


def test_what_takes_long_is_alerted_and_rarely_again(core: Core) -> None:
    first, second = pair(core)
    out(core, "cancel", 100)
    core.broker.fill(first, "1")
    core.wait(LONG_SECONDS - 1)
    assert core.alerts(TROUBLE) == []
    core.wait(10)
    (alert,) = core.alerts(TROUBLE)
    assert alert.details == {
        "oco_group_id": "g",
        "order_id": second,
        "symbol": "AAPL",
        "error": "out",
    }
    core.wait(AGAIN_SECONDS - 40)
    assert len(core.alerts(TROUBLE)) == 1
    core.wait(80)
    assert len(core.alerts(TROUBLE)) == 2


def test_the_link_coming_back_is_the_moment_to_try_again(core: Core) -> None:
    first, second = pair(core)
    out(core, "cancel", 3)
    core.broker.fill(first, "1")
    core.wait(7)
    core.intake.on_link_down((), None)
    core.intake.on_link_up()
    assert status(core, second) is OrderStatus.CANCELLED


def test_each_reconciliation_tries_again(core: Core) -> None:
    first, second = pair(core)
    out(core, "cancel", 1)
    core.broker.fill(first, "1")
    core.reconciled()
    assert status(core, second) is OrderStatus.CANCELLED


def test_a_cancel_that_is_only_pending_is_no_end(core: Core) -> None:
    """The broker takes note of it, and refuses it later without a word."""
    first, second = pair(core)
    core.broker.cancels_slowly = True
    core.broker.fill(first, "1")
    core.wait(2)
    assert core.broker.asked("cancel") == [second]
    core.broker.orders[second] = replace(core.broker.orders[second], status=OrderStatus.OPEN)
    core.wait(60)
    assert len(core.broker.asked("cancel")) == 2
    assert len(core.alerts(TROUBLE)) == 1
    core.broker.end(second, OrderStatus.CANCELLED)
    core.wait(AGAIN_SECONDS * 2)
    assert len(core.alerts(TROUBLE)) == 1
    assert core.groups._withdrawals._under_way == {}


def test_an_answer_that_was_lost_is_looked_up(core: Core) -> None:
    """It filled before the cancel came, and the event of that is lost: it is told all the same."""
    first, second = pair(core)
    core.broker.plan("cancel", OrderNotModifiable(second, "it is filled"))
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(second, "1")
    core.broker.unheard = set()
    core.broker.fill(first, "1")
    core.wait(2)
    assert (second, OrderEventKind.FILLED) in core.told()
    assert len(core.alerts(AlertCode.OCO_DOUBLE_EXIT)) == 1


def test_halted_and_behind_an_open_breaker_it_goes_out(core: Core) -> None:
    first, second = pair(core)
    third, fourth = a_member(core, "h"), a_member(core, "h")
    result_of(core.trading.change(TradingState.HALTED, None, StateSetter.CLIENT))
    for _ in range(50):
        core.breakers.adapter.record_failure(core.clock.seconds())
    assert core.breakers.adapter.is_open
    core.broker.fill(first, "1")
    core.broker.fill(third, "0.5")
    assert status(core, second) is OrderStatus.CANCELLED
    assert core.broker.orders[fourth].quantity == HALF


def test_a_member_that_is_being_renamed_when_another_fills_is_found_again() -> None:
    core = Core()
    core.broker.renames = True
    first, second = pair(core)
    tell = core.broker.tell

    def first_fills(order: Order, kind: OrderEventKind) -> None:
        tell(order, kind)
        if order.id == second and kind is OrderEventKind.CANCELLED:
            core.broker.tell = tell  # type: ignore[method-assign]  # once
            core.broker.fill(first, "1")

    core.broker.tell = first_fills  # type: ignore[method-assign]  # in the midst of it
    result_of(core.desk.replace(second, OrderChange(limit_price=Decimal(121))))
    assert status(core, core.broker.successors[second]) is OrderStatus.CANCELLED


def test_a_successor_told_of_before_another_fills_is_known_as_what_the_member_is_now() -> None:
    """The answer to the change is still missing."""
    core = Core()
    core.broker.renames = True
    first, second = pair(core)
    tell = core.broker.tell

    def first_fills(order: Order, kind: OrderEventKind) -> None:
        tell(order, kind)
        if order.id not in (first, second) and kind is OrderEventKind.CREATED:
            core.broker.fill(first, "1")

    core.broker.tell = first_fills  # type: ignore[method-assign]  # in the midst of it
    core.desk.replace(second, OrderChange(limit_price=Decimal(121)))
    assert status(core, core.broker.successors[second]) is OrderStatus.CANCELLED


def test_a_member_renamed_beyond_recognition_is_found_by_the_answer() -> None:
    """What tells of the successor bears another client order id; another fills just before."""
    core = Core()
    core.broker.renames = True
    first, second = pair(core)
    tell = core.broker.tell

    def otherwise(order: Order, kind: OrderEventKind) -> None:
        is_new = kind is OrderEventKind.CREATED
        tell(replace(order, client_order_id=f"as-{order.id}") if is_new else order, kind)
        if order.id == second and kind is OrderEventKind.CANCELLED:
            core.broker.fill(first, "1")

    core.broker.tell = otherwise  # type: ignore[method-assign]  # another kind of broker
    result_of(core.desk.replace(second, OrderChange(limit_price=Decimal(121))))
    assert status(core, core.broker.successors[second]) is OrderStatus.CANCELLED


def test_one_whose_change_has_no_answer_is_awaited(core: Core) -> None:
    """It ended to be replaced, and what took its place comes when another has filled."""
    core.broker.renames = True
    first, second = pair(core)
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("replace", ProviderError("no answer"))
    ended = core.broker.orders[second]
    core.desk.replace(second, OrderChange(limit_price=Decimal(121)))
    core.broker.end(second, OrderStatus.CANCELLED)
    core.broker.fill(first, "1")
    successor = replace(ended, id="ord-9", limit_price=Decimal(121))
    core.broker.orders["ord-9"] = successor
    core.wait(5)
    assert status(core, "ord-9") is OrderStatus.CANCELLED


# -- lowering


def test_a_broker_that_cannot_change_quantities_is_alerted_and_the_rest_cancelled(
    core: Core,
) -> None:
    first, second = pair(core)
    core.broker.plan("replace", UnsupportedOperation("changing a quantity", "scripted"))
    core.broker.fill(first, "0.5")
    (alert,) = core.alerts(TROUBLE)
    assert "could not be lowered to 0.5 and may still fill" in alert.message
    core.wait(100)
    assert len(core.broker.asked("replace")) == 1
    core.broker.fill(first, "1")
    assert status(core, second) is OrderStatus.CANCELLED


def test_lowering_that_fails_is_tried_again_to_what_is_left_by_then(core: Core) -> None:
    first, second = pair(core)
    out(core, "replace", 2)
    core.broker.fill(first, "0.25")
    core.broker.fill(first, "0.5")
    core.wait(2)
    assert core.broker.orders[second].quantity == HALF


def test_a_full_fill_does_not_wait_for_a_change_under_way(core: Core) -> None:
    first, second = pair(core)
    core.broker.plan("replace", Deferred())
    core.broker.fill(first, "0.5")
    core.broker.fill(first, "1")
    assert status(core, second) is OrderStatus.CANCELLED


def test_less_that_is_left_during_a_change_is_asked_for_after_it(core: Core) -> None:
    first, second = pair(core)
    go: Deferred[None] = Deferred()
    core.broker.plan("replace", go)
    core.broker.fill(first, "0.25")
    core.broker.fill(first, "0.5")
    go.callback(None)
    assert core.broker.orders[second].quantity == HALF


def test_at_a_broker_that_renames_the_successor_is_lowered_and_cancelled(core: Core) -> None:
    core.broker.renames = True
    first, second = pair(core)
    core.broker.fill(first, "0.5")
    successor = core.broker.successors[second]
    assert core.broker.orders[successor].quantity == HALF
    core.broker.fill(successor, "0.5")
    assert status(core, first) is OrderStatus.CANCELLED
    assert core.alerts(AlertCode.OCO_DOUBLE_EXIT) == []


def test_a_client_cannot_raise_a_member_above_what_is_left(core: Core) -> None:
    first, second = pair(core)
    core.broker.fill(first, "0.5")
    result_of(core.desk.replace(second, OrderChange(quantity=Decimal(3))))
    core.wait(2)
    assert core.broker.orders[second].quantity == HALF


def test_exits_of_a_member_that_is_lowered_stay_its_own() -> None:
    core = Core()
    core.broker.renames = True
    entry = core.entered(oco_group_id="g", client_order_id="c1", quantity="2")
    other = core.submit(oco_group_id="g", quantity="2").id
    core.broker.fill(other, "1")
    successor = core.broker.successors[entry]
    core.broker.fill(successor, "1")
    assert {leg.quantity for leg in core.live_legs()} == {1}
    assert {leg.parent_order_id for leg in core.live_legs()} <= {entry, successor, None}


def test_lowering_waits_for_the_record_but_not_for_ever_and_cancels_do_not() -> None:
    store = SlowJournal()
    core = Core(store=store)
    first, second = pair(core)
    third, fourth = a_member(core, "h"), a_member(core, "h")
    store.slow = True
    core.broker.fill(first, "0.5")
    core.broker.fill(third, "1")
    assert core.broker.asked("replace") == []
    assert status(core, fourth) is OrderStatus.CANCELLED
    core.wait(RECORD_SECONDS + 0.5)
    assert core.broker.orders[second].quantity == HALF
    store.sync()


def test_one_that_is_not_sent_for_want_of_a_link_is_no_end(core: Core) -> None:
    first, second = pair(core)
    core.broker.plan("cancel", NotSent("no link"))
    core.broker.plan("order", ProviderError("no link"))
    core.broker.fill(first, "1")
    core.wait(10)
    assert status(core, second) is OrderStatus.CANCELLED


def test_nothing_is_begun_any_more_at_the_end(core: Core) -> None:
    first, second = pair(core)
    out(core, "cancel", 1)
    core.broker.fill(first, "1")
    core.finish()
    core.wait(100)
    assert core.broker.asked("cancel") == [second]


def test_a_third_that_comes_after_a_part_gets_what_is_left(core: Core) -> None:
    first, _second = pair(core)
    core.broker.fill(first, "0.5")
    third = result_of(core.desk.submit(order_request(oco_group_id="g", quantity="1"))).id
    assert core.broker.orders[third].quantity == HALF
