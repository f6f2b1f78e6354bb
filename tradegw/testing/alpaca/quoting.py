"""Quotes and trades as market data, for REST answers and streams alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from .amounts import ONE, number
from .assets import Asset
from .market import Quote
from .stamps import zulu

_ROUND_LOT: Final = Decimal(100)


def quote_of(asset: Asset, quote: Quote) -> dict[str, Any]:
    """A quote, without its symbol."""
    usual = ONE if asset.is_crypto else _ROUND_LOT
    told: dict[str, Any] = {
        "t": zulu(quote.moment),
        "bp": number(quote.bid),
        "bs": number(_size(quote.bid, quote.bid_size, usual)),
        "ap": number(quote.ask),
        "as": number(_size(quote.ask, quote.ask_size, usual)),
    }
    return told if asset.is_crypto else {**told, "bx": "V", "ax": "V", "c": ["R"], "z": "C"}


def trade_of(asset: Asset, quote: Quote, number_of_trade: int) -> dict[str, Any]:
    """The last trade, without its symbol."""
    told: dict[str, Any] = {
        "t": zulu(quote.moment),
        "i": number_of_trade,
        "p": number(quote.last),
        "s": 1 if asset.is_crypto else 100,
    }
    return {**told, "tks": "B"} if asset.is_crypto else {**told, "x": "V", "c": ["@"], "z": "C"}


def _size(price: Decimal, size: Decimal | None, usual: Decimal) -> Decimal:
    return price * 0 if not price else usual if size is None else size
