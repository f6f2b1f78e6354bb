"""Cancels have three outcomes, as orders have (G1, protocol 3.7)."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, result_of
from tradegw.errors import (
    InternalError,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    RateLimited,
)
from tradegw.model.enums import OrderEventKind, OrderStatus
from tradegw.model.journal import IntentKind, Verdict
from tradegw.model.order import CancelResult, Unresolved
from tradegw.testing.broker import Lost

NO_ANSWER = ProviderError("no answer")


@pytest.fixture
def core() -> Core:
    return Core()


def verdicts(core: Core, order_id: str) -> list[Verdict | None]:
    """What the journal says of the cancels of an order."""
    return [
        None if each.outcome is None else each.outcome.verdict
        for each in core.store.intents_about(order_id)
        if each.intent.kind is IntentKind.CANCEL
    ]


def test_a_cancel_that_was_done_is_written_down(core: Core) -> None:
    order_id = core.submit().id
    result_of(core.desk.cancel(order_id))
    assert verdicts(core, order_id) == [Verdict.ACCEPTED]


@pytest.mark.parametrize("error", [OrderRejected("no"), RateLimited("slow down")])
def test_a_refused_cancel_was_not_done_and_the_leg_is_wanted_as_before(
    core: Core, error: Exception
) -> None:
    core.entered("1")
    leg = core.leg("c1-sl")
    core.broker.plan("cancel", error)
    failure_of(core.desk.cancel(leg.id), type(error))
    assert verdicts(core, leg.id) == [Verdict.REJECTED]
    core.broker.end(leg.id, OrderStatus.CANCELLED)
    core.wait(5)
    assert len(core.live_legs()) == 2  # it was placed again


@pytest.mark.parametrize("error", [NO_ANSWER, InternalError("unreadable")])
def test_a_cancel_whose_answer_is_lost_is_found_done(core: Core, error: Exception) -> None:
    order_id = core.submit().id
    core.broker.plan("cancel", Lost(error))
    work = core.desk.cancel(order_id)
    assert not work.called
    core.wait(0.25)
    done = result_of(work)
    assert (done.success, done.order.status, done.outcome) == (True, OrderStatus.CANCELLED, None)
    assert len(core.broker.asked("cancel")) == 1
    assert verdicts(core, order_id) == [Verdict.ACCEPTED]


def test_what_is_found_out_is_told(core: Core) -> None:
    order_id = core.submit().id
    core.broker.unheard.add(OrderEventKind.CANCELLED)
    core.broker.plan("cancel", Lost(NO_ANSWER))
    core.desk.cancel(order_id)
    core.wait(0.25)
    event = core.order_events(order_id)[-1]
    assert (event.event, event.reconciled) == (OrderEventKind.CANCELLED, True)


def test_a_cancel_that_was_only_noted_is_enough(core: Core) -> None:
    order_id = core.submit().id
    core.broker.cancels_slowly = True
    core.broker.plan("cancel", Lost(NO_ANSWER))
    work = core.desk.cancel(order_id)
    core.wait(1)
    assert result_of(work).order.status is OrderStatus.PENDING_CANCEL


def test_who_waited_long_enough_hears_that_it_is_not_known(core: Core) -> None:
    order_id = core.submit().id
    core.broker.plan("cancel", NO_ANSWER)
    work = core.desk.cancel(order_id)
    core.wait(9.5)
    assert not work.called
    core.wait(0.5)
    done = result_of(work)
    assert done == CancelResult(success=False, order=done.order, outcome=Unresolved.UNKNOWN)
    assert (done.order.id, done.order.status) == (order_id, OrderStatus.OPEN)
    assert verdicts(core, order_id) == [Verdict.UNKNOWN]


def test_a_cancel_that_never_arrived_is_believed_so_after_a_minute(core: Core) -> None:
    core.entered("1")
    leg = core.leg("c1-sl")
    core.broker.plan("cancel", NO_ANSWER)
    core.desk.cancel(leg.id)
    core.wait(60)
    assert verdicts(core, leg.id) == [Verdict.UNKNOWN]
    core.wait(1)
    assert verdicts(core, leg.id) == [Verdict.REJECTED]
    core.broker.end(leg.id, OrderStatus.CANCELLED)
    core.wait(5)
    assert len(core.live_legs()) == 2  # the leg is wanted as before
    assert len(core.broker.asked("cancel")) == 1


def test_an_order_that_filled_instead_was_not_cancelled(core: Core) -> None:
    order_id = core.submit().id
    core.broker.plan("cancel", NO_ANSWER)
    work = core.desk.cancel(order_id)
    core.broker.fill(order_id, "1")
    core.wait(1)
    failure_of(work, OrderNotModifiable)
    assert verdicts(core, order_id) == [Verdict.REJECTED]


def test_an_order_that_cannot_be_asked_for_stays_in_doubt(core: Core) -> None:
    order_id = core.submit().id
    core.broker.plan("cancel", Lost(NO_ANSWER))
    core.broker.plan("order", *[NO_ANSWER] * 9)
    core.desk.cancel(order_id)
    core.wait(120)
    assert verdicts(core, order_id) == [Verdict.UNKNOWN]
    core.wait(5)
    assert verdicts(core, order_id) == [Verdict.ACCEPTED]


def test_an_order_that_the_broker_does_not_know_is_not_found(core: Core) -> None:
    failure_of(core.desk.cancel("nope"), OrderNotFound)
    core.broker.plan("cancel", NO_ANSWER)
    work = core.desk.cancel("nope")
    core.wait(1)
    failure_of(work, OrderNotFound)


def test_a_cancelled_order_that_the_broker_forgot_was_cancelled(core: Core) -> None:
    order_id = core.submit().id
    core.broker.plan("cancel", Lost(NO_ANSWER))
    work = core.desk.cancel(order_id)
    del core.broker.orders[order_id]
    core.wait(1)
    assert result_of(work).order.status is OrderStatus.CANCELLED


def test_a_cancel_goes_out_although_nothing_can_be_written(core: Core) -> None:
    order_id = core.submit().id
    core.store.fail("disk full")
    assert result_of(core.desk.cancel(order_id)).success
    core.store.recover()
    assert verdicts(core, order_id) == [Verdict.ACCEPTED]


@pytest.mark.parametrize("fault", [Deferred, lambda: NO_ANSWER, lambda: Lost(NO_ANSWER)])
@pytest.mark.parametrize("seconds", [0, 5, 30])
def test_the_next_process_finds_out_what_became_of_a_cancel(fault: type, seconds: int) -> None:
    core = Core()
    order_id = core.submit().id
    core.broker.unheard.add(OrderEventKind.CANCELLED)
    core.broker.plan("order", *[NO_ANSWER] * 7)
    core.broker.plan("cancel", fault())
    core.desk.cancel(order_id)
    core.wait(seconds)
    core.finish()
    core.broker._outcomes.clear()
    again = Core(again=core)
    again.wait(100)
    done = core.broker.orders[order_id].status is OrderStatus.CANCELLED
    assert verdicts(again, order_id) == [Verdict.ACCEPTED if done else Verdict.REJECTED]
    assert again.blotter.told(order_id) == again.blotter.linked(core.broker.orders[order_id])
    assert again.store.unresolved() == []


def test_a_leg_whose_cancel_never_arrived_is_kept_by_the_next_process() -> None:
    core = Core()
    core.entered("1")
    core.broker.held = {"p": a_position(id="p")}
    leg = core.leg("c1-sl")
    core.broker.plan("cancel", NO_ANSWER)
    core.desk.cancel(leg.id)
    core.finish()
    again = Core(again=core)
    again.wait(61)
    assert verdicts(again, leg.id) == [Verdict.REJECTED]
    core.broker.end(leg.id, OrderStatus.CANCELLED)
    again.wait(5)
    assert len(again.live_legs()) == 2  # it was placed again


def test_what_stops_while_it_looks_concludes_nothing(core: Core) -> None:
    order_id = core.submit().id
    core.broker.plan("cancel", NO_ANSWER)
    core.desk.cancel(order_id)
    core.finish()
    core.wait(300)
    assert verdicts(core, order_id) == [Verdict.UNKNOWN]
    assert core.broker.asked("order") == []
