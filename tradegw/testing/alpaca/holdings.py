"""The money and what is held, in the double's own bookkeeping."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from .amounts import ZERO, down, text
from .assets import Asset
from .market import Market

CRYPTO_FEE: Final = Decimal("0.0025")
_PLACES: Final = Decimal("0.000001")


@dataclass(slots=True, kw_only=True)
class Holding:
    """*qty* is negative if short; *cost* is what it was entered for, of the same sign."""

    asset: Asset
    qty: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def side(self) -> str:
        return "long" if self.qty > 0 else "short"

    @property
    def closing_side(self) -> str:
        return "sell" if self.qty > 0 else "buy"

    def take(self, change: Decimal, price: Decimal) -> None:
        """*change* more, at *price*; what is closed leaves at the average."""
        if self.qty * change >= 0:
            self.qty, self.cost = self.qty + change, self.cost + change * price
            return
        if abs(change) > abs(self.qty):
            self.qty, self.cost = self.qty + change, (self.qty + change) * price
            return
        average = self.cost / self.qty
        self.qty += change
        self.cost = self.qty * average

    def told(self, price: Decimal | None, available: Decimal, day_open: Decimal) -> dict[str, Any]:
        """The position as JSON; without a *price* what depends on it is null."""
        told: dict[str, Any] = {
            "asset_id": self.asset.id,
            "symbol": self.asset.compact,
            "exchange": self.asset.exchange,
            "asset_class": self.asset.asset_class,
            "asset_marginable": not self.asset.is_crypto,
            "qty": text(self.qty),
            "qty_available": text(available),
            "avg_entry_price": text((self.cost / self.qty).quantize(_PLACES)),
            "side": self.side,
            "cost_basis": text(self.cost.quantize(_PLACES)),
            **dict.fromkeys(_PRICED),
        }
        if price is not None:
            value = self.qty * price
            gain = value - self.cost
            told |= {
                "market_value": text(value.quantize(_PLACES)),
                "unrealized_pl": text(gain.quantize(_PLACES)),
                "unrealized_plpc": text((gain / abs(self.cost)).quantize(_PLACES)),
                "unrealized_intraday_pl": text(gain.quantize(_PLACES)),
                "unrealized_intraday_plpc": text((gain / abs(self.cost)).quantize(_PLACES)),
                "current_price": text(price),
                "lastday_price": text(day_open),
                "change_today": text((price / day_open - 1).quantize(_PLACES)),
            }
        return told


_PRICED: Final = (
    "market_value",
    "unrealized_pl",
    "unrealized_plpc",
    "unrealized_intraday_pl",
    "unrealized_intraday_plpc",
    "current_price",
    "lastday_price",
    "change_today",
)


class Holdings:
    """Cash and positions of the account."""

    def __init__(self, cash: Decimal, market: Market) -> None:
        self.cash = cash
        self._market = market
        self._held: dict[str, Holding] = {}

    def of(self, asset: Asset) -> Holding | None:
        """What is held of *asset*, if anything."""
        return self._held.get(asset.symbol)

    def quantity(self, asset: Asset) -> Decimal:
        """How much is held of *asset*; negative if short."""
        held = self._held.get(asset.symbol)
        return ZERO if held is None else held.qty

    def all(self) -> list[Holding]:
        """Every position."""
        return list(self._held.values())

    def rename(self, symbol: str, asset: Asset) -> None:
        """What is held as *symbol* is *asset* from now on."""
        holding = self._held.pop(symbol, None)
        if holding is not None:
            holding.asset = asset
            self._held[asset.symbol] = holding

    def book(self, asset: Asset, side: str, qty: Decimal, price: Decimal) -> None:
        """An execution. Stocks cost no commission; of coins the fee is taken from what comes."""
        fee = CRYPTO_FEE if asset.is_crypto else ZERO
        holding = self._held.setdefault(asset.symbol, Holding(asset=asset))
        if side == "buy":
            self.cash -= qty * price
            holding.take(down(qty * (1 - fee)) if fee else qty, price)
        else:
            self.cash += qty * price * (1 - fee)
            holding.take(-qty, price)
        if not holding.qty:
            del self._held[asset.symbol]

    def price(self, holding: Holding) -> Decimal | None:
        """At what *holding* is valued: the last trade."""
        quote = self._market.of(holding.asset)
        return None if quote is None else quote.last

    def value(self, *, long: bool, crypto: bool | None = None) -> Decimal:
        """The market value of what is long, or of what is short, which is negative."""
        total = ZERO
        for holding in self._held.values():
            if (holding.qty > 0) == long and crypto in (None, holding.asset.is_crypto):
                price = self.price(holding)
                total += holding.cost if price is None else holding.qty * price
        return total
