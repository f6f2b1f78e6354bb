"""The spread of data that know one price only: how far bid and ask are apart."""

from __future__ import annotations

import enum
import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ..model.money import ZERO
from .amounts import tidy
from .paths import PriceBar, Prices
from .ticks import Tick

_WIDTH: Final = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,12})?)(?P<unit>bps|ticks?)?")
_BASIS: Final = Decimal(10_000)


class Quoted(enum.Enum):
    """What the one price is: half-way between the sides (as trades are taken to be), or a side."""

    MIDDLE = "middle"
    BID = "bid"
    ASK = "ask"


class Spread(Struct, frozen=True):
    """The full width, as basis points of the price, price steps and an amount."""

    bps: Decimal = ZERO
    ticks: Decimal = ZERO
    amount: Decimal = ZERO

    @classmethod
    def parse(cls, text: str) -> Spread:
        """Read ``2bps``, ``1tick`` or ``0.02``; ``ValueError`` says what is wrong."""
        match = _WIDTH.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text.strip()!r} is not a spread, such as 2bps, 1tick or 0.02")
        number, unit = Decimal(match["number"]), match["unit"]
        if unit == "bps":
            return cls(bps=number)
        return cls(ticks=number) if unit else cls(amount=number)

    @property
    def needs_step(self) -> bool:
        """Whether it is counted in price steps, which must be known then."""
        return bool(self.ticks)

    @property
    def is_none(self) -> bool:
        return not (self.bps or self.ticks or self.amount)

    def width(self, price: Decimal, step: Decimal) -> Decimal:
        """The full width at *price*."""
        share = tidy(abs(price) * self.bps / _BASIS) if self.bps else ZERO
        return share + self.ticks * step + self.amount

    def sides(self, price: Decimal, quoted: Quoted, step: Decimal) -> tuple[Decimal, Decimal]:
        """Bid and ask: half of the width on each side, or all of it on the side that is missing."""
        width = self.width(price, step)
        if quoted is Quoted.BID:
            return price, price + width
        if quoted is Quoted.ASK:
            return price - width, price
        return price - width / 2, price + width / 2

    def bar(
        self,
        time: datetime,
        prices: Prices,
        volume: Decimal | None = None,
        quoted: Quoted = Quoted.MIDDLE,
        step: Decimal = ZERO,
    ) -> PriceBar:
        """A bar of both sides, from *time* on, of one with *prices* of one."""
        if self.is_none:
            return PriceBar(time, prices, prices, volume)
        pairs = [
            self.sides(price, quoted, step)
            for price in (prices.open, prices.high, prices.low, prices.close)
        ]
        bid, ask = (Prices(*side) for side in zip(*pairs, strict=True))
        return PriceBar(time, bid, ask, volume)

    def tick(self, tick: Tick, step: Decimal = ZERO) -> Tick:
        """*tick*, a trade, with a bid and an ask around it."""
        if self.is_none:
            return tick
        bid, ask = self.sides(tick.last, Quoted.MIDDLE, step)
        return replace(tick, bid=bid, ask=ask)
