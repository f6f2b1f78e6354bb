"""What is traded on futures: linear contracts in coins, inverse ones in pieces of dollars."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ..amounts import ZERO, places_of, plain
from ..refusals import bad_symbol

_FOREVER: Final = 4_133_404_800_000
_ONBOARD: Final = 1_569_398_400_000
_TYPES: Final = ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
                 "TRAILING_STOP_MARKET")  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Contract:
    """A contract; an inverse one is *size* dollars, and its money is its coin."""

    symbol: str
    base: str
    quote: str
    pair: str = ""
    is_inverse: bool = False
    size: Decimal = Decimal(1)
    kind: str = "PERPETUAL"
    status: str = "TRADING"
    tick: Decimal = Decimal("0.10")
    min_price: Decimal = Decimal("0.10")
    max_price: Decimal = Decimal(4_529_764)
    step: Decimal = Decimal("0.001")
    min_qty: Decimal = Decimal("0.001")
    max_qty: Decimal = Decimal(1000)
    market_max_qty: Decimal = Decimal(120)
    min_notional: Decimal = Decimal(5)
    up: Decimal = Decimal("1.05")
    down: Decimal = Decimal("0.95")
    max_leverage: int = 125
    maintenance: Decimal = Decimal("0.005")

    @property
    def asset(self) -> str:
        """What margin and profit are in."""
        return self.base if self.is_inverse else self.quote

    @property
    def pair_name(self) -> str:
        """The pair it is one of."""
        return self.pair or self.symbol

    def notional(self, qty: Decimal, price: Decimal) -> Decimal:
        """The value in dollars."""
        return qty * self.size if self.is_inverse else qty * price

    def value(self, qty: Decimal, price: Decimal) -> Decimal:
        """The value in the margin asset."""
        if not self.is_inverse:
            return qty * price
        return qty * self.size / price if price else ZERO

    def profit(self, qty: Decimal, entry: Decimal, price: Decimal) -> Decimal:
        """What *qty* won since *entry*; both may be negative."""
        if not self.is_inverse:
            return qty * (price - entry)
        return qty * self.size * (1 / entry - 1 / price) if entry and price else ZERO

    def average(self, held: Decimal, entry: Decimal, qty: Decimal, price: Decimal) -> Decimal:
        """The entry of both; of inverse contracts the harmonic mean."""
        if not held:
            return price
        if not self.is_inverse:
            return (held * entry + qty * price) / (held + qty)
        return (held + qty) / (held / entry + qty / price)

    def told(self) -> dict[str, Any]:
        """As ``exchangeInfo`` has it."""
        status = "contractStatus" if self.is_inverse else "status"
        told: dict[str, Any] = {
            "symbol": self.symbol,
            "pair": self.pair_name,
            "contractType": self.kind,
            "deliveryDate": _FOREVER,
            "onboardDate": _ONBOARD,
            status: self.status,
            "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000",
            "baseAsset": self.base,
            "quoteAsset": self.quote,
            "marginAsset": self.asset,
            "pricePrecision": places_of(self.tick),
            "quantityPrecision": places_of(self.step),
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "underlyingSubType": [],
            "triggerProtect": "0.0500",
            "liquidationFee": "0.012500",
            "marketTakeBound": "0.05",
            "filters": self._filters(),
            "orderTypes": list(_TYPES),
            "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        }
        if self.is_inverse:
            told["contractSize"] = int(self.size)
        return told

    def _filters(self) -> list[dict[str, Any]]:
        lots = {"minQty": plain(self.min_qty), "stepSize": plain(self.step)}
        filters: list[dict[str, Any]] = [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(self.min_price),
                "maxPrice": plain(self.max_price),
                "tickSize": plain(self.tick),
            },
            {"filterType": "LOT_SIZE", "maxQty": plain(self.max_qty), **lots},
            {"filterType": "MARKET_LOT_SIZE", "maxQty": plain(self.market_max_qty), **lots},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": plain(self.up),
                "multiplierDown": plain(self.down),
                "multiplierDecimal": "4",
            },
        ]
        if not self.is_inverse:
            filters.append({"filterType": "MIN_NOTIONAL", "notional": plain(self.min_notional)})
        return filters


def usual_linear() -> list[Contract]:
    """A few contracts of USD-M."""
    cent, whole = Decimal("0.010"), Decimal(1)
    return [
        Contract(symbol="BTCUSDT", base="BTC", quote="USDT", min_notional=Decimal(100)),
        Contract(symbol="ETHUSDT", base="ETH", quote="USDT", tick=cent, min_price=cent,
                 max_qty=Decimal(10_000), market_max_qty=Decimal(2000),
                 min_notional=Decimal(20)),
        Contract(symbol="SOLUSDT", base="SOL", quote="USDT", tick=cent, min_price=cent,
                 step=whole, min_qty=whole, max_qty=Decimal(1_000_000),
                 market_max_qty=Decimal(5000), max_leverage=100),
        Contract(symbol="币安人生USDT", base="币安人生", quote="USDT", tick=cent, min_price=cent,
                 step=whole, min_qty=whole, max_qty=Decimal(1_000_000), max_leverage=50),
    ]  # fmt: skip


def usual_inverse() -> list[Contract]:
    """A few contracts of COIN-M."""
    whole, most = Decimal(1), Decimal(1_000_000)
    return [
        Contract(symbol="BTCUSD_PERP", pair="BTCUSD", base="BTC", quote="USD", is_inverse=True,
                 size=Decimal(100), step=whole, min_qty=whole, max_qty=most, market_max_qty=most),
        Contract(symbol="BTCUSD_261225", pair="BTCUSD", base="BTC", quote="USD", is_inverse=True,
                 size=Decimal(100), step=whole, min_qty=whole, max_qty=most, market_max_qty=most,
                 kind="CURRENT_QUARTER"),
        Contract(symbol="ETHUSD_PERP", pair="ETHUSD", base="ETH", quote="USD", is_inverse=True,
                 size=Decimal(10), tick=Decimal("0.01"), min_price=Decimal("0.01"), step=whole,
                 min_qty=whole, max_qty=most, market_max_qty=most),
    ]  # fmt: skip


class Listing:
    """What is listed."""

    def __init__(self, contracts: list[Contract]) -> None:
        self.contracts = {each.symbol: each for each in contracts}

    def need(self, name: str) -> Contract:
        """The contract of that name; raises a refusal."""
        found = self.contracts.get(name)
        if found is None:
            raise bad_symbol()
        return found
