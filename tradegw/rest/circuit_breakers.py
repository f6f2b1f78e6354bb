"""``/v1/circuit-breakers``: look at them, and close them by hand."""

from __future__ import annotations

from .. import errors
from ..model.health import BreakersStatus
from .rooms import Rooms
from .routing import Routes

routes = Routes("operations")


@routes.get(
    "/v1/circuit-breakers", operation_id="get_circuit_breaker_status", answer=BreakersStatus
)
async def get_circuit_breaker_status(rooms: Rooms) -> BreakersStatus:
    """The breaker in front of the broker, and the one in front of exit orders."""
    return rooms.breakers.snapshot()


@routes.post(
    "/v1/circuit-breakers/reset",
    operation_id="reset_circuit_breakers",
    answer=BreakersStatus,
    errors=(errors.ResetCooldown,),
)
async def reset_circuit_breakers(rooms: Rooms) -> BreakersStatus:
    """Close both breakers; at most once a minute."""
    return rooms.breakers.reset()
