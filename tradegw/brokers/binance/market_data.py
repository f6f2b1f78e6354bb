"""Quotes and bars of any product when they are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from ...errors import SymbolNotFound
from ...model.market import Bar, BarQuery, Quote
from .bars import Bars
from .listing import Listing

AskQuote: TypeAlias = Callable[[str], Awaitable[Quote]]
"""Fails with ``ValueError`` where there is no price."""


class MarketData:
    """Of what is in *listing*, by *quote* and *bars*."""

    def __init__(self, listing: Listing[Any], quote: AskQuote, bars: Bars) -> None:
        self._listing = listing
        self._quote = quote
        self._bars = bars

    async def quote(self, symbol: str) -> Quote:
        self._check(symbol)
        try:
            return await self._quote(symbol)
        except ValueError:
            raise SymbolNotFound(symbol) from None

    async def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        """Finished ones, oldest first; the newest if there are more than wanted."""
        self._check(symbol)
        return await self._bars.bars(symbol, query)

    def _check(self, symbol: str) -> None:
        if self._listing.symbol(symbol) is None:
            raise SymbolNotFound(symbol)
