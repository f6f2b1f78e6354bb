"""Answers as the journal keeps them, and which requests are the same (G1)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.orders.core import order_request
from tradegw.errors import (
    GatewayError,
    InvalidRequest,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    ProviderError,
    RateLimited,
)
from tradegw.model.enums import OrderStatus
from tradegw.model.order import OrderHandle
from tradegw.orders import answers

HANDLE = OrderHandle(id="o1", status=OrderStatus.OPEN, client_order_id="c", correlation_id="i")


def test_a_handle_comes_back_as_it_was() -> None:
    assert answers.decode(answers.encode(HANDLE)) == HANDLE


@pytest.mark.parametrize(
    "error",
    [
        OrderRejected("no money", "INSUFFICIENT_FUNDS", {"broker_code": 7}),
        OrderRejected("no"),
        OrderDenied("halted", "TRADING_HALTED"),
        InvalidRequest("what?", "quantity"),
        OrderNotFound("o1"),
        ProviderError("no answer", "here"),
        RateLimited("slow down", 3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_of_its_kind_with_all_it_says(error: GatewayError) -> None:
    again = answers.decode(answers.encode(error))
    assert isinstance(again, GatewayError)
    assert type(again) is type(error)
    assert (again.message, again.details, str(again)) == (error.message, error.details, str(error))
    for name in ("reject_code", "retry_after_seconds"):
        assert getattr(again, name, None) == getattr(error, name, None)


def test_an_error_of_a_kind_that_is_gone_is_a_refusal_all_the_same() -> None:
    text = answers.encode(OrderRejected("no")).replace(b"OrderRejected", b"OldError")
    again = answers.decode(text)
    assert isinstance(again, OrderRejected)
    assert again.message == "no"


numbers = st.decimals(min_value=0, max_value=10**9, places=8)


@given(numbers, st.integers(0, 6))
def test_numbers_that_are_spelled_differently_are_the_same_request(
    number: Decimal, zeros: int
) -> None:
    spelled = Decimal(f"{number:f}{'' if '.' in f'{number:f}' else '.'}{'0' * zeros}")
    one, other = (order_request(quantity=each) for each in (number, spelled))
    assert answers.digest("submit", one) == answers.digest("submit", other)


@given(numbers, numbers)
def test_other_numbers_are_another_request(number: Decimal, other: Decimal) -> None:
    digests = {answers.digest(order_request(quantity=each)) for each in (number, other)}
    assert len(digests) == (1 if number == other else 2)


def test_what_is_asked_for_is_part_of_the_request() -> None:
    bodies = [
        order_request(),
        order_request(client_order_id="c"),
        order_request(limit_price="1"),
        order_request(stop_price="1"),
    ]
    assert len({answers.digest(what, body) for what in ("a", "b") for body in bodies}) == 8
