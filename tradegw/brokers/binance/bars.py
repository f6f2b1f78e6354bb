"""Bars of any product when they are asked for.

Those of two and ten minutes are made of shorter ones. Binance's newest bar is not finished, and is
left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ...interfaces import WallClock
from ...market.bars import bar_start, roll_up
from ...model.enums import Timeframe
from ...model.market import Bar, BarQuery
from .refusals import PROVIDER
from .times import moment, number_of
from .wanted import INTERVALS, SOURCES
from .wire import Kline

USUAL_BARS: Final = 100
MOST: Final = 10_000
MOST_BARS: Final = 1000
"""In one answer."""

_INSTANT: Final = timedelta(milliseconds=1)

Klines: TypeAlias = Callable[[str, tuple[tuple[str, str], ...]], Awaitable[tuple[Kline, ...]]]


class Bars:
    """Asks *klines*, of a symbol with a query, which may span no more than the *longest*; *now* is
    Binance's time.
    """

    def __init__(self, klines: Klines, now: WallClock, longest: timedelta | None = None) -> None:
        self._longest = longest
        self._klines = klines
        self._now = now

    async def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        """Finished ones, oldest first; the newest if there are more than wanted."""
        frame = query.timeframe
        source = SOURCES.get(frame, frame)
        wanted = query.limit or (USUAL_BARS if query.start is None else MOST)
        now = self._now()
        end = min(query.end or now, now)
        start = query.start or bar_start(end, frame) - wanted * _length(frame)
        if frame is source:
            return (await self._listed(symbol, frame, start, end, wanted))[-wanted:]
        parts = frame.seconds // source.seconds
        first, last = bar_start(start, frame), bar_start(end, frame) + _length(frame)
        if first < start:
            first += _length(frame)
        smaller = await self._listed(symbol, source, first, last, wanted * parts)
        made = [bar for bar in roll_up(smaller, frame, now) if bar.timestamp <= end]
        return made[-wanted:]

    async def _listed(
        self, symbol: str, frame: Timeframe, start: datetime, end: datetime, wanted: int
    ) -> list[Bar]:
        """Those that begin from *start* to *end*, as many as wanted of the newest."""
        length, now = _length(frame), self._now()
        earliest = bar_start(min(end, now), frame) - wanted * length
        begin = max(start, earliest)
        found: list[Bar] = []
        while begin <= end:
            until = end if self._longest is None else min(end, begin + self._longest)
            page = await self._klines(
                symbol,
                (
                    ("interval", INTERVALS[frame]),
                    ("startTime", str(number_of(begin))),
                    ("endTime", str(number_of(until))),
                    ("limit", str(MOST_BARS)),
                ),
            )
            found += [bar for bar in _read(symbol, frame, page) if bar.timestamp + length <= now]
            if len(page) < MOST_BARS:
                begin = until + _INSTANT
            elif found:
                begin = found[-1].timestamp + length
            else:
                break
        return found


def _read(symbol: str, frame: Timeframe, page: tuple[Kline, ...]) -> list[Bar]:
    return [bar_from(symbol, frame, kline) for kline in page]


def _length(frame: Timeframe) -> timedelta:
    return timedelta(seconds=frame.seconds)


def bar_from(symbol: str, timeframe: Timeframe, kline: Kline) -> Bar:
    """One bar, which begins at its time."""
    return Bar(
        symbol=symbol,
        provider=PROVIDER,
        timeframe=timeframe,
        timestamp=moment(kline.open_time),
        open=kline.open,
        high=kline.high,
        low=kline.low,
        close=kline.close,
        volume=kline.volume,
    )
