"""The few tools between coroutines and Deferreds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent, Logger, LogLevel, globalLogPublisher
from twisted.python.failure import Failure

from tests.orders.core import failure_of, result_of
from tradegw.deferreds import as_deferred, deadline, logged, shield


class Broken(Exception):
    """What work fails with here."""


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    """Everything that is logged."""
    events: list[LogEvent] = []
    observer: Any = events.append
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


# -- as_deferred ---------------------------------------------------------------------------------


@as_deferred
async def doubled(answer: Deferred[int], *, times: int = 2) -> int:
    """Waits, and multiplies."""
    return await answer * times


def test_a_coroutine_function_starts_at_once_and_fires_with_its_result() -> None:
    answer: Deferred[int] = Deferred()
    work = doubled(answer, times=3)
    assert not work.called
    answer.callback(7)
    assert result_of(work) == 21


def test_what_it_raises_is_the_failure() -> None:
    failure_of(doubled(fail(Broken())), Broken)


def test_it_keeps_its_name_and_words() -> None:
    assert doubled.__name__ == "doubled"
    assert doubled.__doc__ == "Waits, and multiplies."


def test_cancelling_it_cancels_what_it_waits_for() -> None:
    answer: Deferred[int] = Deferred()
    work = doubled(answer)
    work.cancel()
    failure_of(work, CancelledError)
    failure_of(answer, CancelledError) if not answer.called else None


# -- shield --------------------------------------------------------------------------------------


def test_a_shield_follows_its_work() -> None:
    work: Deferred[int] = Deferred()
    waiting = shield(work)
    assert not waiting.called
    work.callback(7)
    assert result_of(waiting) == 7
    assert result_of(shield(succeed(8))) == 8


def test_a_shield_passes_a_failure_on_and_leaves_none_behind() -> None:
    work: Deferred[int] = Deferred()
    waiting = shield(work)
    work.errback(Broken())
    failure_of(waiting, Broken)
    assert not isinstance(work.result, Failure)


def test_w53_cancelling_the_waiting_does_not_cancel_the_work() -> None:
    cancelled: list[Any] = []
    work: Deferred[int] = Deferred(cancelled.append)
    waiting = shield(work)
    waiting.cancel()
    failure_of(waiting, CancelledError)
    assert cancelled == []
    work.callback(7)


def test_work_that_fails_when_nobody_waits_any_more_is_logged(log: list[LogEvent]) -> None:
    work: Deferred[int] = Deferred()
    waiting = shield(work)
    waiting.cancel()
    failure_of(waiting, CancelledError)
    work.errback(Broken())
    (event,) = log
    assert event["log_level"] is LogLevel.warn
    assert event["log_failure"].check(Broken)
    assert not isinstance(work.result, Failure)


# -- deadline ------------------------------------------------------------------------------------


def test_work_within_its_deadline_is_passed_on_and_leaves_no_timer() -> None:
    clock, work = Clock(), Deferred[int]()
    bounded = deadline(work, 5, clock)
    clock.advance(4.9)
    work.callback(7)
    assert result_of(bounded) == 7
    assert not clock.getDelayedCalls()


def test_late_work_is_cancelled_and_fails_with_a_timeout() -> None:
    cancelled: list[Any] = []
    clock = Clock()
    bounded = deadline(Deferred[int](cancelled.append), 5, clock)
    clock.advance(5)
    error = failure_of(bounded, TimeoutError)
    assert "5 seconds" in str(error)
    assert len(cancelled) == 1


def test_a_failure_within_the_deadline_is_passed_on() -> None:
    failure_of(deadline(fail(Broken()), 5, Clock()), Broken)


def test_being_cancelled_from_outside_is_no_timeout() -> None:
    bounded = deadline(Deferred[int](), 5, Clock())
    bounded.cancel()
    failure_of(bounded, CancelledError)


def test_work_that_fails_in_its_own_way_when_cancelled_keeps_it() -> None:
    clock = Clock()
    bounded = deadline(Deferred[int](lambda work: work.errback(Broken())), 5, clock)
    clock.advance(5)
    failure_of(bounded, Broken)


# -- logged --------------------------------------------------------------------------------------


def test_what_is_started_and_forgotten_is_logged_if_it_fails(log: list[LogEvent]) -> None:
    work: Deferred[int] = fail(Broken())
    logged(work, Logger(), "cancelling a group")
    (event,) = log
    assert event["doing"] == "cancelling a group"
    assert event["log_failure"].check(Broken)
    assert not isinstance(work.result, Failure)


def test_success_is_not_logged(log: list[LogEvent]) -> None:
    logged(succeed(7), Logger(), "anything")
    assert log == []
