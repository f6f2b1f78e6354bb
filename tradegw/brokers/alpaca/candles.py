"""Candles of every length, made of the minutes that the data streams tell.

A minute without a trade is not told, so that a longer candle may lack its last minutes: it is
finished ``GRACE`` after its end at the latest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ...market.bars import BarBuilder
from ...model.enums import Timeframe
from ...model.market import Bar
from .prices import PROVIDER

GRACE: Final = timedelta(seconds=10)
"""Bars come right after their minute."""


class Candles:
    """One symbol after the other, *frames* of each; *tell* hears of what is finished."""

    def __init__(
        self,
        frames: Callable[[str], tuple[Timeframe, ...]],
        tell: Callable[[Bar], None],
    ) -> None:
        self._frames = frames
        self._tell = tell
        self._builders: dict[str, tuple[BarBuilder, ...]] = {}
        self._last: dict[str, datetime] = {}

    def add(self, minute: Bar) -> None:
        """A minute is over; one that was told before, or comes out of turn, is left out."""
        symbol = minute.symbol
        last = self._last.get(symbol)
        if last is not None and minute.timestamp <= last:
            return
        self._last[symbol] = minute.timestamp
        if Timeframe.M1 in self._frames(symbol):
            self._tell(minute)
        for builder in self._of(symbol):
            for bar in builder.add_bar(minute):
                self._tell(bar)

    def finish(self, now: datetime) -> None:
        """It is *now*: candles that ended some time ago are finished."""
        for builders in self._builders.values():
            for builder in builders:
                bar = builder.finish(now - GRACE)
                if bar is not None:
                    self._tell(bar)

    def _of(self, symbol: str) -> tuple[BarBuilder, ...]:
        found = self._builders.get(symbol)
        if found is None:
            longer = (frame for frame in self._frames(symbol) if frame is not Timeframe.M1)
            found = tuple(BarBuilder(symbol, PROVIDER, frame) for frame in longer)
            self._builders[symbol] = found
        return found
