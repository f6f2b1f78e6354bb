"""The market of all pairs, told on the streams and then met by orders."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from ..amounts import ZERO, fixed
from ..klines import Bar, Klines
from ..market import Level, Market, PublicTrade, Quote
from ..stamps import Stamps
from .desk import Desk
from .market_calls import size_of
from .symbols import Listing

TellMarket: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Takes the name of a stream and what it says."""


class Pairs:
    """What spot and margin share. ``desks`` are those whose orders meet the market."""

    def __init__(self, stamps: Stamps, listing: Listing, tell: TellMarket) -> None:
        self.listing = listing
        self.market = Market()
        self.klines = Klines()
        self.desks: list[Desk] = []
        self._stamps = stamps
        self._tell = tell

    def show(
        self, symbol: str, levels: tuple[list[Level], list[Level]], last: Decimal, qty: Decimal
    ) -> None:
        """*symbol* quotes that, after a trade of *qty* at *last*."""
        quote = self.market.show(symbol, levels, last, last, self._stamps.ms())
        self._tell_book(symbol, quote)
        self.trade(symbol, last, qty)
        for desk in self.desks:
            desk.move(symbol)

    def _tell_book(self, symbol: str, quote: Quote) -> None:
        bid, ask = (side[0] if side else Level(ZERO, ZERO) for side in (quote.bids, quote.asks))
        self._tell(
            f"{symbol.lower()}@bookTicker",
            {
                "u": quote.update_id,
                "s": symbol,
                "b": fixed(bid.price),
                "B": fixed(size_of(bid)),
                "a": fixed(ask.price),
                "A": fixed(size_of(ask)),
            },
        )

    def trade(self, symbol: str, price: Decimal, qty: Decimal) -> None:
        """Somebody traded; orders do not meet it."""
        now, name = self._stamps.ms(), symbol.lower()
        trade = PublicTrade(
            id=self._stamps.next(f"public {symbol}", 501), price=price, qty=qty, time=now
        )
        self.market.trade(symbol, trade)
        told = {
            "E": now,
            "s": symbol,
            "p": fixed(price),
            "q": fixed(qty),
            "T": now,
            "m": False,
            "M": True,
        }
        self._tell(f"{name}@trade", {"e": "trade", **told, "t": trade.id})
        aggregate = {"a": trade.id, "f": trade.id, "l": trade.id}
        self._tell(f"{name}@aggTrade", {"e": "aggTrade", **told, **aggregate})
        self._tell_day(symbol, now)
        for interval, bar, is_closed in self.klines.moved(symbol, price, qty, now):
            self.tell_bar(symbol, interval, bar, is_closed=is_closed)

    def _tell_day(self, symbol: str, now: int) -> None:
        quote = self.market.quotes[symbol]
        mini = {
            "E": now,
            "s": symbol,
            "c": fixed(quote.last),
            "o": fixed(quote.day_open),
            "h": fixed(quote.high),
            "l": fixed(quote.low),
            "v": fixed(quote.volume),
            "q": fixed(quote.turnover),
        }
        self._tell(f"{symbol.lower()}@miniTicker", {"e": "24hrMiniTicker", **mini})
        best = {"b": fixed(quote.bid), "a": fixed(quote.ask)}
        change = {"p": fixed(quote.last - quote.day_open), "n": quote.trades}
        self._tell(f"{symbol.lower()}@ticker", {"e": "24hrTicker", **mini, **best, **change})

    def tell_bar(self, symbol: str, interval: str, bar: Bar, *, is_closed: bool) -> None:
        """A bar as it stands, or for good."""
        self._tell(
            f"{symbol.lower()}@kline_{interval}",
            {
                "e": "kline",
                "E": self._stamps.ms(),
                "s": symbol,
                "k": bar.streamed(symbol, interval, is_closed=is_closed),
            },
        )
