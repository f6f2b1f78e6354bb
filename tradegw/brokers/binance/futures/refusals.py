"""What Binance's futures answer instead of an order, as the gateway's error: a pure table.

Codes that mean the same everywhere are read by the shared table; three of those here mean something
else on spot (-2021, -2022, -2026).
"""

from __future__ import annotations

from typing import Final

from ....errors import (
    GatewayError,
    InvalidRequest,
    InvalidValue,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    RateLimited,
    Unauthorized,
)
from .. import refusals as shared
from ..refusals import DUPLICATE, PROVIDER, About, Said, said_by

NO_CHANGE: Final = frozenset({-4046, -4059, -4171})
"""What was to be set is so already."""

WRONG_MODE: Final = -4061
NO_LISTEN_KEY: Final = -1125

_MARGIN: Final = "INSUFFICIENT_MARGIN"
_REDUCE: Final = "REDUCE_ONLY_VIOLATED"
_SYMBOL: Final = "INVALID_SYMBOL"
_PRICE: Final = "INVALID_PRICE"
_QUANTITY: Final = "INVALID_QUANTITY"
_TOO_MANY: Final = "TOO_MANY_ORDERS"
_REASONS: Final = {
    -2018: "INSUFFICIENT_FUNDS",
    -2019: _MARGIN,
    -2020: "NO_LIQUIDITY",
    -2021: _PRICE,
    -2022: _REDUCE,
    -2023: _MARGIN,
    -2024: _REDUCE,
    -2025: _TOO_MANY,
    -2027: _MARGIN,
    -2028: _MARGIN,
    -4001: _PRICE,
    -4002: _PRICE,
    -4003: _QUANTITY,
    -4004: _QUANTITY,
    -4005: _QUANTITY,
    -4006: _PRICE,
    -4007: _PRICE,
    -4013: _PRICE,
    -4014: _PRICE,
    -4016: _PRICE,
    -4023: _QUANTITY,
    -4024: _PRICE,
    -4045: _TOO_MANY,
    -4062: _REDUCE,
    -4087: _REDUCE,
    -4105: _REDUCE,
    -4106: _REDUCE,
    -4107: _REDUCE,
    -4116: DUPLICATE,
    -4118: _REDUCE,
    -4131: _PRICE,
    -4140: _SYMBOL,
    -4141: "MARKET_CLOSED",
    -4164: _QUANTITY,
    -4183: _PRICE,
    -4184: _PRICE,
    -4189: _SYMBOL,
    -4210: _PRICE,
    -4211: _PRICE,
    -4400: _REDUCE,
    -4401: _REDUCE,
    -5021: "NO_LIQUIDITY",
    -5022: "POST_ONLY_VIOLATED",
}
_NOT_PERMITTED: Final = frozenset({-4088, -4109, -4192, -4402})
_NOT_MODIFIABLE: Final = frozenset({-5024, -5025, -5026, -5027, -5028, -5029, -5043, -4117})
_BAD_REQUEST: Final = frozenset(
    {-2026, -4061, -4120, -4135, -4137, -4138, -4142, -5037, -5038, -5039, -5040, -5041, -5047}
)
_BLOCKED: Final = frozenset({-4047, -4048, -4067, -4068})
_FIELDS: Final = {-4015: "client_order_id", -4028: "leverage"}
_UNAVAILABLE: Final = "service unavailable."
_FAILED: Final = 500
_LATE: Final = 408
_REFUSED: Final = frozenset({-1003, -1008, -1015})
"""Of too many calls: nothing was done."""

OF_RULES: Final = frozenset(
    {-1013, -1111, -1121, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4023, -4140, -4164}
)
"""Refusals by a rule of the symbol, which may be another than the one that is known."""


def error_of(status: int, body: bytes, about: About, name: str = "") -> GatewayError:
    """The error that the answer *status* with *body* is; *name* is the order or symbol meant."""
    said = said_by(body)
    if said is None:
        return shared.error_of(status, body, about, name)
    own = _failed(said) if status == _LATE or status >= _FAILED else _own(said, about, name)
    return own or shared.meaning(said, status, about, name)


def _failed(said: Said) -> GatewayError | None:
    """Whatever the code says, it may have been done; but for three that say that it was not."""
    shown = f"{said.msg[:300]} ({said.code})"
    if said.msg.strip().lower() == _UNAVAILABLE:
        return RateLimited(f"Binance is overloaded: {shown}")
    if said.code in _REFUSED:
        return None
    return ProviderError(f"Binance failed: {shown}", PROVIDER)


def _own(said: Said, about: About, name: str) -> GatewayError | None:
    """What means something here alone."""
    code, shown = said.code, f"{said.msg[:300]} ({said.code})"
    if code in NO_CHANGE:
        return OrderRejected(f"Nothing to change: {shown}", str(code), {"unchanged": True})
    if code in _NOT_MODIFIABLE and about is not About.NEW_ORDER:
        return OrderNotModifiable(name, shown)
    if code in _REASONS:
        return OrderRejected(f"Order rejected: {shown}", _REASONS[code], {"code": code})
    if code in _NOT_PERMITTED:
        return Unauthorized(f"Binance does not permit it: {shown}", "NOT_PERMITTED")
    if code in _FIELDS:
        return InvalidValue(f"Binance: {shown}", _FIELDS[code], None)
    if code in _BLOCKED:
        return OrderRejected(
            f"Margin mode or leverage cannot be changed while orders or a position are open:"
            f" {shown}",
            str(code),
            {"code": code},
        )
    if code in _BAD_REQUEST | _NOT_MODIFIABLE:
        if about is About.NEW_ORDER:
            return OrderRejected(f"Order rejected: {shown}", str(code), {"code": code})
        return InvalidRequest(f"Binance: {shown}")
    return None
