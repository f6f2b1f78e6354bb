"""The words of Binance for orders of futures, and the gateway's. Pure."""

from __future__ import annotations

from typing import Final

from ....model.enums import OrderStatus, OrderType
from ..words import FILLS

TYPES: Final = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIQUIDATION": OrderType.MARKET,
    "STOP_MARKET": OrderType.STOP,
    "TAKE_PROFIT_MARKET": OrderType.STOP,
    "STOP": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.STOP_LIMIT,
    "TRAILING_STOP_MARKET": OrderType.TRAILING_STOP,
}
WAITED: Final = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
"""Original types of orders that waited for a price: no other order has them any more."""

POST_ONLY: Final = "GTX"
FINISHED: Final = "FINISHED"
ALGO: Final = {
    "NEW": OrderStatus.OPEN,
    "TRIGGERING": OrderStatus.OPEN,
    "TRIGGERED": OrderStatus.OPEN,
    "CANCELED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
}
KNOWN: Final = frozenset({"NEW", "CANCELED", "AMENDMENT", "EXPIRED", "REJECTED"} | FILLS)
