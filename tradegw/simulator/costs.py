"""What trading costs: commission per fill."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ..model.money import ONE, ZERO, trimmed

_TERM: Final = re.compile(
    r"(?P<bound>min|max)?(?P<number>-?[0-9]{1,12}(?:\.[0-9]{1,12})?)(?P<unit>%|bps|/unit|/order)?"
)
_RATE_SCALE: Final = {None: ONE, "%": Decimal("0.01"), "bps": Decimal("0.0001")}


class Rates(Struct, frozen=True, kw_only=True):
    """Commission of one liquidity side; ``minimum`` and ``maximum`` hold per order."""

    rate: Decimal = ZERO
    per_unit: Decimal = ZERO
    per_order: Decimal = ZERO
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    def bounded(self, amount: Decimal) -> Decimal:
        """*amount* within the bounds of an order."""
        if self.minimum is not None and amount < self.minimum:
            return self.minimum
        if self.maximum is not None and amount > self.maximum:
            return self.maximum
        return amount


class Bill(Struct, omit_defaults=True):
    """What one order has been charged; ``raw`` is the same before bounds."""

    raw: Decimal = ZERO
    charged: Decimal = ZERO
    fills: int = 0


class Commission(Struct, frozen=True):
    """Commission of resting limit fills (``maker``) and of all others (``taker``)."""

    maker: Rates = Rates()
    taker: Rates = Rates()

    @classmethod
    def parse(cls, text: str) -> Commission:
        """Read ``0.005/unit+min1`` or ``maker:0;taker:0.1%``; ``ValueError`` says what is wrong.

        Terms are joined by ``+``: ``0.001``, ``0.1%`` and ``10bps`` are rates of the notional,
        ``0.005/unit`` and ``1/order`` amounts, ``min1`` and ``max20`` bounds per order. A negative
        rate is a rebate.
        """
        if ":" not in text:
            rates = _rates(text)
            return cls(rates, rates)
        sides = {}
        for part in text.split(";"):
            side, colon, terms = part.strip().partition(":")
            if side not in ("maker", "taker") or not colon or side in sides:
                raise ValueError(f"{part.strip()!r} is not maker:... or taker:...")
            sides[side] = _rates(terms)
        return cls(**sides)

    def charge(self, bill: Bill, quantity: Decimal, price: Decimal, *, maker: bool) -> Decimal:
        """Add a fill to an order's *bill*; what it costs, in account currency."""
        rates = self.maker if maker else self.taker
        bill.raw += quantity * abs(price) * rates.rate + quantity * rates.per_unit
        if not bill.fills:
            bill.raw += rates.per_order
        bill.fills += 1
        due = rates.bounded(bill.raw) - bill.charged
        bill.charged += due
        return trimmed(due)

    def estimate(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What an order filled at once would cost."""
        return self.charge(Bill(), quantity, price, maker=False)


def _rates(text: str) -> Rates:
    amounts = {"rate": ZERO, "per_unit": ZERO, "per_order": ZERO}
    bounds: dict[str, Decimal] = {}
    for term in text.split("+"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            raise ValueError(f"{term.strip()!r} is not a commission term")
        number = Decimal(match["number"])
        bound, unit = match["bound"], match["unit"]
        if bound is not None:
            name = "minimum" if bound == "min" else "maximum"
            if unit is not None or name in bounds:
                raise ValueError(f"{term.strip()!r}: one plain amount per bound")
            bounds[name] = number
        elif unit in _RATE_SCALE:
            amounts["rate"] += number * _RATE_SCALE[unit]
        else:
            amounts["per_unit" if unit == "/unit" else "per_order"] += number
    rates = Rates(**amounts, **bounds)
    if not -ONE < rates.rate < ONE:
        raise ValueError(
            f"a rate of {rates.rate:f} is the whole notional; an amount ends in /order"
        )
    if rates.minimum is not None and rates.maximum is not None and rates.minimum > rates.maximum:
        raise ValueError("min is above max")
    return rates
