"""What is traded, and the spellings under which it is known."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_DNS, uuid5

from msgspec import Struct
from msgspec.structs import replace

from .amounts import CENT, NANO, ONE, text

_SUB_PENNY: Final = Decimal("0.0001")


class Asset(Struct, frozen=True, kw_only=True):
    """A stock or a pair of coins. *symbol* is as orders spell it: ``MSFT``, ``BTC/USD``."""

    symbol: str
    listed_as: str = ""
    """Its first symbol, if it has changed."""
    name: str = ""
    exchange: str = "NASDAQ"
    active: bool = True
    tradable: bool = True
    shortable: bool = True
    fractionable: bool = True
    price_increment: Decimal = CENT
    min_order_size: Decimal = NANO

    @property
    def id(self) -> str:
        """The same for the same symbol, in every double; a change of that does not change it."""
        return str(uuid5(NAMESPACE_DNS, f"{self.listed_as or self.symbol}.asset"))

    @property
    def is_crypto(self) -> bool:
        return "/" in self.symbol

    @property
    def asset_class(self) -> str:
        return "crypto" if self.is_crypto else "us_equity"

    @property
    def compact(self) -> str:
        """As positions spell it: ``BTCUSD``."""
        return self.symbol.replace("/", "")

    @property
    def coin(self) -> str:
        """What a pair of coins is of: ``BTC``."""
        return self.symbol.partition("/")[0]

    @property
    def quote_currency(self) -> str:
        return self.symbol.partition("/")[2] or "USD"

    def price_step(self, price: Decimal) -> Decimal:
        """Of what a price like *price* is a multiple."""
        if self.is_crypto:
            return self.price_increment
        return CENT if price >= ONE else _SUB_PENNY

    def told(self) -> dict[str, Any]:
        """The asset as JSON."""
        borrowable = self.shortable and not self.is_crypto
        told: dict[str, Any] = {
            "id": self.id,
            "class": self.asset_class,
            "exchange": self.exchange,
            "symbol": self.symbol,
            "name": self.name or self.symbol,
            "status": "active" if self.active else "inactive",
            "tradable": self.tradable and self.active,
            "marginable": not self.is_crypto,
            "shortable": borrowable,
            "easy_to_borrow": borrowable,
            "borrow_status": "easy_to_borrow" if borrowable else "not_borrowable",
            "fractionable": self.fractionable,
            "maintenance_margin_requirement": 100 if self.is_crypto else 30,
            "margin_requirement_long": "100" if self.is_crypto else "30",
            "margin_requirement_short": "100" if self.is_crypto else "30",
            "attributes": ["fractional_eh_enabled"] if self.fractionable else [],
        }
        if self.is_crypto:
            told["min_order_size"] = text(self.min_order_size)
            told["min_trade_increment"] = text(NANO)
            told["price_increment"] = text(self.price_increment)
        return told


def _pair(symbol: str, name: str, increment: str, least: str, *, active: bool = True) -> Asset:
    return Asset(
        symbol=symbol,
        name=name,
        exchange="CRYPTO",
        active=active,
        shortable=False,
        price_increment=Decimal(increment),
        min_order_size=Decimal(least),
    )


USUAL: Final = (
    Asset(symbol="AAPL", name="Apple Inc. Common Stock"),
    Asset(symbol="AMD", name="Advanced Micro Devices, Inc. Common Stock"),
    Asset(symbol="KO", name="Coca-Cola Company", exchange="NYSE"),
    Asset(symbol="MSFT", name="Microsoft Corporation Common Stock"),
    Asset(symbol="NVDA", name="NVIDIA Corporation Common Stock"),
    Asset(symbol="SPY", name="State Street SPDR S&P 500 ETF Trust", exchange="ARCA"),
    Asset(symbol="TSLA", name="Tesla, Inc. Common Stock"),
    Asset(symbol="OCGN", name="Ocugen, Inc. Common Stock", fractionable=False),
    Asset(symbol="HTBX", name="Hard To Borrow Company", shortable=False),
    Asset(symbol="GONE", name="Delisted Company", active=False),
    _pair("BTC/USD", "Bitcoin / US Dollar", "0.01", "0.000012"),
    _pair("ETH/USD", "Ethereum / US Dollar", "0.01", "0.0003"),
    _pair("DOGE/USD", "Dogecoin / US Dollar", "0.0000001", "8"),
    _pair("MKR/USD", "Maker / US Dollar", "0.01", "0.0005", active=False),
)
"""Enough of both kinds, and one for every refusal."""


class Listing:
    """All assets."""

    def __init__(self, assets: Iterable[Asset] = USUAL) -> None:
        self._by_name: dict[str, Asset] = {}
        for asset in assets:
            self.add(asset)

    def add(self, asset: Asset) -> None:
        """List *asset*, or list it anew with other properties."""
        for name in (asset.symbol, asset.compact, asset.id):
            self._by_name[name] = asset

    def find(self, name: str) -> Asset | None:
        """The asset of a symbol in either spelling, or of an asset id."""
        return self._by_name.get(name)

    def rename(self, symbol: str, new_symbol: str) -> Asset:
        """*symbol* is known as *new_symbol* from now on, and by the same asset id."""
        asset = self._by_name.pop(symbol)
        renamed = replace(asset, symbol=new_symbol, listed_as=asset.listed_as or symbol)
        self.add(renamed)
        return renamed

    def all(self) -> list[Asset]:
        """Each once, by symbol."""
        return sorted(set(self._by_name.values()), key=lambda asset: asset.symbol)
