"""What of the tapes is streamed, and which bars are made of them."""

from __future__ import annotations

from collections.abc import Sequence

from ...model.enums import Timeframe
from ...simulator.tape import Kind
from .reel import Part
from .shelf import Shelf
from .wanted import Wanted


class Programme:
    """Without subscriptions: bars as candles, quotes as quotes, trades as quotes and as minutes.

    ``quoted``       the symbols whose quotes are streamed
    ``with_volume``  those whose ticks tell what was traded
    ``candles``      the timeframes that are streamed, by symbol
    ``shelves``      the bars of every symbol, for streaming and for asking
    ``impossible``   what is wanted and cannot be made, in words
    """

    def __init__(self, parts: Sequence[Part], wanted: Wanted) -> None:
        kinds = {part.tape.symbol: part.tape.kind for part in parts if part.drives}
        self.with_volume = {symbol for symbol, kind in kinds.items() if kind is Kind.TRADES}
        self.quoted = {
            symbol
            for symbol, kind in kinds.items()
            if (kind is not Kind.BARS if wanted.is_open else wanted.quotes(symbol))
        }
        self.candles: dict[str, frozenset[Timeframe]] = {}
        self.shelves: dict[str, Shelf] = {}
        self.impossible: list[str] = []
        for part in parts:
            if part.makes_candles:
                self._add(part, parts, wanted)

    def _add(self, maker: Part, parts: Sequence[Part], wanted: Wanted) -> None:
        symbol = maker.tape.symbol
        base = maker.tape.timeframe or Timeframe.M1
        bars = [p.tape.timeframe for p in parts if p.tape.symbol == symbol]
        loaded = [timeframe for timeframe in bars if timeframe is not None]
        frames: Sequence[Timeframe]
        if not wanted.is_open:
            frames = wanted.candles(symbol, base)
        elif maker.tape.kind is Kind.TRADES:
            frames = (base,)
        else:
            frames = loaded
        self.candles[symbol] = frozenset(frames)
        shelf = Shelf(symbol, base, frames, loaded, of_ticks=maker.tape.timeframe is None)
        self.shelves[symbol] = shelf
        self.impossible += [
            f"candles of {frame} cannot be made of those of {base} that there are of {symbol}"
            for frame in frames
            if not shelf.offers(frame)
        ]
