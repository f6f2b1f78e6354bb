"""Invented bars of the time before a walk began, joined to its first price."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from math import isqrt
from typing import Final

from ..model.enums import Timeframe
from ..model.market import Bar
from .instruments import Instrument

DEPTH: Final = 10_000
"""How many bars of each timeframe there are."""

_PULL: Final = 50
_BASIS: Final = 100_000


def invented_bars(
    instrument: Instrument, provider: str, timeframe: Timeframe, end: datetime, seed: int
) -> Iterator[Bar]:
    """The last :data:`DEPTH` bars before *end* (a bar's end), newest first.

    The same for the same seed, symbol and timeframe; every open is the close before, and the last
    close is the price at which the walk starts. The longer the bar, the wider it is.
    """
    # A game of prices, not a secret.
    rng = random.Random(f"{seed}:{instrument.symbol}:{timeframe.value}")  # noqa: S311
    places = instrument.places
    start = int(instrument.start.scaleb(places))
    width = 100 * isqrt(timeframe.seconds // 60)
    length = timedelta(seconds=timeframe.seconds)
    close = start
    for number in range(1, DEPTH + 1):
        pulled = close + (start - close) // _PULL
        opened = max(1, pulled + pulled * rng.randint(-width, width) // _BASIS)
        high = max(opened, close)
        low = min(opened, close)
        yield Bar(
            symbol=instrument.symbol,
            provider=provider,
            timeframe=timeframe,
            timestamp=end - number * length,
            open=_shown(opened, places),
            high=_shown(high + high * rng.randint(0, width // 2) // _BASIS, places),
            low=_shown(max(1, low - low * rng.randint(0, width // 2) // _BASIS), places),
            close=_shown(close, places),
            volume=Decimal(rng.randint(1_000, 100_000)),
        )
        close = opened


def _shown(steps: int, places: int) -> Decimal:
    return Decimal(steps).scaleb(-places)
