"""Both spellings of crypto symbols: orders and prices say ``BTC/USD``, positions ``BTCUSD``.

The gateway shows the one with the slash everywhere. Which pairs there are is known from the list of
assets; until it is, what holds a slash is a pair and what holds none is a stock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from . import wire

SLASH: Final = "/"
CRYPTO: Final = "crypto"


class Symbols:
    """Knows the pairs; :meth:`learn` is told of them."""

    def __init__(self) -> None:
        self._pairs: dict[str, str] = {}

    def learn(self, assets: Iterable[wire.Asset]) -> None:
        """Take in *assets*; those of other classes are left out."""
        for asset in assets:
            if asset.class_ == CRYPTO and SLASH in asset.symbol:
                self._pairs[asset.symbol.replace(SLASH, "")] = asset.symbol

    def shown(self, symbol: str) -> str:
        """*symbol* as the gateway spells it."""
        return symbol if SLASH in symbol else self._pairs.get(symbol, symbol)

    def is_crypto(self, symbol: str, asset_class: str | None = None) -> bool:
        """Whether *symbol* is a pair; what Alpaca says itself wins."""
        if asset_class:
            return asset_class == CRYPTO
        return SLASH in self.shown(symbol)


def plain(symbol: str) -> str:
    """*symbol* as positions and paths spell it."""
    return symbol.replace(SLASH, "")


def position_id(symbol: str) -> str:
    """What the position in *symbol* is called; opaque to clients."""
    return f"{plain(symbol)}_position"
