"""The one table from errors to answers (protocol section 2.3, order lifecycle 11.4)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from twisted.logger import Logger

from .. import errors
from ..model import wire
from ..secrecy import scrub, scrub_value
from .answer import Answer

log = Logger()


class ErrorCode(enum.StrEnum):
    """What a program reads; a closed set."""

    INVALID_REQUEST = "INVALID_REQUEST"
    INVALID_VALUE = "INVALID_VALUE"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    UNAUTHORIZED = "UNAUTHORIZED"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    POSITION_NOT_FOUND = "POSITION_NOT_FOUND"
    SYMBOL_NOT_FOUND = "SYMBOL_NOT_FOUND"
    OCO_GROUP_NOT_FOUND = "OCO_GROUP_NOT_FOUND"
    ORDER_NOT_MODIFIABLE = "ORDER_NOT_MODIFIABLE"
    RESET_COOLDOWN = "RESET_COOLDOWN"
    ORDER_REJECTED = "ORDER_REJECTED"
    RATE_LIMITED = "RATE_LIMITED"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    UNSUPPORTED_OPERATION = "UNSUPPORTED_OPERATION"
    PROVIDER_ERROR = "PROVIDER_ERROR"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"


class ApiError(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Every answer that is not a success. ``details`` depends on the code, and may be absent."""

    code: ErrorCode
    message: str
    details: dict[str, Any] | None = None


class Problem(NamedTuple):
    """How a kind of error is told; ``detailed`` kinds show their details."""

    status: int
    code: ErrorCode
    detailed: bool = True


TABLE: Final[dict[type[errors.GatewayError], Problem]] = {
    errors.InvalidRequest: Problem(400, ErrorCode.INVALID_REQUEST),
    errors.BodyTooLarge: Problem(413, ErrorCode.INVALID_REQUEST),
    errors.InvalidValue: Problem(400, ErrorCode.INVALID_VALUE),
    errors.ValidationFailed: Problem(400, ErrorCode.VALIDATION_ERROR),
    errors.Unauthorized: Problem(401, ErrorCode.UNAUTHORIZED),
    errors.OrderNotFound: Problem(404, ErrorCode.ORDER_NOT_FOUND),
    errors.PositionNotFound: Problem(404, ErrorCode.POSITION_NOT_FOUND),
    errors.SymbolNotFound: Problem(404, ErrorCode.SYMBOL_NOT_FOUND),
    errors.OcoGroupNotFound: Problem(404, ErrorCode.OCO_GROUP_NOT_FOUND),
    errors.OrderNotModifiable: Problem(409, ErrorCode.ORDER_NOT_MODIFIABLE),
    errors.ResetCooldown: Problem(409, ErrorCode.RESET_COOLDOWN, detailed=False),
    errors.OrderRejected: Problem(422, ErrorCode.ORDER_REJECTED),
    errors.OrderDenied: Problem(422, ErrorCode.ORDER_REJECTED),
    errors.IntentConflict: Problem(409, ErrorCode.INVALID_REQUEST),
    errors.RateLimited: Problem(429, ErrorCode.RATE_LIMITED),
    errors.UnsupportedOperation: Problem(501, ErrorCode.UNSUPPORTED_OPERATION),
    errors.ProviderError: Problem(502, ErrorCode.PROVIDER_ERROR),
    errors.ProviderUnavailable: Problem(503, ErrorCode.PROVIDER_UNAVAILABLE, detailed=False),
    errors.NotSent: Problem(503, ErrorCode.PROVIDER_UNAVAILABLE, detailed=False),
    errors.ShuttingDown: Problem(503, ErrorCode.SHUTTING_DOWN, detailed=False),
    errors.NotReconciled: Problem(503, ErrorCode.PROVIDER_UNAVAILABLE, detailed=False),
    errors.JournalUnavailable: Problem(503, ErrorCode.PROVIDER_UNAVAILABLE, detailed=False),
    errors.Overloaded: Problem(503, ErrorCode.PROVIDER_UNAVAILABLE, detailed=False),
    errors.InternalError: Problem(500, ErrorCode.INTERNAL_ERROR, detailed=False),
    errors.GatewayError: Problem(500, ErrorCode.INTERNAL_ERROR, detailed=False),
}

DEFAULT_WAIT_SECONDS: Final = 1
"""What ``Retry-After`` says when nobody knows better."""


def problem_of(kind: type[errors.GatewayError]) -> Problem:
    """The row of *kind*, or of the nearest ancestor that has one."""
    return next(TABLE[ancestor] for ancestor in kind.__mro__ if ancestor in TABLE)


def answer_to(error: errors.GatewayError) -> Answer:
    """*error* in the envelope, scrubbed; one that cannot be encoded becomes an internal error."""
    problem = problem_of(type(error))
    try:
        body = _envelope(problem, error.message, error.details)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        log.failure("details of {kind} cannot be written", kind=type(error).__name__)
        return UNEXPECTED
    return Answer(problem.status, body, extra=_headers(problem.status, error))


def refusal(status: int, message: str, extra: bytes = b"") -> Answer:
    """HTTP itself went wrong (no such path, say); the closed codes have only this one for it."""
    return Answer(
        status, _envelope(Problem(status, ErrorCode.INVALID_REQUEST), message), extra=extra
    )


def _envelope(problem: Problem, message: str, details: Mapping[str, Any] | None = None) -> bytes:
    shown = scrub_value(details) if problem.detailed and details is not None else None
    return wire.encode(ApiError(code=problem.code, message=scrub(message), details=shown))


def _headers(status: int, error: errors.GatewayError) -> bytes:
    if status == 401:
        return b"WWW-Authenticate: Bearer\r\n"
    if status not in (429, 503):
        return b""
    wait = error.retry_after_seconds if isinstance(error, errors.RateLimited) else None
    return b"Retry-After: %d\r\n" % (DEFAULT_WAIT_SECONDS if wait is None else max(wait, 0))


UNEXPECTED: Final = Answer(500, _envelope(Problem(500, ErrorCode.INTERNAL_ERROR), "Internal error"))
"""All that a client learns of a defect."""

OVERDUE: Final = Answer(
    500,
    _envelope(
        Problem(500, ErrorCode.INTERNAL_ERROR), "No answer in time; the outcome is unknown as yet"
    ),
)
"""Not 502 to 504, which the official client takes as leave to send a DELETE again."""
