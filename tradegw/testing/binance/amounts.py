"""Amounts from text to text; Binance writes them as strings, never as numbers."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
SATOSHI: Final = Decimal("0.00000001")
NUMBER: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_NUMBER: Final = re.compile(NUMBER)


def fixed(amount: Decimal, places: int = 8) -> str:
    """*amount* as spot writes it, ``0.10000000``."""
    return format(amount.quantize(ONE.scaleb(-places)), "f")


def plain(amount: Decimal) -> str:
    """*amount* as futures mostly write it, without trailing zeros."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def read(text: str) -> Decimal | None:
    """What *text* says; ``None`` if Binance would not read it, as of ``1E-7``."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def places_of(step: Decimal) -> int:
    """How many digits behind the point *step* has."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether *value* is whole steps; a step of zero is not enforced."""
    return not step or value % step == 0


def down(value: Decimal, step: Decimal = SATOSHI) -> Decimal:
    """The multiple of *step* next to *value* towards zero."""
    return (value / step).to_integral_value(ROUND_DOWN) * step if step else value


def up(value: Decimal, step: Decimal = SATOSHI) -> Decimal:
    """The multiple of *step* next to *value* away from zero."""
    return (value / step).to_integral_value(ROUND_UP) * step if step else value
