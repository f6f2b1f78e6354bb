"""All tapes as one: what happens, in order.

At one instant, first what is inside of bars, then the bars that end (the short ones first), then
those that open and the ticks, then the ends of tapes; within that, in the order of the files.
"""

from __future__ import annotations

import enum
import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from ...model.enums import Timeframe
from ...model.market import Bar
from ...model.money import ZERO
from ...simulator.paths import PriceBar, bar_ticks
from ...simulator.tape import Kind
from ...simulator.ticks import Tick
from .feed import PROVIDER
from .tapes import TapeFile


class Rank(enum.IntEnum):
    """What comes first of what happens at the same time."""

    INSIDE = 0
    CLOSE = 1
    OPEN = 2
    OVER = 3


class Happening(Struct, frozen=True, gc=False):
    """Something that a tape tells. ``tick`` moves the market; ``bar`` has just been finished;
    ``seen`` is a price that candles are to be made of.
    """

    time: datetime
    rank: Rank
    symbol: str
    tick: Tick | None = None
    bar: Bar | None = None
    seen: Tick | None = None


class Part(Struct, frozen=True):
    """What a tape is used for: to drive the market of its symbol, and to make candles of."""

    tape: TapeFile
    drives: bool
    makes_candles: bool


def parts(tapes: Sequence[TapeFile]) -> list[Part]:
    """Cast the *tapes*: of each symbol the finest drives, and the shortest bars make candles.

    Without bars, candles are made of trades, or else of quotes.
    """
    drivers: dict[str, TapeFile] = {}
    makers: dict[str, TapeFile] = {}
    for tape in tapes:
        driver = drivers.setdefault(tape.symbol, tape)
        maker = makers.setdefault(tape.symbol, tape)
        drivers[tape.symbol] = min(driver, tape, key=lambda t: t.fineness)
        makers[tape.symbol] = min(maker, tape, key=_candle_rank)
    return [Part(tape, drivers[tape.symbol] is tape, makers[tape.symbol] is tape) for tape in tapes]


def happenings(cast: Sequence[Part]) -> Iterator[Happening]:
    """Everything, in order, read from the files as it is needed."""
    return heapq.merge(*(_of(part) for part in cast), key=_place)


def _place(happening: Happening) -> tuple[datetime, Rank, int]:
    bar = happening.bar
    return happening.time, happening.rank, 0 if bar is None else bar.timeframe.seconds


def _candle_rank(tape: TapeFile) -> tuple[int, int]:
    order = (Kind.BARS, Kind.TRADES, Kind.QUOTES)
    return (order.index(tape.kind), tape.fineness[1])


def _of(part: Part) -> Iterator[Happening]:
    tape = part.tape
    tell = _ticks if tape.timeframe is None else _bars
    last = tape.first
    for happening in tell(part):
        last = happening.time
        yield happening
    if part.drives:
        yield Happening(last, Rank.OVER, tape.symbol)


def _ticks(part: Part) -> Iterator[Happening]:
    symbol = part.tape.symbol
    for tick in part.tape.rows_again():
        assert isinstance(tick, Tick)
        yield Happening(
            tick.time,
            Rank.OPEN,
            symbol,
            tick if part.drives else None,
            seen=tick if part.makes_candles else None,
        )


def _bars(part: Part) -> Iterator[Happening]:
    tape = part.tape
    symbol, timeframe = tape.symbol, tape.timeframe
    assert timeframe is not None
    length = timedelta(seconds=timeframe.seconds)
    for row in tape.rows_again():
        assert isinstance(row, PriceBar)
        bar = shown_bar(symbol, timeframe, row)
        if not part.drives:
            yield Happening(row.time + length, Rank.CLOSE, symbol, bar=bar)
            continue
        opened, one, other, closed = bar_ticks(symbol, row, timeframe)
        yield Happening(opened.time, Rank.OPEN, symbol, opened)
        yield Happening(one.time, Rank.INSIDE, symbol, one)
        yield Happening(other.time, Rank.INSIDE, symbol, other)
        yield Happening(closed.time, Rank.CLOSE, symbol, closed, bar)


def shown_bar(symbol: str, timeframe: Timeframe, row: PriceBar) -> Bar:
    """A bar of a tape as clients see it: one of both sides is shown in the middle."""
    prices = row.middle
    return Bar(
        symbol=symbol,
        provider=PROVIDER,
        timeframe=timeframe,
        timestamp=row.time,
        open=prices.open,
        high=prices.high,
        low=prices.low,
        close=prices.close,
        volume=ZERO if row.volume is None else row.volume,
    )
