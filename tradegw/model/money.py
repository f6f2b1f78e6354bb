"""Exact decimals: prices, quantities and money are ``decimal.Decimal``, never a float.

Sources of limits: protocol section 1.2 (about 28 significant digits, scale up to 28).
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)

MAX_DIGITS: Final = 28
MAX_SCALE: Final = 28

_EXACT: Final = Context(prec=2 * (MAX_DIGITS + MAX_SCALE))
"""Room for every product and whole quotient of two sane values."""


def is_sane(value: Decimal) -> bool:
    """Whether *value* is finite, within 28 significant digits and within 28 places of the point."""
    _sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return False
    return len(digits) <= MAX_DIGITS and exponent >= -MAX_SCALE and value.adjusted() <= MAX_SCALE


def plain(value: Decimal) -> str:
    """*value* in plain notation: no exponent, no minus before zero, scale kept (``150.00``)."""
    return format(value or value.copy_abs(), "f")


def trimmed(value: Decimal) -> Decimal:
    """*value* without trailing zeros behind the point: ``150.00`` -> ``150``."""
    if value == value.to_integral_value():
        return value.quantize(ONE, context=_EXACT)
    return value.normalize(_EXACT)


def times(one: Decimal, other: Decimal) -> Decimal:
    """The product of two sane values, exactly."""
    return _EXACT.multiply(one, other)


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of *step* next to *value* towards zero, exactly; *step* is positive."""
    return _EXACT.multiply(_EXACT.divide_int(value, step), step)
