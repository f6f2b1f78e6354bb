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
from .spot import wire
from .spot.decoding import bar_from
from .spot.wanted import INTERVALS, SOURCES
from .times import number_of

USUAL_BARS: Final = 100
MOST: Final = 10_000
MOST_BARS: Final = 1000
"""In one answer."""

Klines: TypeAlias = Callable[[str, tuple[tuple[str, str], ...]], Awaitable[tuple[wire.Kline, ...]]]


class Bars:
    """Asks *klines*, of a symbol with a query; *now* is Binance's time."""

    def __init__(self, klines: Klines, now: WallClock) -> None:
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
            page = await self._klines(
                symbol,
                (
                    ("interval", INTERVALS[frame]),
                    ("startTime", str(number_of(begin))),
                    ("endTime", str(number_of(end))),
                    ("limit", str(MOST_BARS)),
                ),
            )
            found += [bar for bar in _read(symbol, frame, page) if bar.timestamp + length <= now]
            if len(page) < MOST_BARS or not found:
                break
            begin = found[-1].timestamp + length
        return found


def _read(symbol: str, frame: Timeframe, page: tuple[wire.Kline, ...]) -> list[Bar]:
    return [bar_from(symbol, frame, kline) for kline in page]


def _length(frame: Timeframe) -> timedelta:
    return timedelta(seconds=frame.seconds)
