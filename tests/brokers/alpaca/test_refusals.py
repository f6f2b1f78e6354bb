"""The dossier's table of errors (its section 4), row by row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.alpaca.refusals import About, error_of
from tradegw.errors import (
    GatewayError,
    InvalidRequest,
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SymbolNotFound,
    Unauthorized,
    UnsupportedOperation,
    ValidationFailed,
    leaves_doubt,
)

NOW = datetime(2026, 3, 2, 15, 41, 0, tzinfo=UTC)
NEW, CHANGE = About.NEW_ORDER, About.CHANGE


def error(
    status: int, message: str | None, code: int | None = None, about: About = NEW, **extra: Any
) -> GatewayError:
    body = {**({} if message is None else {"message": message}), **extra}
    if code is not None:
        body["code"] = code
    return error_of(status, json.dumps(body).encode(), {}, about, "it", NOW)


TABLE = [
    (400, 40010000, "request body format is invalid", NEW, InvalidRequest, None),
    (
        422,
        40010001,
        "client_order_id must be unique",
        NEW,
        OrderRejected,
        "DUPLICATE_CLIENT_ORDER_ID",
    ),
    (
        422,
        42210000,
        "client_order_id must be unique",
        NEW,
        OrderRejected,
        "DUPLICATE_CLIENT_ORDER_ID",
    ),
    (422, 40010001, "client_order_id must be no more than 128 characters", NEW, InvalidValue, None),
    (422, 40010001, "qty must be > 0", NEW, OrderRejected, "INVALID_QUANTITY"),
    (422, 40010001, "notional amount must be >= 1.00", NEW, ValidationFailed, None),
    (422, 40010001, "qty/notional are mutually exclusive", NEW, ValidationFailed, None),
    (422, 40010001, "invalid order type for crypto order", NEW, ValidationFailed, None),
    (422, 40010001, "oco orders must be limit orders", NEW, ValidationFailed, None),
    (422, 40010001, "symbol is not allowed for mleg order", NEW, ValidationFailed, None),
    (
        422,
        40010001,
        'only type="limit" is allowed for extended hours orders',
        NEW,
        ValidationFailed,
        None,
    ),
    (422, 40010001, "asset MKR/USD is not active", NEW, OrderRejected, "INVALID_SYMBOL"),
    (401, 40110000, "request is not authorized", NEW, Unauthorized, None),
    (401, None, "unauthorized.", About.ACCOUNT, Unauthorized, None),
    (401, None, "access key verification failed", NEW, Unauthorized, None),
    (403, None, "forbidden.", NEW, Unauthorized, None),
    (403, 40310000, "insufficient buying power", NEW, OrderRejected, "INSUFFICIENT_FUNDS"),
    (
        403,
        None,
        "insufficient qty available for order (requested: 106, available: 0)",
        NEW,
        OrderRejected,
        "INVALID_QUANTITY",
    ),
    (
        403,
        40310000,
        "insufficient balance for BTC (requested: 1, available: 0)",
        NEW,
        OrderRejected,
        "INSUFFICIENT_FUNDS",
    ),
    (
        403,
        40310000,
        "potential wash trade detected. use complex orders",
        NEW,
        OrderRejected,
        "WASH_TRADE",
    ),
    (403, 40310000, 'asset "X" is not fractionable', NEW, OrderRejected, "INVALID_QUANTITY"),
    (
        403,
        40310000,
        "cost basis must be >= minimal amount of order 10",
        NEW,
        OrderRejected,
        "INVALID_QUANTITY",
    ),
    (403, 40310000, "order parameters are not changed", CHANGE, OrderNotModifiable, None),
    (403, 40310000, "account is not allowed to short", NEW, OrderRejected, "40310000"),
    (403, 40310000, "new orders are rejected by user request", NEW, OrderRejected, "40310000"),
    (
        403,
        40310100,
        "trade denied due to pattern day trading protection",
        NEW,
        OrderRejected,
        "40310100",
    ),
    (404, 40410000, "order not found for it", About.ORDER, OrderNotFound, None),
    (404, 40410000, "position does not exist", About.POSITION, PositionNotFound, None),
    (404, 40410000, "asset not found for X", About.SYMBOL, SymbolNotFound, None),
    (404, 40410000, "endpoint not found.", About.ACCOUNT, ProviderError, None),
    (422, 42210000, 'asset "ZZZZ" not found', NEW, OrderRejected, "INVALID_SYMBOL"),
    (422, 42210000, 'asset "ZZZZ" is not tradable', NEW, OrderRejected, "INVALID_SYMBOL"),
    (422, 42210000, 'asset "X" cannot be sold short', NEW, OrderRejected, "INVALID_SYMBOL"),
    (
        422,
        42210000,
        "invalid limit_price 211.160004. sub-penny increment does not fulfill minimum pricing",
        NEW,
        OrderRejected,
        "INVALID_PRICE",
    ),
    (
        422,
        42210000,
        "stop price must be less than current price",
        NEW,
        OrderRejected,
        "INVALID_PRICE",
    ),
    (
        422,
        42210000,
        "stop_loss.stop_price must be <= base_price - 0.01",
        NEW,
        OrderRejected,
        "INVALID_PRICE",
    ),
    (
        422,
        42210000,
        "take_profit.limit_price must be >= base_price + 0.01",
        NEW,
        OrderRejected,
        "INVALID_PRICE",
    ),
    (422, 42210000, "bracket orders require take_profit.limit_price", NEW, ValidationFailed, None),
    (422, 42210000, "fractional orders must be DAY orders", NEW, ValidationFailed, None),
    (422, 42210000, "fractional orders cannot be sold short", NEW, ValidationFailed, None),
    (422, 42210000, "invalid crypto time_in_force", NEW, ValidationFailed, None),
    (
        422,
        42210000,
        "notional value must be limited to 2 decimal places",
        NEW,
        ValidationFailed,
        None,
    ),
    (
        422,
        42210000,
        "extended hours order must be DAY or GTC limit orders",
        NEW,
        ValidationFailed,
        None,
    ),
    (
        422,
        42210000,
        "position intent mismatch, inferred: sell_to_open, specified: sell_to_close",
        NEW,
        OrderRejected,
        "INVALID_QUANTITY",
    ),
    (422, 42210000, 'order is already in "filled" state', CHANGE, OrderNotModifiable, None),
    (422, 42210000, "cannot replace order in accepted status", CHANGE, OrderNotModifiable, None),
    (422, 42210000, "order chain not fully replaced", CHANGE, OrderNotModifiable, None),
    (422, 42210000, "unable to replace order, it is notional", CHANGE, OrderNotModifiable, None),
    (
        422,
        42210000,
        "options market orders are only allowed during market hours",
        NEW,
        OrderRejected,
        "MARKET_CLOSED",
    ),
    (
        422,
        42210000,
        "limit price must be limited to 2 decimal places",
        NEW,
        OrderRejected,
        "INVALID_PRICE",
    ),
    (429, 42910000, "rate limit exceeded", NEW, RateLimited, None),
    (429, None, "too many requests.", About.SYMBOL, RateLimited, None),
    (500, 50010000, "internal server error occurred", NEW, ProviderError, None),
    (503, None, None, NEW, ProviderUnavailable, None),
    (
        400,
        None,
        "invalid symbol: BTCUSD does not match ^[A-Z]+/[A-Z]+$",
        About.SYMBOL,
        SymbolNotFound,
        None,
    ),
    (400, None, "Invalid format for parameter start", About.SYMBOL, InvalidRequest, None),
    (
        403,
        42210000,
        "subscription does not permit querying recent SIP data",
        About.SYMBOL,
        UnsupportedOperation,
        None,
    ),
    (404, None, "no quote found for X", About.SYMBOL, SymbolNotFound, None),
]


@pytest.mark.parametrize(
    ("status", "code", "message", "about", "kind", "reject"), TABLE, ids=[str(r[2]) for r in TABLE]
)
def test_the_table(
    status: int,
    code: int | None,
    message: str,
    about: About,
    kind: type[GatewayError],
    reject: str | None,
) -> None:
    found = error(status, message, code, about)
    assert type(found) is kind
    if isinstance(found, OrderRejected):
        assert found.reject_code == reject
    assert leaves_doubt(found) is (status >= 500 or kind is ProviderError)


def test_what_else_alpaca_said_is_told() -> None:
    found = error(
        403,
        "insufficient qty available for order (requested: 5, available: 0)",
        40310000,
        held_for_orders="5",
        related_orders=["a"],
    )
    assert found.details == {
        "code": 40310000,
        "held_for_orders": "5",
        "related_orders": ["a"],
        "reject_code": "INVALID_QUANTITY",
    }


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"<html>nginx</html>", b"", b"[]", b'"text"', b"\xff"])
def test_bodies_of_proxies_are_judged_by_their_status(status: int, body: bytes) -> None:
    found = error_of(status, body, {}, NEW, "it", NOW)
    assert leaves_doubt(found) is (status >= 500 or status == 404)
    assert "html" not in found.message
    if status in (401, 403):
        assert isinstance(found, Unauthorized)


def test_a_redirect_is_no_success() -> None:
    assert leaves_doubt(error_of(302, b"", {}, NEW, "it", NOW))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 20)}, 21),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) - 20)}, 1),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "soon", "x-ratelimit-reset": "-"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    found = error_of(429, b"{}", headers, NEW, "it", NOW)
    assert isinstance(found, RateLimited)
    assert found.retry_after_seconds == seconds


@given(
    st.integers(300, 599),
    st.binary() | st.text().map(lambda text: json.dumps({"message": text}).encode()),
    st.sampled_from(list(About)),
)
def test_whatever_comes_is_an_error_of_ours(status: int, body: bytes, about: About) -> None:
    assert isinstance(error_of(status, body, {}, about, "it", NOW), GatewayError)
