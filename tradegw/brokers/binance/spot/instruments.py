"""Spot's pairs: where a coin is traded, and which of them are of concern here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ....interfaces import IMemory
from ....model.money import ZERO
from ..listing import Listing
from . import filters, wire
from .filters import TRADING

REMEMBERED_AS: Final = "binance:symbols"
_USUAL_QUOTES: Final = ("USDT", "USDC", "FDUSD", "BTC")


class Instruments(Listing[wire.Symbol]):
    """*streamed* are the symbols whose prices are wanted."""

    def __init__(self, memory: IMemory, streamed: Iterable[str] = ()) -> None:
        super().__init__(memory, REMEMBERED_AS, streamed, filters.read, filters.instrument)
        self._by_base: dict[str, list[wire.Symbol]] = {}
        self.most_fee = ZERO
        """The largest share of what is bought that a fee takes of it."""

    def learn(self, symbols: Iterable[wire.Symbol]) -> None:
        super().learn(symbols)
        by_base: dict[str, list[wire.Symbol]] = {}
        for symbol in self.symbols():
            by_base.setdefault(symbol.base_asset, []).append(symbol)
        self._by_base = by_base

    def concerned(self, assets: Iterable[str] = ()) -> tuple[str, ...]:
        """Symbols that orders of this account may be in: those used and streamed, and of each of
        the *assets* held.
        """
        markets = (self.market(asset) for asset in assets)
        names = (market.symbol for market in markets if market is not None)
        return tuple(dict.fromkeys((*self.followed(), *names)))

    def traded(self, asset: str) -> wire.Symbol | None:
        """Where *asset* is traded from here: the symbol used last, or one that is streamed."""
        there = {symbol.symbol: symbol for symbol in self._by_base.get(asset, ())}
        return next((there[name] for name in self.followed() if name in there), None)

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
