"""What everybody may ask of futures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..amounts import ZERO, plain
from ..calls import Adding, Call
from ..klines import INTERVALS
from ..limits import Pool
from ..market import Quote
from ..refusals import bad
from ..stamps import Stamps
from .contracts import Contract, Listing
from .market import Contracts

_DAY: Final = 86_400_000
_LONGEST_MS: Final = 200 * _DAY
_WEIGHTS: Final = ((99, 1), (499, 2), (1000, 5))


class MarketCalls:
    """Market data. Of COIN-M even one row comes as a list, and there are pairs."""

    def __init__(
        self, stamps: Stamps, listing: Listing, contracts: Contracts, pool: Pool, *, lists: bool
    ) -> None:
        self._stamps = stamps
        self._listing = listing
        self._contracts = contracts
        self._pool = pool
        self._lists = lists

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.public("/v1/ping", lambda _call: {})
        routes.public("/v1/time", lambda _call: {"serverTime": self._stamps.ms()})
        routes.public("/v1/exchangeInfo", self.info)
        routes.public("/v1/klines", self.bars, _bars_weight)
        routes.public("/v1/ticker/bookTicker", self.books, _one_or(2, 5))
        routes.public("/v1/ticker/price", self.prices, _one_or(1, 2))
        routes.public("/v2/ticker/price", self.prices, _one_or(1, 2))
        routes.public("/v1/ticker/24hr", self.days, _one_or(1, 40))
        routes.public("/v1/premiumIndex", self.marks, _one_or(1, 10))
        routes.public("/v1/depth", self.depth, 5)

    def info(self, _call: Call) -> Any:
        """The rules of everything."""
        return {
            "timezone": "UTC",
            "serverTime": self._stamps.ms(),
            "futuresType": "COIN_MARGINED" if self._lists else "U_MARGINED",
            "rateLimits": [bucket.rule() for bucket in (*self._pool.weights, *self._pool.orders)],
            "exchangeFilters": [],
            "assets": [],
            "symbols": [each.told() for each in self._listing.contracts.values()],
        }

    def _asked(self, call: Call, tell: Callable[[Contract, Quote], Any]) -> Any:
        name, pair = call.text("symbol"), call.text("pair")
        quotes = self._contracts.market.quotes
        found = [self._listing.need(name)] if name else list(self._listing.contracts.values())
        rows = [
            tell(each, quotes[each.symbol])
            for each in found
            if each.symbol in quotes and pair in (None, each.pair_name)
        ]
        return rows[0] if name and rows and not self._lists else rows

    def books(self, call: Call) -> Any:
        """Best prices."""
        return self._asked(
            call,
            lambda contract, quote: {
                "symbol": contract.symbol,
                **self._pair(contract),
                "bidPrice": plain(quote.bid),
                "bidQty": _size(quote.bids),
                "askPrice": plain(quote.ask),
                "askQty": _size(quote.asks),
                "time": quote.time,
            },
        )

    def prices(self, call: Call) -> Any:
        """Last prices."""
        return self._asked(
            call,
            lambda contract, quote: {
                "symbol": contract.symbol,
                **({"ps": contract.pair_name} if self._lists else {}),
                "price": plain(quote.last),
                "time": quote.time,
            },
        )

    def marks(self, call: Call) -> Any:
        """Mark prices."""
        return self._asked(
            call,
            lambda contract, quote: {
                "symbol": contract.symbol,
                **self._pair(contract),
                "markPrice": plain(quote.mark),
                "indexPrice": plain(quote.mark),
                "estimatedSettlePrice": plain(quote.mark),
                "lastFundingRate": plain(self._contracts.funding),
                "interestRate": "0.00010000",
                "nextFundingTime": self._contracts.next_funding(),
                "time": quote.time,
            },
        )

    def days(self, call: Call) -> Any:
        """The last 24 hours, without a bid or ask."""
        now = self._stamps.ms()
        return self._asked(
            call,
            lambda contract, quote: {
                "symbol": contract.symbol,
                **self._pair(contract),
                "priceChange": plain(quote.last - quote.day_open),
                "priceChangePercent": "0",
                "weightedAvgPrice": plain(quote.last),
                "lastPrice": plain(quote.last),
                "lastQty": "1",
                "openPrice": plain(quote.day_open),
                "highPrice": plain(quote.high),
                "lowPrice": plain(quote.low),
                "volume": plain(quote.volume),
                "baseVolume" if self._lists else "quoteVolume": plain(quote.turnover),
                "openTime": now - _DAY,
                "closeTime": now,
                "firstId": quote.first_trade,
                "lastId": quote.first_trade + quote.trades - 1,
                "count": quote.trades,
            },
        )

    def depth(self, call: Call) -> Any:
        """The book."""
        quote = self._contracts.market.quotes[self._listing.need(call.need("symbol")).symbol]
        limit = call.limit(500, 1000)
        return {
            "lastUpdateId": quote.update_id,
            "E": quote.time,
            "T": quote.time,
            "bids": [[plain(each.price), _size([each])] for each in quote.bids[:limit]],
            "asks": [[plain(each.price), _size([each])] for each in quote.asks[:limit]],
        }

    def bars(self, call: Call) -> Any:
        """Klines; the newest is unfinished."""
        contract, interval = self._listing.need(call.need("symbol")), call.need("interval")
        if interval not in INTERVALS or interval == "1s":
            raise bad(-1120, "Invalid interval.")
        start, end = call.window(_LONGEST_MS if self._lists else None)
        limit = call.limit(500, 1500)
        found = [
            bar
            for bar in self._contracts.klines.bars(contract.symbol, interval)
            if (start is None or bar.time >= start) and (end is None or bar.time <= end)
        ]
        found = found[-limit:] if start is None else found[:limit]
        return [bar.row(interval) for bar in found]

    def _pair(self, contract: Contract) -> dict[str, str]:
        return {"pair": contract.pair_name} if self._lists else {}


def _size(levels: list[Any]) -> str:
    if not levels:
        return plain(ZERO)
    return "1000" if levels[0].size is None else plain(levels[0].size)


def _one_or(one: int, many: int) -> Callable[[Call], int]:
    return lambda call: one if call.text("symbol") else many


def _bars_weight(call: Call) -> int:
    limit = call.whole("limit") or 500
    return next((weight for most, weight in _WEIGHTS if limit <= most), 10)
