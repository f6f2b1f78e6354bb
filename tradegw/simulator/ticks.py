"""A tick: where the market of one symbol is at one moment."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct


class Tick(Struct, frozen=True, gc=False):
    """Prices of *symbol* at *time* (aware, UTC); buyers pay ``ask``, sellers get ``bid``.

    ``continuous``: the price moved here without a jump from the tick before, as inside of a bar, so
    that everything in between was traded. ``volume`` is what was traded in the tick, or in the bar
    that a jump opens; of it, or else of the sizes, a volume limit is a share.
    """

    symbol: str
    time: datetime
    bid: Decimal
    ask: Decimal
    last: Decimal
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    volume: Decimal | None = None
    continuous: bool = False


def quoted(
    symbol: str,
    time: datetime,
    bid: Decimal,
    ask: Decimal,
    bid_size: Decimal | None = None,
    ask_size: Decimal | None = None,
) -> Tick:
    """A tick from a quote; a crossed one is uncrossed, each size going with its price."""
    if bid > ask:
        bid, ask, bid_size, ask_size = ask, bid, ask_size, bid_size
    return Tick(symbol, time, bid, ask, (bid + ask) / 2, bid_size, ask_size)


def traded(symbol: str, time: datetime, price: Decimal, size: Decimal | None) -> Tick:
    """A tick from a trade: both sides are at its price."""
    return Tick(symbol, time, price, price, price, volume=size)
