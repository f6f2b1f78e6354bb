"""A market that moves by itself, for trying a client out by hand."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from .history import Bar
from .stage import Stage
from .stamps import SECOND

BEGINNINGS: Final = {"AAPL": "231.40", "MSFT": "411.15", "SPY": "642.10", "BTC/USD": "84030.00"}
_MINUTE: Final = 60 * SECOND
_STEPS: Final = 12


class Walk:
    """Quotes every *seconds*, and a bar every minute; the same for the same *seed*."""

    def __init__(self, stage: Stage, clock: IReactorTime, seconds: float, seed: int) -> None:
        self._stage = stage
        self._random = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._last = {symbol: Decimal(price) for symbol, price in BEGINNINGS.items()}
        self._bars: dict[str, Bar] = {}
        self._seconds = seconds
        self._moving = LoopingCall(self._move)
        self._moving.clock = clock

    def start(self) -> None:
        """Begin, with some hours of history."""
        for symbol, last in self._last.items():
            self._quote(symbol, last)
            self._stage.invent_bars(symbol, 600)
        self._moving.start(self._seconds, now=False)

    def stop(self) -> None:
        """Stand still."""
        if self._moving.running:
            self._moving.stop()

    def _move(self) -> None:
        for symbol, last in self._last.items():
            step = (last / 20_000).quantize(Decimal("0.01")) or Decimal("0.01")
            self._last[symbol] = last + step * self._random.randint(-_STEPS, _STEPS)
            self._quote(symbol, self._last[symbol])
            self._count(symbol, self._last[symbol])

    def _quote(self, symbol: str, last: Decimal) -> None:
        self._stage.set_quote(symbol, last - Decimal("0.01"), last + Decimal("0.01"), last)

    def _count(self, symbol: str, last: Decimal) -> None:
        now = self._stage.world.stamps.take()
        shares = Decimal(self._random.randint(1, 500))
        tick = Bar(
            moment=now - now % _MINUTE,
            open=last,
            high=last,
            low=last,
            close=last,
            volume=shares,
            trades=1,
        )
        known = self._bars.get(symbol)
        if known is not None and known.moment != tick.moment:
            self._stage.tell_bar(symbol, known)
            known = None
        self._bars[symbol] = tick if known is None else known.joined(tick)
