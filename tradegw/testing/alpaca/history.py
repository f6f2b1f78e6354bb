"""Bars: given by a test in minutes, or in whatever frame it likes; coarser ones are built."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from .amounts import CENT, ZERO, number
from .assets import Asset
from .refusals import plain
from .stamps import NEW_YORK, SECOND, moment_of, time_of, zulu

_FRAME: Final = re.compile(r"(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)")
_UNITS: Final = {"T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}
_SECONDS: Final = {"Min": 60, "Hour": 3600}
_CHICAGO: Final = ZoneInfo("America/Chicago")
_ROUGHNESS: Final = 20
MINUTE: Final = "1Min"


class Bar(Struct, frozen=True, kw_only=True):
    """One bar; *moment* is its beginning."""

    moment: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    trades: int = 0

    def told(self) -> dict[str, Any]:
        """The bar as market data: numbers, not strings."""
        return {
            "t": zulu(self.moment),
            "o": number(self.open),
            "h": number(self.high),
            "l": number(self.low),
            "c": number(self.close),
            "v": number(self.volume),
            "n": self.trades,
            "vw": number((self.open + self.close) / 2),
        }

    def joined(self, other: Bar) -> Bar:
        """One bar of this and the *other* behind it."""
        return replace(
            self,
            high=max(self.high, other.high),
            low=min(self.low, other.low),
            close=other.close,
            volume=self.volume + other.volume,
            trades=self.trades + other.trades,
        )


class History:
    """The bars of every symbol and frame."""

    def __init__(self) -> None:
        self._bars: dict[tuple[str, str], dict[int, Bar]] = {}

    def add(self, asset: Asset, bars: Iterable[Bar], frame: str = MINUTE) -> None:
        """Remember *bars*; one of the same time is overwritten."""
        known = self._bars.setdefault((asset.symbol, _canonical(frame)), {})
        known.update({bar.moment: bar for bar in bars})

    def bars(self, asset: Asset, frame: str) -> list[Bar]:
        """The bars of *frame*, oldest first; built of minutes if there are none."""
        frame = _canonical(frame)
        known = self._bars.get((asset.symbol, frame))
        if known is not None:
            return [known[moment] for moment in sorted(known)]
        built: dict[int, Bar] = {}
        minutes = self._bars.get((asset.symbol, MINUTE), {})
        for moment in sorted(minutes):
            begins, bar = _beginning(moment, frame, asset), minutes[moment]
            built[begins] = (
                built[begins].joined(bar) if begins in built else replace(bar, moment=begins)
            )
        return list(built.values())

    def invent(self, asset: Asset, last: Decimal, until: int, minutes: int, seed: int) -> None:
        """Minutes that end at *until* with a close of *last*; the same for the same *seed*."""
        walk = random.Random(f"{asset.symbol} {seed}")  # noqa: S311  repeatable, not secret
        step = max(asset.price_increment, (last / 5000).quantize(asset.price_increment))
        until -= until % (60 * SECOND)
        close, bars = last, []
        for back in range(minutes):
            before = max(CENT, close + step * walk.randint(-_ROUGHNESS, _ROUGHNESS) / 4)
            before = before.quantize(asset.price_increment)
            bars.append(
                Bar(
                    moment=until - (back + 1) * 60 * SECOND,
                    open=before,
                    high=max(before, close) + step,
                    low=min(before, close) - step,
                    close=close,
                    volume=Decimal(walk.randint(100, 9000)),
                    trades=walk.randint(1, 90),
                )
            )
            close = before
        self.add(asset, bars)


def _canonical(frame: str) -> str:
    found = _FRAME.fullmatch(frame)
    if found is None or int(found[1]) < 1:
        raise plain(400, f"invalid timeframe: {frame}")
    return found[1] + _UNITS.get(found[2], found[2])


def _beginning(moment: int, frame: str, asset: Asset) -> int:
    found = _FRAME.fullmatch(frame)
    assert found is not None
    count, unit = int(found[1]), found[2]
    if unit in _SECONDS:
        length = count * _SECONDS[unit] * SECOND
        return moment - moment % length
    zone = _CHICAGO if asset.is_crypto else NEW_YORK
    day = time_of(moment).astimezone(zone).date()
    if unit == "Week":
        day -= timedelta(days=day.weekday())
    elif unit == "Month":
        day = day.replace(day=1, month=(day.month - 1) // count * count + 1)
    return moment_of(datetime.combine(day, time(), zone))
