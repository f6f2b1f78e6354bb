"""Prices as the engine shows them up to its own present."""

from __future__ import annotations

from typing import Final

from ...errors import GatewayError
from ...model.market import Bar, BarQuery, Quote
from . import decoding
from .rest import MOST, Rest
from .times import SimulatedTime

USUAL_BARS: Final = 100
MOST_ASKED: Final = 3


class History:
    """Asks *rest*; its answers show what *time* it is there."""

    def __init__(self, rest: Rest, time: SimulatedTime) -> None:
        self._rest = rest
        self._time = time

    async def quote(self, symbol: str) -> Quote:
        """The current one; its ``last`` is the bid."""
        shown = await self._rest.quote(symbol)
        quote = decoding.quote_from(shown)
        self._time.saw(shown.timestamp)
        return quote

    async def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        """The newest of those that are asked for, oldest first: the engine knows a count alone."""
        most = min(USUAL_BARS if query.limit is None else query.limit, MOST)
        is_cut = query.start is not None or query.end is not None
        shown = await self._rest.bars(symbol, query.timeframe, MOST if is_cut else most)
        bars = [decoding.bar_from(symbol, query.timeframe, each) for each in shown]
        bars.sort(key=lambda bar: bar.timestamp)
        found = [bar for bar in bars if _is_asked_for(bar, query)]
        return found[-most:] if query.limit is not None or not is_cut else found

    async def learn_time(self, symbols: tuple[str, ...]) -> None:
        """Find out what time it is there, if that is not known, by the price of one of *symbols*.

        It does no harm if nobody can tell.
        """
        for symbol in symbols[:MOST_ASKED]:
            if self._time.is_known:
                return
            try:
                await self.quote(symbol)
            except (GatewayError, ValueError):
                continue


def _is_asked_for(bar: Bar, query: BarQuery) -> bool:
    is_early = query.start is not None and bar.timestamp < query.start
    is_late = query.end is not None and bar.timestamp > query.end
    return not (is_early or is_late)
