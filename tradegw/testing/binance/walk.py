"""Markets that move by themselves, for trying a client out by hand."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from .fake import FakeBinance

BEGINNINGS: Final = {"BTCUSDT": "90000.00", "ETHUSDT": "3100.00", "SOLUSDC": "138.00"}
FUTURES: Final = {"BTCUSDT": "90000.00", "ETHUSDT": "3100.00"}
COINS: Final = {"BTCUSD_PERP": "90000.00"}
_STEPS: Final = 12


class Walk:
    """Quotes every *seconds*; the same for the same *seed*."""

    def __init__(self, fake: FakeBinance, clock: IReactorTime, seconds: float, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._stages = (
            (fake.spot, dict(BEGINNINGS)),
            (fake.usd_futures, dict(FUTURES)),
            (fake.coin_futures, dict(COINS)),
        )
        self._seconds = seconds
        self._moving = LoopingCall(self._move)
        self._moving.clock = clock

    def start(self) -> None:
        """Begin, with some hours of history."""
        for stage, prices in self._stages:
            for symbol, last in prices.items():
                price = Decimal(last)
                stage.set_quote(symbol, price - Decimal("0.1"), price + Decimal("0.1"), price)
                stage.invent_bars(symbol, 600)
        self._moving.start(self._seconds, now=False)

    def stop(self) -> None:
        """Stand still."""
        if self._moving.running:
            self._moving.stop()

    def _move(self) -> None:
        for stage, prices in self._stages:
            for symbol, last in prices.items():
                price = Decimal(last)
                step = (price / 20_000).quantize(Decimal("0.1")) or Decimal("0.1")
                price += step * self._random.randint(-_STEPS, _STEPS)
                prices[symbol] = str(price)
                stage.set_quote(symbol, price - Decimal("0.1"), price + Decimal("0.1"), price)
