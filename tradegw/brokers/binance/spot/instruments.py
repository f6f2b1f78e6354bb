"""What can be traded, as ``exchangeInfo`` told, and which symbols are of concern here.

Nearly everything at Binance must be asked symbol by symbol; so those in which orders were sent are
remembered, also over a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from twisted.logger import Logger

from ....interfaces import IMemory
from ....model.market import Instrument
from ....model.money import ZERO
from . import filters, wire
from .filters import TRADING, Filters

REMEMBERED_AS: Final = "binance:symbols"
MOST_REMEMBERED: Final = 50
_USUAL_QUOTES: Final = ("USDT", "USDC", "FDUSD", "BTC")


class Instruments:
    """*streamed* are the symbols whose prices are wanted."""

    log = Logger()

    def __init__(self, memory: IMemory, streamed: Iterable[str] = ()) -> None:
        self._memory = memory
        self._streamed = tuple(streamed)
        self._symbols: dict[str, wire.Symbol] = {}
        self._filters: dict[str, Filters] = {}
        self._by_base: dict[str, list[wire.Symbol]] = {}
        self._used: dict[str, None] | None = None
        self.most_fee = ZERO
        """The largest share of what is bought that a fee takes of it."""

    @property
    def is_known(self) -> bool:
        return bool(self._symbols)

    def learn(self, symbols: Iterable[wire.Symbol]) -> None:
        """All that there are."""
        found = {symbol.symbol: symbol for symbol in symbols}
        by_base: dict[str, list[wire.Symbol]] = {}
        for symbol in found.values():
            by_base.setdefault(symbol.base_asset, []).append(symbol)
        self._symbols, self._by_base = found, by_base
        self._filters.clear()

    def symbol(self, name: str) -> wire.Symbol | None:
        return self._symbols.get(name)

    def filters(self, name: str) -> Filters | None:
        """What orders in the symbol of that *name* must comply with."""
        known = self._filters.get(name)
        if known is None and name in self._symbols:
            known = self._filters[name] = filters.read(self._symbols[name])
        return known

    def instrument(self, name: str) -> Instrument | None:
        known = self.filters(name)
        return None if known is None else filters.instrument(known)

    # -- symbols of concern

    def use(self, name: str) -> None:
        """An order in it is about to be sent."""
        used = self._recalled()
        if next(reversed(used), None) == name:
            return
        used.pop(name, None)
        used[name] = None  # the newest come last
        if len(used) > MOST_REMEMBERED:
            del used[next(iter(used))]
        self._memory.remember(REMEMBERED_AS, msgspec.json.encode(tuple(used)))

    def concerned(self, assets: Iterable[str] = ()) -> tuple[str, ...]:
        """Symbols that orders of this account may be in: those used and streamed, and of each of
        the *assets* held.
        """
        names = [*reversed(self._recalled()), *self._streamed]
        names += [market.symbol for asset in assets if (market := self.market(asset)) is not None]
        return tuple(dict.fromkeys(name for name in names if name in self._symbols))

    def traded(self, asset: str) -> wire.Symbol | None:
        """Where *asset* is traded from here: the symbol used last, or one that is streamed."""
        there = {symbol.symbol: symbol for symbol in self._by_base.get(asset, ())}
        names = (*reversed(self._recalled()), *self._streamed)
        return next((there[name] for name in names if name in there), None)

    def market(self, asset: str, *quotes: str) -> wire.Symbol | None:
        """The same, or else the first symbol in which it can be traded for one of *quotes*."""
        traded = self.traded(asset)
        if traded is not None:
            return traded
        trading = [each for each in self._by_base.get(asset, ()) if each.status == TRADING]
        for quote in (*quotes, *_USUAL_QUOTES):
            for symbol in trading:
                if symbol.quote_asset == quote:
                    return symbol
        return None

    def _recalled(self) -> dict[str, None]:
        if self._used is None:
            kept = self._memory.recall(REMEMBERED_AS)
            try:
                names = () if kept is None else msgspec.json.decode(kept, type=tuple[str, ...])
            except msgspec.MsgspecError:
                self.log.failure("the symbols used cannot be read")
                names = ()
            self._used = dict.fromkeys(names)
        return self._used
