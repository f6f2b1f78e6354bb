"""What is traded on spot, and its filters."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ..amounts import SATOSHI, fixed
from ..refusals import bad_symbol

ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
STP_MODES: Final = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER")


@dataclass(slots=True, kw_only=True)
class Symbol:
    """A pair. A *max_position* or *market_step* of zero is not enforced."""

    symbol: str
    base: str
    quote: str
    status: str = "TRADING"
    tick: Decimal = Decimal("0.01")
    min_price: Decimal = Decimal("0.01")
    max_price: Decimal = Decimal(1_000_000)
    step: Decimal = Decimal("0.00001")
    min_qty: Decimal = Decimal("0.00001")
    max_qty: Decimal = Decimal(9000)
    market_step: Decimal = Decimal(0)
    market_max_qty: Decimal = Decimal(120)
    min_notional: Decimal = Decimal(5)
    max_notional: Decimal = Decimal(9_000_000)
    multiplier_up: Decimal = Decimal(5)
    multiplier_down: Decimal = Decimal("0.2")
    min_trailing: int = 10
    max_trailing: int = 2000
    max_position: Decimal = Decimal(0)
    max_orders: int = 200
    max_algo_orders: int = 5
    max_lists: int = 20
    max_amends: int = 10
    order_types: tuple[str, ...] = ORDER_TYPES
    iceberg: bool = True
    oco: bool = True
    oto: bool = True
    trailing: bool = True
    cancel_replace: bool = True
    amend: bool = True
    quote_qty: bool = True
    margin: bool = True

    def filters(self) -> list[dict[str, Any]]:
        """As ``exchangeInfo`` has them."""
        up, down = format(self.multiplier_up, "f"), format(self.multiplier_down, "f")
        told: list[dict[str, Any]] = [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": fixed(self.min_price),
                "maxPrice": fixed(self.max_price),
                "tickSize": fixed(self.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": fixed(self.min_qty),
                "maxQty": fixed(self.max_qty),
                "stepSize": fixed(self.step),
            },
            {"filterType": "ICEBERG_PARTS", "limit": 100},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": fixed(Decimal(0)),
                "maxQty": fixed(self.market_max_qty),
                "stepSize": fixed(self.market_step),
            },
            {
                "filterType": "TRAILING_DELTA",
                "minTrailingAboveDelta": self.min_trailing,
                "maxTrailingAboveDelta": self.max_trailing,
                "minTrailingBelowDelta": self.min_trailing,
                "maxTrailingBelowDelta": self.max_trailing,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up,
                "bidMultiplierDown": down,
                "askMultiplierUp": up,
                "askMultiplierDown": down,
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": fixed(self.min_notional),
                "applyMinToMarket": True,
                "maxNotional": fixed(self.max_notional),
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.max_orders},
            {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": self.max_lists},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": self.max_algo_orders},
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": self.max_amends},
        ]
        if self.max_position:
            told.append({"filterType": "MAX_POSITION", "maxPosition": fixed(self.max_position)})
        return told

    def told(self) -> dict[str, Any]:
        """As ``exchangeInfo`` has it."""
        return {
            "symbol": self.symbol,
            "status": self.status,
            "baseAsset": self.base,
            "baseAssetPrecision": 8,
            "quoteAsset": self.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": list(self.order_types),
            "icebergAllowed": self.iceberg,
            "ocoAllowed": self.oco,
            "otoAllowed": self.oto,
            "opoAllowed": True,
            "quoteOrderQtyMarketAllowed": self.quote_qty,
            "allowTrailingStop": self.trailing,
            "cancelReplaceAllowed": self.cancel_replace,
            "amendAllowed": self.amend,
            "pegInstructionsAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": self.margin,
            "filters": self.filters(),
            "permissions": [],
            "permissionSets": [["SPOT", "MARGIN"] if self.margin else ["SPOT"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": list(STP_MODES),
        }


def usual() -> list[Symbol]:
    """A few pairs, one of each peculiarity: integer steps, tiny prices, letters not of ASCII."""
    thousandth = Decimal("0.001")
    return [
        Symbol(symbol="BTCUSDT", base="BTC", quote="USDT"),
        Symbol(symbol="ETHUSDT", base="ETH", quote="USDT", step=Decimal("0.0001")),
        Symbol(
            symbol="SOLUSDC",
            base="SOL",
            quote="USDC",
            step=thousandth,
            min_qty=thousandth,
            max_qty=Decimal(900_000),
            market_max_qty=Decimal("7325.412"),
        ),
        Symbol(symbol="SOLUSDT", base="SOL", quote="USDT", step=thousandth, min_qty=thousandth),
        Symbol(symbol="BNBUSDT", base="BNB", quote="USDT", step=thousandth, min_qty=thousandth),
        Symbol(symbol="EURUSDT", base="EUR", quote="USDT", tick=Decimal("0.0001"),
               min_price=Decimal("0.0001"), step=Decimal("0.1"), min_qty=Decimal("0.1"),
               max_qty=Decimal(900_000), market_max_qty=Decimal(900_000)),
        Symbol(symbol="ETHBTC", base="ETH", quote="BTC", tick=Decimal("0.00001"),
               min_price=Decimal("0.00001"), step=Decimal("0.0001"),
               min_notional=Decimal("0.0001")),
        Symbol(symbol="PEPEUSDT", base="PEPE", quote="USDT", tick=SATOSHI, min_price=SATOSHI,
               step=Decimal(1), min_qty=Decimal(1), max_qty=Decimal(92_141_578_000),
               market_max_qty=Decimal(20_000_000_000), trailing=False, amend=False),
        Symbol(symbol="币安人生USDT", base="币安人生", quote="USDT", tick=Decimal("0.0001"),
               min_price=Decimal("0.0001"), step=Decimal("0.1"), min_qty=Decimal("0.1"),
               max_qty=Decimal(900_000), market_max_qty=Decimal(100_000)),
    ]  # fmt: skip


class Listing:
    """What is listed."""

    def __init__(self, symbols: list[Symbol]) -> None:
        self.symbols = {each.symbol: each for each in symbols}

    def need(self, name: str) -> Symbol:
        """The pair of that name; raises a refusal."""
        found = self.symbols.get(name)
        if found is None:
            raise bad_symbol()
        return found
