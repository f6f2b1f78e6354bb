"""The composition root: who is wired to whom, and in which order all starts and stops.

Start: the broker, then the public port, so that nobody is let in before orders can be taken. Stop:
orders are refused and ``/readyz`` turns red, work under way is finished (bounded), the port closes,
clients are told and closed, the broker logs off; until then fills are protected. What rests at the
broker goes on resting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from prometheus_client import CollectorRegistry
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from .brokers.registry import BrokerParts, BrokerPlugin
from .config.settings import Settings
from .deferreds import as_deferred, deadline
from .exits.guardian import Guardian
from .interfaces import IBrokerListener, WallClock
from .metrics.lag import ReactorLag
from .metrics.meters import Meters
from .metrics.resource import MetricsResource
from .model.enums import PositionMode
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
from .port import Port
from .rest.rooms import Rooms
from .rest.settings import RestSettings
from .rest.tree import build_site
from .risk.breakers import Breakers
from .stream import wiring
from .stream.filter import EventFilter
from .vitals import Vitals

DRAIN_SECONDS: Final = 10.0
FAREWELL_SECONDS: Final = 2.0


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


class Gateway(MultiService):
    """One broker account behind one port.

    *own* is what ``plugin.configure`` returned; *now* tells wall time, *seconds* monotonic time.
    ``startService`` raises ``CannotListenError`` if the port is taken.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        plugin: BrokerPlugin,
        own: Any,
        reactor: IReactorTime,
        now: WallClock,
        seconds: Callable[[], float],
    ) -> None:
        super().__init__()
        self._clock = reactor
        self._meters = meters = Meters(CollectorRegistry(), settings.platform)
        news = _Forwarding()
        self.broker = broker = plugin.build(
            own, BrokerParts(settings=settings, listener=news, clock=reactor, now=now)
        )
        self._fanout, websocket = wiring.build(
            reactor,
            now,
            EventFilter(settings.subscriptions, settings.platform),
            meters=meters.stream,
            greeting=lambda: self._link.greeting(),  # noqa: PLW0108  (made below)
        )
        self._link = link = Link(settings.platform, self._fanout, meters, seconds, now)
        alarm = Alarm(self._fanout, meters, now)
        breakers = Breakers(seconds, self._breakers_reset)
        line = Line(broker, breakers.adapter, reactor, seconds)
        blotter = Blotter()
        reads = Reads(line, blotter, reactor, seconds, now)
        entry = Entry(line, blotter, meters, seconds, lambda: str(uuid4()))
        self._guardian = guardian = Guardian(
            entry,
            breakers.exit_order,
            alarm,
            reactor,
            seconds,
            nets=broker.capabilities().position_mode is PositionMode.NETTING,
        )
        entry.guard_with(guardian)
        self._desk = Desk(entry, Closing(line, blotter, reads, entry), reads, guardian)
        self._release = Release(self._fanout, reactor, meters)
        groups = OcoGroups(blotter, entry, alarm, reactor)
        news.to = Intake(blotter, guardian, groups, link, self._release, alarm, meters)
        self._vitals = Vitals(settings.platform, link, settings.git_sha)
        self._site = build_site(
            Rooms(trading=self._desk, enquiry=reads, breakers=breakers, health=self._vitals),
            RestSettings(api_key=settings.api_key, enable_swagger=settings.enable_swagger),
            reactor,
            now,
            websocket=websocket,
            metrics=MetricsResource(meters.registry),
            observe=meters.http_answered,
        )
        self._port = Port(reactor, settings, self._site)
        broker.setServiceParent(self)
        ReactorLag(reactor, meters.reactor_lag).setServiceParent(self)

    def startService(self) -> None:
        super().startService()  # the broker
        self._port.open()

    def stopService(self) -> Deferred[None]:
        return self._stop()

    @as_deferred
    async def _stop(self) -> None:
        self.log.info("stopping: no new orders; what rests at the broker goes on resting")
        self._desk.refuse_orders()
        self._vitals.stopping()
        try:
            await self._at_most(DRAIN_SECONDS, self._desk.idle(), "calls to the broker")
            await self._at_most(DRAIN_SECONDS, self._guardian.idle(), "exit orders")
            await deferLater(self._clock, 0)  # answers go out before the goodbye
            await self._port.close()
            self._release.flush()
            await self._fanout.close_all()
            await self._at_most(FAREWELL_SECONDS, self._site.close_gently(), "HTTP requests")
        finally:
            self._guardian.stop()  # fills are protected as long as the broker tells of them
            await MultiService.stopService(self)
            self.log.info("stopped")

    @as_deferred
    async def _at_most(self, seconds: float, work: Deferred[None], what: str) -> None:
        """Wait for *work*, but not for ever: an orchestrator kills after 30 seconds or so."""
        try:
            await deadline(work, seconds, self._clock)
        except TimeoutError:
            self.log.warn("stopping while {what} are still under way", what=what)

    def _breakers_reset(self) -> None:
        self._meters.breakers_reset()
        self._guardian.resume()
