"""What ``exchangeInfo`` demands of orders in one symbol of spot. Pure.

The fields called precision are no steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ....model.market import Instrument
from ..filters import Filters, Span, number_in
from .wire import Symbol

TRADING: Final = "TRADING"


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


def instrument(filters: Filters) -> Instrument:
    """As the gateway has it. What rests to be sold is held: one exit at a time, but for lists."""
    return Instrument(
        quantity_step=filters.lot.step or None,
        minimum_quantity=filters.lot.least or None,
        minimum_notional=filters.least_notional or None,
        price_step=filters.price.step or None,
        one_exit=True,
    )
