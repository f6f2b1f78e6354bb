"""Quotes when they are asked for."""

from __future__ import annotations

from ....interfaces import WallClock
from ....model.market import Quote
from ..times import number_of
from .decoding import quote_from
from .rest import Rest


class Quotes:
    """Asks *rest*; *now* is Binance's time."""

    def __init__(self, rest: Rest, now: WallClock) -> None:
        self._rest = rest
        self._now = now

    async def quote(self, symbol: str) -> Quote:
        """Raises ``ValueError`` where there is no price."""
        ticker = await self._rest.ticker(symbol)
        return quote_from(symbol, ticker, number_of(self._now()))
