"""``/v1/trades``: executions."""

from __future__ import annotations

from ..model.account import Trade, TradeQuery
from .rooms import Rooms
from .routing import Routes

routes = Routes("trades")


@routes.get("/v1/trades", operation_id="get_trades", query=TradeQuery, answer=list[Trade])
async def get_trades(rooms: Rooms, query: TradeQuery) -> list[Trade]:
    """List executions, newest first."""
    return await rooms.enquiry.trades(query)
