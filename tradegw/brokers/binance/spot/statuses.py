"""The words of Binance for orders, and the gateway's. Pure."""

from __future__ import annotations

from typing import Final

from ....model.enums import OrderEventKind, OrderStatus, OrderType, RejectReason, Side, TimeInForce

STATUSES: Final = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.PENDING,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "PENDING_CANCEL": OrderStatus.PENDING_CANCEL,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
TYPES: Final = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "STOP_LOSS": OrderType.STOP,
    "TAKE_PROFIT": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
}
SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
TIMES_IN_FORCE: Final = {each.value: each for each in TimeInForce}
REASONS: Final = {
    "INSUFFICIENT_BALANCES": RejectReason.INSUFFICIENT_BALANCE,
    "INSUFFICIENT_BALANCE": RejectReason.INSUFFICIENT_BALANCE,
    "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY": RejectReason.INVALID_PRICE,
    "WOULD_MATCH_IMMEDIATELY": RejectReason.POST_ONLY_VIOLATED,
    "OCO_BAD_PRICES": RejectReason.INVALID_PRICE,
}
FILLS: Final = frozenset({"TRADE", "CALCULATED"})
KNOWN: Final = frozenset(
    {"NEW", "CANCELED", "REPLACED", "REJECTED", "EXPIRED", "TRADE_PREVENTION"} | FILLS
)
_ENDS: Final = {
    OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
    OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
}


def status_of(word: str) -> OrderStatus:
    """An unknown word is of an order that may work: nothing is forgotten because of it."""
    return STATUSES.get(word, OrderStatus.OPEN)


def kind_of(execution: str, status: OrderStatus) -> OrderEventKind:
    """What is told of an *execution* type that led to *status*."""
    if execution in FILLS:
        is_whole = status is OrderStatus.FILLED
        return OrderEventKind.FILLED if is_whole else OrderEventKind.PARTIALLY_FILLED
    if status in _ENDS:
        return _ENDS[status]
    if status is OrderStatus.FILLED:
        return OrderEventKind.FILLED
    return OrderEventKind.CREATED if execution == "NEW" else OrderEventKind.MODIFIED
