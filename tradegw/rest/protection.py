"""``/v1/protection``: what protects each position, and what should and does not."""

from __future__ import annotations

from .. import errors
from ..model.protection import PositionProtection
from .rooms import Rooms
from .routing import Routes

routes = Routes("positions")


@routes.get("/v1/protection", operation_id="get_protection", answer=list[PositionProtection])
async def get_protection(rooms: Rooms) -> list[PositionProtection]:
    """List what protects positions.

    Of positions that entries with exits opened, and of those they will open when they fill, as long
    as the gateway keeps the exits. Exits that the broker itself keeps are among the orders.
    """
    return rooms.protection.positions()


@routes.get(
    "/v1/protection/<position_id>",
    operation_id="get_position_protection",
    answer=PositionProtection,
    errors=(errors.PositionNotFound,),
)
async def get_position_protection(rooms: Rooms, position_id: str) -> PositionProtection:
    """What protects one position, by its id or, where positions are netted, its symbol."""
    return rooms.protection.position(position_id)
