"""The bars of one symbol that a tape has shown so far, and larger ones made of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from ...errors import InvalidRequest
from ...market.bars import BarBuilder, makes, roll_up
from ...model.enums import Timeframe
from ...model.market import Bar
from ...model.money import ZERO
from ...simulator.ticks import Tick
from .feed import PROVIDER

KEPT: Final = 50_000
"""How many bars of the smallest timeframe are kept; older ones are forgotten."""


class Shelf:
    """*base* is the timeframe that the tape has, or that its ticks are made into.

    *frames* are those to be made as time goes by; *loaded* come from tapes of their own.
    """

    def __init__(
        self,
        symbol: str,
        base: Timeframe,
        frames: Sequence[Timeframe],
        loaded: Sequence[Timeframe] = (),
        *,
        of_ticks: bool,
    ) -> None:
        self.base = base
        self._symbol = symbol
        self._bars: dict[Timeframe, deque[Bar]] = {
            frame: deque(maxlen=KEPT) for frame in {base: None, **dict.fromkeys(loaded)}
        }
        self._smallest = BarBuilder(symbol, PROVIDER, base) if of_ticks else None
        self._larger = [
            BarBuilder(symbol, PROVIDER, frame)
            for frame in frames
            if frame not in self._bars and makes(base, frame)
        ]

    def offers(self, timeframe: Timeframe) -> bool:
        """Whether there are bars of *timeframe*, or can be."""
        return timeframe in self._bars or makes(self.base, timeframe)

    def see(self, tick: Tick) -> list[Bar]:
        """A tick to make bars of; those it has finished, short ones first."""
        assert self._smallest is not None
        smallest = self._smallest.add(tick.time, tick.last, tick.volume or ZERO)
        return [] if smallest is None else self.add(smallest)

    def add(self, bar: Bar) -> list[Bar]:
        """A bar of a tape was finished; that, and those it has finished."""
        self._bars[bar.timeframe].append(bar)
        finished = [bar]
        if bar.timeframe is self.base:
            for larger in self._larger:
                finished += larger.add_bar(bar)
        return finished

    def finish(self, time: datetime) -> list[Bar]:
        """It is *time*: the bars that have ended without another price."""
        finished: list[Bar] = []
        if self._smallest is not None:
            smallest = self._smallest.finish(time)
            finished = [] if smallest is None else self.add(smallest)
        for larger in self._larger:
            bar = larger.finish(time)
            if bar is not None:
                finished.append(bar)
        return finished

    @property
    def ends(self) -> datetime | None:
        """When the next of the bars in progress will be finished."""
        builders = self._larger if self._smallest is None else [self._smallest, *self._larger]
        return min((b.ends for b in builders if b.ends is not None), default=None)

    def bars_back(self, timeframe: Timeframe, now: datetime) -> Iterator[Bar]:
        """Finished bars, newest first; ``InvalidRequest`` if the tape is too coarse for them."""
        kept = self._bars.get(timeframe)
        if kept is not None:
            return reversed(kept)
        if not self.offers(timeframe):
            message = f"Bars of {timeframe} cannot be made of those of {self.base}"
            raise InvalidRequest(message, "timeframe")
        return reversed(roll_up(self._bars[self.base], timeframe, now))
