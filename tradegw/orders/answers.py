"""Answers as the journal keeps them: a handle, or an error that can be raised again."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from .. import errors
from ..errors import GatewayError
from ..model import wire
from ..model.money import plain
from ..model.order import OrderHandle

Answer: TypeAlias = OrderHandle | GatewayError
"""What the client of an intent is told."""


class _Refusal(Struct, frozen=True, tag_field="answer", tag="error"):
    kind: str
    message: str
    details: dict[str, Any] | None = None


class _Handle(Struct, frozen=True, tag_field="answer", tag="handle"):
    handle: OrderHandle


_decoder = msgspec.json.Decoder(_Refusal | _Handle)


def encode(answer: Answer) -> bytes:
    """*answer* as JSON."""
    if isinstance(answer, OrderHandle):
        return wire.encode(_Handle(answer))
    details = None if answer.details is None else dict(answer.details)
    return wire.encode(_Refusal(type(answer).__name__, answer.message, details))


def decode(text: bytes) -> Answer:
    """What :func:`encode` was given; an unknown kind of error becomes ``OrderRejected``."""
    read = _decoder.decode(text)
    if isinstance(read, _Handle):
        return read.handle
    kind = getattr(errors, read.kind, errors.OrderRejected)
    error: GatewayError = kind.__new__(kind)
    GatewayError.__init__(error, read.message, read.details)
    if isinstance(error, errors.OrderRejected):
        error.reject_code = (read.details or {}).get("reject_code")
    if isinstance(error, errors.RateLimited):
        error.retry_after_seconds = (read.details or {}).get("retry_after_seconds")
    return error


def digest(*parts: object) -> str:
    """Equal for requests that ask for the same, however their numbers are spelled."""
    plainly = [_plain(msgspec.to_builtins(part, builtin_types=(Decimal,))) for part in parts]
    return hashlib.sha256(msgspec.json.encode(plainly, order="sorted")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value.normalize())
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return value
