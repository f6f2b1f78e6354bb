"""The words of Binance for orders, and the gateway's. Pure."""

from __future__ import annotations

from typing import Final

from ....model.enums import OrderType, RejectReason
from ..words import FILLS

TYPES: Final = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "STOP_LOSS": OrderType.STOP,
    "TAKE_PROFIT": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
}
REASONS: Final = {
    "INSUFFICIENT_BALANCES": RejectReason.INSUFFICIENT_BALANCE,
    "INSUFFICIENT_BALANCE": RejectReason.INSUFFICIENT_BALANCE,
    "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY": RejectReason.INVALID_PRICE,
    "WOULD_MATCH_IMMEDIATELY": RejectReason.POST_ONLY_VIOLATED,
    "OCO_BAD_PRICES": RejectReason.INVALID_PRICE,
}
KNOWN: Final = frozenset(
    {"NEW", "CANCELED", "REPLACED", "REJECTED", "EXPIRED", "TRADE_PREVENTION"} | FILLS
)
