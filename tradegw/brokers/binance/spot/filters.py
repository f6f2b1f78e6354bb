"""What ``exchangeInfo`` demands of orders in one symbol. Pure.

A step, minimum or maximum of zero is none. The fields called precision are no steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, Final

from msgspec import Struct

from ....model.enums import OrderType, Side
from ....model.market import Instrument
from ....model.money import ZERO, is_sane, trimmed
from .wire import Symbol

TRADING: Final = "TRADING"


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


def read(symbol: Symbol) -> Filters:
    """Those of *symbol* that are known here."""
    found = {str(each.get("filterType")): each for each in symbol.filters}
    notional = found.get("NOTIONAL") or found.get("MIN_NOTIONAL") or {}
    return Filters(
        price=_span(found.get("PRICE_FILTER", {}), "Price", "tickSize"),
        lot=_span(found.get("LOT_SIZE", {}), "Qty", "stepSize"),
        market_lot=_span(found.get("MARKET_LOT_SIZE", {}), "Qty", "stepSize"),
        least_notional=number_in(notional, "minNotional"),
        most_notional=number_in(notional, "maxNotional"),
        most_iceberg_parts=_count(found.get("ICEBERG_PARTS", {}), "limit"),
        most_stops=_count(found.get("MAX_NUM_ALGO_ORDERS", {}), "maxNumAlgoOrders"),
    )


def _count(found: Mapping[str, Any], name: str) -> int:
    return int(number_in(found, name))


def _span(found: Mapping[str, Any], what: str, step: str) -> Span:
    return Span(
        number_in(found, f"min{what}"), number_in(found, f"max{what}"), number_in(found, step)
    )


def number_in(found: Mapping[str, Any], name: str) -> Decimal:
    """The positive number under that *name*; zero if there is none."""
    try:
        value = Decimal(str(found.get(name, "0")))
    except InvalidOperation:
        return ZERO
    return trimmed(value) if is_sane(value) and value > 0 else ZERO


def instrument(filters: Filters) -> Instrument:
    """As the gateway has it. What rests to be sold is held: one exit at a time, but for lists."""
    return Instrument(
        quantity_step=filters.lot.step or None,
        minimum_quantity=filters.lot.least or None,
        minimum_notional=filters.least_notional or None,
        price_step=filters.price.step or None,
        one_exit=True,
    )


def exit_price(filters: Filters, side: Side, order_type: OrderType, price: Decimal) -> Decimal:
    """The *price* of an exit of ours on its step: a stop further from the market, a limit not
    better than asked.
    """
    is_up = (side is Side.BUY) if order_type is not OrderType.LIMIT else (side is Side.SELL)
    return filters.price.ceiling(price) if is_up else filters.price.floor(price)
