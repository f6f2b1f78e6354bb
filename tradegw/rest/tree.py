"""From a received request to its answer: key, path, arguments, action."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import IResource

from ..errors import GatewayError, InvalidRequest
from ..interfaces import WallClock
from ..model import wire
from ..secrecy import scrub
from . import (
    account,
    auth,
    circuit_breakers,
    docs_page,
    market_data,
    orders,
    positions,
    probes,
    system,
    trades,
)
from .answer import Answer
from .problems import UNEXPECTED, answer_to, refusal
from .request import Request
from .rooms import Rooms
from .routing import Reply, Route, Table
from .settings import MAX_ANSWER_BYTES, RestSettings
from .site import Observe, Site

ROUTES: Final = tuple(
    route
    for resource in (
        account,
        orders,
        trades,
        positions,
        market_data,
        system,
        circuit_breakers,
        probes,
    )
    for route in resource.routes.all
)

TABLE: Final = Table(ROUTES)

WEBSOCKET_PATH: Final = b"/v1/ws"
METRICS_PATH: Final = b"/metrics"


def build_site(
    rooms: Rooms,
    settings: RestSettings,
    clock: IReactorTime,
    now: WallClock,
    *,
    websocket: IResource | None = None,
    metrics: IResource | None = None,
    observe: Observe | None = None,
) -> Site:
    """The whole HTTP side, ready to listen.

    *websocket* is mounted at ``/v1/ws``, *metrics* at ``/metrics``; both are reached only after the
    key was checked, where one is needed. *observe* is told of every answer.
    """
    mounts = {}
    if websocket is not None:
        mounts[WEBSOCKET_PATH] = websocket
    if metrics is not None:
        mounts[METRICS_PATH] = metrics
    pages = docs_page.pages(ROUTES) if settings.enable_swagger else {}
    return Site(Tree(rooms, settings, mounts, pages), settings, clock, now, observe)
"""
