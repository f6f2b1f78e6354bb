"""What everybody may ask: symbols, prices, bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..amounts import ZERO, fixed
from ..calls import Adding, Call
from ..klines import INTERVALS, Klines
from ..limits import Pool
from ..market import Level, Market, Quote
from ..refusals import bad
from ..stamps import Stamps
from .symbols import Listing

_DAY: Final = 86_400_000
_USUAL: Final = 500
_MOST: Final = 1000
_DEPTHS: Final = ((100, 5), (500, 25), (1000, 50), (5000, 250))


class MarketCalls:
    """Market data of spot."""

    def __init__(
        self, stamps: Stamps, listing: Listing, market: Market, klines: Klines, pool: Pool
    ) -> None:
        self._stamps = stamps
        self._listing = listing
        self._market = market
        self._klines = klines
        self._pool = pool

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.public("/ping", lambda _call: {})
        routes.public("/time", lambda _call: {"serverTime": self._stamps.ms()})
        routes.public("/exchangeInfo", self.info, 20)
        routes.public("/depth", self.depth, _depth_weight)
        routes.public("/trades", self.trades, 25)
        routes.public("/avgPrice", self.average, 2)
        routes.public("/klines", self.bars, 2)
        routes.public("/uiKlines", self.bars, 2)
        routes.public("/ticker/price", self.prices, _one_or(2, 4))
        routes.public("/ticker/bookTicker", self.books, _one_or(2, 4))
        routes.public("/ticker/24hr", self.days, _one_or(2, 80))

    def info(self, call: Call) -> Any:
        """The rules."""
        names, one = call.words("symbols"), call.text("symbol")
        if one is not None:
            names = [one]
        symbols = (
            list(self._listing.symbols.values())
            if names is None
            else [self._listing.need(name) for name in names]
        )
        return {
            "timezone": "UTC",
            "serverTime": self._stamps.ms(),
            "rateLimits": [bucket.rule() for bucket in (*self._pool.weights, *self._pool.orders)],
            "exchangeFilters": [],
            "symbols": [symbol.told() for symbol in symbols],
        }

    # -- prices

    def _asked(self, call: Call, tell: Callable[[str, Quote], Any]) -> Any:
        """One symbol's row, or rows of many."""
        one, names = call.text("symbol"), call.words("symbols")
        if one is not None:
            return tell(one, self._quote(one))
        if names is not None:
            return [tell(name, self._quote(name)) for name in names]
        return [tell(name, quote) for name, quote in self._market.quotes.items()]

    def _quote(self, name: str) -> Quote:
        symbol = self._listing.need(name)
        found = self._market.quotes.get(symbol.symbol)
        if found is None:
            return Quote(bids=[], asks=[], last=ZERO, mark=ZERO, time=0, update_id=0,
                         day_open=ZERO, high=ZERO, low=ZERO)  # fmt: skip
        return found

    def prices(self, call: Call) -> Any:
        """Last prices."""
        return self._asked(call, lambda name, quote: {"symbol": name, "price": fixed(quote.last)})

    def books(self, call: Call) -> Any:
        """Best prices, without a time."""
        return self._asked(call, book_ticker)

    def days(self, call: Call) -> Any:
        """The last 24 hours."""
        mini = call.text("type") == "MINI"
        return self._asked(call, lambda name, quote: self._day(name, quote, mini=mini))

    def _day(self, name: str, quote: Quote, *, mini: bool) -> dict[str, Any]:
        now = self._stamps.ms()
        told: dict[str, Any] = {
            "symbol": name,
            "openPrice": fixed(quote.day_open),
            "highPrice": fixed(quote.high),
            "lowPrice": fixed(quote.low),
            "lastPrice": fixed(quote.last),
            "volume": fixed(quote.volume),
            "quoteVolume": fixed(quote.turnover),
            "openTime": now - _DAY,
            "closeTime": now,
            "firstId": quote.first_trade,
            "lastId": quote.first_trade + quote.trades - 1,
            "count": quote.trades,
        }
        if mini:
            return told
        change = quote.last - quote.day_open
        share = change / quote.day_open * 100 if quote.day_open else ZERO
        book = book_ticker(name, quote)
        return told | {
            "priceChange": fixed(change),
            "priceChangePercent": fixed(share, 3),
            "weightedAvgPrice": fixed(
                quote.turnover / quote.volume if quote.volume else quote.last
            ),
            "prevClosePrice": fixed(quote.day_open),
            "lastQty": fixed(ZERO),
            **{each: book[each] for each in ("bidPrice", "bidQty", "askPrice", "askQty")},
        }

    def average(self, call: Call) -> Any:
        """The average price, which here is the last."""
        quote = self._quote(call.need("symbol"))
        return {"mins": 5, "price": fixed(quote.last), "closeTime": quote.time}

    def depth(self, call: Call) -> Any:
        """The book."""
        quote, limit = self._quote(call.need("symbol")), call.limit(100, 5000)
        return {
            "lastUpdateId": quote.update_id,
            "bids": [[fixed(each.price), fixed(size_of(each))] for each in quote.bids[:limit]],
            "asks": [[fixed(each.price), fixed(size_of(each))] for each in quote.asks[:limit]],
        }

    def trades(self, call: Call) -> Any:
        """Trades of everybody."""
        symbol = self._listing.need(call.need("symbol")).symbol
        rows = self._market.trades.get(symbol, [])[-call.limit(_USUAL, _MOST) :]
        return [
            {
                "id": each.id,
                "price": fixed(each.price),
                "qty": fixed(each.qty),
                "quoteQty": fixed(each.price * each.qty),
                "time": each.time,
                "isBuyerMaker": each.is_buyer_maker,
                "isBestMatch": True,
            }
            for each in rows
        ]

    def bars(self, call: Call) -> Any:
        """Klines; the newest is unfinished."""
        symbol, interval = self._listing.need(call.need("symbol")), call.need("interval")
        if interval not in INTERVALS:
            raise bad(-1120, "Invalid interval.")
        start, end = call.window(None)
        limit = call.limit(_USUAL, _MOST)
        found = [
            bar
            for bar in self._klines.bars(symbol.symbol, interval)
            if (start is None or bar.time >= start) and (end is None or bar.time <= end)
        ]
        found = found[-limit:] if start is None else found[:limit]
        return [bar.row(interval) for bar in found]


def size_of(level: Level) -> Any:
    """What a level shows; endless ones show something."""
    return ENDLESS if level.size is None else level.size


ENDLESS: Final = ZERO + 1000


def book_ticker(name: str, quote: Quote) -> dict[str, Any]:
    """The best of both sides; zero is an empty one."""
    return {
        "symbol": name,
        "bidPrice": fixed(quote.bid),
        "bidQty": fixed(size_of(quote.bids[0]) if quote.bids else ZERO),
        "askPrice": fixed(quote.ask),
        "askQty": fixed(size_of(quote.asks[0]) if quote.asks else ZERO),
    }


def _one_or(one: int, many: int) -> Callable[[Call], int]:
    return lambda call: one if call.text("symbol") else many


def _depth_weight(call: Call) -> int:
    limit = call.whole("limit") or 100
    return next((weight for most, weight in _DEPTHS if limit <= most), 250)
