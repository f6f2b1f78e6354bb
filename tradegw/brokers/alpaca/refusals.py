"""What an HTTP answer of Alpaca that is no success means, as an error of the gateway. Pure.

HTTP status and code do not always agree, and 403 means three things: so an answer is judged by
status, code, message and extra fields, in that order. Bodies may be HTML; the status decides then.
Everything definite is a verdict; what leaves doubt is a ``ProviderError``.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ...errors import (
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
)

PROVIDER: Final = "alpaca"
VERDICT: Final = 40310000
TIMED_OUT: Final = 408
"""Whoever says so may have passed the call on."""

DUPLICATE: Final = "DUPLICATE_CLIENT_ORDER_ID"
WASH_TRADE: Final = "WASH_TRADE"
LACKING: Final = "INSUFFICIENT_HOLDING"
_LONGEST: Final = 300


class About(enum.Enum):
    """What was asked about; a 404 means the lack of that."""

    ORDER = "order"
    CHANGE = "change"
    NEW_ORDER = "new order"
    POSITION = "position"
    SYMBOL = "symbol"
    ACCOUNT = "account"


# The first that is found in the message decides; all are written as regular expressions.
_REJECT_CODES: Final = (
    (r"client_order_id must be unique", DUPLICATE),
    (r"insufficient (buying power|balance)", "INSUFFICIENT_FUNDS"),
    (r"insufficient qty available", "INVALID_QUANTITY"),
    (r"wash trade", WASH_TRADE),
    (r"not fractionable|minimal amount of order|position intent|qty must be", "INVALID_QUANTITY"),
    (r"asset .* (not found|is not tradable|is not active|cannot be sold short)", "INVALID_SYMBOL"),
    (r"asset not found|invalid symbol", "INVALID_SYMBOL"),
    (r"only allowed during market hours|market is closed", "MARKET_CLOSED"),
    (r"sub-penny|price must be limited to \d+ decimal places", "INVALID_PRICE"),
    (r"stop price must be|base_price|limit price must be", "INVALID_PRICE"),
)
_LACKING: Final = re.compile(
    r"insufficient (qty|balance|buying power)|position intent|cannot be sold short|"
    r"not allowed to short|position does not exist"
)
_VALIDATION: Final = re.compile(
    r"must be > 0|must be >= |mutually exclusive|invalid order type|oco orders must be|"
    r"not allowed for|"
    r"only type=|bracket orders require|fractional orders|invalid crypto time_in_force|"
    r"notional value must be|extended hours order must|is required",
)
_NOT_MODIFIABLE: Final = re.compile(
    r"already in .* state|cannot replace order|cannot be cancel|not cancelable|order chain|"
    r"unable to replace|is not open|order parameters are not changed|unable to cancel|"
    r"pending_replace|pending replace",
)


def error_of(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    about: About,
    name: str,
    now: datetime,
) -> GatewayError:
    """The error that the answer *status* with *body* is; *name* is the id or symbol asked for."""
    said = _read(body)
    message = _message(said, status)
    if status == 429:
        return _rate_limited(message, headers, now)
    if status >= 500 or status < 400 or status == TIMED_OUT:
        return _outage(status, message)
    if status == 401 or (status == 403 and _is_about_credentials(said, message)):
        return Unauthorized(f"Alpaca refused the credentials: {message}", "AUTH_FAILED")
    if status == 404:
        return _not_found(about, name, message)
    if status == 403 and about in (About.SYMBOL, About.ACCOUNT):
        return UnsupportedOperation(f"this for your subscription ({message})", PROVIDER)
    if about is About.SYMBOL and "invalid symbol" in message.lower():
        return SymbolNotFound(name)
    return _verdict(status, said, message, about, name)


def _verdict(
    status: int, said: dict[str, Any], message: str, about: About, name: str
) -> GatewayError:
    text = message.lower()
    if _NOT_MODIFIABLE.search(text) and about in (About.CHANGE, About.ORDER):
        return OrderNotModifiable(name, message)
    if "no more than 128 characters" in text:
        return InvalidValue(f"Alpaca: {message}", "client_order_id", None)
    code = next((code for pattern, code in _REJECT_CODES if re.search(pattern, text)), None)
    if code is None and status in (400, 422) and said.get("code") == 40010000:
        return InvalidRequest(f"Alpaca: {message}")
    if code is None and _VALIDATION.search(text):
        return ValidationFailed(f"Alpaca: {message}", {"__all__": [_failure(message)]})
    if about in (About.NEW_ORDER, About.CHANGE, About.POSITION):
        return OrderRejected(f"Order rejected: {message}", code or _own_code(said), _payload(said))
    return InvalidRequest(f"Alpaca: {message}")


def of_exit(refusal: OrderRejected) -> OrderRejected:
    """*refusal* of an order that only reduces: some say that not so much is held, or is free."""
    if not _LACKING.search(refusal.message.lower()):
        return refusal
    return OrderRejected(refusal.message, LACKING, refusal.details)


def is_triggered(refusal: OrderRejected) -> bool:
    """Whether an order was refused because the market is beyond its stop already."""
    return "stop price must be" in refusal.message.lower()


def in_the_way(refusal: OrderRejected) -> str | None:
    """The order of the other side because of which this one was refused, as far as it was named."""
    named = (refusal.details or {}).get("existing_order_id")
    return named if refusal.reject_code == WASH_TRADE and isinstance(named, str) else None


def _failure(message: str) -> dict[str, Any]:
    return {"code": message, "message": None, "params": {}}


def _own_code(said: dict[str, Any]) -> str | None:
    code = said.get("code")
    return None if code is None else str(code)


def _payload(said: dict[str, Any]) -> dict[str, Any]:
    """What else Alpaca said: what is held for other orders, what its base price is."""
    return {name: value for name, value in said.items() if name != "message"}


def _is_about_credentials(said: dict[str, Any], message: str) -> bool:
    """A 403 of order or subscription says what is wrong; one of credentials says no more."""
    is_bare = not (said.keys() - {"message", "code"})
    text = message.lower()
    named = "forbidden" in text or "not authorized" in text or "access key" in text
    return said.get("code") != VERDICT and is_bare and (named or not said)


def _not_found(about: About, name: str, message: str) -> GatewayError:
    if about in (About.ORDER, About.CHANGE):
        return OrderNotFound(name)
    if about is About.POSITION:
        return PositionNotFound(name)
    if about is About.SYMBOL or "asset" in message.lower():
        return SymbolNotFound(name)
    return ProviderError(f"Alpaca does not know this address: {message}", PROVIDER)


def _outage(status: int, message: str) -> GatewayError:
    if status == 503:
        return ProviderUnavailable(f"Alpaca is not available: {message}")
    return ProviderError(f"Alpaca failed with HTTP {status}: {message}", PROVIDER)


def _rate_limited(message: str, headers: Mapping[str, str], now: datetime) -> RateLimited:
    reset = _number(headers.get("x-ratelimit-reset"))
    after = _number(headers.get("retry-after"))
    if after is None and reset is not None:
        after = reset - math.floor(now.timestamp()) + 1
    seconds = None if after is None else max(1, after)
    at = None if reset is None else datetime.fromtimestamp(reset, UTC)
    return RateLimited(f"Alpaca limits the rate: {message}", seconds, at)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,12}", text.strip()) else None


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _message(said: dict[str, Any], status: int) -> str:
    message = said.get("message")
    return str(message)[:_LONGEST] if message else f"HTTP {status}"
