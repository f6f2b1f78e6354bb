"""``/v1/positions``: look up, close, move the exits."""

from __future__ import annotations

from .. import errors
from ..model.account import Position
from ..model.order import ClosePositionRequest, OrderHandle
from ..model.protection import ExitsChange, ExitsMoved
from ..orders import validation
from .outcomes import told
from .queries import BulkQuery, SymbolQuery
from .rooms import Rooms
from .routing import Reply, Routes

routes = Routes("positions")


@routes.get("/v1/positions", operation_id="get_positions", query=SymbolQuery, answer=list[Position])
async def get_positions(rooms: Rooms, query: SymbolQuery) -> list[Position]:
    """List open positions."""
    return await rooms.enquiry.positions(query.symbol)


@routes.get(
    "/v1/positions/<position_id>",
    operation_id="get_position",
    answer=Position,
    errors=(errors.PositionNotFound,),
)
async def get_position(rooms: Rooms, position_id: str) -> Position:
    """One open position."""
    return await rooms.enquiry.position(position_id)


@routes.delete(
    "/v1/positions/<position_id>",
    operation_id="close_position",
    body=ClosePositionRequest,
    optional_body=True,
    idempotent=True,
    answer=OrderHandle,
    others={202: OrderHandle},
    errors=(
        errors.InvalidValue,
        errors.PositionNotFound,
        errors.OrderRejected,
        errors.IntentConflict,
    ),
)
async def close_position(
    rooms: Rooms, position_id: str, body: ClosePositionRequest, idempotency_key: str | None
) -> OrderHandle | Reply:
    """Close a position, or part of it.

    Without a body, all of it at the market. A body that cannot be read closes nothing. With 202 it
    is not known yet whether the broker has the closing order; repeats are as with a submit.
    """
    validation.check_close(body)
    return told(await rooms.trading.close_position(position_id, body, idempotency_key))


@routes.patch(
    "/v1/positions/<position_id>",
    operation_id="modify_position_exits",
    body=ExitsChange,
    answer=ExitsMoved,
    others={202: ExitsMoved},
    errors=(
        errors.InvalidValue,
        errors.ValidationFailed,
        errors.PositionNotFound,
        errors.OrderNotModifiable,
        errors.OrderDenied,
        errors.OrderRejected,
        errors.UnsupportedOperation,
    ),
)
async def modify_position_exits(
    rooms: Rooms, position_id: str, body: ExitsChange
) -> ExitsMoved | Reply:
    """Move the stop-loss or take-profit of a position to a new price, or attach what it lacks.

    With ``trailing_distance`` and ``trailing_type`` (both) its stop-loss follows the market from
    now on: it only ever comes closer, and no change makes it looser again. What the broker refuses
    is answered as it is, and not tried again. With 202 it is not known yet where the exits rest:
    they are being moved all the same, and ``GET /v1/protection`` shows how far that has come.
    """
    validation.check_exits(body)
    return told(await rooms.trading.move_exits(position_id, body))


@routes.delete(
    "/v1/positions",
    operation_id="close_all_positions",
    query=BulkQuery,
    answer=list[OrderHandle],
    others={202: list[OrderHandle]},
    errors=(errors.InvalidValue,),
)
async def close_all_positions(rooms: Rooms, query: BulkQuery) -> list[OrderHandle] | Reply:
    """Close all positions, or those of one symbol.

    With 202 the ``outcome`` of at least one closing order is not known yet.
    """
    return told(await rooms.trading.close_all_positions(query.symbol))
