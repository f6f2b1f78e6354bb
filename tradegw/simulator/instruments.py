"""What the exchange knows of a symbol, and the symbols whose price is known without a tape."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from msgspec import Struct

from ..model.enums import AssetClass
from ..model.market import Instrument as Rules
from ..model.money import ONE, ZERO


class Instrument(Struct, frozen=True, kw_only=True):
    """A tradable symbol. Orders off the steps or below the minima are refused.

    ``start`` and ``places`` are the first price of a walk and how many decimals its prices show. A
    unit is worth ``multiplier`` times its price.
    """

    symbol: str
    asset_class: AssetClass = AssetClass.STOCK
    price_step: Decimal = Decimal("1e-12")
    quantity_step: Decimal = Decimal("1e-9")
    start: Decimal = Decimal(100)
    places: int = 2
    minimum_quantity: Decimal = ZERO
    minimum_notional: Decimal = ZERO
    multiplier: Decimal = ONE

    @property
    def rules(self) -> Rules:
        """What it demands of orders."""
        return Rules(
            quantity_step=self.quantity_step,
            minimum_quantity=self.minimum_quantity or None,
            minimum_notional=self.minimum_notional or None,
            price_step=self.price_step,
        )


def _seed(symbol: str, start: str, asset_class: AssetClass, places: int) -> Instrument:
    return Instrument(symbol=symbol, start=Decimal(start), asset_class=asset_class, places=places)


_STOCKS: Final = {
    symbol: _seed(symbol, start, AssetClass.STOCK, 2)
    for symbol, start in {
        "AAPL": "150",
        "MSFT": "400",
        "GOOG": "170",
        "GOOGL": "170",
        "AMZN": "180",
        "TSLA": "250",
        "NVDA": "800",
    }.items()
}
_PAIRS: Final = {
    "BTCUSD": _seed("BTCUSD", "50000", AssetClass.CRYPTO, 2),
    "ETHUSD": _seed("ETHUSD", "3000", AssetClass.CRYPTO, 2),
    "EURUSD": _seed("EURUSD", "1.08", AssetClass.FOREX, 5),
    "GBPUSD": _seed("GBPUSD", "1.27", AssetClass.FOREX, 5),
    "USDJPY": _seed("USDJPY", "150", AssetClass.FOREX, 3),
}


def seeded(symbol: str) -> Instrument:
    """The instrument *symbol* walks as; one that nobody knows is a stock at 100.

    Letter case does not matter, and pairs may be written with a slash (``EUR/USD``).
    """
    name = symbol.upper()
    known = _STOCKS.get(name) or _PAIRS.get(name)
    if known is None and name[3:4] == "/":
        known = _PAIRS.get(name[:3] + name[4:])
    if known is None:
        return Instrument(symbol=symbol)
    return Instrument(
        symbol=symbol,
        asset_class=known.asset_class,
        start=known.start,
        places=known.places,
    )
