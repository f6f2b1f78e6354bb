"""The way of the price through a bar: open, one extreme, the other, close, in equal thirds."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from ..model.enums import Timeframe
from .ticks import Tick


class Prices(Struct, frozen=True, gc=False):
    """The four prices of one side of a bar."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class PriceBar(Struct, frozen=True, gc=False):
    """A bar of both sides, from ``time`` on; ``bid`` is ``ask`` where only one price is known."""

    time: datetime
    bid: Prices
    ask: Prices
    volume: Decimal | None = None

    @property
    def middle(self) -> Prices:
        """The prices halfway between the sides."""
        if self.bid is self.ask:
            return self.bid
        return Prices(
            (self.bid.open + self.ask.open) / 2,
            (self.bid.high + self.ask.high) / 2,
            (self.bid.low + self.ask.low) / 2,
            (self.bid.close + self.ask.close) / 2,
        )


class Path(enum.Enum):
    """Which extreme comes first; ``NEAREST`` to the open, the low if both are equally near."""

    NEAREST = "nearest"
    HIGH_FIRST = "ohlc"
    LOW_FIRST = "olhc"


def bar_ticks(
    symbol: str, bar: PriceBar, timeframe: Timeframe, path: Path = Path.NEAREST
) -> tuple[Tick, Tick, Tick, Tick]:
    """The corners of *bar*: a jump to its open, then continuous moves until its end."""
    third = timedelta(seconds=timeframe.seconds) / 3
    high_first = _is_high_nearer(bar.middle) if path is Path.NEAREST else path is Path.HIGH_FIRST
    first, second = ("high", "low") if high_first else ("low", "high")
    opened, one, other, closed = (
        _corner(symbol, bar, bar.time + n * third, name)
        for n, name in enumerate(("open", first, second, "close"))
    )
    return opened, one, other, closed


def _is_high_nearer(prices: Prices) -> bool:
    return prices.high - prices.open < prices.open - prices.low


def _corner(symbol: str, bar: PriceBar, time: datetime, name: str) -> Tick:
    bid: Decimal = getattr(bar.bid, name)
    ask: Decimal = getattr(bar.ask, name)
    if bid > ask:
        bid, ask = ask, bid
    last = bid if bid == ask else (bid + ask) / 2
    return Tick(symbol, time, bid, ask, last, volume=bar.volume, continuous=name != "open")
