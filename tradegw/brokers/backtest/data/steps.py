"""What the course of prices is made of, and the order of work at one instant."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from ....model.enums import Timeframe
from ....model.market import Bar
from ....simulator.paths import PriceBar
from ....simulator.ticks import Tick


class Rank(enum.IntEnum):
    """What comes first of what is due at one instant."""

    INSIDE = 0
    CLOSE = 1
    TIMER = 2
    OPEN = 3


class Moment(NamedTuple):
    """When something is due; sorts as the work is done."""

    time: datetime
    rank: Rank


class BarOpen(Struct, frozen=True, gc=False):
    """A bar of the series that moves *symbol* begins; it ends at ``end``, and nothing of it but its
    open may be shown before.

    ``bar.bid is bar.ask`` where only one price is known; which one that is, and so where a spread
    belongs, is in the options of the symbol (``price``).
    """

    time: datetime
    symbol: str
    bar: PriceBar
    end: datetime


class BarClose(Struct, frozen=True, gc=False):
    """``bar`` has ended, as clients see it (the middle of both sides).

    ``drives``: it is one of the series that moves the symbol. ``told``: it is a candle event.
    """

    time: datetime
    symbol: str
    timeframe: Timeframe
    bar: Bar
    drives: bool
    told: bool


class TickStep(Struct, frozen=True, gc=False):
    """A quote or a trade that moves *symbol*. ``told``: it is a quote event."""

    time: datetime
    symbol: str
    tick: Tick
    told: bool


class Over(Struct, frozen=True, gc=False):
    """*symbol* has no prices any more, though others have."""

    time: datetime
    symbol: str


Step: TypeAlias = BarOpen | BarClose | TickStep | Over
