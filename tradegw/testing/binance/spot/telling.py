"""Orders, lists and trades as JSON: what a placement, a query, a cancel and a stream say."""

from __future__ import annotations

from typing import Any

from ..amounts import ZERO, fixed
from .orders import Fill, Order, OrderList


def ack(order: Order) -> dict[str, Any]:
    """The least a placement says."""
    return {
        "symbol": order.symbol.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_id,
        "transactTime": order.update_time,
    }


def result(order: Order) -> dict[str, Any]:
    """What a placement says with ``RESULT``."""
    return (
        ack(order)
        | _amounts(order)
        | {"workingTime": order.working_time, "selfTradePreventionMode": order.stp}
        | conditional(order)
    )


def full(order: Order) -> dict[str, Any]:
    """What a placement says with ``FULL``."""
    return result(order) | {
        "fills": [
            {
                "price": fixed(fill.price),
                "qty": fixed(fill.qty),
                "commission": fixed(fill.commission),
                "commissionAsset": fill.commission_asset,
                "tradeId": fill.id,
            }
            for fill in order.fills
        ]
    }


def _amounts(order: Order) -> dict[str, Any]:
    return {
        "price": fixed(order.price),
        "origQty": fixed(order.qty),
        "executedQty": fixed(order.executed),
        "origQuoteOrderQty": fixed(order.quote_qty),
        "cummulativeQuoteQty": fixed(order.spent),
        "status": order.status,
        "timeInForce": order.tif,
        "type": order.type,
        "side": order.side,
    }


def conditional(order: Order) -> dict[str, Any]:
    """What is there only when it means something."""
    told: dict[str, Any] = {}
    if order.stop_price:
        told["stopPrice"] = fixed(order.stop_price)
    if order.iceberg:
        told["icebergQty"] = fixed(order.iceberg)
    if order.trailing_delta is not None:
        told |= {"trailingDelta": order.trailing_delta, "trailingTime": order.trailing_time}
    if order.strategy_id is not None:
        told["strategyId"] = order.strategy_id
    if order.strategy_type is not None:
        told["strategyType"] = order.strategy_type
    if order.expiry_reason is not None:
        told["expiryReason"] = order.expiry_reason
    return told


def queried(order: Order) -> dict[str, Any]:
    """What a query says."""
    return {
        "symbol": order.symbol.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_id,
        **_amounts(order),
        "stopPrice": fixed(order.stop_price),
        "icebergQty": fixed(order.iceberg),
        "time": order.time,
        "updateTime": order.update_time,
        "isWorking": order.is_on_book,
        "workingTime": order.working_time,
        "origQuoteOrderQty": fixed(order.quote_qty),
        "selfTradePreventionMode": order.stp,
        **conditional(order),
    }


def cancelled(order: Order) -> dict[str, Any]:
    """What a cancel says."""
    told = ack(order) | _amounts(order) | {"selfTradePreventionMode": order.stp}
    told |= {"origClientOrderId": order.client_id, "clientOrderId": order.cancel_client_id}
    return told | conditional(order)


def amended(order: Order, client_id: str) -> dict[str, Any]:
    """The order of an amend; *client_id* is the one it bore before."""
    return {
        "symbol": order.symbol.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "origClientOrderId": client_id,
        "clientOrderId": order.client_id,
        "price": fixed(order.price),
        "qty": fixed(order.qty),
        "executedQty": fixed(order.executed),
        "preventedQty": fixed(ZERO),
        "quoteOrderQty": fixed(order.quote_qty),
        "cumulativeQuoteQty": fixed(order.spent),
        "status": order.status,
        "timeInForce": order.tif,
        "type": order.type,
        "side": order.side,
        "workingTime": order.working_time,
        "selfTradePreventionMode": order.stp,
    }


def listed(orders: OrderList) -> dict[str, Any]:
    """An order list, without reports."""
    return {
        "orderListId": orders.id,
        "contingencyType": orders.contingency,
        "listStatusType": orders.type,
        "listOrderStatus": orders.status,
        "listClientOrderId": orders.client_id,
        "transactionTime": orders.time,
        "symbol": orders.symbol.symbol,
        "orders": [
            {
                "symbol": each.symbol.symbol,
                "orderId": each.id,
                "clientOrderId": each.client_id,
            }
            for each in orders.orders
        ],
    }


def traded(fill: Fill) -> dict[str, Any]:
    """A row of ``myTrades``."""
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "orderListId": fill.list_id,
        "price": fixed(fill.price),
        "qty": fixed(fill.qty),
        "quoteQty": fixed(fill.price * fill.qty),
        "commission": fixed(fill.commission),
        "commissionAsset": fill.commission_asset,
        "time": fill.time,
        "isBuyer": fill.side == "BUY",
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def report(
    order: Order, execution: str, execution_id: int, event_time: int, fill: Fill | None = None
) -> dict[str, Any]:
    """An ``executionReport``."""
    is_cancel = execution in ("CANCELED", "REPLACED")
    told: dict[str, Any] = {
        "e": "executionReport",
        "E": event_time,
        "s": order.symbol.symbol,
        "c": order.cancel_client_id or order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.tif,
        "q": fixed(order.qty),
        "p": fixed(order.price),
        "P": fixed(order.stop_price),
        "F": fixed(order.iceberg),
        "g": order.list_id,
        "C": (order.orig_client_id or order.client_id) if is_cancel else "",
        "x": execution,
        "X": order.status,
        "r": order.reject_reason,
        "i": order.id,
        "l": fixed(fill.qty if fill else ZERO),
        "z": fixed(order.executed),
        "L": fixed(fill.price if fill else ZERO),
        "n": fixed(fill.commission) if fill else "0",
        "N": fill.commission_asset if fill else None,
        "T": order.update_time,
        "t": fill.id if fill else -1,
        "I": execution_id,
        "w": order.is_on_book,
        "m": fill.is_maker if fill else False,
        "M": False,
        "O": order.time,
        "Z": fixed(order.spent),
        "Y": fixed(fill.price * fill.qty if fill else ZERO),
        "Q": fixed(order.quote_qty),
        "V": order.stp,
    }
    if order.working_time > 0:
        told["W"] = order.working_time
    if order.trailing_delta is not None:
        told |= {"d": order.trailing_delta, "D": order.trailing_time}
    if order.strategy_id is not None:
        told["j"] = order.strategy_id
    if order.strategy_type is not None:
        told["J"] = order.strategy_type
    if order.expiry_reason is not None:
        told["eR"] = order.expiry_reason
    return told
