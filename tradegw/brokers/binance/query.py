"""Names and values of a query, as Binance reads them. Pure."""

from __future__ import annotations

from decimal import Decimal

from ...model.money import plain, trimmed
from .calling import Query


def number(value: Decimal) -> str:
    """*value* without an exponent and without needless zeros."""
    return plain(trimmed(value))


def text(value: Decimal | None) -> str | None:
    """*value* as Binance reads it, if there is one."""
    return None if value is None else number(value)


def given(wanted: list[tuple[str, str | None]]) -> Query:
    """Those of *wanted* that have a value."""
    return tuple((name, value) for name, value in wanted if value is not None)
