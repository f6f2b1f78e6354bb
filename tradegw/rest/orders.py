"""``/v1/orders``: submit, look up, change, cancel."""

from __future__ import annotations

from .. import errors
from ..model.order import (
    CancelAllResult,
    CancelResult,
    Order,
    OrderChange,
    OrderHandle,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ..orders import validation
from .queries import BulkQuery
from .rooms import Rooms
from .routing import Routes

routes = Routes("orders")


@routes.post(
    "/v1/orders",
    operation_id="submit_order",
    body=OrderRequest,
    answer=OrderHandle,
    status=201,
    errors=(
        errors.InvalidValue,
        errors.ValidationFailed,
        errors.OrderRejected,
        errors.UnsupportedOperation,
        errors.ShuttingDown,
    ),
)
async def submit_order(rooms: Rooms, body: OrderRequest) -> OrderHandle:
    """Submit an order.

    The answer tells that the broker has it, not that it was filled; fills come over the WebSocket.
    """
    validation.check_order(body)
    return await rooms.trading.submit(body)


@routes.get("/v1/orders", operation_id="get_orders", query=OrderQuery, answer=list[Order])
async def get_orders(rooms: Rooms, query: OrderQuery) -> list[Order]:
    """List working orders, newest first.

    With ``status``, list the orders of those statuses instead.
    """
    return await rooms.enquiry.open_orders(query)


@routes.get(
    "/v1/orders/history", operation_id="get_order_history", query=OrderQuery, answer=list[Order]
)
async def get_order_history(rooms: Rooms, query: OrderQuery) -> list[Order]:
    """List terminal orders, newest first.

    With ``status``, list the orders of those statuses instead.
    """
    return await rooms.enquiry.order_history(query)


@routes.get(
    "/v1/orders/<order_id>",
    operation_id="get_order",
    answer=Order,
    errors=(errors.OrderNotFound,),
)
async def get_order(rooms: Rooms, order_id: str) -> Order:
    """One order, working or terminal."""
    return await rooms.enquiry.order(order_id)


@routes.patch(
    "/v1/orders/<order_id>",
    operation_id="modify_order",
    body=OrderChange,
    answer=Replaced,
    errors=(
        errors.InvalidValue,
        errors.OrderNotFound,
        errors.OrderNotModifiable,
        errors.OrderRejected,
        errors.UnsupportedOperation,
    ),
)
async def modify_order(rooms: Rooms, order_id: str, body: OrderChange) -> Replaced:
    """Change a working order.

    Members left out keep their values. Some brokers give the changed order a new id; the old one is
    then in ``previous_order_id``.
    """
    validation.check_change(body)
    return await rooms.trading.replace(order_id, body)


@routes.delete(
    "/v1/orders/<order_id>",
    operation_id="cancel_order",
    answer=CancelResult,
    errors=(errors.OrderNotFound, errors.OrderNotModifiable),
)
async def cancel_order(rooms: Rooms, order_id: str) -> CancelResult:
    """Cancel a working order.

    The order may still be ``PENDING_CANCEL`` in the answer, and can be filled until it is
    ``CANCELLED``.
    """
    return await rooms.trading.cancel(order_id)


@routes.delete(
    "/v1/orders",
    operation_id="cancel_all_orders",
    query=BulkQuery,
    answer=CancelAllResult,
    errors=(errors.InvalidValue,),
)
async def cancel_all_orders(rooms: Rooms, query: BulkQuery) -> CancelAllResult:
    """Cancel all working orders, or those of one symbol.

    Orders that could not be cancelled are counted and named; they do not fail the call.
    """
    return await rooms.trading.cancel_all(query.symbol)
