"""The composition root: the doors around the core, and in which order all starts and stops.

Start: the journal, the broker (first of all it is asked how things stand, and orders wait for
that), the public port. Stop: orders are refused and ``/readyz`` turns red, work under way is
finished (bounded), the port closes, clients are told and closed, the broker logs off, the journal
is closed; until then fills are protected. What rests at the broker goes on resting, and being
killed at any moment is as good as being stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom
from typing import Any, Final, TypeAlias

from prometheus_client import CollectorRegistry
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from .brokers.endpoint import dialler
from .brokers.memory import Memory
from .brokers.registry import BrokerParts, BrokerPlugin
from .config.settings import Settings
from .core import Core, Surroundings
from .deferreds import as_deferred, deadline, logged
from .errors import JournalUnavailable
from .interfaces import IBrokerListener, IJournal, IPacedBroker, Time, WallClock
from .journal.opening import FILE as JOURNAL_FILE
from .journal.problems import JournalDamaged
from .metrics.lag import ReactorLag
from .metrics.meters import Meters
from .metrics.resource import MetricsResource
from .model.events import Event
from .model.identifiers import growing_id
from .model.link import SessionStatus
from .model.protection import ExitLimits
from .model.trading import StateSetter, TradingState
from .port import Port
from .rest.rooms import Rooms
from .rest.settings import RestSettings
from .rest.tree import build_site
from .stream import wiring
from .stream.filter import EventFilter
from .vitals import Vitals

DRAIN_SECONDS: Final = 10.0
FAREWELL_SECONDS: Final = 2.0
JOURNAL_SECONDS: Final = 5.0

OpenJournal: TypeAlias = Callable[[str], IJournal]
"""Opens the journal of the account of that name; raises ``JournalError``."""


@implementer(IBrokerListener)
class Forwarding:
    """Lets the broker be built before those who listen to it."""

    to: IBrokerListener

    def on_event(self, event: Event) -> None:
        self.to.on_event(event)

    def on_session(self, ask: Callable[[], SessionStatus]) -> None:
        self.to.on_session(ask)

    def on_link_up(self) -> Deferred[bool]:
        return self.to.on_link_up()

    def on_link_down(self, symbols: tuple[str, ...], error: str | None) -> None:
        self.to.on_link_down(symbols, error)

    def on_link_failed(self, error: str) -> None:
        self.to.on_link_failed(error)

    def on_retry(self) -> None:
        self.to.on_retry()

    def on_prices_lost(self, symbols: tuple[str, ...], error: str | None) -> None:
        self.to.on_prices_lost(symbols, error)

    def on_suspicion(self, reason: str) -> None:
        self.to.on_suspicion(reason)

    def on_unreliable(self, reason: str) -> None:
        self.to.on_unreliable(reason)


class Gateway(MultiService):
    """One broker account behind one port.

    *own* is what ``plugin.configure`` returned; *now* tells wall time, *seconds* monotonic time.
    ``startService`` raises ``JournalError`` if there can be no journal, and ``CannotListenError``
    if the port is taken.
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
        open_journal: OpenJournal,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._clock = reactor
        self._now = now
        self._seconds = seconds
        self._open_journal = open_journal
        self._news = Forwarding()
        self._memory = Memory(now)
        self.broker = plugin.build(
            own,
            BrokerParts(
                settings=settings,
                listener=self._news,
                clock=reactor,
                now=now,
                seconds=seconds,
                random=SystemRandom().random,
                dial=dialler(reactor),
                memory=self._memory,
            ),
        )
        self.broker.setServiceParent(self)

    def startService(self) -> None:
        journal = self._open_journal(self.broker.account_name)
        try:
            self._assemble(journal)
        except (JournalUnavailable, ValueError) as error:
            file = self._settings.state_dir / JOURNAL_FILE
            raise JournalDamaged(file, f"what was under way cannot be read: {error}") from error
        super().startService()  # the broker
        self._port.open()

    def _assemble(self, journal: IJournal) -> None:
        """Not before the process is the one that will run: a journal cannot be inherited."""
        settings, clock, now = self._settings, self._clock, self._now
        meters = Meters(CollectorRegistry(), settings.platform)
        self._journal = journal
        self._memory.keep_in(journal)
        paced: IPacedBroker | None = IPacedBroker(self.broker, None)
        pacing = None if paced is None else paced.pacing
        self._fanout, websocket = wiring.build(
            clock,
            now,
            EventFilter(settings.subscriptions, settings.platform),
            log=journal if paced is None else None,  # who comes back goes on with what comes next
            meters=meters.stream,
            greeting=lambda: core.link.greeting(),  # noqa: PLW0108  (made below)
            pacing=pacing,
        )
        time = Time(clock=clock, now=now, seconds=self._seconds) if paced is None else paced.time
        self.core = core = Core(
            self.broker,
            Surroundings(
                journal=journal,
                sink=self._fanout if paced is None else paced.sink(self._fanout),
                meters=meters,
                clock=time.clock,
                seconds=time.seconds,
                now=time.now,
                new_id=(lambda: growing_id(now())) if paced is None else paced.new_id,
                submit_wait_seconds=settings.submit_wait_secs,
                reconcile_seconds=settings.reconcile_secs if paced is None else None,
                exit_limits=ExitLimits(
                    max_uncovered_seconds=settings.exit_max_uncovered_secs,
                    policy=settings.exit_uncovered_policy,
                    ttl_hours=settings.sl_tp_ttl_hours,
                    look_seconds=time.look_seconds,
                    trail_seconds=time.trail_seconds,
                ),
            ),
        )
        self._news.to = core.intake
        if paced is not None:
            paced.on_assembled(core.settled)
        self._vitals = Vitals(settings.platform, core.link, core.gate, journal, settings.git_sha)
        self._site = build_site(
            Rooms(
                trading=core.desk,
                enquiry=core.reads,
                breakers=core.breakers,
                health=self._vitals,
                trading_state=core.trading,
                timelines=core.timelines,
                protection=core.protection,
                events=journal,
                backtest=paced,
            ),
            RestSettings(api_key=settings.api_key, enable_swagger=settings.enable_swagger),
            clock,
            now,
            websocket=websocket,
            metrics=MetricsResource(meters.registry),
            observe=meters.http_answered,
            pacing=pacing,
        )
        self._port = Port(clock, settings, self._site)
        ReactorLag(clock, meters.reactor_lag).setServiceParent(self)

    @property
    def over(self) -> Deferred[int] | None:
        """Fires with an exit code when the process should end; ``None`` if it only ends when that
        is asked for.
        """
        paced: IPacedBroker | None = IPacedBroker(self.broker, None)
        return None if paced is None else paced.over

    def halt(self) -> None:
        """Nothing that could raise exposure leaves from now on; asked for by a signal."""
        halted = self.core.trading.change(TradingState.HALTED, "SIGUSR1", StateSetter.SIGNAL)
        logged(halted, self.log, "halting trading")

    def stopService(self) -> Deferred[None]:
        return self._stop()

    @as_deferred
    async def _stop(self) -> None:
        self.log.info("stopping: no new orders; what rests at the broker goes on resting")
        core = self.core
        core.desk.refuse_orders()
        self._vitals.stopping()
        try:
            await self._at_most(DRAIN_SECONDS, core.desk.idle(), "calls to the broker")
            await self._at_most(DRAIN_SECONDS, core.guardian.idle(), "exit orders")
            await deferLater(self._clock, 0)  # answers go out before the goodbye
            await self._port.close()
            await self._at_most(JOURNAL_SECONDS, core.finish(), "events")
            await self._fanout.close_all()
            await self._at_most(FAREWELL_SECONDS, self._site.close_gently(), "HTTP requests")
        finally:
            core.guardian.stop()  # fills are protected as long as the broker tells of them
            await MultiService.stopService(self)
            await self._journal.stop()
            self.log.info("stopped")

    @as_deferred
    async def _at_most(self, seconds: float, work: Deferred[None], what: str) -> None:
        """Wait for *work*, but not for ever: an orchestrator kills after 30 seconds or so."""
        try:
            await deadline(work, seconds, self._clock)
        except TimeoutError:
            self.log.warn("stopping while {what} are still under way", what=what)
