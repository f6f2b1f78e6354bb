"""Words of Binance that mean the same of all products. Pure."""

from __future__ import annotations

from typing import Final

from ...model.enums import OrderEventKind, OrderStatus, Side, TimeInForce

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
TIMES_IN_FORCE: Final = {each.value: each for each in TimeInForce}
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
    "NEW_INSURANCE": OrderStatus.OPEN,
    "NEW_ADL": OrderStatus.OPEN,
}
FILLS: Final = frozenset({"TRADE", "CALCULATED"})
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
