"""The noes of Alpaca: HTTP status, code and words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .amounts import text


class Refused(Exception):
    """A call is refused; ``body`` is what its caller gets, as JSON unless it is bytes."""

    def __init__(self, status: int, code: int | None, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message} if code is None else {"code": code}
        self.body["message"] = message
        self.body.update(
            {
                name: text(each) if isinstance(each, Decimal) else each
                for name, each in extra.items()
            }
        )


def malformed(message: str) -> Refused:
    """The body or query cannot be read."""
    return Refused(400, 40010000, message)


def invalid(message: str) -> Refused:
    """Some member of the request is wrong by itself."""
    return Refused(422, 40010001, message)


def unprocessable(message: str, **extra: Any) -> Refused:
    """The request is well formed, and against a rule."""
    return Refused(422, 42210000, message, **extra)


def forbidden(message: str, **extra: Any) -> Refused:
    """An order verdict: the account may not."""
    return Refused(403, 40310000, message, **extra)


def absent(message: str) -> Refused:
    """There is no such thing."""
    return Refused(404, 40410000, message)


def plain(status: int, message: str) -> Refused:
    """A refusal without a code, as of the data host and of the door."""
    return Refused(status, None, message)


def too_many_requests(*, data: bool) -> Refused:
    """The rate limit is used up; the two hosts say it differently."""
    if data:
        return plain(429, "too many requests.")
    return Refused(429, 42910000, "rate limit exceeded")


def insufficient_quantity(
    symbol: str, requested: Decimal, available: Decimal, existing: Decimal, related: list[str]
) -> Refused:
    """A position is smaller than the order, or spoken for by others."""
    extra: dict[str, Any] = {"related_orders": related} if related else {}
    return forbidden(
        f"insufficient qty available for order (requested: {text(requested)}, "
        f"available: {text(available)})",
        available=available,
        existing_qty=existing,
        held_for_orders=existing - available,
        symbol=symbol,
        **extra,
    )


def insufficient_balance(currency: str, requested: Decimal, available: Decimal) -> Refused:
    """Of a coin, or of the dollars for one, there is not enough."""
    return forbidden(
        f"insufficient balance for {currency} (requested: {text(requested)}, "
        f"available: {text(available)})",
        available=available,
        balance=available,
        symbol=currency,
    )
