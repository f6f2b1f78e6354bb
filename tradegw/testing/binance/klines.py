"""Bars: given by a test, or made of its trades; coarser ones are built of minutes."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from .amounts import ZERO, fixed

_SECOND: Final = 1000
MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * MINUTE
_DAY: Final = 24 * _HOUR
INTERVALS: Final = {
    "1s": _SECOND,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": _HOUR,
    "2h": 2 * _HOUR,
    "4h": 4 * _HOUR,
    "6h": 6 * _HOUR,
    "8h": 8 * _HOUR,
    "12h": 12 * _HOUR,
    "1d": _DAY,
    "3d": 3 * _DAY,
    "1w": 7 * _DAY,
    "1M": 0,
}
_MONDAY: Final = 4 * _DAY  # 1970 began on a Thursday


class Bar(Struct, frozen=True, kw_only=True):
    """One bar; *time* is when it opened, in milliseconds."""

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    turnover: Decimal = ZERO
    trades: int = 0

    def joined(self, other: Bar) -> Bar:
        """One bar of this and the *other* behind it."""
        return replace(
            self,
            high=max(self.high, other.high),
            low=min(self.low, other.low),
            close=other.close,
            volume=self.volume + other.volume,
            turnover=self.turnover + other.turnover,
            trades=self.trades + other.trades,
        )

    def row(self, interval: str) -> list[Any]:
        """As REST has it."""
        return [
            self.time,
            *map(fixed, (self.open, self.high, self.low, self.close, self.volume)),
            close_time(self.time, interval),
            fixed(self.turnover),
            self.trades,
            fixed(self.volume / 2),
            fixed(self.turnover / 2),
            "0",
        ]

    def streamed(self, symbol: str, interval: str, *, is_closed: bool) -> dict[str, Any]:
        """As the ``k`` of a stream has it."""
        return {
            "t": self.time,
            "T": close_time(self.time, interval),
            "s": symbol,
            "i": interval,
            "f": 1,
            "L": self.trades,
            "o": fixed(self.open),
            "c": fixed(self.close),
            "h": fixed(self.high),
            "l": fixed(self.low),
            "v": fixed(self.volume),
            "n": self.trades,
            "x": is_closed,
            "q": fixed(self.turnover),
            "V": fixed(self.volume / 2),
            "Q": fixed(self.turnover / 2),
            "B": "0",
        }


def open_time(ms: int, interval: str) -> int:
    """When the bar that *ms* is in opened; weeks begin on Monday."""
    if interval == "1M":
        first = datetime.fromtimestamp(ms / 1000, UTC).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        return int(first.timestamp()) * 1000
    offset = _MONDAY if interval == "1w" else 0
    return ms - (ms - offset) % INTERVALS[interval]


def close_time(opened: int, interval: str) -> int:
    """The last millisecond of the bar that *opened* then."""
    if interval == "1M":
        later = datetime.fromtimestamp(opened / 1000, UTC) + timedelta(days=32)
        return int(later.replace(day=1).timestamp()) * 1000 - 1
    return opened + INTERVALS[interval] - 1


class Klines:
    """The bars of every symbol and interval."""

    def __init__(self) -> None:
        self._bars: dict[tuple[str, str], dict[int, Bar]] = {}

    def add(self, symbol: str, bars: Iterable[Bar], interval: str = "1m") -> None:
        """Remember *bars*; one of the same time is overwritten."""
        known = self._bars.setdefault((symbol, interval), {})
        known.update({bar.time: bar for bar in bars})

    def bars(self, symbol: str, interval: str) -> list[Bar]:
        """The bars of *interval*, oldest first; built of minutes if there are none."""
        known = self._bars.get((symbol, interval))
        if known is not None:
            return [known[time] for time in sorted(known)]
        built: dict[int, Bar] = {}
        minutes = self._bars.get((symbol, "1m"), {})
        for time in sorted(minutes):
            opened, bar = open_time(time, interval), minutes[time]
            built[opened] = (
                built[opened].joined(bar) if opened in built else replace(bar, time=opened)
            )
        return list(built.values())

    def moved(
        self, symbol: str, price: Decimal, qty: Decimal, ms: int
    ) -> Iterator[tuple[str, Bar, bool]]:
        """A trade: intervals and bars as they stand now, and before each the one that it ended.

        Whether a bar is such a final one comes with it.
        """
        minutes = self._bars.setdefault((symbol, "1m"), {})
        last, opened = max(minutes, default=ms), open_time(ms, "1m")
        tick = Bar(
            time=opened,
            open=price,
            high=price,
            low=price,
            close=price,
            volume=qty,
            turnover=price * qty,
            trades=1,
        )
        minutes[opened] = minutes[opened].joined(tick) if opened in minutes else tick
        times = sorted(minutes)
        for interval in INTERVALS:
            now, before = open_time(ms, interval), open_time(last, interval)
            if interval == "1s":
                continue
            if before < now:
                yield interval, self._built(symbol, times, before, interval), True
            yield interval, self._built(symbol, times, now, interval), False

    def _built(self, symbol: str, times: list[int], opened: int, interval: str) -> Bar:
        """The bar that *opened* then, of the minutes at *times*."""
        minutes = self._bars[symbol, "1m"]
        until = close_time(opened, interval)
        first, *others = times[bisect_left(times, opened) : bisect_right(times, until)]
        bar = replace(minutes[first], time=opened)
        for time in others:
            bar = bar.joined(minutes[time])
        return bar

    def invent(self, symbol: str, last: Decimal, until: int, minutes: int, seed: int) -> None:
        """Minutes that end at *until* with a close of *last*; the same for the same *seed*."""
        walk = random.Random(f"{symbol} {seed}")  # noqa: S311  repeatable, not secret
        step = last / 5000
        bars, close, opened = [], last, open_time(until, "1m")
        for ago in range(minutes):
            start = close + step * walk.randint(-20, 20)
            volume = Decimal(walk.randint(1, 500))
            bars.append(
                Bar(
                    time=opened - ago * MINUTE,
                    open=start,
                    high=max(start, close) + step,
                    low=min(start, close) - step,
                    close=close,
                    volume=volume,
                    turnover=volume * close,
                    trades=walk.randint(1, 300),
                )
            )
            close = start
        self.add(symbol, bars)
