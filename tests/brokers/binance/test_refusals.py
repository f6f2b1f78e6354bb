"""Answers that are no success, as errors."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradegw.brokers.binance.refusals import About, error_of
from tradegw.errors import (
    GatewayError,
    InvalidRequest,
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    RateLimited,
    SymbolNotFound,
    Unauthorized,
    UnsupportedOperation,
    lacks_holding,
    leaves_doubt,
)

NEW = About.NEW_ORDER


def meant(code: int, msg: str, about: About = NEW, status: int = 400) -> GatewayError:
    body = msgspec.json.encode({"code": code, "msg": msg})
    return error_of(status, body, about, "SOLUSDC:1")


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007])
def test_3_and_4_what_failed_inside_leaves_doubt(code: int) -> None:
    assert leaves_doubt(meant(code, "Timeout waiting for response from backend server."))


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_answer_of_5xx_leaves_doubt(status: int) -> None:
    assert isinstance(error_of(status, b"<html>", NEW), ProviderError)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1003, RateLimited),
        (-1015, RateLimited),
        (-1008, RateLimited),
        (-1021, RateLimited),
        (-1022, Unauthorized),
        (-2014, Unauthorized),
        (-2015, Unauthorized),
        (-1020, UnsupportedOperation),
        (-1102, InvalidRequest),
        (-1111, InvalidRequest),
        (-1130, InvalidRequest),
        (-2013, OrderNotFound),
    ],
)
def test_what_is_definite_leaves_none(code: int, kind: type[GatewayError]) -> None:
    error = meant(code, "as it says")
    assert isinstance(error, kind)
    assert not leaves_doubt(error)


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (-2010, "Account has insufficient balance for requested action.", "INSUFFICIENT_FUNDS"),
        (-2010, "Market is closed.", "MARKET_CLOSED"),
        (-1013, "Market is closed.", "MARKET_CLOSED"),
        (-2010, "Order would immediately match and take.", "POST_ONLY_VIOLATED"),
        (-2010, "Stop price would trigger immediately.", "INVALID_PRICE"),
        (-2010, "The relationship of the prices for the orders is not correct.", "INVALID_PRICE"),
        (-2010, "Duplicate order sent.", "DUPLICATE_CLIENT_ORDER_ID"),
        (-2010, "This symbol is not permitted for this account.", "INVALID_SYMBOL"),
        (-2010, "Iceberg orders are not supported for this symbol.", "INVALID_SYMBOL"),
        (-1013, "Filter failure: LOT_SIZE", "INVALID_QUANTITY"),
        (-1013, "Filter failure: MARKET_LOT_SIZE", "INVALID_QUANTITY"),
        (-1013, "Filter failure: NOTIONAL", "INVALID_QUANTITY"),
        (-1013, "Filter failure: PRICE_FILTER", "INVALID_PRICE"),
        (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "INVALID_PRICE"),
        (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS", "TOO_MANY_ORDERS"),
        (-1013, "Invalid quantity.", "INVALID_QUANTITY"),
        (-2010, "What nobody has seen yet.", "-2010"),
        (-1121, "Invalid symbol.", "INVALID_SYMBOL"),
    ],
)
def test_an_order_is_refused_for_what_the_text_says(code: int, text: str, reason: str) -> None:
    error = meant(code, text)
    assert isinstance(error, OrderRejected)
    assert error.reject_code == reason


def test_22_to_lack_what_is_to_be_sold_is_told_as_that() -> None:
    assert lacks_holding(meant(-2010, "Account has insufficient balance for requested action."))


def test_8_an_unknown_order_is_no_more_than_not_cancelled() -> None:
    error = meant(-2011, "Unknown order sent.", About.CHANGE)
    assert isinstance(error, OrderNotModifiable)


def test_a_symbol_that_is_none() -> None:
    assert isinstance(meant(-1121, "Invalid symbol.", About.SYMBOL), SymbolNotFound)


def test_a_bad_value_names_its_field() -> None:
    error = meant(-1100, "Illegal characters found in parameter 'newClientOrderId'; legal range")
    assert isinstance(error, InvalidValue)
    assert (error.details or {})["field"] == "client_order_id"


def test_401_is_about_the_key_whatever_it_says() -> None:
    assert isinstance(error_of(401, b"", NEW), Unauthorized)
    assert isinstance(meant(-2015, "Invalid API-key, IP, or permissions", status=401), Unauthorized)


def test_410_is_an_address_that_was() -> None:
    assert isinstance(error_of(410, b"", About.ACCOUNT), UnsupportedOperation)


def test_26_a_code_that_is_not_negative_is_no_error_of_binance() -> None:
    assert isinstance(meant(200, "success", status=503), ProviderError)


@given(
    status=some.integers(400, 599),
    body=some.one_of(
        some.binary(max_size=40),
        some.builds(
            lambda code, msg: msgspec.json.encode({"code": code, "msg": msg}),
            some.integers(-5000, 300),
            some.text(max_size=60),
        ),
    ),
    about=some.sampled_from(About),
)
def test_every_answer_means_something(status: int, body: bytes, about: About) -> None:
    assert isinstance(error_of(status, body, about, "x"), GatewayError)


def test_what_came_too_late_may_have_been_done_whatever_it_says() -> None:
    body = b'{"code":-2010,"msg":"Account has insufficient balance for requested action."}'
    assert leaves_doubt(error_of(408, body, About.NEW_ORDER))


@pytest.mark.parametrize("rest", [b'"msg":null', b'"msg":"","data":[]', b'"data":null'])
def test_an_error_with_odd_members_is_one(rest: bytes) -> None:
    body = b'{"code":-2013,' + rest + b"}"
    assert isinstance(error_of(400, body, About.ORDER, "c-1"), OrderNotFound)
