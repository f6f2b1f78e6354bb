"""``/livez``, ``/readyz`` and ``/health``: for those who start, stop and watch the process."""

from __future__ import annotations

from ..model.health import Alive, Health, Ready
from .rooms import Rooms
from .routing import Reply, Routes

routes = Routes("health")


@routes.get("/livez", operation_id="get_livez", answer=Alive)
async def get_livez(_rooms: Rooms) -> Alive:
    """The process answers."""
    return Alive()


@routes.get("/readyz", operation_id="get_readyz", answer=Ready, others={503: Ready})
async def get_readyz(rooms: Rooms) -> Reply:
    """Whether orders can be taken; 503 while the gateway stops, has not asked the broker yet how
    things stand, or cannot write its journal; ``message`` says which.

    A broker that is down does not make it unready: restarting the gateway would not help. Neither
    does a trading state that refuses orders: somebody wanted it so.
    """
    ready = rooms.health.ready()
    return Reply(200 if ready.ready else 503, ready)


@routes.get("/health", operation_id="get_health", answer=Health)
async def get_health(rooms: Rooms) -> Health:
    """The broker's link and its stale instruments; always answered with 200."""
    return rooms.health.health()
