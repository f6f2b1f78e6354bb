"""Candles by the count: a minute is what came since the last beat, an hour is sixty minutes.

The random walk streams its candles faster than the clock, so boundaries of time mean nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from ...model.enums import Timeframe
from ...model.market import Bar
from ...model.money import ZERO
from .feed import PROVIDER


class _Candle(Struct):
    """A candle that grows; ``beats`` is how many beats it has."""

    timeframe: Timeframe
    beats: int = 0
    opened: datetime | None = None
    open: Decimal = ZERO
    high: Decimal = ZERO
    low: Decimal = ZERO
    close: Decimal = ZERO
    volume: Decimal = ZERO

    def add(self, bar: Bar) -> Bar | None:
        if self.opened is None:
            self.opened, self.open, self.high, self.low = bar.timestamp, bar.open, bar.high, bar.low
            self.volume, self.beats = ZERO, 0
        self.high = max(self.high, bar.high)
        self.low = min(self.low, bar.low)
        self.close = bar.close
        self.volume += bar.volume
        self.beats += 1
        if self.beats < self.timeframe.seconds // 60:
            return None
        opened, self.opened = self.opened, None
        return Bar(
            symbol=bar.symbol,
            provider=PROVIDER,
            timeframe=self.timeframe,
            timestamp=opened,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            volume=self.volume,
        )


class Pulse:
    """The candles of one symbol, of the *frames* that are wanted."""

    def __init__(self, symbol: str, frames: Sequence[Timeframe]) -> None:
        self._symbol = symbol
        self._frames = [_Candle(frame) for frame in frames]
        self._prices: tuple[Decimal, Decimal, Decimal, Decimal] | None = None
        self._volume = ZERO

    def add(self, price: Decimal, volume: Decimal) -> None:
        """A price came."""
        if self._prices is None:
            self._prices = (price, price, price, price)
        else:
            opened, high, low, _ = self._prices
            self._prices = (opened, max(high, price), min(low, price), price)
        self._volume += volume

    def close(self, now: datetime) -> list[Bar]:
        """The beat: a minute has ended by the count, and with it perhaps larger candles."""
        if self._prices is None:
            return []
        opened, high, low, close = self._prices
        minute = Bar(
            symbol=self._symbol,
            provider=PROVIDER,
            timeframe=Timeframe.M1,
            timestamp=now,
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=self._volume,
        )
        self._prices, self._volume = None, ZERO
        bars = (candle.add(minute) for candle in self._frames)
        return [bar for bar in bars if bar is not None]
