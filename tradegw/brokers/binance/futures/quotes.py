"""Quotes of futures when they are asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ....interfaces import WallClock
from ....model.market import Quote
from ..times import number_of
from .decoding import quote_from
from .rest import Rest

LONGEST: Final = timedelta(days=200)
"""The longest window of bars on COIN-M; it does no harm elsewhere."""


class Quotes:
    """Asks *rest*; *now* is Binance's time."""

    def __init__(self, rest: Rest, now: WallClock) -> None:
        self._rest = rest
        self._now = now

    async def quote(self, symbol: str) -> Quote:
        """Two calls: the one knows no best prices, the other no last one. Raises ``ValueError``
        where there is no price.
        """
        best, day = await self._rest.best(symbol), await self._rest.day(symbol)
        return quote_from(symbol, best, day, number_of(self._now()))
