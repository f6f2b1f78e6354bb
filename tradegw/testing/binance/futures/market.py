"""The market of all contracts, told on the streams and then met by orders."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from ..amounts import ZERO, plain
from ..klines import Bar, Klines
from ..market import Level, Market, PublicTrade, Quote
from ..stamps import Stamps
from .contracts import Contract

TellMarket: TypeAlias = Callable[[str, dict[str, Any]], None]
_EIGHT_HOURS = 28_800_000


class Contracts:
    """What contracts quote. ``funding`` is the rate that is told; linear ones are of kind 1."""

    def __init__(self, stamps: Stamps, tell: TellMarket) -> None:
        self.market = Market()
        self.klines = Klines()
        self.funding = Decimal("0.0001")
        self._stamps = stamps
        self._tell = tell

    def show(
        self,
        contract: Contract,
        levels: tuple[list[Level], list[Level]],
        last: Decimal,
        mark: Decimal,
    ) -> None:
        """*contract* quotes that."""
        symbol, now = contract.symbol, self._stamps.ms()
        quote = self.market.show(symbol, levels, last, mark, now)
        bid, ask = (side[0] if side else Level(ZERO, ZERO) for side in (quote.bids, quote.asks))
        self._say(
            contract,
            "bookTicker",
            "bookTicker",
            {
                "u": quote.update_id,
                "T": now,
                "ps": contract.pair_name,
                "b": plain(bid.price),
                "B": _size(bid),
                "a": plain(ask.price),
                "A": _size(ask),
            },
        )
        self._tell_mark(contract, quote)
        self.trade(contract, last, Decimal(1))

    def _tell_mark(self, contract: Contract, quote: Quote) -> None:
        mark = plain(quote.mark)
        told = {"p": mark, "i": mark, "P": mark, "r": plain(self.funding), "T": self.next_funding()}
        for name in ("markPrice", "markPrice@1s"):
            self._say(contract, name, "markPriceUpdate", told)

    def next_funding(self) -> int:
        """When money is paid next."""
        now = self._stamps.ms()
        return now - now % _EIGHT_HOURS + _EIGHT_HOURS

    def trade(self, contract: Contract, price: Decimal, qty: Decimal) -> None:
        """Somebody traded; orders do not meet it."""
        symbol, now = contract.symbol, self._stamps.ms()
        number = self._stamps.next(f"public future {symbol}", 501)
        self.market.trade(symbol, PublicTrade(id=number, price=price, qty=qty, time=now))
        told = {"p": plain(price), "q": plain(qty), "T": now, "m": False}
        ids = {"a": number, "f": number, "l": number, "nq": plain(qty)}
        self._say(contract, "aggTrade", "aggTrade", told | ids)
        self._say(contract, "trade", "trade", told | {"t": number, "X": "MARKET"})
        quote = self.market.quotes[symbol]
        day = {
            "c": plain(quote.last),
            "o": plain(quote.day_open),
            "h": plain(quote.high),
            "l": plain(quote.low),
            "v": plain(quote.volume),
            "q": plain(quote.turnover),
            "ps": contract.pair_name,
        }
        self._say(contract, "miniTicker", "24hrMiniTicker", day)
        self._say(contract, "ticker", "24hrTicker", day | {"n": quote.trades})
        for interval, bar, is_closed in self.klines.moved(symbol, price, qty, now):
            self.tell_bar(contract, interval, bar, is_closed=is_closed)

    def tell_bar(self, contract: Contract, interval: str, bar: Bar, *, is_closed: bool) -> None:
        """A bar as it stands, or for good."""
        told = bar.streamed(contract.symbol, interval, is_closed=is_closed)
        self._say(contract, f"kline_{interval}", "kline", {"k": told})

    def tell_forced(self, contract: Contract, side: str, qty: Decimal, price: Decimal) -> None:
        """Somebody was liquidated."""
        now, amount, at = self._stamps.ms(), plain(qty), plain(price)
        order = {"s": contract.symbol, "S": side, "o": "LIMIT", "f": "IOC", "q": amount, "p": at}
        done = {"ap": at, "X": "FILLED", "l": amount, "z": amount, "T": now}
        self._say(contract, "forceOrder", "forceOrder", {"o": order | done})

    def _say(self, contract: Contract, stream: str, event: str, told: dict[str, Any]) -> None:
        head: dict[str, Any] = {"e": event, "E": self._stamps.ms()}
        if stream != "forceOrder":
            head |= {"s": contract.symbol, "st": 2 if contract.is_inverse else 1}
        self._tell(f"{contract.symbol.lower()}@{stream}", head | told)


def _size(level: Level) -> str:
    return "1000" if level.size is None else plain(level.size)
