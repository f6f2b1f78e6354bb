"""What the market streams say, as fast as it can be read: ``{"stream": .., "data": {..}}``.

What a message is the name of its stream says, for those of best bid and ask say it nowhere else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct

ZERO: Final = Decimal(0)
_TWO: Final = Decimal(2)
NOTHING: Final = msgspec.Raw()


class Best(Struct, frozen=True, gc=False):
    """Best bid and ask; zero is none. It has no time."""

    s: str
    b: Decimal = ZERO
    B: Decimal = ZERO
    a: Decimal = ZERO
    A: Decimal = ZERO


class Mini(Struct, frozen=True, gc=False):
    """The last price, and the volume of 24 hours."""

    s: str
    c: Decimal = ZERO
    v: Decimal | None = None


class Candle(Struct, frozen=True, gc=False):
    """A bar; ``x`` says whether it is finished."""

    t: int
    T: int
    s: str
    i: str
    o: Decimal
    c: Decimal
    h: Decimal
    l: Decimal  # noqa: E741  (its name on the wire)
    v: Decimal
    x: bool = False


class Klined(Struct, frozen=True, gc=False):
    """What brings a bar."""

    k: Candle


class Frame(Struct, frozen=True, gc=False):
    """One message: of a stream, or the answer to a request, which is in ``result`` or an error."""

    stream: str = ""
    data: msgspec.Raw = NOTHING
    id: int | str | None = None
    result: Any = None
    error: Any = None
    code: int | None = None
    msg: str | None = None
    e: str | None = None


frames: Final = msgspec.json.Decoder(Frame)
bests: Final = msgspec.json.Decoder(Best)
minis: Final = msgspec.json.Decoder(Mini)
candles: Final = msgspec.json.Decoder(Klined)


def middle(bid: Decimal, ask: Decimal) -> Decimal:
    """Between *bid* and *ask*; where one side is missing, zero, the other."""
    return (bid + ask) / _TWO if bid and ask else bid or ask
