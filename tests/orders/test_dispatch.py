"""Written down, sent once, followed to its outcome (G1, W-01, W-02, W-53)."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tests.orders.journals import SlowJournal
from tradegw.errors import (
    JournalUnavailable,
    NotSent,
    OrderNotModifiable,
    OrderRejected,
    Overloaded,
    ProviderError,
    RateLimited,
)
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType
from tradegw.model.journal import Verdict
from tradegw.model.limits import Lane
from tradegw.model.order import ClosePositionRequest, Order, OrderHandle, OrderRequest, Unresolved
from tradegw.orders import entry
from tradegw.orders.writing import WRITE_SECONDS
from tradegw.testing.broker import Lost

SUBMITTED = "gateway_orders_submitted_total"
IN_DOUBT = "gateway_order_outcomes_unknown_total"
LOST = Lost(ProviderError("no answer"))


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def slow() -> Core:
    """A core whose journal is slow from now on."""
    core = Core(store=SlowJournal())
    disk(core).slow = True
    return core


def disk(core: Core) -> SlowJournal:
    assert isinstance(core.store, SlowJournal)
    return core.store


def silent(core: Core) -> Deferred[Order]:
    """The next submit takes effect, and its event comes; its answer is in the tester's hands."""
    answer: Deferred[Order] = Deferred()
    submit = core.broker.submit

    def no_answer(request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        core.broker.submit = submit  # type: ignore[method-assign]  # as it was
        submit(request, lane)
        return answer

    core.broker.submit = no_answer  # type: ignore[method-assign]  # for one call
    return answer


def in_doubt(core: Core, **members: Any) -> OrderHandle:
    """The handle of an order of which the broker does not say what became of it."""
    core.broker.unheard.add(OrderEventKind.CREATED)
    core.broker.plan("submit", LOST)
    core.broker.plan("order_by_client_id", *[RateLimited("slow down")] * 5)
    work = core.desk.submit(order_request(**members))
    core.wait(10)
    return result_of(work)


def verdict(core: Core, handle: OrderHandle) -> Verdict | None:
    recorded = core.store.intent(str(handle.correlation_id))
    return None if recorded is None or recorded.outcome is None else recorded.outcome.verdict


# -- before it is sent


def test_nothing_is_sent_before_it_is_durable(slow: Core) -> None:
    work = slow.desk.submit(order_request())
    slow.wait(WRITE_SECONDS - 1)
    assert slow.broker.calls == []
    disk(slow).sync()
    assert result_of(work).id == "ord-1"
    assert len(slow.broker.asked("submit")) == 1


def test_repeats_wait_for_the_disk_as_well(slow: Core) -> None:
    works = [slow.desk.submit(order_request(client_order_id="c")) for _ in range(3)]
    disk(slow).sync()
    assert {result_of(work).id for work in works} == {"ord-1"}


@pytest.mark.parametrize("when", ["before", "while writing"])
def test_when_the_journal_fails_nothing_is_sent_and_the_id_is_free(slow: Core, when: str) -> None:
    request = order_request(client_order_id="c", stop_loss="90", oco_group_id="g")
    if when == "before":
        disk(slow).fail("disk full")
    work = slow.desk.submit(request)
    disk(slow).fail("disk full")
    failure_of(work, JournalUnavailable)
    assert slow.broker.calls == []
    assert slow.guards() == 0
    assert slow.blotter.expected_in_group("g") == []
    assert slow.intents.under_way() == []
    disk(slow).slow = False
    disk(slow).recover()
    assert result_of(slow.desk.submit(request)).id == "ord-1"


def test_a_client_whose_journal_hangs_hears_within_its_patience(slow: Core) -> None:
    slow.dispatch._patience.seconds = 3
    work = slow.desk.submit(order_request())
    slow.wait(3)
    handle = result_of(work)
    assert handle.outcome is Unresolved.UNKNOWN
    slow.wait(WRITE_SECONDS - 3)
    disk(slow).sync()
    assert slow.broker.asked("submit") == []
    assert slow.told() == [(handle.id, OrderEventKind.REJECTED)]
    assert result_of(slow.reads.order(handle.id)).status is OrderStatus.REJECTED


def test_legs_go_out_although_nothing_can_be_written(core: Core) -> None:
    entry_id = core.entered()
    core.store.fail("disk full")
    core.broker.fill(entry_id, "1")
    assert len(core.live_legs()) == 2


def test_a_breaker_that_opens_meanwhile_stops_it_and_the_id_is_free(slow: Core) -> None:
    work = slow.desk.submit(order_request(client_order_id="c"))
    for _ in range(3):
        slow.breakers.adapter.record_failure(0)
    disk(slow).sync()
    failure_of(work, NotSent)
    assert slow.broker.asked("submit") == []
    assert slow.intents.under_way() == []


# -- the answer


def test_an_answer_settles_it_and_the_journal_knows(core: Core) -> None:
    timers = len(core.clock.getDelayedCalls())
    handle = core.submit()
    assert verdict(core, handle) is Verdict.ACCEPTED
    assert core.intents.under_way() == []
    assert len(core.clock.getDelayedCalls()) == timers  # nobody waits for anything more


def test_an_event_without_an_answer_settles_it_within_a_second(core: Core) -> None:
    silent(core)
    work = core.desk.submit(order_request())
    core.wait(0.9)
    assert not work.called
    core.wait(0.2)
    handle = result_of(work)
    assert (handle.id, handle.outcome) == ("ord-1", None)
    assert verdict(core, handle) is Verdict.ACCEPTED


def test_an_answer_that_comes_after_that_changes_nothing(core: Core) -> None:
    answer = silent(core)
    work = core.desk.submit(order_request(stop_loss="90", client_order_id="c"))
    core.wait(1)
    core.broker.fill("ord-1", "1")
    answer.callback(core.broker.orders["ord-1"])
    assert result_of(work).id == "ord-1"
    assert core.count(SUBMITTED, platform="mock") == 1
    assert len(core.live_legs()) == 1
    core.wait(60)
    assert core.broker.asked("order_by_client_id") == []


@pytest.mark.parametrize("when", ["at once", "after the event settled it"])
def test_a_failure_that_comes_after_the_event_changes_nothing(core: Core, when: str) -> None:
    answer = silent(core)
    work = core.desk.submit(order_request())
    if when != "at once":
        core.wait(1)
    answer.errback(ProviderError("no answer"))
    core.wait(1)
    assert result_of(work).id == "ord-1"


def test_a_refusal_of_what_is_known_to_live_is_not_believed(core: Core) -> None:
    """So it is when the order was sent twice below us, and the second was a duplicate."""
    answer = silent(core)
    work = core.desk.submit(order_request(stop_loss="90", client_order_id="c"))
    answer.errback(OrderRejected("duplicate client order id"))
    assert result_of(work).id == "ord-1"
    core.broker.fill("ord-1", "1")
    assert core.live(OrderType.STOP) == 1


def test_a_refusal_that_an_event_tells_as_well_is_one(core: Core) -> None:
    answer = silent(core)
    work = core.desk.submit(order_request(stop_loss="90"))
    core.broker.end("ord-1", OrderStatus.REJECTED)
    answer.errback(OrderRejected("no money", "INSUFFICIENT_FUNDS"))
    assert failure_of(work, OrderRejected).reject_code == "INSUFFICIENT_FUNDS"
    assert core.guards() == 0


def test_a_lost_answer_is_found_out_at_the_first_look(core: Core) -> None:
    core.broker.unheard.add(OrderEventKind.CREATED)
    core.broker.plan("submit", LOST)
    work = core.desk.submit(order_request())
    assert core.intents.in_doubt() == 1
    core.wait(0.25)
    assert result_of(work).id == "ord-1"
    assert core.intents.in_doubt() == 0
    assert [event.reconciled for event in core.order_events("ord-1")] == [True]


def test_an_answer_that_never_comes_is_a_doubt_after_twenty_seconds(core: Core) -> None:
    core.broker.plan("submit", Deferred())
    work = core.desk.submit(order_request())
    core.wait(10)
    assert result_of(work).outcome is Unresolved.UNKNOWN
    assert core.intents.in_doubt() == 0
    core.wait(10)
    assert core.intents.in_doubt() == 1
    assert core.broker.asked("order_by_client_id") == []
    core.wait(1)
    assert core.broker.asked("order_by_client_id")


# -- the handle in doubt


def test_who_waited_long_enough_gets_a_handle(core: Core) -> None:
    handle = in_doubt(core, client_order_id="c")
    assert handle == OrderHandle(
        id=str(handle.correlation_id),
        status=OrderStatus.PENDING,
        client_order_id="c",
        correlation_id=handle.correlation_id,
        outcome=Unresolved.UNKNOWN,
    )
    assert verdict(core, handle) is Verdict.UNKNOWN


def test_the_handle_reads_as_a_pending_order_until_it_leads_to_the_order(core: Core) -> None:
    handle = in_doubt(core, client_order_id="c", quantity="3")
    order = result_of(core.reads.order(handle.id))
    assert (order.id, order.status) == (handle.id, OrderStatus.PENDING)
    assert order.quantity == 3
    core.wait(60)
    order = result_of(core.reads.order(handle.id))
    assert (order.id, order.status, order.correlation_id) == ("ord-1", OrderStatus.OPEN, handle.id)


def test_the_resolution_is_an_event(core: Core) -> None:
    handle = in_doubt(core)
    core.wait(60)
    (event,) = core.order_events()
    assert (event.event, event.order.id, event.reconciled) == (
        OrderEventKind.CREATED,
        "ord-1",
        True,
    )
    assert event.order.correlation_id == handle.id
    assert event.seq is not None
    assert verdict(core, handle) is Verdict.ACCEPTED


def test_a_fill_in_the_meantime_is_the_resolution(core: Core) -> None:
    handle = in_doubt(core, stop_loss="90", client_order_id="c")
    core.broker.fill("ord-1", "1")
    assert verdict(core, handle) is Verdict.ACCEPTED
    assert core.leg("c-sl").quantity == 1
    looked = len(core.broker.asked("order_by_client_id"))
    core.wait(60)
    assert len(core.broker.asked("order_by_client_id")) == looked


def test_what_never_arrived_is_told_under_the_id_of_its_handle(core: Core) -> None:
    core.broker.plan("submit", ProviderError("no answer"))
    work = core.desk.submit(order_request(client_order_id="c", stop_loss="90"))
    core.wait(100)
    handle = result_of(work)
    (event,) = core.order_events()
    assert (event.event, event.order.id, event.reconciled) == (
        OrderEventKind.REJECTED,
        handle.id,
        True,
    )
    assert event.order.client_order_id == "c"
    assert result_of(core.reads.order(handle.id)).status is OrderStatus.REJECTED
    assert result_of(Core(again=core).reads.order(handle.id)).status is OrderStatus.REJECTED
    assert verdict(core, handle) is Verdict.REJECTED
    assert core.guards() == 0


def test_what_never_arrived_is_told_though_a_fill_waits_for_its_legs(core: Core) -> None:
    """Its outcome is written down, so it must be too: the next process would not tell it."""
    core.broker.plan("submit", ProviderError("no answer"))
    work = core.desk.submit(order_request(client_order_id="c"))
    core.wait(50)
    held = core.release.hold(core.close_event())
    core.wait(50)
    handle = result_of(work)
    again = Core(again=core)
    assert again.journal.unresolved() == []
    assert len(again.journal.events_about(handle.id)) == 1
    assert core.told() == [(handle.id, OrderEventKind.REJECTED)]
    core.release.let_go(held, None)
    assert len(core.order_events()) == 1


def test_what_turns_up_after_all_is_shouted_about_and_protected(core: Core) -> None:
    core.broker.plan("submit", ProviderError("no answer"))
    work = core.desk.submit(order_request(client_order_id="c", stop_loss="90"))
    core.wait(100)
    handle = result_of(work)
    request = core.broker.asked("submit")[0]
    core.broker._accept(request)  # it was on its way all the time
    core.broker.fill("ord-1", "1")
    assert len([alert for alert in core.sink.events if "turned up" in str(alert)]) == 1
    assert core.leg("c-sl").quantity == 1
    assert verdict(core, handle) is Verdict.ACCEPTED
    assert result_of(core.reads.order(handle.id)).id == "ord-1"
    assert core.order_events("ord-1")[-1].order.correlation_id == handle.id


def test_a_handle_can_be_cancelled_by_as_soon_as_there_is_an_order(core: Core) -> None:
    handle = in_doubt(core)
    failure_of(core.desk.cancel(handle.id), OrderNotModifiable)
    core.wait(60)
    assert result_of(core.desk.cancel(handle.id)).order.id == "ord-1"


def test_a_close_in_doubt_has_a_handle_as_well(core: Core) -> None:
    core.broker.held["pos-1"] = a_position()
    core.broker.unheard.add(OrderEventKind.CREATED)
    core.broker.plan("close", LOST)
    core.broker.plan("order_by_client_id", *[RateLimited("slow down")] * 5)
    work = core.desk.close_position("pos-1", ClosePositionRequest())
    core.wait(10)
    handle = result_of(work)
    assert handle.outcome is Unresolved.UNKNOWN
    core.wait(60)
    assert result_of(core.reads.order(handle.id)).id == "ord-1"


def test_legs_that_take_long_do_not_make_an_accepted_order_a_doubtful_one(core: Core) -> None:
    core.broker.fills_at_once.add(OrderType.MARKET)
    core.broker.plan("submit", None, Deferred())
    work = core.desk.submit(order_request(stop_loss="90"))
    core.wait(10)
    handle = result_of(work)
    assert (handle.id, handle.outcome) == ("ord-1", None)


def test_doubts_are_counted(core: Core) -> None:
    in_doubt(core)
    assert core.count(IN_DOUBT, platform="mock") == 1


def test_with_too_many_in_doubt_no_more_is_sent(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "MAX_IN_DOUBT", 2)
    core.broker.plan("submit", ProviderError("no answer"), ProviderError("no answer"))
    for _ in range(2):
        core.desk.submit(order_request())
    failure_of(core.desk.submit(order_request()), Overloaded)
    assert len(core.broker.asked("submit")) == 2
    core.wait(100)
    core.submit()
