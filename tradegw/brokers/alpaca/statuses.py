"""Alpaca's statuses and events of orders, as the gateway tells of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...model.enums import OrderEventKind, OrderStatus
from ...model.money import ZERO

REPLACED: Final = "replaced"
OVER: Final = frozenset({"filled", "canceled", "expired", "rejected", REPLACED})
TOO_EARLY: Final = frozenset({"pending_new", "pending_replace"})
"""For a moment an order can be neither changed nor, maybe, cancelled."""

_STATUSES: Final = {
    "pending_new": OrderStatus.PENDING,
    "accepted": OrderStatus.PENDING,
    "accepted_for_bidding": OrderStatus.PENDING,
    "held": OrderStatus.PENDING,
    "pending_review": OrderStatus.PENDING,
    "new": OrderStatus.OPEN,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "stopped": OrderStatus.OPEN,
    "suspended": OrderStatus.OPEN,
    "done_for_day": OrderStatus.OPEN,
    "calculated": OrderStatus.OPEN,
    "pending_replace": OrderStatus.OPEN,
    "pending_cancel": OrderStatus.PENDING_CANCEL,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
    REPLACED: OrderStatus.CANCELLED,
    "rejected": OrderStatus.REJECTED,
}

_EVENTS: Final = {
    "partial_fill": OrderEventKind.PARTIALLY_FILLED,
    "fill": OrderEventKind.FILLED,
    "canceled": OrderEventKind.CANCELLED,
    "expired": OrderEventKind.EXPIRED,
    "rejected": OrderEventKind.REJECTED,
    REPLACED: OrderEventKind.CANCELLED,
}
_BEGINNINGS: Final = frozenset({"pending_new", "accepted", "new", "held"})

FILLS: Final = frozenset({"partial_fill", "fill"})
CORRECTIONS: Final = frozenset({"trade_bust", "trade_correct"})
"""An execution was undone or changed: only asking shows what is true now."""

REFUSALS: Final = frozenset({"order_cancel_rejected", "order_replace_rejected"})
KNOWN_EVENTS: Final = (
    _BEGINNINGS
    | FILLS
    | CORRECTIONS
    | REFUSALS
    | _EVENTS.keys()
    | {"done_for_day", "pending_cancel", "pending_replace", "stopped", "calculated", "suspended"}
    | {"restated", "pending_review", "accepted_for_bidding"}
)


def is_known(status: str) -> bool:
    """Whether *status* is one of those that Alpaca has told of."""
    return status in _STATUSES


def status_of(status: str, quantity: Decimal, filled: Decimal) -> OrderStatus:
    """What *status* means for an order of *quantity* of which *filled* is; one that nobody knows
    is waiting for something.
    """
    found = _STATUSES.get(status, OrderStatus.PENDING)
    if found is not OrderStatus.OPEN or filled <= ZERO:
        return found
    if status == "calculated" and filled >= quantity > ZERO:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED


def kind_of(event: str, status: OrderStatus) -> OrderEventKind:
    """What *event* is told as; *status* is that of the order it shows."""
    if event in _BEGINNINGS:
        return OrderEventKind.CREATED
    found = _EVENTS.get(event)
    if found is not None:
        return found
    ended = {
        OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
        OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
        OrderStatus.REJECTED: OrderEventKind.REJECTED,
        OrderStatus.FILLED: OrderEventKind.FILLED,
    }
    return ended.get(status, OrderEventKind.MODIFIED)
