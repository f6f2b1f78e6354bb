"""Codes of futures, three of which mean something else on spot."""

from __future__ import annotations

import msgspec
import pytest

from tradegw.brokers.binance.futures.refusals import error_of
from tradegw.brokers.binance.refusals import About
from tradegw.errors import (
    GatewayError,
    InvalidRequest,
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    RateLimited,
    Unauthorized,
    leaves_doubt,
)


def said(
    code: int, msg: str = "Some text.", status: int = 400, about: About = About.NEW_ORDER
) -> GatewayError:
    return error_of(status, msgspec.json.encode({"code": code, "msg": msg}), about, "SOLUSDT:1")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-2018, "INSUFFICIENT_FUNDS"),
        (-2019, "INSUFFICIENT_MARGIN"),
        (-2021, "INVALID_PRICE"),
        (-2022, "REDUCE_ONLY_VIOLATED"),
        (-2027, "INSUFFICIENT_MARGIN"),
        (-4003, "INVALID_QUANTITY"),
        (-4116, "DUPLICATE_CLIENT_ORDER_ID"),
        (-4118, "REDUCE_ONLY_VIOLATED"),
        (-4131, "INVALID_PRICE"),
        (-4141, "MARKET_CLOSED"),
        (-4164, "INVALID_QUANTITY"),
        (-5022, "POST_ONLY_VIOLATED"),
    ],
)
def test_a_refused_order_says_why(code: int, reason: str) -> None:
    error = said(code)
    assert isinstance(error, OrderRejected)
    assert error.reject_code == reason
    assert not leaves_doubt(error)


def test_an_order_of_a_kind_that_cannot_reduce_is_no_missing_order() -> None:
    assert isinstance(said(-2026, about=About.ORDER), InvalidRequest)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-4015, InvalidValue),
        (-4028, InvalidValue),
        (-4088, Unauthorized),
        (-2015, Unauthorized),
        (-1099, Unauthorized),
        (-1003, RateLimited),
        (-1008, RateLimited),
        (-2013, OrderNotFound),
        (-4120, OrderRejected),
        (-4061, OrderRejected),
    ],
)
def test_other_codes(code: int, kind: type[GatewayError]) -> None:
    error = said(code)
    assert isinstance(error, kind)
    assert not leaves_doubt(error)


@pytest.mark.parametrize("code", [-5025, -5026, -5027, -5028, -4117])
def test_what_cannot_be_changed(code: int) -> None:
    assert isinstance(said(code, about=About.CHANGE), OrderNotModifiable)


@pytest.mark.parametrize("code", [-5028, -4117])
def test_a_new_order_that_came_too_late_was_refused(code: int) -> None:
    error = said(code)
    assert isinstance(error, OrderRejected)
    assert error.reject_code == str(code)


@pytest.mark.parametrize("status", [408, 500, 502, 503])
@pytest.mark.parametrize("code", [-2019, -2022, -4061, -4116])
def test_what_failed_inside_leaves_doubt_whatever_it_says(code: int, status: int) -> None:
    assert leaves_doubt(said(code, status=status))


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007])
def test_what_failed_inside_leaves_doubt(code: int) -> None:
    assert isinstance(said(code, status=503), ProviderError)


def test_of_two_answers_503_one_is_a_definite_no() -> None:
    unknown = "Unknown error, please check your request or try again later."
    assert leaves_doubt(said(-1000, unknown, 503))
    assert not leaves_doubt(said(-1, "Service Unavailable.", 503))
    assert leaves_doubt(error_of(408, b"", About.NEW_ORDER))


@pytest.mark.parametrize("code", [-1003, -1008, -1015])
def test_who_calls_too_often_was_not_heard(code: int) -> None:
    for status in (429, 503):
        error = said(code, status=status)
        assert isinstance(error, RateLimited)
        assert not leaves_doubt(error)


def test_nothing_to_change_is_no_failure() -> None:
    for code in (-4046, -4059, -4171):
        error = said(code)
        assert (error.details or {})["unchanged"] is True
