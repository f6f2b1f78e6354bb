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
    """Which extreme comes first; ``NEAREST`` to the open, the low if both are equally near.

    ``WORST`` and ``BEST`` are for the account, and only known where there is one (``foresight``).
    """

    NEAREST = "nearest"
    HIGH_FIRST = "ohlc"
    LOW_FIRST = "olhc"
    WORST = "worst"
    BEST = "best"


def bar_ticks(
    symbol: str, bar: PriceBar, timeframe: Timeframe, path: Path = Path.NEAREST
) -> tuple[Tick, Tick, Tick, Tick]:
    """The corners of *bar*: a jump to its open, then continuous moves until its end."""
    end = bar.time + timedelta(seconds=timeframe.seconds)
    return opening(symbol, bar), *corners(symbol, bar, end, high_first=is_high_first(bar, path))


def opening(symbol: str, bar: PriceBar) -> Tick:
    """The jump to the open of *bar*."""
    return _corner(symbol, bar, bar.time, "open")


def closing(symbol: str, bar: PriceBar, end: datetime) -> Tick:
    """The close of *bar*."""
    return _corner(symbol, bar, end, "close")


def corners(
    symbol: str, bar: PriceBar, end: datetime, *, high_first: bool
) -> tuple[Tick, Tick, Tick]:
    """Where the price goes from the open of *bar*: one extreme, the other, the close at *end*."""
    third = (end - bar.time) / 3
    first, second = ("high", "low") if high_first else ("low", "high")
    return (
        _corner(symbol, bar, bar.time + third, first),
        _corner(symbol, bar, bar.time + 2 * third, second),
        _corner(symbol, bar, end, "close"),
    )


def is_high_first(bar: PriceBar, path: Path = Path.NEAREST) -> bool:
    """Whether *path*, which is one that needs no account, goes to the high first."""
    if path is not Path.NEAREST:
        return path is Path.HIGH_FIRST
    prices = bar.middle
    return prices.high - prices.open < prices.open - prices.low


def _corner(symbol: str, bar: PriceBar, time: datetime, name: str) -> Tick:
    bid: Decimal = getattr(bar.bid, name)
    ask: Decimal = getattr(bar.ask, name)
    if bid > ask:
        bid, ask = ask, bid
    last = bid if bid == ask else (bid + ask) / 2
    return Tick(symbol, time, bid, ask, last, volume=bar.volume, continuous=name != "open")
