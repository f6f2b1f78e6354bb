"""What each symbol quotes, which a test says and nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from .amounts import ZERO

Amount: TypeAlias = Decimal | int | str


@dataclass(slots=True)
class Level:
    """What can be had at a price; a *size* of ``None`` is without end."""

    price: Decimal
    size: Decimal | None = None

    def within(self, wanted: Decimal) -> Decimal:
        """How much of *wanted* there is."""
        return wanted if self.size is None else min(self.size, wanted)


@dataclass(slots=True, kw_only=True)
class PublicTrade:
    """A trade that everybody sees."""

    id: int
    price: Decimal
    qty: Decimal
    time: int
    is_buyer_maker: bool = False


@dataclass(slots=True, kw_only=True)
class Quote:
    """The market of a symbol, best levels first. ``mark`` is for futures."""

    bids: list[Level]
    asks: list[Level]
    last: Decimal
    mark: Decimal
    time: int
    update_id: int
    day_open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal = ZERO
    turnover: Decimal = ZERO
    first_trade: int = 0
    trades: int = 0

    @property
    def bid(self) -> Decimal:
        """Zero if nobody buys."""
        return self.bids[0].price if self.bids else ZERO

    @property
    def ask(self) -> Decimal:
        """Zero if nobody sells."""
        return self.asks[0].price if self.asks else ZERO

    def price(self, side: str) -> Decimal:
        """What a market order of *side* gets first; zero if nothing."""
        return self.ask if side == "BUY" else self.bid

    def reach(self, side: str, limit: Decimal | None) -> list[Level]:
        """The levels that an order of *side* with that *limit* can have."""
        levels = self.asks if side == "BUY" else self.bids
        if limit is None:
            return levels
        sign = 1 if side == "BUY" else -1
        return [level for level in levels if sign * (limit - level.price) >= 0]

    def depth(self, side: str, limit: Decimal | None) -> Decimal | None:
        """How much an order of *side* can have; ``None`` without end."""
        sizes = [level.size for level in self.reach(side, limit)]
        return None if None in sizes else sum((each for each in sizes if each), ZERO)

    def take(self, level: Level, qty: Decimal) -> None:
        """*qty* of *level* is gone."""
        if level.size is not None:
            level.size -= qty
            if not level.size:
                for side in (self.bids, self.asks):
                    if any(each is level for each in side):
                        side.remove(level)


@dataclass(slots=True)
class Market:
    """All quotes. ``held`` are the symbols where a test fills by hand.

    ``trades`` are those of everybody, by symbol.
    """

    quotes: dict[str, Quote] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    trades: dict[str, list[PublicTrade]] = field(default_factory=dict)

    def show(
        self,
        symbol: str,
        levels: tuple[list[Level], list[Level]],
        last: Decimal,
        mark: Decimal,
        time: int,
    ) -> Quote:
        """From now on *symbol* quotes that; *levels* are bids and asks."""
        before = self.quotes.get(symbol)
        quote = Quote(
            bids=levels[0],
            asks=levels[1],
            last=last,
            mark=mark,
            time=time,
            update_id=before.update_id + 1 if before else 400_900_217,
            day_open=before.day_open if before else last,
            high=max(before.high, last) if before else last,
            low=min(before.low, last) if before else last,
            volume=before.volume if before else ZERO,
            turnover=before.turnover if before else ZERO,
            first_trade=before.first_trade if before else 0,
            trades=before.trades if before else 0,
        )
        self.quotes[symbol] = quote
        return quote

    def trade(self, symbol: str, trade: PublicTrade) -> None:
        """Everybody sees *trade*."""
        quote = self.quotes[symbol]
        quote.first_trade = quote.first_trade or trade.id
        quote.trades += 1
        quote.volume += trade.qty
        quote.turnover += trade.qty * trade.price
        quote.last = trade.price
        quote.high, quote.low = max(quote.high, trade.price), min(quote.low, trade.price)
        self.trades.setdefault(symbol, []).append(trade)


def levels_of(side: Amount | Iterable[tuple[Amount, Amount]], size: Amount | None) -> list[Level]:
    """A side of a book: one price, or pairs of price and size; zero is an empty side."""
    if isinstance(side, Decimal | int | str):
        price = Decimal(side)
        return [Level(price, None if size is None else Decimal(size))] if price else []
    return [Level(Decimal(price), Decimal(each)) for price, each in side]
