"""Amounts from text to text; only market data are numbers on the wire."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any, Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
NANO: Final = Decimal("0.000000001")
CENT: Final = Decimal("0.01")


def text(amount: Decimal | None) -> str | None:
    """*amount* as the trading API writes it: a string, plain, without trailing zeros."""
    if amount is None:
        return None
    plain = format(amount, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def amount(given: Any) -> Decimal | None:
    """What a body or query says, string or number; ``None`` if it is neither."""
    if isinstance(given, bool) or not isinstance(given, Decimal | int | str):
        return None
    try:
        found = Decimal(given)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def down(value: Decimal, step: Decimal = NANO) -> Decimal:
    """The multiple of *step* next to *value* towards zero."""
    return (value / step).to_integral_value(ROUND_DOWN) * step


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether *value* is whole steps."""
    return value % step == 0


def is_whole(value: Decimal) -> bool:
    """Whether *value* is whole shares."""
    return is_multiple(value, ONE)


def number(value: Decimal) -> int | float:
    """*value* as a number of the market data API, which is one of binary floating point."""
    return int(value) if is_whole(value) else float(value)
