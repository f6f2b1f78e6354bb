"""``/v1/limits``: how much of what the broker allows is spent."""

from __future__ import annotations

from ..model.limits import LimitsStatus
from .rooms import Rooms
from .routing import Routes

routes = Routes("system")


@routes.get("/v1/limits", operation_id="get_limits", answer=LimitsStatus)
async def get_limits(rooms: Rooms) -> LimitsStatus:
    """How much of the broker's limits is spent, and how many calls wait for them.

    The gateway's count, corrected by the broker's own figures. Cancels, closes and exit legs
    (``emergency``) go before new orders (``entry``), these before look-ups (``query``), and prices
    (``data``) come last. A broker without limits has an empty list.
    """
    return rooms.enquiry.limits()
