"""The backtest as a broker: an account at the simulated exchange, in a time of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from ...config.problems import ConfigError
from ...deferreds import logged
from ...interfaces import IEventSink, IPacedBroker, Settled, Time
from ...model.backtest import BacktestStatus, RunState
from ...model.identifiers import ClientOrderIdRule
from ...model.market import Capabilities, Instrument
from ...model.order import OrderRequest
from ..registry import BrokerParts
from .capabilities import capabilities_of
from .clients import Clients
from .clock import SimulatedClock
from .config import BacktestSettings, Exit, Timestamps
from .desk import Desk
from .ending import Ending
from .names import drawn, fingerprint
from .progress import Progress, progress
from .report.document import Report
from .reporting import Reporting
from .run import Run
from .scene import Scene
from .speed import Speed
from .stage import PROVIDER
from .telling import Telling
from .watch import StopWatch

HALF_HOUR: Final = 1800
HOUR: Final = 3600
DAY: Final = 86_400

ROUND_SECONDS: Final = 5
"""So often prices that stops follow are asked for where ticks may come at any time."""


@implementer(IPacedBroker)
class BacktestBroker(Desk, MultiService):
    """One run: it begins when enough clients are there, and the process ends after it."""

    log = Logger()
    provider = PROVIDER
    client_order_ids = ClientOrderIdRule()
    exits_hold_quantity = False

    def __init__(self, own: BacktestSettings, parts: BrokerParts) -> None:
        MultiService.__init__(self)
        self.platform = parts.settings.platform
        self._own = own
        self._listener = listener = parts.listener
        self._wall_clock = parts.now
        reactor, data = parts.clock, own.data
        inputs = fingerprint([f"{name}={value}" for name, value in own.variables.items()])
        self.run_id = f"{parts.now():%Y%m%dT%H%M%S}-{inputs[:6]}"
        self.account_name = f"backtest:{inputs}:{self.run_id}"
        self.new_id = drawn(own.terms.seed)
        self._clock = clock = SimulatedClock(data.begin, reactor)
        self.time = Time(
            clock=clock,
            now=clock.now,
            seconds=clock.seconds,
            look_seconds=_look_seconds(own, parts.settings.sl_tp_ttl_hours),
            trail_seconds=_trail_seconds(own),
        )
        directory = own.reported.directory or parts.settings.state_dir / "backtests" / self.run_id
        _make(directory)
        self._scene = scene = Scene(own, directory, listener.on_event)
        self.exchange = scene.exchange
        Desk.__init__(self, scene, clock.now)
        self.pacing = self._clients = clients = Clients(
            own.conduct.pace,
            reactor,
            is_needed=own.conduct.clients > 0,
            ack_seconds=own.conduct.ack_seconds,
            absent_seconds=own.conduct.reconnect_seconds,
        )
        speed = Speed(own.conduct.speed, reactor, data.begin)
        self.run = Run(scene.course, scene.stage, clock, clients, reactor, speed)
        self._reporting = Reporting(own, self.run_id, scene, directory)
        self._ending = Ending(
            self.run_id,
            clients,
            reactor,
            clock.now,
            listener.on_event,
            self._write,
            exits=own.conduct.exit is Exit.AUTO,
        )
        self.over = self._ending.over
        self._stop_watch = StopWatch(reactor)
        # twistd puts its log in place of sys.stderr
        out = sys.__stderr__
        self._progress = Progress(self.status, lambda: scene.exchange.equity, reactor, out)
        self._telling: Telling | None = None
        self._is_linked = False
        self._connect()

    def _connect(self) -> None:
        run, clients, scene = self.run, self._clients, self._scene
        run.ended, run.doubt = self._ended, self._reporting.doubt
        clients.stalled = lambda _debtors: run.end(RunState.STALLED)
        clients.deserted = lambda: run.end(RunState.ABANDONED)
        clients.returned = lambda: scene.recorder.interrupted(self._clock.now())
        clients.arrived = self._begin_if_all_are_there

    # -- what the gateway wants of any broker

    def startService(self) -> None:
        for warning in self._own.warnings:
            self.log.warn("{warning}", warning=warning)
        up = self._listener.on_link_up()
        logged(up.addCallback(self._linked), self.log, "before the run")
        super().startService()

    def stopService(self) -> Deferred[Any]:
        self._progress.stop()
        if not self.run.state.is_final:
            self.run.interrupt()
            self._write(RunState.INTERRUPTED)
        return maybeDeferred(super().stopService)

    def capabilities(self) -> Capabilities:
        return capabilities_of(self._own)

    def manages_exits(self, request: OrderRequest) -> bool:  # noqa: ARG002  (of no order)
        return False

    def instrument(self, symbol: str) -> Instrument | None:
        known = self._scene.instruments.get(symbol)
        return None if known is None else known.rules

    # -- what it wants of one whose time is the strategy's

    def sink(self, sink: IEventSink) -> IEventSink:
        wall = self._wall_clock if self._own.conduct.timestamps is Timestamps.WALL else None
        self._telling = Telling(sink, self._clients, self._scene.transcript, wall)
        return self._telling

    def on_assembled(self, settled: Settled) -> None:
        self.run.settled = self._ending.settled = settled

    def status(self) -> BacktestStatus:
        data, clock = self._own.data, self._clock.now()
        return BacktestStatus(
            run_id=self.run_id,
            state=self.run.state,
            clock=clock,
            start=data.begin,
            end=data.end,
            progress=progress(data.begin, clock, data.end),
            events=self._events,
            clients=self._clients.present,
            waiting_for=self._clients.waiting_for,
            wall_seconds=round(self._stop_watch.seconds, 3),
        )

    def report(self) -> dict[str, Any]:
        return self._report(self.run.state).document

    # -- the course of the run

    @property
    def _events(self) -> int:
        return 0 if self._telling is None else self._telling.count

    def _linked(self, _is_up: bool) -> None:
        self._is_linked = True
        self._progress.start()
        self._begin_if_all_are_there()

    def _begin_if_all_are_there(self) -> None:
        wanted, there = self._own.conduct.clients, self._clients.present
        if self._is_linked and self.run.state is RunState.WAITING and there >= wanted:
            self.log.info("the run begins", run_id=self.run_id, clients=there)
            self._stop_watch.start()
            self.run.begin()

    def _ended(self, state: RunState) -> None:
        self._stop_watch.stop()
        self._progress.stop()
        self._ending.begin(state)

    def _report(self, state: RunState) -> Report:
        begin, clock = self._own.data.begin, self._clock.now()
        return self._reporting.report(
            state, begin, clock, self._events, round(self._stop_watch.seconds, 3)
        )

    def _write(self, state: RunState) -> None:
        """Make the report; whatever becomes of it, clients must hear of the end."""
        directory = str(self._reporting.directory)
        try:
            self._reporting.write(self._report(state))
        except Exception:
            self.log.failure("the report could not be made in {directory}", directory=directory)
        else:
            self.log.info("the report is in {directory}", directory=directory)


def _make(directory: Path) -> None:
    """Now, and not after hours, it is told if nothing can be written there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"BACKTEST_REPORT: {directory} cannot be made: {error.strerror or error}"
        raise ConfigError([problem]) from error


def _look_seconds(own: BacktestSettings, ttl_hours: int) -> float:
    """Every hour if something may have to end then, else no more often than bars end: a look costs
    as much as a bar.
    """
    return float(HOUR if ttl_hours else min(max(HOUR, _finest_seconds(own)), DAY))


def _trail_seconds(own: BacktestSettings) -> float:
    """When a bar may have ended, which most do at a half hour at the latest."""
    return float(max(ROUND_SECONDS, min(HALF_HOUR, _finest_seconds(own))))


def _finest_seconds(own: BacktestSettings) -> int:
    """How long the shortest bars are; 0 if there are quotes or trades."""
    frames = (one.timeframe for one in own.data.series)
    return min(0 if frame is None else frame.seconds for frame in frames)
