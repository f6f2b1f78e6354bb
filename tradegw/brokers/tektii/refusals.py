"""What an answer of the engine that is no success means, as an error of the gateway. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from ...errors import (
    GatewayError,
    InvalidRequest,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SymbolNotFound,
    Unauthorized,
)

PROVIDER: Final = "tektii"
_NO_SYMBOL: Final = "symbol not found"
_LONGEST: Final = 2000


class About(enum.Enum):
    """What was asked about."""

    ORDER = "order"
    ENDING = "an order that is to end"
    NEW_ORDER = "new order"
    PRICES = "prices"
    ACCOUNT = "account"


class _Said(Struct, frozen=True):
    """An answer's body: the envelope's members, if it is in one, and all of it."""

    message: str | None
    code: str | None
    whole: dict[str, Any]
    text: str


def error_of(
    status: int, body: bytes, headers: Mapping[str, str], about: About, name: str
) -> GatewayError:
    """The error that the answer *status* with *body* is; *name* is the id or symbol asked for."""
    said = _read(body)
    reason = said.message or said.text or f"HTTP {status}"
    if status == 422:
        return OrderRejected(reason, said.code, said.whole)
    if status == 429:
        return RateLimited(f"The engine limits the rate: {reason}", _seconds(headers))
    if status == 503:
        return ProviderUnavailable(f"The engine is not available: {reason}")
    if status in (401, 403):
        return Unauthorized(f"The engine refused the key: {reason}", "AUTH_FAILED")
    if status == 404:
        return _not_found(said, about, name)
    if status == 400:
        return InvalidRequest(f"The engine refused the request: {reason}")
    if status == 409 and about is About.ENDING:
        return OrderNotModifiable(name, reason)
    return _failed(f"The engine answered with HTTP {status}: {reason}")


def _not_found(said: _Said, about: About, name: str) -> GatewayError:
    if about in (About.ORDER, About.ENDING):
        return OrderNotFound(name)
    if about is About.PRICES and said.message is not None:
        if said.message.lower().startswith(_NO_SYMBOL):
            return SymbolNotFound(name)
        return InvalidRequest(said.message)
    return _failed(f"The engine found nothing: {said.message or said.text or 'HTTP 404'}")


def _failed(message: str) -> ProviderError:
    return ProviderError(message, PROVIDER)


def _seconds(headers: Mapping[str, str]) -> int | None:
    """How long to wait, if that is said as a whole number."""
    text = headers.get("retry-after", "").strip()
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def _read(body: bytes) -> _Said:
    text = body[:_LONGEST].decode("utf-8", "replace").strip()
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Said(None, None, {}, text)
    error = whole.get("error") if isinstance(whole, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return _Said(None, None, whole if isinstance(whole, dict) else {}, text)
    code = error.get("code")
    return _Said(error["message"][:_LONGEST], code if isinstance(code, str) else None, whole, text)
