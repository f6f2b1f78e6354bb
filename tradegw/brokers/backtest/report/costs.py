"""What trading cost, and how much was traded."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext

from msgspec import Struct

from ....model.money import ZERO
from .exact import MONEY
from .facts import Fill


class Costs(Struct, frozen=True, kw_only=True):
    """In account currency. ``notional`` is what was traded: buys and sells at their prices."""

    commission: Decimal = ZERO
    slippage: Decimal = ZERO
    spread: Decimal = ZERO
    notional: Decimal = ZERO

    @classmethod
    def of(cls, fills: Iterable[Fill]) -> Costs:
        """The sums over *fills*."""
        commission = slippage = spread = notional = ZERO
        with localcontext(MONEY):
            for fill in fills:
                commission += fill.trade.commission
                slippage += slippage_cost(fill)
                spread += spread_cost(fill)
                notional += abs(fill.trade.price) * _units(fill)
        return cls(commission=commission, slippage=slippage, spread=spread, notional=notional)


def slippage_cost(fill: Fill) -> Decimal:
    """What *fill* lost to slippage, in account currency."""
    return fill.slippage * _units(fill)


def spread_cost(fill: Fill) -> Decimal:
    """What *fill* lost to half of the spread, in account currency."""
    return fill.half_spread * _units(fill)


def _units(fill: Fill) -> Decimal:
    return fill.trade.quantity * fill.multiplier * fill.rate
