"""What can be traded, as ``exchangeInfo`` told, and in which symbols orders were sent from here.

Nearly everything at Binance must be asked symbol by symbol; so those are remembered, also over a
restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, Protocol, TypeVar

import msgspec
from twisted.logger import Logger

from ...interfaces import IMemory
from ...model.market import Instrument
from .filters import Filters

MOST_REMEMBERED: Final = 50


class Symbol(Protocol):
    """Whatever a product tells of one."""

    @property
    def symbol(self) -> str: ...


S = TypeVar("S", bound=Symbol)


class Listing(Generic[S]):
    """*remembered_as* names what is remembered, *streamed* are the symbols whose prices are wanted;
    *read* reads the rules of a symbol, *told* says them as the gateway has them.
    """

    log = Logger()
    ranked = True
    """Whether it matters which was used last."""

    def __init__(
        self,
        memory: IMemory,
        remembered_as: str,
        streamed: Iterable[str],
        read: Callable[[S], Filters],
        told: Callable[[Filters], Instrument],
    ) -> None:
        self._memory = memory
        self._remembered_as = remembered_as
        self._streamed = tuple(streamed)
        self._read = read
        self._told = told
        self._symbols: dict[str, S] = {}
        self._filters: dict[str, Filters] = {}
        self._used: dict[str, None] | None = None

    def learn(self, symbols: Iterable[S]) -> None:
        """All that there are."""
        self._symbols = {symbol.symbol: symbol for symbol in symbols}
        self._filters.clear()

    def symbols(self) -> tuple[S, ...]:
        return tuple(self._symbols.values())

    def symbol(self, name: str) -> S | None:
        return self._symbols.get(name)

    def filters(self, name: str) -> Filters | None:
        """What orders in the symbol of that *name* must comply with."""
        known = self._filters.get(name)
        if known is None and name in self._symbols:
            known = self._filters[name] = self._read(self._symbols[name])
        return known

    def instrument(self, name: str) -> Instrument | None:
        known = self.filters(name)
        return None if known is None else self._told(known)

    # -- symbols of concern

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
        if is_new or self.ranked:
            self._memory.remember(self._remembered_as, msgspec.json.encode(tuple(used)))

    def followed(self) -> tuple[str, ...]:
        """Those that were used, the newest first, and those that are streamed."""
        names = (*reversed(self._recalled()), *self._streamed)
        return tuple(dict.fromkeys(name for name in names if name in self._symbols))

    def _recalled(self) -> dict[str, None]:
        if self._used is None:
            kept = self._memory.recall(self._remembered_as)
            try:
                names = () if kept is None else msgspec.json.decode(kept, type=tuple[str, ...])
            except msgspec.MsgspecError:
                self.log.failure("the symbols used cannot be read")
                names = ()
            self._used = dict.fromkeys(names)
        return self._used
