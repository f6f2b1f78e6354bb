"""What can be traded, as Alpaca last told: pairs from the start, stocks once they are asked for."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import Final

from ...model.enums import AssetClass
from ...model.market import Instrument
from ...model.money import ONE
from . import wire
from .rules import CENT, MOST_DECIMALS, price_step
from .symbols import CRYPTO, Symbols

REMEMBERED: Final = 5_000
_FINEST: Final = ONE.scaleb(-MOST_DECIMALS)


class Instruments:
    """Assets by the symbols that the gateway shows; *symbols* learns of the pairs."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self._assets: OrderedDict[str, wire.Asset] = OrderedDict()
        self._prices: dict[str, Decimal] = {}

    def learn(self, *assets: wire.Asset) -> None:
        """Take in what Alpaca told."""
        self.symbols.learn(assets)
        for asset in assets:
            self._assets[self.symbols.shown(asset.symbol)] = asset
        while len(self._assets) > REMEMBERED:
            self._forget()

    def _forget(self) -> None:
        """The oldest goes; pairs, which nobody asks for again, only if there is nothing else."""
        oldest = next(iter(self._assets))
        stocks = (name for name, asset in self._assets.items() if asset.class_ != CRYPTO)
        name = next(stocks, oldest)
        del self._assets[name]
        self._prices.pop(name, None)

    def saw(self, symbol: str, price: Decimal) -> None:
        """A price of *symbol*: cheap stocks are quoted in finer steps."""
        if symbol in self._assets:
            self._prices[symbol] = price

    def asset(self, symbol: str) -> wire.Asset | None:
        return self._assets.get(symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Steps of *symbol*, if it is known; of what Alpaca does not pair itself only one exit can
        rest. Its minima are its own to enforce: they depend on prices, and some do not hold for
        orders that only reduce.
        """
        asset = self._assets.get(symbol)
        if asset is None:
            return None
        if asset.class_ == CRYPTO:
            return Instrument(
                symbol=symbol,
                quantity_step=_positive(asset.min_trade_increment),
                price_step=_positive(asset.price_increment),
                one_exit=True,
            )
        price = self._prices.get(symbol)
        return Instrument(
            quantity_step=ONE if asset.fractionable is False else _FINEST,
            price_step=CENT if price is None else price_step(price),
            one_exit=True,
        )


ASSET_CLASSES: Final = (AssetClass.STOCK, AssetClass.CRYPTO)


def _positive(value: Decimal | None) -> Decimal | None:
    return value if value is not None and value > 0 else None
