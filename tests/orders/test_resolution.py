"""What became of an order is found out by asking, and never by sending again (G1, W-01, W-03)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred, succeed

from tests.orders.core import Core, failure_of, order_request, result_of
from tests.orders.samples import a_trade, an_order
from tradegw.errors import OrderRejected, ProviderError, RateLimited
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType
from tradegw.model.order import OrderChange, OrderHandle, Unresolved
from tradegw.orders.resolution import MAX_STRANGERS
from tradegw.testing.broker import EPOCH, Lost

LOOKS = ("order_by_client_id", "open_orders", "closed_orders", "trades")
NOT_ASKED = RateLimited("slow down")


@pytest.fixture
def core() -> Core:
    core = Core()
    core.broker.unheard = set(OrderEventKind)
    return core


def submit_lost(core: Core) -> Deferred[OrderHandle]:
    """The broker has the order, and says nothing of it."""
    core.broker.plan("submit", Lost(ProviderError("no answer")))
    return core.desk.submit(order_request(client_order_id="c"))


def submit_vanished(core: Core) -> Deferred[OrderHandle]:
    """The order never reached the broker."""
    core.broker.plan("submit", ProviderError("no answer"))
    return core.desk.submit(order_request(client_order_id="c"))


def nowhere(core: Core, *names: str) -> None:
    """These lists of the broker are empty."""
    for name in names:
        setattr(core.broker, name, lambda *_query: succeed([]))


# -- the ways to find it


def test_it_is_found_by_its_client_order_id(core: Core) -> None:
    work = submit_lost(core)
    core.wait(0.25)
    assert result_of(work).id == "ord-1"
    assert core.broker.asked("order_by_client_id") == ["c"]
    assert core.broker.asked("open_orders") == []


def test_it_is_found_among_the_working_orders(core: Core) -> None:
    core.broker.knows_client_ids = False
    work = submit_lost(core)
    core.wait(0.25)
    assert result_of(work).id == "ord-1"
    assert core.broker.asked("closed_orders") == []


def test_it_is_found_among_the_closed_orders(core: Core) -> None:
    core.broker.knows_client_ids = False
    work = submit_lost(core)
    core.broker.fill("ord-1", "1")
    core.wait(0.25)
    assert result_of(work).status is OrderStatus.FILLED
    (query,) = core.broker.asked("closed_orders")
    assert query.client_order_id == "c"
    assert query.since < EPOCH


def test_it_is_found_by_its_executions_alone(core: Core) -> None:
    core.broker.knows_client_ids = False
    nowhere(core, "open_orders", "closed_orders")
    work = submit_lost(core)
    core.broker.fill("ord-1", "1")
    core.broker.executions = [a_trade("t1", order_id="gone"), a_trade("t2", order_id="ord-1")]
    core.wait(0.25)
    assert result_of(work).status is OrderStatus.FILLED
    assert core.broker.asked("order") == ["gone", "ord-1"]


def test_what_a_look_up_does_not_show_yet_a_list_may(core: Core) -> None:
    core.broker.order_by_client_id = Core().broker.order_by_client_id  # type: ignore[method-assign]  # of one that has no orders
    work = submit_lost(core)
    core.wait(0.25)
    assert result_of(work).id == "ord-1"


def test_an_older_order_with_the_same_client_order_id_is_another(core: Core) -> None:
    old = an_order("old", client_order_id="c", created_at=EPOCH - timedelta(days=1))
    core.broker.orders["old"] = old
    core.broker.executions = [a_trade("t1", order_id="old")]
    work = submit_vanished(core)
    core.wait(100)
    assert result_of(work).outcome is Unresolved.UNKNOWN
    error = failure_of(core.desk.submit(order_request(client_order_id="c")), OrderRejected)
    assert error.reject_code == "NEVER_ARRIVED"


def test_an_order_that_the_brokers_clock_dates_a_little_earlier_is_the_one(core: Core) -> None:
    work = submit_lost(core)
    order = core.broker.orders["ord-1"]
    core.broker.orders["ord-1"] = replace(order, created_at=EPOCH - timedelta(minutes=4))
    core.wait(0.25)
    assert result_of(work).id == "ord-1"


# -- what is no answer


@pytest.mark.parametrize("name", LOOKS)
def test_could_not_ask_is_not_a_no(core: Core, name: str) -> None:
    core.broker.plan(name, *[NOT_ASKED] * 1000)
    submit_vanished(core)
    core.wait(300)
    assert core.intents.in_doubt() == 1


@pytest.mark.parametrize("name", LOOKS)
def test_it_is_asked_again_until_there_is_an_answer(core: Core, name: str) -> None:
    if name != "order_by_client_id":
        core.broker.knows_client_ids = False
    core.broker.plan(name, *[NOT_ASKED] * 9)
    submit_lost(core)
    if name != "open_orders":
        core.broker.fill("ord-1", "1")
    if name == "trades":
        nowhere(core, "open_orders", "closed_orders")
        core.broker.executions = [a_trade(order_id="ord-1")]
    core.wait(120)
    assert core.intents.in_doubt() == 1
    core.wait(1)
    assert core.intents.in_doubt() == 0
    assert [event.order.id for event in core.order_events()] == ["ord-1"]


def test_an_order_that_cannot_be_asked_for_is_no_no_either(core: Core) -> None:
    core.broker.knows_client_ids = False
    nowhere(core, "open_orders", "closed_orders")
    core.broker.executions = [a_trade(order_id="ord-1")]
    core.broker.plan("order", *[NOT_ASKED] * 100)
    submit_lost(core)
    core.wait(300)
    assert core.intents.in_doubt() == 1


def test_among_many_strangers_it_is_found_in_several_looks(core: Core) -> None:
    core.broker.knows_client_ids = False
    nowhere(core, "open_orders", "closed_orders")
    strangers = [f"a{number}" for number in range(2 * MAX_STRANGERS)]
    core.broker.orders = {each: an_order(each) for each in strangers}
    core.broker.executions = [a_trade(f"t-{each}", order_id=each) for each in (*strangers, "ord-1")]
    submit_lost(core)
    core.wait(10)
    assert [event.order.id for event in core.order_events()] == ["ord-1"]
    assert sorted(core.broker.asked("order")) == sorted([*strangers, "ord-1"])


def test_among_more_strangers_than_can_be_asked_for_it_may_still_be(core: Core) -> None:
    core.broker.knows_client_ids = False
    nowhere(core, "open_orders", "closed_orders")
    core.broker.executions = [
        a_trade(f"t{number}", order_id=f"unknown-{number}") for number in range(MAX_STRANGERS + 1)
    ]
    submit_lost(core)
    core.wait(300)
    assert core.order_events() == []
    assert core.intents.in_doubt() == 1


@pytest.mark.parametrize(("seconds", "in_doubt"), [(1, 1), (10, 1), (59, 1), (62, 0)], ids=str)
def test_that_there_is_none_is_believed_after_a_minute_only(
    core: Core, seconds: int, in_doubt: int
) -> None:
    submit_vanished(core)
    core.wait(seconds)
    assert core.intents.in_doubt() == in_doubt


def test_that_there_is_none_must_be_said_three_times(core: Core) -> None:
    core.broker.plan("order_by_client_id", *[NOT_ASKED] * 8)  # for the first minute
    submit_vanished(core)
    core.wait(60.75 + 59)
    assert core.intents.in_doubt() == 1
    core.wait(32)
    assert core.intents.in_doubt() == 0
    assert len(core.broker.asked("order_by_client_id")) == 11


def test_an_order_that_arrives_late_is_found(core: Core) -> None:
    submit_vanished(core)
    core.wait(50)
    core.broker._accept(core.broker.asked("submit")[0])
    core.wait(12)
    assert [event.order.id for event in core.order_events()] == ["ord-1"]
    assert core.intents.in_doubt() == 0


def test_looks_come_at_growing_distances(core: Core) -> None:
    submit_vanished(core)
    counts = []
    for _ in range(6):
        core.wait(10)
        counts.append(len(core.broker.asked("order_by_client_id")))
    assert counts == [5, 6, 6, 7, 7, 7]


# -- its end


@pytest.mark.parametrize("what", ["event", "stop"])
def test_nothing_is_asked_any_more_once_it_is_known_or_the_gateway_stops(
    core: Core, what: str
) -> None:
    submit_vanished(core)
    core.wait(5)
    if what == "stop":
        core.finish()
    else:
        core.broker.unheard = set()
        core.broker._accept(core.broker.asked("submit")[0])
    asked = len(core.broker.asked("order_by_client_id"))
    core.wait(300)
    assert len(core.broker.asked("order_by_client_id")) == asked


@pytest.mark.parametrize(
    ("submit", "status"),
    [(submit_lost, OrderStatus.OPEN), (submit_vanished, OrderStatus.REJECTED)],
    ids=["it is there", "it never arrived"],
)
def test_the_next_process_finds_out_what_this_one_could_not(
    core: Core, submit: Callable[[Core], Deferred[OrderHandle]], status: OrderStatus
) -> None:
    core.broker.plan("order_by_client_id", *[NOT_ASKED] * 5)
    work = submit(core)
    core.wait(10)
    handle = result_of(work)
    core.finish()
    again = Core(again=core)
    again.wait(100)
    assert result_of(again.reads.order(handle.id)).status is status
    (event,) = again.order_events()
    assert event.order.correlation_id == handle.id
    assert again.intents.in_doubt() == 0
    assert again.store.unresolved() == []
    assert len(core.broker.orders) == (status is OrderStatus.OPEN)


def test_a_process_that_died_before_the_answer_is_no_different(core: Core) -> None:
    core.broker.plan("submit", Deferred())
    core.desk.submit(order_request(client_order_id="c"))
    core.finish()
    again = Core(again=core)
    assert again.intents.in_doubt() == 1
    core.broker._accept(order_request(client_order_id="c"))
    again.wait(1)
    assert [event.order.correlation_id for event in again.order_events()] == ["id1"]


@pytest.mark.parametrize("call", ["submit", "cancel", "replace"])
def test_w46_what_is_in_doubt_counts_once_however_often_it_is_looked_for(
    core: Core, call: str
) -> None:
    order_id = core.submit(order_type=OrderType.LIMIT, limit_price="50").id
    no_answer = ProviderError("no answer")
    core.broker.plan(call, Lost(no_answer))
    for name in ("order", "order_by_client_id", "open_orders"):
        core.broker.plan(name, *[no_answer] * 6)
    works: dict[str, Callable[[], Deferred[Any]]] = {
        "submit": lambda: core.desk.submit(order_request()),
        "cancel": lambda: core.desk.cancel(order_id),
        "replace": lambda: core.desk.replace(order_id, OrderChange(limit_price=Decimal(60))),
    }
    works[call]()
    core.wait(100)
    assert core.breakers.snapshot().adapter.failure_count == 1
