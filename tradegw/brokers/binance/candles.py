"""Finished candles, native ones as they come and the others made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from ...market.bars import BarBuilder
from ...model.enums import Timeframe
from ...model.market import Bar
from .refusals import PROVIDER
from .wanted import SOURCES

_SOURCES: Final = frozenset(SOURCES.values())


class Candles:
    """*frames* are those wanted of a symbol; *tell* hears of what is finished."""

    def __init__(
        self, frames: Callable[[str], tuple[Timeframe, ...]], tell: Callable[[Bar], None]
    ) -> None:
        self._frames = frames
        self._tell = tell
        self._builders: dict[tuple[str, Timeframe], BarBuilder] = {}
        self._last: dict[tuple[str, Timeframe], datetime] = {}

    def add(self, bar: Bar) -> None:
        """A bar is finished; one that was told before, or comes out of turn, is left out."""
        key = (bar.symbol, bar.timeframe)
        last = self._last.get(key)
        if last is not None and bar.timestamp <= last:
            return
        self._last[key] = bar.timestamp
        wanted = self._frames(bar.symbol)
        if bar.timeframe in wanted:
            self._tell(bar)
        if bar.timeframe in _SOURCES:
            for frame in (each for each in wanted if SOURCES.get(each) is bar.timeframe):
                for made in self._builder(bar.symbol, frame).add_bar(bar):
                    self._tell(made)

    def _builder(self, symbol: str, frame: Timeframe) -> BarBuilder:
        key = (symbol, frame)
        if key not in self._builders:
            self._builders[key] = BarBuilder(symbol, PROVIDER, frame)
        return self._builders[key]
