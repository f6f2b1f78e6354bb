"""The one way an order leaves (order_lifecycle 4 and 20.16, protocol 3.2 to 3.7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from tests.orders.core import Core, failure_of, order_request, result_of
from tradegw.errors import (
    GatewayError,
    IntentConflict,
    InternalError,
    InvalidRequest,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    Overloaded,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    UnsupportedOperation,
)
from tradegw.exits import guardian
from tradegw.interfaces import IOrderEntry
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType
from tradegw.model.limits import Lane
from tradegw.model.order import CancelAllResult, OrderChange, OrderQuery, Unresolved
from tradegw.testing.broker import Lost

SUBMITTED = "gateway_orders_submitted_total"
DURATION = "gateway_order_submit_duration_seconds"
DEFINITE = [
    OrderRejected("no"),
    InvalidRequest("what?"),
    UnsupportedOperation("this", "here"),
    RateLimited("slow down"),
]
DOUBTFUL = [ProviderError("no answer"), ProviderUnavailable("503"), InternalError("unreadable")]


@pytest.fixture
def core() -> Core:
    return Core()


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(IOrderEntry, core.entry)


# -- submit --------------------------------------------------------------------------------------


def test_api01_the_handle_has_id_status_and_a_correlation_id_of_ours(core: Core) -> None:
    handle = core.submit(client_order_id="mine")
    assert (handle.id, handle.status, handle.client_order_id) == ("ord-1", OrderStatus.OPEN, "mine")
    assert handle.correlation_id


def test_api03_twenty_orders_get_twenty_ids_of_each_kind(core: Core) -> None:
    handles = [core.submit() for _ in range(20)]
    assert len({handle.id for handle in handles}) == 20
    assert len({handle.correlation_id for handle in handles}) == 20
    assert len({handle.client_order_id for handle in handles}) == 20
    assert len(core.broker.asked("submit")) == 20


@pytest.mark.parametrize("given", [None, ""])
def test_w01_every_order_leaves_with_a_client_order_id(core: Core, given: str | None) -> None:
    handle = core.submit(client_order_id=given)
    (sent,) = core.broker.asked("submit")
    assert sent.client_order_id == handle.client_order_id
    assert sent.client_order_id.startswith("gw-")


@pytest.mark.parametrize("error", DEFINITE, ids=lambda error: type(error).__name__)
def test_w01_a_definite_refusal_is_the_answer(core: Core, error: GatewayError) -> None:
    core.broker.plan("submit", error)
    assert failure_of(core.desk.submit(order_request()), GatewayError) is error
    core.wait(120)
    assert len(core.broker.asked("submit")) == 1
    assert core.broker.asked("order_by_client_id") == []


@pytest.mark.parametrize("error", DOUBTFUL, ids=lambda error: type(error).__name__)
def test_w01_a_submit_is_sent_once_though_nobody_knows_what_became_of_it(
    core: Core, error: GatewayError
) -> None:
    core.broker.plan("submit", error)
    work = core.desk.submit(order_request())
    core.wait(120)
    handle = result_of(work)
    assert (handle.status, handle.outcome) == (OrderStatus.PENDING, Unresolved.UNKNOWN)
    assert len(core.broker.asked("submit")) == 1


@pytest.mark.parametrize("error", DEFINITE, ids=lambda error: type(error).__name__)
def test_a_refused_order_leaves_nothing_behind(core: Core, error: GatewayError) -> None:
    core.broker.plan("submit", error)
    request = order_request(stop_loss="90", client_order_id="c1", oco_group_id="g")
    failure_of(core.desk.submit(request), GatewayError)
    assert core.guards() == 0
    assert core.blotter.expected_in_group("g") == []


@pytest.mark.parametrize("error", DOUBTFUL, ids=lambda error: type(error).__name__)
def test_w02_an_accepted_order_without_a_readable_answer_is_protected(
    core: Core, error: GatewayError
) -> None:
    core.broker.plan("submit", Lost(error))
    work = core.desk.submit(order_request(stop_loss="90", client_order_id="c1"))
    core.broker.fill("ord-1", "1")
    assert core.leg("c1-sl").quantity == 1
    handle = result_of(work)
    assert (handle.id, handle.outcome) == ("ord-1", None)
    assert core.order_events("ord-1")[-1].order.correlation_id == handle.correlation_id


def test_a_repeat_that_wants_something_else_is_refused_and_the_first_stays_protected(
    core: Core,
) -> None:
    entry_id = core.entered()
    for exits in ({}, {"stop_loss": "80"}):
        request = order_request(client_order_id="c1", **exits)
        failure_of(core.desk.submit(request), IntentConflict)
    assert len(core.broker.asked("submit")) == 1
    core.broker.fill(entry_id, "1")
    assert core.leg("c1-sl").stop_price == 90
    assert core.live(OrderType.LIMIT) == 1


def test_a_repeat_after_a_lost_answer_waits_for_the_first_which_is_protected_once(
    core: Core,
) -> None:
    core.broker.unheard.add(OrderEventKind.CREATED)
    core.broker.plan("submit", Lost(ProviderError("no answer")))
    request = order_request(client_order_id="c1", stop_loss="90")
    works = [core.desk.submit(request), core.desk.submit(request)]
    core.wait(1)
    assert [result_of(work).id for work in works] == ["ord-1", "ord-1"]
    core.broker.fill("ord-1", "1")
    assert core.live(OrderType.STOP) == 1


def test_an_id_that_never_arrived_stays_refused_and_another_is_protected_once(core: Core) -> None:
    core.broker.plan("submit", ProviderError("never arrived"))
    request = order_request(client_order_id="c1", stop_loss="90")
    core.desk.submit(request)
    core.wait(120)
    assert failure_of(core.desk.submit(request), OrderRejected).reject_code == "NEVER_ARRIVED"
    handle = core.submit(client_order_id="c2", stop_loss="80")
    core.broker.fill(handle.id, "1")
    assert [leg.stop_price for leg in core.live_legs()] == [80]


def test_an_open_breaker_refuses_before_anything_is_remembered(core: Core) -> None:
    for _ in range(3):
        core.breakers.adapter.record_failure(0)
    for _ in range(5):
        failure_of(core.desk.submit(order_request(stop_loss="90")), ProviderUnavailable)
    assert core.broker.calls == []
    assert core.guards() == 0
    assert core.count(f"{DURATION}_count", platform="mock") == 0


def test_w08_when_no_more_can_be_guarded_the_order_is_refused_before_it_is_sent(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guardian, "MAX_PLANS", 1)
    core.entered()
    failure_of(core.desk.submit(order_request(stop_loss="90", oco_group_id="g")), Overloaded)
    assert len(core.broker.asked("submit")) == 1
    assert core.blotter.expected_in_group("g") == []
    core.submit()  # without exits it is no matter


def test_ob02_an_accepted_order_is_counted_and_timed(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.desk.submit(order_request())
    core.clock.advance(0.2)
    answer.callback(None)
    assert core.count(SUBMITTED, platform="mock") == 1
    assert core.count(f"{DURATION}_count", platform="mock") == 1
    assert core.count(f"{DURATION}_sum", platform="mock") == pytest.approx(0.2)


def test_a_refused_order_is_timed_but_not_counted(core: Core) -> None:
    core.broker.plan("submit", OrderRejected("no"))
    failure_of(core.desk.submit(order_request()), OrderRejected)
    assert core.count(SUBMITTED, platform="mock") == 0
    assert core.count(f"{DURATION}_count", platform="mock") == 1


def test_legs_and_closes_are_no_submits_of_a_client(core: Core) -> None:
    core.entered("1")
    assert len(core.broker.asked("submit")) == 3
    assert core.count(SUBMITTED, platform="mock") == 1


# -- change --------------------------------------------------------------------------------------


def test_legs_go_before_entries_where_calls_wait_for_the_limits_of_the_broker(core: Core) -> None:
    core.entered("1")
    assert core.broker.lanes == [Lane.ENTRY, Lane.EMERGENCY, Lane.EMERGENCY]


def test_what_is_asked_to_lower_risk_goes_before_what_is_asked_to_know(core: Core) -> None:
    """A greedy reader must not keep a sweep or a close from leaving."""
    core.desk.cancel_all(None)
    core.desk.close_all_positions(None)
    for name in ("open_orders", "positions"):
        assert core.broker.asked(name)[-1] is Lane.EMERGENCY
    result_of(core.reads.positions(None))
    result_of(core.reads.open_orders(OrderQuery()))
    for name in ("open_orders", "positions"):
        assert core.broker.asked(name)[-1] is Lane.QUERY


def changed(**members: str) -> OrderChange:
    decimals: dict[str, Any] = {name: Decimal(value) for name, value in members.items()}
    return OrderChange(**decimals)


def test_api06_a_change_in_place_keeps_the_rest_and_the_id(core: Core) -> None:
    handle = core.submit(order_type=OrderType.LIMIT, limit_price="100", quantity="2")
    done = result_of(core.desk.replace(handle.id, changed(limit_price="101")))
    assert done.order.limit_price == 101
    assert done.order.quantity == 2
    assert done.previous_order_id is None
    assert done.order.correlation_id == handle.correlation_id


def test_api06_a_replaced_order_names_its_predecessor_and_inherits_its_links(core: Core) -> None:
    core.broker.renames = True
    handle = core.submit(order_type=OrderType.LIMIT, limit_price="100")
    done = result_of(core.desk.replace(handle.id, changed(limit_price="101")))
    assert done.previous_order_id == handle.id
    assert done.order.id != handle.id
    assert result_of(core.reads.order(done.order.id)).correlation_id == handle.correlation_id


def test_api06_an_unknown_order_is_not_found(core: Core) -> None:
    failure_of(core.desk.replace("nope", changed(limit_price="1")), OrderNotFound)


def test_a_terminal_order_is_not_modifiable(core: Core) -> None:
    handle = core.submit()
    core.broker.fill(handle.id, "1")
    failure_of(core.desk.replace(handle.id, changed(limit_price="1")), OrderNotModifiable)


def test_an_empty_change_changes_nothing_and_returns_the_order(core: Core) -> None:
    handle = core.submit()
    assert result_of(core.desk.replace(handle.id, OrderChange())).order.id == handle.id
    assert core.broker.asked("replace") == []


def test_a_change_of_exits_that_the_broker_keeps_goes_to_the_broker() -> None:
    core = Core(brackets=True)
    handle = core.submit(stop_loss="90")
    done = result_of(core.desk.replace(handle.id, changed(stop_loss="95")))
    assert core.broker.asked("replace") == [(handle.id, changed(stop_loss="95"))]
    assert done.order.stop_loss == 95


def test_a_change_of_exits_that_we_guard_does_not_go_to_the_broker(core: Core) -> None:
    entry_id = core.entered()
    result_of(core.desk.replace(entry_id, changed(stop_loss="95", limit_price="7")))
    assert core.broker.asked("replace") == [(entry_id, changed(limit_price="7"))]
    core.broker.fill(entry_id, "1")
    assert core.leg("c1-sl").stop_price == 95


def test_an_exit_can_be_added_to_an_entry_that_has_the_other(core: Core) -> None:
    entry_id = core.entered("1", take_profit=None)
    result_of(core.desk.replace(entry_id, changed(take_profit="120")))
    assert core.leg("c1-tp").limit_price == 120


# -- cancel --------------------------------------------------------------------------------------


def test_api05_a_cancel_returns_the_cancelled_order(core: Core) -> None:
    handle = core.submit()
    done = result_of(core.desk.cancel(handle.id))
    assert done.success
    assert done.order.status is OrderStatus.CANCELLED
    assert done.order.correlation_id == handle.correlation_id


def test_a_cancel_that_takes_time_is_pending(core: Core) -> None:
    core.broker.cancels_slowly = True
    done = result_of(core.desk.cancel(core.submit().id))
    assert done.order.status is OrderStatus.PENDING_CANCEL


def test_a_filled_order_cannot_be_cancelled(core: Core) -> None:
    handle = core.submit()
    core.broker.fill(handle.id, "1")
    failure_of(core.desk.cancel(handle.id), OrderNotModifiable)


def test_api07_nothing_to_cancel(core: Core) -> None:
    assert result_of(core.desk.cancel_all(None)) == CancelAllResult(
        cancelled_count=0, failed_count=0
    )


def test_api07_all_working_orders_are_cancelled_and_no_others(core: Core) -> None:
    filled = core.submit().id
    core.broker.fill(filled, "1")
    working = [core.submit().id, core.submit().id]
    assert result_of(core.desk.cancel_all(None)) == CancelAllResult(
        cancelled_count=2, failed_count=0
    )
    assert core.broker.asked("cancel") == working


def test_api07_by_symbol(core: Core) -> None:
    core.submit(symbol="MSFT")
    wanted = core.submit(symbol="AAPL").id
    assert result_of(core.desk.cancel_all("AAPL")).cancelled_count == 1
    assert core.broker.asked("cancel") == [wanted]


def test_api07_failures_are_counted_and_named(core: Core) -> None:
    first, second, third = (core.submit().id for _ in range(3))
    core.broker.plan("cancel", OrderRejected("no"), None, ProviderError("no answer"))
    work = core.desk.cancel_all(None)
    core.wait(10)
    assert result_of(work) == CancelAllResult(
        cancelled_count=1, failed_count=2, failed_order_ids=(first, third)
    )
    assert core.broker.orders[second].status is OrderStatus.CANCELLED


def test_an_order_that_went_with_its_sibling_counts_as_cancelled(core: Core) -> None:
    first, second = core.submit().id, core.submit().id
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    work = core.desk.cancel_all(None)
    core.broker.end(second, OrderStatus.CANCELLED)
    answer.callback(None)
    assert core.broker.asked("cancel") == [first, second]
    assert result_of(work).cancelled_count == 2


def test_w46_cancels_pass_an_open_breaker(core: Core) -> None:
    handles = [core.submit(), core.submit()]
    for _ in range(3):
        core.breakers.adapter.record_failure(0)
    assert result_of(core.desk.cancel(handles[0].id)).success
    assert result_of(core.desk.cancel_all(None)).cancelled_count == 1


def test_exits_are_moved_past_an_open_breaker(core: Core) -> None:
    """A stop that shrinks or moves is protection, like its placing."""
    leg = core.submit(order_type=OrderType.STOP, stop_price=Decimal(90))
    for _ in range(3):
        core.breakers.adapter.record_failure(0)
    changed = result_of(core.entry.replace_leg(leg.id, OrderChange(stop_price=Decimal(91))))
    assert changed.order.stop_price == Decimal(91)
