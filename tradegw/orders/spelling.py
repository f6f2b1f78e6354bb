"""Symbols in the spelling of the broker's orders and positions, whichever a client used."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace
from twisted.logger import Logger

from ..interfaces import IBroker
from ..model.account import TradeQuery
from ..model.order import OrderQuery, OrderRequest

log = Logger()

Named = TypeVar("Named", OrderRequest, OrderQuery, TradeQuery)


def shown(broker: IBroker, symbol: str) -> str:
    """*symbol* as the broker shows it; as it is, if the broker does not know it (yet)."""
    try:
        known = broker.instrument(symbol)
    except Exception:  # a defect of an adapter must not keep anybody from closing
        log.failure("the rules for {symbol} could not be read", symbol=symbol)
        return symbol
    return symbol if known is None or known.symbol is None else known.symbol


def respelt(broker: IBroker, named: Named) -> Named:
    """*named* with its symbol as the broker shows it."""
    if named.symbol is None:
        return named
    symbol = shown(broker, named.symbol)
    return named if symbol == named.symbol else replace(named, symbol=symbol)
