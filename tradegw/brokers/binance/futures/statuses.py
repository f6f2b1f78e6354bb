"""The words of Binance for orders of futures, and the gateway's. Pure."""

from __future__ import annotations

from typing import Final

from ....model.enums import OrderEventKind, OrderStatus, OrderType
from ..spot.statuses import SIDES as SIDES  # noqa: PLC0414  (they are the same)
from ..spot.statuses import STATUSES as _STATUSES
from ..spot.statuses import TIMES_IN_FORCE as TIMES_IN_FORCE  # noqa: PLC0414

STATUSES: Final = {
    **_STATUSES,
    "NEW_INSURANCE": OrderStatus.OPEN,
    "NEW_ADL": OrderStatus.OPEN,
}
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
FILLS: Final = frozenset({"TRADE", "CALCULATED"})
KNOWN: Final = frozenset({"NEW", "CANCELED", "AMENDMENT", "EXPIRED", "REJECTED"} | FILLS)
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
