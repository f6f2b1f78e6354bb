"""What can be traded, as ``exchangeInfo`` told, and which symbols are of concern here.

History must be asked symbol by symbol; so those in which orders were sent are remembered, also over
a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from twisted.logger import Logger

from ....interfaces import IMemory
from ....model.market import Instrument
from ..spot.filters import Filters
from . import filters, wire

REMEMBERED_AS: Final = "binance-futures:symbols"
MOST_REMEMBERED: Final = 50


class Instruments:
    """*streamed* are the symbols whose prices are wanted."""

    log = Logger()

    def __init__(self, memory: IMemory, streamed: Iterable[str] = ()) -> None:
        self._memory = memory
        self._streamed = tuple(streamed)
        self._symbols: dict[str, wire.Symbol] = {}
        self._filters: dict[str, Filters] = {}
        self._used: dict[str, None] | None = None

    def learn(self, symbols: Iterable[wire.Symbol]) -> None:
        """All that there are."""
        self._symbols = {symbol.symbol: symbol for symbol in symbols}
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

    def use(self, name: str) -> None:
        """An order in it is about to be sent, or something is held of it."""
        used = self._recalled()
        if next(reversed(used), None) == name:
            return
        is_new = name not in used
        used.pop(name, None)
        used[name] = None  # the newest come last
        if len(used) > MOST_REMEMBERED:
            del used[next(iter(used))]
        if is_new:
            self._memory.remember(REMEMBERED_AS, msgspec.json.encode(tuple(used)))

    def concerned(self) -> tuple[str, ...]:
        """Symbols that orders of this account may be in."""
        names = (*reversed(self._recalled()), *self._streamed)
        return tuple(dict.fromkeys(name for name in names if name in self._symbols))

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
