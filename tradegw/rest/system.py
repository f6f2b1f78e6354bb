"""``/v1/capabilities`` and ``/v1/status``: the broker behind the gateway."""

from __future__ import annotations

from ..model.market import Capabilities, ConnectionStatus
from .rooms import Rooms
from .routing import Routes

routes = Routes("system")


@routes.get("/v1/capabilities", operation_id="get_capabilities", answer=Capabilities)
async def get_capabilities(rooms: Rooms) -> Capabilities:
    """What the broker can do."""
    return rooms.enquiry.capabilities()


@routes.get("/v1/status", operation_id="get_connection_status", answer=ConnectionStatus)
async def get_connection_status(rooms: Rooms) -> ConnectionStatus:
    """Whether the broker answers, measured now."""
    return await rooms.enquiry.status()
