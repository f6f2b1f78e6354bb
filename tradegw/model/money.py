"""Exact decimals: prices, quantities and money are :class:`decimal.Decimal`, never a float.

Sources of limits: protocol section 1.2 (about 28 significant digits, scale up to 28).
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)

MAX_DIGITS: Final = 28
MAX_SCALE: Final = 28


def is_sane(value: Decimal) -> bool:
    """Whether *value* is finite, within 28 significant digits and within 28 places of the point."""
    _sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return False
    return len(digits) <= MAX_DIGITS and -MAX_SCALE <= exponent and value.adjusted() <= MAX_SCALE


def plain(value: Decimal) -> str:
    """*value* in plain notation: no exponent, scale kept (``150.00`` stays ``150.00``)."""
    return format(value, "f")


def trimmed(value: Decimal) -> Decimal:
    """*value* without trailing zeros behind the point (``150.00`` -> ``150``), never an exponent."""
    if value == value.to_integral_value():
        return value.quantize(ONE) if value.adjusted() < MAX_DIGITS else value
    return value.normalize()


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of *step* that is not above *value* (towards zero)."""
    return (value / step).to_integral_value(rounding=ROUND_DOWN) * step
