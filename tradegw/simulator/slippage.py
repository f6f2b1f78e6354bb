"""Slippage: how much worse than the price in the market an order fills that takes what there is."""

from __future__ import annotations

import re
from decimal import Decimal
from hashlib import sha256
from typing import Final

from msgspec import Struct

from ..model.enums import Side
from ..model.money import ZERO
from .amounts import tidy

_NUMBER: Final = r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,12})?)"
_FORM: Final = re.compile(rf"(?P<kind>rand:|volshare:)?{_NUMBER}(?P<unit>bps|ticks?)?")
_BASIS: Final = Decimal(10_000)
_DRAWS: Final = 10**12


class Slippage(Struct, frozen=True):
    """Always against us; without any, all of it is zero.

    ``bps``           basis points of the price
    ``ticks``         price steps
    ``amount``        in the quote currency, per unit
    ``random_bps``    basis points, of which each fill draws a part
    ``volume_share``  of the price, times the square of the share that the fill is of the volume
    """

    bps: Decimal = ZERO
    ticks: Decimal = ZERO
    amount: Decimal = ZERO
    random_bps: Decimal = ZERO
    volume_share: Decimal = ZERO

    @classmethod
    def parse(cls, text: str) -> Slippage:
        """Read ``5bps``, ``2ticks``, ``0.02``, ``rand:5bps`` or ``volshare:0.1``; ``ValueError``
        says what is wrong.
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text.strip()!r} is not a slippage, such as 5bps, 2ticks or 0.02")
        number, kind, unit = Decimal(match["number"]), match["kind"], match["unit"]
        if kind == "rand:":
            if unit != "bps":
                raise ValueError(f"{text.strip()!r}: what is drawn is in bps, as in rand:5bps")
            return cls(random_bps=number)
        if kind == "volshare:":
            if unit is not None:
                raise ValueError(f"{text.strip()!r}: a plain number, as in volshare:0.1")
            return cls(volume_share=number)
        if unit == "bps":
            return cls(bps=number)
        return cls(ticks=number) if unit else cls(amount=number)

    @property
    def needs_step(self) -> bool:
        """Whether it is counted in price steps, which must be known then."""
        return bool(self.ticks)

    @property
    def is_none(self) -> bool:
        return self == _NONE

    def against(
        self,
        side: Side,
        price: Decimal,
        *,
        step: Decimal = ZERO,
        luck: Decimal = ZERO,
        share: Decimal = ZERO,
    ) -> Decimal:
        """What *side* gets instead of *price*.

        *step* is the price step, *luck* what was drawn (0 to 1), *share* the share that the fill is
        of the volume.
        """
        if self.is_none:
            return price
        part = (self.bps + self.random_bps * luck) / _BASIS + self.volume_share * share * share
        return tidy(price + side.sign * (abs(price) * part + self.ticks * step + self.amount))


_NONE: Final = Slippage()


def drawn(seed: int, symbol: str, ordinal: int, fill: int) -> Decimal:
    """Evenly from 0 to 1, of the *fill*-th fill of the *ordinal*-th order of *symbol*.

    What else was drawn before, or for other symbols, makes no difference.
    """
    text = f"{seed}:{symbol}:{ordinal}:{fill}"
    number = int.from_bytes(sha256(text.encode()).digest()[:16], "big")
    return Decimal(number % _DRAWS) / _DRAWS
