"""Commissions that are paid in what was traded itself, as is usual where coins are bought.

A pair of currencies is no asset: what trading it costs is paid by the account.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from .account import Trade
from .money import ZERO

MONIES: Final = frozenset(
    {"AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNH", "CNY", "COP", "CZK", "DKK", "EUR"}
    | {"GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "KWD", "MAD", "MXN"}
    | {"MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "QAR", "RON", "RUB", "SAR", "SEK", "SGD"}
    | {"THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR"}
)
"""Money of states, as it is traded for each other (ISO 4217, and the yuan abroad)."""

LEAST_CODE: Final = 3
"""No currency or coin that something is quoted in has a shorter name."""

_SEPARATORS: Final = "/_-.:"


def in_kind(trade: Trade) -> Decimal:
    """How much of what *trade* bought or sold its commission took; a rebate is negative."""
    is_in_kind = trade.commission and _is_base(trade.commission_currency, trade.symbol)
    return trade.commission if is_in_kind else ZERO


def _is_base(currency: str, symbol: str) -> bool:
    """Whether *currency* is what *symbol*, a pair, buys and sells.

    Where it is traded for another money of states, as in USD_JPY, the account pays.
    """
    if not currency or not symbol.startswith(currency):
        return False
    quote = symbol[len(currency) :].lstrip(_SEPARATORS)
    if len(quote) < LEAST_CODE:  # a stock whose name begins so
        return False
    return not (currency in MONIES and quote in MONIES)
