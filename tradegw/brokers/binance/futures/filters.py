"""What ``exchangeInfo`` demands of orders in one symbol of futures. Pure.

Steps are counted from the minimum. The least notional does not hold for what only reduces.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ....model.market import Instrument
from ....model.money import ZERO
from ..filters import Filters, Span, number_in
from .wire import Symbol


class OffsetSpan(Span, frozen=True):
    """Multiples of the step above the least."""

    def off_step(self, value: Decimal) -> bool:
        return self.step > 0 and (value - self.least) % self.step != 0

    def floor(self, value: Decimal) -> Decimal:
        return self.least + super().floor(value - self.least)

    def ceiling(self, value: Decimal) -> Decimal:
        return self.least + super().ceiling(value - self.least)


def read(symbol: Symbol) -> Filters:
    """Those of *symbol* that are known here."""
    found = {str(each.get("filterType")): each for each in symbol.filters}
    return Filters(
        price=_span(found.get("PRICE_FILTER", {}), "Price", "tickSize"),
        lot=_span(found.get("LOT_SIZE", {}), "Qty", "stepSize"),
        market_lot=_span(found.get("MARKET_LOT_SIZE", {}), "Qty", "stepSize"),
        least_notional=number_in(found.get("MIN_NOTIONAL", {}), "notional"),
    )


def _span(found: Mapping[str, Any], what: str, step: str) -> OffsetSpan:
    return OffsetSpan(
        number_in(found, f"min{what}"), number_in(found, f"max{what}"), number_in(found, step)
    )


def instrument(filters: Filters) -> Instrument:
    """As the gateway has it; minima that do not hold for exits are left out."""
    return Instrument(
        quantity_step=filters.lot.step or None,
        minimum_quantity=filters.lot.least or None,
        price_step=filters.price.step or None,
    )


def least_notional(filters: Filters, *, is_linear: bool, reduces: bool) -> Decimal:
    """What quantity times price must be at least; zero is no such rule."""
    return filters.least_notional if is_linear and not reduces else ZERO
