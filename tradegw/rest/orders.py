"""``/v1/orders``: submit, look up, explain, change, cancel."""

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
from ..model.trading import Timeline
from ..orders import validation
from .outcomes import told
from .queries import BulkQuery
from .rooms import Rooms
from .routing import Reply, Routes

routes = Routes("orders")


@routes.post(
    "/v1/orders",
    operation_id="submit_order",
    body=OrderRequest,
    idempotent=True,
    answer=OrderHandle,
    status=201,
    others={202: OrderHandle},
    errors=(
        errors.InvalidValue,
        errors.ValidationFailed,
        errors.OrderRejected,
        errors.IntentConflict,
        errors.UnsupportedOperation,
        errors.ShuttingDown,
        errors.NotReconciled,
        errors.JournalUnavailable,
    ),
)
async def submit_order(
    rooms: Rooms, body: OrderRequest, idempotency_key: str | None
) -> OrderHandle | Reply:
    """Submit an order.

    The answer tells that the broker has it, not that it was filled; fills come over the WebSocket.
    With 202 nobody can know yet whether the broker has it: it is being found out, and told as an
    event; the ``id`` leads to the order. A repeat of the ``client_order_id`` or the
    ``Idempotency-Key`` sends nothing and gets the first one's answer; with another order, 409.
    """
    validation.check_order(body)
    return told(await rooms.trading.submit(body, idempotency_key))


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


@routes.get(
    "/v1/orders/<order_id>/timeline",
    operation_id="get_order_timeline",
    answer=Timeline,
    errors=(errors.OrderNotFound,),
)
async def get_order_timeline(rooms: Rooms, order_id: str) -> Timeline:
    """All that is recorded of an order, oldest first.

    The request and its checks, what was written down and sent, the answer, and the events; with
    times, and durations in microseconds.
    """
    return await rooms.timelines.timeline(order_id)


@routes.patch(
    "/v1/orders/<order_id>",
    operation_id="modify_order",
    body=OrderChange,
    answer=Replaced,
    others={202: Replaced},
    errors=(
        errors.InvalidValue,
        errors.OrderNotFound,
        errors.OrderNotModifiable,
        errors.OrderRejected,
        errors.UnsupportedOperation,
    ),
)
async def modify_order(rooms: Rooms, order_id: str, body: OrderChange) -> Replaced | Reply:
    """Change a working order.

    Members left out keep their values. ``trailing_distance`` with ``trailing_type`` has the stop of
    what the order fills follow the market; alone it is of a TRAILING_STOP order.

    Some brokers give the changed order a new id; the old one is
    then in ``previous_order_id``. With 202 it is not known yet whether it was changed; the order is
    told as it was, and the change as an event.
    """
    validation.check_change(body)
    return told(await rooms.trading.replace(order_id, body))


@routes.delete(
    "/v1/orders/<order_id>",
    operation_id="cancel_order",
    answer=CancelResult,
    others={202: CancelResult},
    errors=(errors.OrderNotFound, errors.OrderNotModifiable),
)
async def cancel_order(rooms: Rooms, order_id: str) -> CancelResult | Reply:
    """Cancel a working order.

    The order may still be ``PENDING_CANCEL`` in the answer, and can be filled until it is
    ``CANCELLED``. With 202 it is not known yet whether the broker took the cancel; what comes of it
    is told as an event.
    """
    return told(await rooms.trading.cancel(order_id))


@routes.delete(
    "/v1/orders",
    operation_id="cancel_all_orders",
    query=BulkQuery,
    answer=CancelAllResult,
    errors=(errors.InvalidValue,),
)
async def cancel_all_orders(rooms: Rooms, query: BulkQuery) -> CancelAllResult:
    """Cancel all working orders, or those of one symbol.

    Orders that could not be cancelled are counted and named; they do not fail the call. Exits of
    open positions are orders as well: ``unprotected_positions``, absent when there are none, names
    the positions that lost theirs and how much of each has none now.
    """
    return await rooms.trading.cancel_all(query.symbol)
