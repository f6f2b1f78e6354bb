"""Orders and trades as values."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tradegw.model.account import Trade
from tradegw.model.enums import OrderStatus, OrderType, Side, TimeInForce
from tradegw.model.order import Order
from tradegw.testing.broker import EPOCH


def an_order(order_id: str = "o1", minute: int = 0, **members: Any) -> Order:
    """A working order to buy one, created and updated so many minutes after the epoch."""
    at = EPOCH + timedelta(minutes=minute)
    quantity = Decimal(members.pop("quantity", 1))
    filled = Decimal(members.pop("filled", 0))
    values: dict[str, Any] = {
        "id": order_id,
        "symbol": "AAPL",
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "quantity": quantity,
        "filled_quantity": filled,
        "remaining_quantity": quantity - filled,
        "status": OrderStatus.OPEN,
        "time_in_force": TimeInForce.GTC,
        "created_at": at,
        "updated_at": at,
        **members,
    }
    return Order(**values)


def a_trade(trade_id: str = "t1", minute: int = 0, **members: Any) -> Trade:
    """An execution of one, so many minutes after the epoch."""
    values: dict[str, Any] = {
        "id": trade_id,
        "order_id": "o1",
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": Decimal(1),
        "price": Decimal(100),
        "commission": Decimal(0),
        "commission_currency": "USD",
        "timestamp": EPOCH + timedelta(minutes=minute),
        **members,
    }
    return Trade(**values)
