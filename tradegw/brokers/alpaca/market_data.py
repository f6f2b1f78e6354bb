"""Quotes and bars when they are asked for.

Bars are adjusted for splits, so that the past compares with the prices of today. They are of the
feed that is streamed: of IEX alone those hold but a small part of the volume.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ...errors import SymbolNotFound
from ...interfaces import WallClock
from ...model.market import Bar, BarQuery, Quote
from . import wire
from .instruments import Instruments
from .prices import TIMEFRAMES, bar_from, quote_from
from .rest import MOST_BARS, Query, Rest
from .times import text_of

USUAL_BARS: Final = 100
MOST_PAGES: Final = 100
DELAYED: Final = timedelta(minutes=16)
"""How old the bars of the delayed feed are at least."""

CLOSED: Final = 7
"""Stocks are traded for about a fifth of the time: how much further back one must look."""

LEAST_LOOK: Final = timedelta(days=10)
MOST_LOOK: Final = timedelta(days=20 * 365)
_BAR_FEEDS: Final = {"delayed_sip": "sip", "overnight": None}


class MarketData:
    """Asks *rest*; stock prices are of *feed*."""

    def __init__(self, rest: Rest, instruments: Instruments, feed: str, now: WallClock) -> None:
        self._rest = rest
        self._instruments = instruments
        self._symbols = instruments.symbols
        self._feed = feed
        self._now = now

    async def quote(self, symbol: str) -> Quote:
        shown = self._symbols.shown(symbol)
        if self._symbols.is_crypto(shown):
            found = (await self._rest.crypto_snapshots(shown)).snapshots.get(shown)
        else:
            found = await self._rest.stock_snapshot(shown, self._feed)
        try:
            quote = quote_from(shown, found or wire.Snapshot())
        except ValueError:
            raise SymbolNotFound(symbol) from None
        self._instruments.saw(shown, quote.last)
        return quote

    async def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        """Finished ones, oldest first; the newest if there are more than wanted."""
        shown = self._symbols.shown(symbol)
        is_crypto = self._symbols.is_crypto(shown)
        wanted = self._wanted(query)
        end = self._end(query, is_crypto=is_crypto)
        start = query.start or end - _look(query, wanted, is_crypto=is_crypto)
        asked: list[tuple[str, str]] = [
            ("timeframe", TIMEFRAMES[query.timeframe]),
            ("start", text_of(start)),
            ("end", text_of(end)),
            ("sort", "desc"),
            ("limit", str(min(wanted + 1, MOST_BARS))),  # the newest may be unfinished
        ]
        if not is_crypto:
            asked.append(("adjustment", "split"))
            feed = _BAR_FEEDS.get(self._feed, self._feed)
            asked += [] if feed is None else [("feed", feed)]
        newest_first = await self._paged(shown, tuple(asked), query, wanted, is_crypto=is_crypto)
        return newest_first[:wanted][::-1]

    def _wanted(self, query: BarQuery) -> int:
        if query.limit is not None:
            return query.limit
        return USUAL_BARS if query.start is None else MOST_BARS

    def _end(self, query: BarQuery, *, is_crypto: bool) -> datetime:
        end = min(query.end or self._now(), self._now())
        is_delayed = self._feed == "delayed_sip" and not is_crypto
        return min(end, self._now() - DELAYED) if is_delayed else end

    async def _paged(
        self, symbol: str, asked: Query, query: BarQuery, wanted: int, *, is_crypto: bool
    ) -> list[Bar]:
        length, now = timedelta(seconds=query.timeframe.seconds), self._now()
        ask = self._rest.crypto_bars if is_crypto else self._rest.stock_bars
        found: list[Bar] = []
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = await ask(symbol, asked if token is None else (*asked, ("page_token", token)))
            bars = [bar_from(symbol, query.timeframe, bar) for bar in _of(page, symbol)]
            found += [bar for bar in bars if bar.timestamp + length <= now]
            token = page.next_page_token
            if not token or len(found) >= wanted:
                break
        return found


def _of(page: wire.BarPage, symbol: str) -> tuple[wire.Bar, ...]:
    return (page.bars or {}).get(symbol) or ()


def _look(query: BarQuery, wanted: int, *, is_crypto: bool) -> timedelta:
    """How far back so many bars surely reach, if there are so many."""
    far = timedelta(seconds=query.timeframe.seconds) * wanted * (2 if is_crypto else CLOSED)
    return min(max(far, LEAST_LOOK), MOST_LOOK)
