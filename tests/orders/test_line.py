"""The broker behind its breaker."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from tests.orders.core import failure_of, result_of
from tradegw.errors import (
    GatewayError,
    InternalError,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from tradegw.orders.line import Line
from tradegw.risk.breaker import Breaker
from tradegw.testing.broker import ScriptedBroker


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.breaker = Breaker()
        self.line = Line(ScriptedBroker(), self.breaker, self.clock, self.clock.seconds)
        self.calls = 0

    def ask(self, outcome: Any, *, always: bool = False) -> Deferred[Any]:
        def call() -> Deferred[Any]:
            self.calls += 1
            return fail(outcome) if isinstance(outcome, Exception) else succeed(outcome)

        return self.line.ask(call, always=always)

    def open(self) -> None:
        for _ in range(3):
            self.ask(ProviderError("no answer")).addErrback(lambda _expected: None)
        self.calls = 0


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_answer_is_passed_on(bench: Bench) -> None:
    assert result_of(bench.ask("answer")) == "answer"


@pytest.mark.parametrize("error", [ProviderError("502"), ProviderUnavailable("503")])
def test_cb09_cb11_after_three_outages_the_broker_is_not_asked_and_named(
    bench: Bench, error: GatewayError
) -> None:
    for _ in range(3):
        assert failure_of(bench.ask(error), GatewayError) is error
    refusal = failure_of(bench.ask("answer"), ProviderUnavailable)
    assert bench.calls == 3
    assert "circuit breaker" in refusal.message
    assert "scripted" in refusal.message


@pytest.mark.parametrize("error", [OrderRejected("no"), RateLimited("slow down")])
def test_cb08_refusals_and_limits_do_not_open_it(bench: Bench, error: GatewayError) -> None:
    for _ in range(5):
        assert failure_of(bench.ask(error), GatewayError) is error
    assert bench.breaker.snapshot(0).failure_count == 0


def test_w46_what_lowers_risk_passes_an_open_breaker(bench: Bench) -> None:
    bench.open()
    assert result_of(bench.ask("cancelled", always=True)) == "cancelled"
    assert bench.calls == 1


def test_outages_of_what_is_always_sent_count_as_well(bench: Bench) -> None:
    bench.ask(ProviderError("x"), always=True).addErrback(lambda _expected: None)
    assert bench.breaker.snapshot(0).failure_count == 1


@pytest.mark.parametrize("error", [ProviderError("502"), ProviderUnavailable("503")])
def test_our_own_looking_opens_nothing_and_passes_what_is_open(
    bench: Bench, error: GatewayError
) -> None:
    for _ in range(5):
        assert failure_of(bench.line.look(lambda: fail(error)), GatewayError) is error
    assert bench.breaker.snapshot(0).failure_count == 0
    bench.open()
    assert result_of(bench.line.look(lambda: succeed("found"))) == "found"


def test_old_outages_are_forgotten(bench: Bench) -> None:
    for _ in range(4):
        failure_of(bench.ask(ProviderError("x")), ProviderError)
        bench.clock.advance(200)
    assert not bench.breaker.is_open


def test_check_tells_before_anything_is_begun(bench: Bench) -> None:
    bench.line.check()
    bench.open()
    with pytest.raises(ProviderUnavailable):
        bench.line.check()


@pytest.mark.parametrize("error", [KeyError("status"), ValueError("too long")])
def test_an_unexpected_failure_becomes_an_internal_error_without_its_cause_in_the_text(
    bench: Bench, error: Exception
) -> None:
    shown = failure_of(bench.ask(error), InternalError)
    assert str(error) not in shown.message
    assert shown.__cause__ is error
    assert bench.breaker.snapshot(0).failure_count == 0


def test_an_unexpected_failure_to_even_call_becomes_an_internal_error(bench: Bench) -> None:
    def broken() -> Deferred[None]:
        raise TypeError("a defect")

    failure_of(bench.line.ask(broken), InternalError)


@pytest.mark.parametrize("chained", [False, True])
def test_w43_an_answer_that_takes_too_long_is_none_and_counts_as_an_outage(
    bench: Bench, chained: bool
) -> None:
    """The call itself goes on: what it does at the broker cannot be called back."""
    cancelled: list[Any] = []
    answer: Deferred[str] = Deferred(cancelled.append)
    begun = succeed(None).addCallback(lambda _: answer) if chained else answer
    failures: list[Any] = []
    bench.line.ask(lambda: begun).addErrback(failures.append)
    bench.clock.advance(19.9)
    assert failures == []
    bench.clock.advance(0.2)
    assert failures[0].check(ProviderError)
    assert cancelled == []
    assert bench.breaker.snapshot(20).failure_count == 1
    answer.callback("late")
