"""What an answer of Binance that is no success means, as an error of the gateway. Pure.

The code decides, and where one code means many things the text does, by its beginning. Codes are
the same in HTTP and in the WebSocket API. What failed inside Binance leaves doubt; codes below
-2000 differ between products, and these are those of spot.
"""

from __future__ import annotations

import enum
import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from ...errors import (
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
)

PROVIDER: Final = "binance"
DUPLICATE: Final = "DUPLICATE_CLIENT_ORDER_ID"

BAD_TIME: Final = -1021
UNKNOWN_ORDER: Final = -2011
NO_SUCH_ORDER: Final = -2013
CREDENTIALS: Final = frozenset({-1002, -1022, -1099, -2008, -2014, -2015})
LIMITS: Final = frozenset({-1003, -1015, -1034})
OF_RULES: Final = frozenset({-1013, -1111, -1121})
"""Refusals by a rule of the symbol, which may be another than the one that is known."""

_DOUBT: Final = frozenset({-1000, -1001, -1006, -1007})
_OVERLOADED: Final = -1008
_LONGEST: Final = 300
_WORST: Final = 500
_LATE: Final = 408


class About(enum.Enum):
    """What was asked about."""

    NEW_ORDER = "new order"
    CHANGE = "change"
    ORDER = "order"
    SYMBOL = "symbol"
    ACCOUNT = "account"


class Said(Struct, frozen=True):
    """What is in an error, if anything; *data* of a cancel-replace."""

    code: int = 0
    msg: str = ""
    data: Any = None


# The first that fits decides.
_TEXTS: Final = (
    (r"account has insufficient balance", "INSUFFICIENT_FUNDS"),
    (r"(filter failure: )?max_position", "INSUFFICIENT_FUNDS"),
    (r"market is closed", "MARKET_CLOSED"),
    (r"order would immediately match", "POST_ONLY_VIOLATED"),
    (r"(order|stop price) would trigger immediately", "INVALID_PRICE"),
    (r"the relationship of the prices", "INVALID_PRICE"),
    (r"filter failure: .*(price)", "INVALID_PRICE"),
    (r"filter failure: .*(lot_size|notional|iceberg|max_asset|trailing)", "INVALID_QUANTITY"),
    (r"filter failure: .*max_num|filter failure: exchange_max", "TOO_MANY_ORDERS"),
    (r"duplicate order sent", DUPLICATE),
    (r"price \* qty is zero|icebergqty exceeds|invalid quantity", "INVALID_QUANTITY"),
    (r"invalid price", "INVALID_PRICE"),
    (r"this symbol is (not permitted|restricted)", "INVALID_SYMBOL"),
    (r"(this action is disabled|.*may not place or cancel)", "NOT_PERMITTED"),
    (r".*orders are not supported for this symbol", "INVALID_SYMBOL"),
    (r"order book liquidity", "NO_LIQUIDITY"),
)
_NOT_MODIFIABLE: Final = re.compile(
    r"order amend|the requested action would change no state|order was not canceled due to cancel "
    r"restrictions",
    re.IGNORECASE,
)
_FIELDS: Final = {
    "newclientorderid": "client_order_id",
    "quantity": "quantity",
    "qty": "quantity",
    "price": "limit_price",
    "stopprice": "stop_price",
    "interval": "timeframe",
    "trailingdelta": "trailing_distance",
    "icebergqty": "display_quantity",
    "timeinforce": "time_in_force",
    "symbol": "symbol",
}
_NAMED: Final = re.compile(r"parameter '?(\w+)'?", re.IGNORECASE)


def said_by(body: bytes) -> Said | None:
    """What is in *body*; ``None`` if that is no error of Binance's own."""
    try:
        found = msgspec.json.decode(body)
        told = {} if not isinstance(found, dict) else found
        given = {name: value for name, value in told.items() if value is not None}
        said = msgspec.convert(given, type=Said, strict=False)
    except msgspec.MsgspecError:
        return None
    return said if said.code < 0 else None


def error_of(status: int, body: bytes, about: About, name: str = "") -> GatewayError:
    """The error that the answer *status* with *body* is; *name* is the order or symbol meant."""
    said = said_by(body)
    if said is None:
        return _unsaid(status)
    return meaning(said, status, about, name)


def meaning(said: Said, status: int, about: About, name: str = "") -> GatewayError:
    """What Binance *said*."""
    code, text = said.code, said.msg[:_LONGEST]
    shown = f"{text} ({code})"
    if code in LIMITS or status in (429, 418):
        return RateLimited(f"Binance limits the rate: {shown}")
    if code == _OVERLOADED:
        # A definite no, which ProviderUnavailable would not be of an order.
        return RateLimited(f"Binance is overloaded: {shown}")
    if code in _DOUBT or status >= _WORST or status == _LATE:
        return ProviderError(f"Binance failed: {shown}", PROVIDER)
    if code in CREDENTIALS:
        return Unauthorized(f"Binance refused the credentials: {shown}", "AUTH_FAILED")
    if code == BAD_TIME:  # it was tried again with its own time by then
        return RateLimited(f"Binance's clock and ours disagree: {shown}")
    if code == NO_SUCH_ORDER or (code == -2026 and about is not About.NEW_ORDER):
        return OrderNotFound(name)
    if code in (-1016, -1020):
        return UnsupportedOperation(f"this ({text})", PROVIDER)
    if code in (-1121, -1220) and about in (About.SYMBOL, About.ACCOUNT):
        return SymbolNotFound(name)
    return _verdict(code, text, about, name)


def _verdict(code: int, text: str, about: About, name: str) -> GatewayError:
    is_of_order = about in (About.NEW_ORDER, About.CHANGE)
    shown = f"{text} ({code})"
    if about is About.CHANGE and (code == UNKNOWN_ORDER or _NOT_MODIFIABLE.match(text)):
        return OrderNotModifiable(name, shown)
    if code in (-1121, -1220):
        return OrderRejected(f"Order rejected: {shown}", "INVALID_SYMBOL", {"code": code})
    if code == -2016:
        return OrderRejected(f"Order rejected: {shown}", "MARKET_CLOSED")
    reason = reject_code(text)
    if reason is not None and is_of_order:
        return OrderRejected(f"Order rejected: {shown}", reason, {"code": code})
    if code in (-1100, -1108, -1111, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1127):
        return _bad_value(code, text)
    if -1199 <= code <= -1101 and code not in (-1112, -1113):
        return InvalidRequest(f"Binance: {shown}")
    if is_of_order:
        return OrderRejected(f"Order rejected: {shown}", str(code), {"code": code})
    return InvalidRequest(f"Binance: {shown}")


def reject_code(text: str) -> str | None:
    """What an order was refused for, by Binance's *text*."""
    lowered = text.lower()
    return next((code for pattern, code in _TEXTS if re.match(pattern, lowered)), None)


def _bad_value(code: int, text: str) -> GatewayError:
    named = _NAMED.search(text)
    field = None if named is None else _FIELDS.get(named[1].lower())
    if code == -1120:
        field = "timeframe"
    if field is None:
        return InvalidRequest(f"Binance: {text} ({code})")
    return InvalidValue(f"Binance: {text} ({code})", field, None)


def _unsaid(status: int) -> GatewayError:
    """The answer of something on the way to Binance, or of its firewall."""
    if status in (429, 418):
        return RateLimited(f"Binance limits the rate (HTTP {status})")
    if status == 403:
        return RateLimited("Binance's firewall refused the call (HTTP 403)", 60)
    if status == 401:
        return Unauthorized("Binance refused the credentials (HTTP 401)", "AUTH_FAILED")
    if status in (404, 410):
        return UnsupportedOperation(f"an address that it had (HTTP {status})", PROVIDER)
    if status < _WORST and status >= 400 and status != _LATE:
        return InvalidRequest(f"Binance: HTTP {status}")
    return ProviderError(f"Binance failed with HTTP {status}", PROVIDER)
