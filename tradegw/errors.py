"""Everything that can go wrong, as one tree.

The branches say whether the *same* request may be sent again as it is::

    GatewayError
    +-- Final                  the same request will fail again
    |   +-- InvalidRequest         malformed; names the field
    |   |   +-- BodyTooLarge
    |   +-- InvalidValue           well formed, out of range or not allowed
    |   +-- ValidationFailed       length and positivity rules, all fields together
    |   +-- Unauthorized           no or wrong key, the client's or ours at the broker
    |   +-- OrderNotFound
    |   +-- PositionNotFound
    |   +-- SymbolNotFound
    |   +-- OcoGroupNotFound
    |   +-- OrderNotModifiable     terminal, or no leg to move
    |   +-- ResetCooldown          breaker reset too soon after the last
    |   +-- OrderRejected          the broker's definite refusal
    |   |   +-- OrderDenied            ours: nothing was sent
    |   +-- IntentConflict         an id was used before, for something else
    |   +-- UnsupportedOperation   this broker cannot do it
    |   +-- InternalError          a defect of ours, or an answer we could not read
    +-- Passing                the cause may pass
        +-- RateLimited
        +-- ProviderError          broker answered with a failure, or not at all
        +-- ProviderUnavailable    broker says it is down
        |   +-- NotSent                nothing was sent: no link, or the breaker is open
        +-- ShuttingDown
        +-- NotReconciled          the broker has not been asked yet how things stand
        +-- JournalUnavailable     what must be written down first cannot be
        +-- Overloaded             a bounded queue of ours is full

HTTP codes are not known here: :mod:`tradegw.rest.problems` maps them, in one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


class GatewayError(Exception):
    """Base of all errors that may be shown to a client.

    ``message`` is for people; ``details`` is the wire's ``details`` member or ``None``.
    """

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Final(GatewayError):
    """The same request would fail again."""


class Passing(GatewayError):
    """The cause may pass; whether to send again depends on the operation."""


class InvalidRequest(Final):
    """The request is malformed, or lacks ``field``."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message, None if field is None else {"field": field})


class BodyTooLarge(InvalidRequest):
    """The request body is over the limit."""


class InvalidValue(Final):
    """``field`` is present but not allowed or out of range; ``provided`` is its text."""

    def __init__(self, message: str, field: str, provided: str | None) -> None:
        super().__init__(message, {"field": field, "provided": provided})


class ValidationFailed(Final):
    """Length and positivity rules; ``details`` maps each field to its failures."""


class Unauthorized(Final):
    """A key is missing or wrong; ``code`` says which, as a machine reads it."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, {"code": code})


class OrderNotFound(Final):
    """No such order."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"Order not found: {order_id}", {"resource": "order", "id": order_id})


class PositionNotFound(Final):
    """No such open position."""

    def __init__(self, position_id: str) -> None:
        super().__init__(
            f"Position not found: {position_id}", {"resource": "position", "id": position_id}
        )


class SymbolNotFound(Final):
    """The broker does not know the symbol."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"Symbol not found: {symbol}", {"symbol": symbol})


class OcoGroupNotFound(Final):
    """No such OCO group."""

    def __init__(self, group_id: str) -> None:
        super().__init__(
            f"OCO group not found: {group_id}", {"resource": "oco_group", "id": group_id}
        )


class OrderNotModifiable(Final):
    """The order is terminal, or the exit leg asked for does not rest at the broker."""

    def __init__(self, order_id: str, reason: str) -> None:
        super().__init__(f"Order not modifiable: {reason}", {"order_id": order_id})


class ResetCooldown(Final):
    """A breaker was reset less than the cool-down ago."""


class OrderRejected(Final):
    """The broker's definite refusal.

    ``reject_code`` is one of the canonical codes (``INSUFFICIENT_FUNDS``, ``MARKET_CLOSED``,
    ``INVALID_QUANTITY``, ``INVALID_SYMBOL``) or the broker's own, as text; ``payload`` holds what
    else the broker said.
    """

    def __init__(
        self,
        message: str,
        reject_code: str | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        details = dict(payload or {})
        if reject_code is not None:
            details["reject_code"] = reject_code
        super().__init__(message, details)
        self.reject_code = reject_code


class OrderDenied(OrderRejected):
    """Refused by the gateway itself, so that nothing was sent; ``reject_code`` says which rule."""


class IntentConflict(Final):
    """``field`` (a client order id, an idempotency key) was used before with another request."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(
            f"{field} {value} was used before for another request",
            {"field": field, "provided": value},
        )


class UnsupportedOperation(Final):
    """``provider`` cannot do ``operation``."""

    def __init__(self, operation: str, provider: str) -> None:
        super().__init__(
            f"{provider} does not support {operation}",
            {"operation": operation, "provider": provider},
        )


class InternalError(Final):
    """A defect of ours, or a broker's answer that could not be read."""


class RateLimited(Passing):
    """A limit was hit; ``retry_after_seconds`` and ``reset_at`` where known."""

    def __init__(
        self,
        message: str,
        retry_after_seconds: int | None = None,
        reset_at: datetime | None = None,
    ) -> None:
        super().__init__(
            message, {"retry_after_seconds": retry_after_seconds, "reset_at": reset_at}
        )
        self.retry_after_seconds = retry_after_seconds


class ProviderError(Passing):
    """The broker answered with a failure, or did not answer."""

    def __init__(self, message: str, provider: str | None = None) -> None:
        super().__init__(message, None if provider is None else {"provider": provider})


class ProviderUnavailable(Passing):
    """The broker says it is down."""


class NotSent(ProviderUnavailable):
    """It could not be sent, for want of a link or because of the breaker: nothing was done."""


class ShuttingDown(Passing):
    """The gateway is stopping and takes no new orders."""


class NotReconciled(Passing):
    """The broker could not be asked yet how things stand; orders are taken when it could."""


class JournalUnavailable(Passing):
    """The journal cannot be written: nothing was sent."""


class Overloaded(Passing):
    """A bounded queue is full; nothing was done."""


def is_outage(error: GatewayError) -> bool:
    """Whether *error* says that the broker is out, rather than that it said no or slow down."""
    return isinstance(error, (ProviderUnavailable, ProviderError))


def is_passing_refusal(error: GatewayError) -> bool:
    """Whether *error* is a definite no which may be a yes when the same is sent again later."""
    return isinstance(error, (Passing, OrderDenied)) and not leaves_doubt(error)


def leaves_doubt(error: GatewayError) -> bool:
    """Whether an order may be live although its submit ended with *error*: no answer came, or none
    that could be read. Everything else is a definite no.
    """
    if isinstance(error, NotSent):
        return False
    return is_outage(error) or isinstance(error, InternalError)


def lacks_holding(error: GatewayError) -> bool:
    """Whether the broker says that not so much is there, or free, as an order would sell or buy
    back.
    """
    code = (error.reject_code or "") if isinstance(error, OrderRejected) else ""
    return code.startswith("INSUFFICIENT") or code == "QUANTITY_HELD"


def is_one_too_many(error: GatewayError) -> bool:
    """Whether the broker takes no more resting orders of that kind."""
    return isinstance(error, OrderRejected) and error.reject_code == "TOO_MANY_ORDERS"


def is_placement_fault(error: GatewayError) -> bool:
    """Whether a failed exit leg counts: not if limited in rate, nor if broker or market is shut, an
    order of the other side stands in its way for now (``WASH_TRADE``), the market is where that
    leg cannot rest (``INVALID_PRICE``), or no more may (``TOO_MANY_ORDERS``): that is no failure of
    the others.
    """
    if isinstance(error, OrderRejected):
        return error.reject_code not in (
            "MARKET_CLOSED",
            "WASH_TRADE",
            "INVALID_PRICE",
            "TOO_MANY_ORDERS",
        )
    return not isinstance(error, (RateLimited, ProviderUnavailable))
