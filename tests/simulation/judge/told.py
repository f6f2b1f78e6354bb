"""What was told is what is so (G4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tradegw.model.order import Order

from ..venue import Venue
from .ledger import GONE


def told_states_are_true(venue: Venue, listener: Any) -> Iterator[str]:
    """The last that was told of each order is how it stands."""
    last: dict[str, dict[str, Any]] = {}
    for message in listener.told:
        if message["type"] == "order":
            last[message["order"]["id"]] = message["order"]
    for order in venue.all_orders().values():
        told = last.get(order.id)
        if told is None:
            yield f"order {order.id} ({order.client_order_id}, {order.status}) was never told"
        elif not _agree(told, order):
            yield (
                f"order {order.id} was last told {told['status']} with {told['filled_quantity']}"
                f" filled; it is {order.status} with {order.filled_quantity}"
            )


def told_executions_are_true(venue: Venue, listener: Any) -> Iterator[str]:
    """Every execution was told exactly once."""
    told = Counter(m["trade"]["id"] for m in listener.told if m["type"] == "trade")
    ledger = {trade.id for trade in venue.trades()}
    for trade_id, times in told.items():
        if trade_id not in ledger:
            yield f"execution {trade_id} was told and never was"
        elif times > 1:
            yield f"execution {trade_id} was told {times} times"
    missing = sorted(ledger - told.keys())
    if missing:
        yield f"executions {missing} were never told"


def fills_never_shrink(listener: Any) -> Iterator[str]:
    """No order is told to have filled less than before, or to work again after its end."""
    filled: dict[str, Decimal] = {}
    over: dict[str, str] = {}
    for message in listener.told:
        if message["type"] != "order":
            continue
        order = message["order"]
        quantity = Decimal(order["filled_quantity"])
        if quantity < filled.get(order["id"], quantity):
            yield f"order {order['id']} is told to have filled less than before"
        filled[order["id"]] = quantity
        if order["id"] in over and order["status"] not in (*GONE, "FILLED"):
            yield f"order {order['id']} is told to work after it was {over[order['id']]}"
        if order["status"] in (*GONE, "FILLED"):
            over[order["id"]] = order["status"]


def _agree(told: dict[str, Any], order: Order) -> bool:
    if told["status"] != order.status.value:
        return False
    if Decimal(told["filled_quantity"]) != order.filled_quantity:
        return False
    prices = () if order.status.is_terminal else ("limit_price", "stop_price")
    return all(
        None if told.get(name) is None else Decimal(told[name]) == getattr(order, name)
        for name in prices
        if getattr(order, name) is not None
    )
