"""One breaker: when it opens, what it counts (order_lifecycle 20.10)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.errors import (
    GatewayError,
    InternalError,
    InvalidRequest,
    OrderNotFound,
    OrderRejected,
    Overloaded,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ShuttingDown,
    Unauthorized,
    UnsupportedOperation,
    is_outage,
    is_placement_fault,
    leaves_doubt,
)
from tradegw.model.health import BreakerSnapshot, BreakerState
from tradegw.risk.breaker import Breaker

CLOSED = BreakerSnapshot(state=BreakerState.CLOSED, failure_count=0)


def failed(*times: float) -> Breaker:
    breaker = Breaker()
    for at in times:
        breaker.record_failure(at)
    return breaker


def test_cb01_starts_closed_with_no_failure() -> None:
    assert Breaker().snapshot(0) == CLOSED


def test_cb02_cb06_opens_at_the_third_failure_and_stays_open() -> None:
    breaker = failed(0, 1)
    assert not breaker.is_open
    breaker.record_failure(2)
    assert breaker.snapshot(2) == BreakerSnapshot(state=BreakerState.OPEN, failure_count=3)
    breaker.record_failure(3)
    assert breaker.is_open


def test_cb02_does_not_close_by_itself() -> None:
    breaker = failed(0, 1, 2)
    breaker.record_failure(100_000)
    assert breaker.snapshot(100_000) == BreakerSnapshot(state=BreakerState.OPEN, failure_count=3)


@pytest.mark.parametrize(("third", "is_open"), [(300.0, True), (300.001, False)])
def test_cb03_failures_outside_the_window_are_forgotten_when_the_next_comes(
    third: float, is_open: bool
) -> None:
    assert failed(0, 0, third).is_open is is_open


def test_cb03_what_is_still_inside_the_window_goes_on_counting() -> None:
    breaker = failed(0, 299)
    assert breaker.snapshot(301).failure_count == 1
    breaker.record_failure(301)
    assert breaker.snapshot(301).failure_count == 2
    breaker.record_failure(302)
    assert breaker.is_open


def test_cb04_a_reset_closes_and_forgets_and_it_can_open_again() -> None:
    breaker = failed(0, 1, 2)
    breaker.reset(3)
    assert breaker.snapshot(3) == CLOSED
    for at in (4, 5, 6):
        breaker.record_failure(at)
    assert breaker.is_open


@pytest.mark.parametrize(("at", "may"), [(59.9, False), (60.0, True)])
def test_cb05_may_be_reset_again_after_the_cooldown(at: float, may: bool) -> None:
    breaker = Breaker()
    assert breaker.may_reset(0)
    breaker.reset(0)
    assert breaker.may_reset(at) is may


@given(st.lists(st.floats(0, 2000), max_size=20).map(sorted))
def test_is_open_exactly_if_three_failures_ever_fell_into_one_window(times: list[float]) -> None:
    close_by = any(last - first <= 300 for first, last in zip(times, times[2:], strict=False))
    assert failed(*times).is_open is close_by


REJECTED = OrderRejected("no", "INSUFFICIENT_FUNDS")
SHUT = OrderRejected("market is closed", "MARKET_CLOSED")
UNREADABLE = InternalError("an answer nobody could read")
DOWN, FAILED = ProviderUnavailable("down"), ProviderError("502")
SLOW_DOWN = RateLimited("slow down")
NO = (
    REJECTED,
    SHUT,
    SLOW_DOWN,
    InvalidRequest("what?"),
    OrderNotFound("o"),
    Unauthorized("who?", "AUTH_FAILED"),
    UnsupportedOperation("trailing stops", "here"),
    ShuttingDown("bye"),
    Overloaded("full"),
)


@pytest.mark.parametrize(("error", "expected"), [(DOWN, True), (FAILED, True), (UNREADABLE, False)])
def test_cb08_an_outage_is_no_answer_or_a_failure_of_the_broker(
    error: GatewayError, expected: bool
) -> None:
    assert is_outage(error) is expected


@pytest.mark.parametrize("error", NO, ids=lambda error: type(error).__name__)
def test_cb08_a_refusal_is_neither_an_outage_nor_in_doubt(error: GatewayError) -> None:
    assert not is_outage(error)
    assert not leaves_doubt(error)


@pytest.mark.parametrize("error", [DOWN, FAILED, UNREADABLE])
def test_w02_without_a_readable_answer_the_order_may_be_live(error: GatewayError) -> None:
    assert leaves_doubt(error)


@pytest.mark.parametrize("error", [SHUT, SLOW_DOWN, DOWN])
def test_cb07_a_limit_and_a_shut_exchange_are_no_faults_of_a_placement(error: GatewayError) -> None:
    assert not is_placement_fault(error)


def test_cb07_a_stop_that_the_market_has_passed_is_none_either() -> None:
    passed = OrderRejected("Order would immediately trigger.", "INVALID_PRICE")
    assert not is_placement_fault(passed)


@pytest.mark.parametrize("error", [REJECTED, FAILED, UNREADABLE, OrderRejected("no reason")])
def test_cb07_everything_else_is(error: GatewayError) -> None:
    assert is_placement_fault(error)
