"""A seeded random walk: prices of a symbol that nobody recorded.

The same seed and symbol give the same prices, whatever other symbols do. The arithmetic is whole
numbers: the price is kept far finer than it is shown, so that it cannot get stuck on its step.
"""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal
from typing import Final

from .instruments import Instrument
from .ticks import Tick

SIZE: Final = Decimal(100)
VOLUME: Final = Decimal(50_000)

_FINENESS: Final = 10
_WIDEST_MOVE: Final = 10_000
_MOVE_SCALE: Final = 10_000_000
_FLOOR_PLACES: Final = 2


class Walk:
    """Each tick moves the price by up to 0.1 % either way, and never below 0.01.

    Half the spread is 0.01 or 0.01 % of the price, whichever is more.
    """

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self._symbol = instrument.symbol
        self._places = instrument.places
        # A game of prices, not a secret.
        self._random = random.Random(f"{seed}:{instrument.symbol}")  # noqa: S311
        self._price = int(instrument.start.scaleb(_FINENESS))
        self._unit: int = 10 ** (_FINENESS - self._places)
        self._cent: int = 10 ** (self._places - _FLOOR_PLACES)
        self._moved = False

    def next(self, time: datetime) -> Tick:
        """The next tick; the first one is at the instrument's start price."""
        if self._moved:
            move = self._random.randint(-_WIDEST_MOVE, _WIDEST_MOVE)
            moved = self._price + self._price * move // _MOVE_SCALE
            self._price = max(moved, self._cent * self._unit)
        self._moved = True
        last = (self._price + self._unit // 2) // self._unit
        half = max(self._cent, last // 10_000)
        return Tick(
            self._symbol,
            time,
            self._shown(max(1, last - half)),
            self._shown(last + half),
            self._shown(last),
            SIZE,
            SIZE,
            VOLUME,
        )

    def _shown(self, steps: int) -> Decimal:
        return Decimal(steps).scaleb(-self._places)
