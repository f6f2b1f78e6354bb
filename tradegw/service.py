"""The composition root: who is wired to whom, and in which order all starts and stops.

Start: broker, then the public port, so that nobody is let in before orders can be taken. Stop: orders
are refused and ``/readyz`` turns red, work under way is finished (bounded), the port closes, clients
are told and closed, the broker logs off. Nothing is cancelled at the broker: what rests there, rests.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from prometheus_client import CollectorRegistry
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IReactorCore, IReactorTCP, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from . import __version__, rest, stream
from .brokers.registry import BrokerParts, BrokerPlugin
from .config.settings import Mode, Settings
from .deferreds import as_deferred, deadline
from .exits.guardian import Guardian
from .interfaces import IBroker, IBrokerListener, WallClock
from .metrics.lag import LagWatch
from .metrics.meters import Meters
from .metrics.resource import MetricsResource
from .model.events import Event
from .orders.alarm import Alarm
from .orders.blotter import Blotter
from .orders.closing import Closing
from .orders.desk import Desk
from .orders.entry import Entry
from .orders.intake import Intake
from .orders.line import Line
from .orders.link import Link
from .orders.oco import OcoGroups
from .orders.reads import Reads
from .orders.release import Release
from .risk.breakers import Breakers
from .vitals import Vitals

DRAIN_SECONDS: Final = 10.0


class IReactor(IReactorTime, IReactorTCP, IReactorCore):
    """What the gateway needs of the reactor."""


@implementer(IBrokerListener)
class _Forwarding:
    """Lets the broker be built before those who listen to it."""

    to: IBrokerListener

    def on_event(self, event: Event) -> None:
        self.to.on_event(event)

    def on_link_up(self) -> None:
        self.to.on_link_up()

    def on_link_down(self, symbols: tuple[str, ...], error: str | None) -> None:
        self.to.on_link_down(symbols, error)
