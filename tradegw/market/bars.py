"""Bars made of prices, or of smaller bars. Pure; what time it is comes with each call.

Boundaries are multiples of the timeframe since the epoch; days begin at midnight UTC, weeks on
Monday. A bar is finished when the clock reaches its end, never before; time without a price has
no bar.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from ..model.enums import Timeframe
from ..model.market import Bar
from ..model.money import ZERO

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
_LENGTHS: Final = {t: timedelta(seconds=t.seconds) for t in Timeframe}


def bar_start(time: datetime, timeframe: Timeframe) -> datetime:
    """The start of the bar that *time* falls into."""
    origin = _MONDAY if timeframe is Timeframe.W1 else _EPOCH
    return time - (time - origin) % _LENGTHS[timeframe]


def bar_end(bar: Bar) -> datetime:
    """The first moment that is not in *bar* any more."""
    return bar.timestamp + _LENGTHS[bar.timeframe]


def makes(source: Timeframe, target: Timeframe) -> bool:
    """Whether bars of *target* can be made of whole bars of *source*."""
    return target.seconds % source.seconds == 0


class BarBuilder:
    """Makes the bars of one symbol and timeframe, one after the other.

    The first bar is left out unless what is known of it goes back to its start, or *keep_first*.
    """

    def __init__(
        self, symbol: str, provider: str, timeframe: Timeframe, *, keep_first: bool = False
    ) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.ends: datetime | None = None
        """When the bar in progress will be finished."""
        self._provider = provider
        self._keep = keep_first
        self._open = self._high = self._low = self._close = self._volume = ZERO

    def add(self, time: datetime, price: Decimal, volume: Decimal = ZERO) -> Bar | None:
        """Take in a price; the bar that is finished because *time* is past its end."""
        finished = self.finish(time)
        if self.ends is None:
            self._begin(time, price)
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += volume
        return finished

    def add_bar(self, bar: Bar) -> list[Bar]:
        """Take in a smaller finished bar; what it finishes, being past an end or the last part."""
        finished = [self.finish(bar.timestamp)]
        if self.ends is None:
            self._begin(bar.timestamp, bar.open)
        self._high = max(self._high, bar.high)
        self._low = min(self._low, bar.low)
        self._close = bar.close
        self._volume += bar.volume
        finished.append(self.finish(bar_end(bar)))
        return [one for one in finished if one is not None]

    def finish(self, time: datetime) -> Bar | None:
        """It is *time*: the bar in progress, if it has ended."""
        if self.ends is None or time < self.ends:
            return None
        start = self.ends - _LENGTHS[self.timeframe]
        self.ends = None
        is_whole, self._keep = self._keep, True
        if not is_whole:
            return None
        return Bar(
            symbol=self.symbol,
            provider=self._provider,
            timeframe=self.timeframe,
            timestamp=start,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
        )

    def _begin(self, time: datetime, price: Decimal) -> None:
        start = bar_start(time, self.timeframe)
        self._keep = self._keep or start == time
        self.ends = start + _LENGTHS[self.timeframe]
        self._open = self._high = self._low = price
        self._volume = ZERO


def roll_up(
    bars: Iterable[Bar], timeframe: Timeframe, now: datetime, *, keep_first: bool = False
) -> list[Bar]:
    """*bars* of one symbol, oldest first, as those of *timeframe* that have ended by *now*.

    The first is left out unless *bars* begin with its start, or *keep_first*.
    """
    builder: BarBuilder | None = None
    rolled: list[Bar] = []
    for bar in bars:
        if builder is None:
            builder = BarBuilder(bar.symbol, bar.provider, timeframe, keep_first=keep_first)
        rolled += builder.add_bar(bar)
    last = None if builder is None else builder.finish(now)
    return rolled if last is None else [*rolled, last]
