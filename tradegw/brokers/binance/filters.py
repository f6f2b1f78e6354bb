"""What an order's quantity and price must comply with. Pure.

A step, minimum or maximum of zero is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, Final

from msgspec import Struct

from ...errors import InvalidValue
from ...model.enums import OrderType, Side, TimeInForce
from ...model.money import ZERO, is_sane, plain, trimmed

TIMES: Final = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
"""What there is of times in force."""


class Span(Struct, frozen=True):
    """From *least* to *most*, in multiples of *step*; zero is no such rule."""

    least: Decimal = ZERO
    most: Decimal = ZERO
    step: Decimal = ZERO

    def off_step(self, value: Decimal) -> bool:
        return self.step > 0 and value % self.step != 0

    def floor(self, value: Decimal) -> Decimal:
        """The multiple of the step at or below *value*."""
        return self._rounded(value, ROUND_FLOOR)

    def ceiling(self, value: Decimal) -> Decimal:
        """The multiple at or above it."""
        return self._rounded(value, ROUND_CEILING)

    def _rounded(self, value: Decimal, rounding: str) -> Decimal:
        if self.step <= 0:
            return value
        return trimmed((value / self.step).to_integral_value(rounding) * self.step)


class Filters(Struct, frozen=True, kw_only=True):
    """All that is checked before an order is sent."""

    price: Span = Span()
    lot: Span = Span()
    market_lot: Span = Span()
    least_notional: Decimal = ZERO
    most_notional: Decimal = ZERO
    most_iceberg_parts: int = 0
    most_stops: int = 0


def number_in(found: Mapping[str, Any], name: str) -> Decimal:
    """The positive number under that *name*; zero if there is none."""
    try:
        value = Decimal(str(found.get(name, "0")))
    except InvalidOperation:
        return ZERO
    return trimmed(value) if is_sane(value) and value > 0 else ZERO


def check_span(name: str, value: Decimal, span: Span) -> None:
    """Raise if *value*, the member *name* of a request, is not within *span*."""
    if span.off_step(value):
        lower, upper = plain(span.floor(value)), plain(span.ceiling(value))
        raise InvalidValue(
            f"{name} must be a multiple of {plain(span.step)}: {lower} or {upper}",
            name,
            plain(value),
        )
    if span.least > 0 and value < span.least:
        raise InvalidValue(f"{name} must be at least {plain(span.least)}", name, plain(value))
    if span.most > 0 and value > span.most:
        raise InvalidValue(f"{name} must be at most {plain(span.most)}", name, plain(value))


def exit_price(filters: Filters, side: Side, order_type: OrderType, price: Decimal) -> Decimal:
    """The *price* of an exit of ours on its step: a stop further from the market, a limit not
    better than asked.
    """
    is_up = (side is Side.BUY) if order_type is not OrderType.LIMIT else (side is Side.SELL)
    return filters.price.ceiling(price) if is_up else filters.price.floor(price)
