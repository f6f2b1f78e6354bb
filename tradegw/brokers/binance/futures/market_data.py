"""Quotes and bars of futures when they are asked for."""

from __future__ import annotations

from ....errors import SymbolNotFound
from ....interfaces import WallClock
from ....model.market import Bar, BarQuery, Quote
from ..bars import Bars
from ..times import number_of
from .decoding import quote_from
from .instruments import Instruments
from .rest import Rest


class MarketData:
    """Asks *rest*; *now* is Binance's time."""

    def __init__(self, rest: Rest, instruments: Instruments, now: WallClock) -> None:
        self._rest = rest
        self._instruments = instruments
        self._now = now
        self._bars = Bars(rest.klines, now)

    async def quote(self, symbol: str) -> Quote:
        """Two calls: the one knows no best prices, the other no last one."""
        self._check(symbol)
        best, day = await self._rest.best(symbol), await self._rest.day(symbol)
        try:
            return quote_from(symbol, best, day, number_of(self._now()))
        except ValueError:
            raise SymbolNotFound(symbol) from None

    async def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        """Finished ones, oldest first; the newest if there are more than wanted."""
        self._check(symbol)
        return await self._bars.bars(symbol, query)

    def _check(self, symbol: str) -> None:
        if self._instruments.symbol(symbol) is None:
            raise SymbolNotFound(symbol)
