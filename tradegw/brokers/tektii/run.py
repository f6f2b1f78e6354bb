"""The one run of an engine: it begins with the first client, and what ends it is told once.

========== ==========================================================
waiting    nobody listens; REST works, and events are not asked for
running    the engine's WebSocket is being opened, or open
completed  the engine said so
aborted    its connection ended without that, or never came to be
========== ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...deferreds import logged
from ...errors import GatewayError
from ...interfaces import IEventSink, Settled, WallClock
from ...model.backtest import BacktestStatus, RunState
from ...model.enums import ConnectionEventKind
from ...model.events import ConnectionEvent, Event
from ...model.link import SessionState, SessionStatus, StreamState, StreamStatus
from ..link.conversation import UpgradeRefused
from ..registry import BrokerParts
from .config import TektiiSettings
from .delivery import Before, Delivery
from .frames import Complete, ErrorFrame, OrderFrame, Unreadable, frame_of
from .link import EngineLink
from .news import News
from .pacing import Pacing
from .refusals import PROVIDER
from .sink import RunSink
from .times import SimulatedTime

GRACE_SECONDS: Final = 30.0
"""Clients that stay after the end are waited for so long."""

LINGER_SECONDS: Final = 3.0
"""Those that have gone may still ask what it came to: some close their stream first."""

MOST_UNDER_WAY: Final = 1024
"""Events that are told and not acknowledged; then the engine is not read any more."""

STREAM: Final = "the engine's events"
EXIT_CODES: Final = {RunState.COMPLETED: 0, RunState.ABORTED: 3}


class Run:
    """Puts *pacing*, the link and the delivery together. ``over`` fires with an exit code when the
    process should end, if it should at all.
    """

    log = Logger()

    def __init__(
        self,
        own: TektiiSettings,
        parts: BrokerParts,
        time: SimulatedTime,
        news: News,
        before: Before,
        order_told: Callable[[], None],
    ) -> None:
        self.state = RunState.WAITING
        self.over: Deferred[int] = Deferred()
        self.counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
        self._own = own
        self._clock: IReactorTime = parts.clock
        self._seconds = parts.seconds
        self._wall: WallClock = parts.now
        self._time = time
        self._news = news
        self._order_told = order_told
        self._link = EngineLink(own, parts.dial, parts.clock, self._received, self._ended)
        self.pacing = Pacing(own.pace, parts.clock, self._acknowledge)
        self.pacing.came, self.pacing.stirred = self._came, self._look_out
        self._delivery = Delivery(parts.listener, parts.clock, self._swallowed, before)
        self._sink: RunSink | None = None
        self._terminal = False
        self._problem: str | None = None
        self._began: float | None = None
        self._lasted: float | None = None
        self._grace: IDelayedCall | None = None
        self._linger: IDelayedCall | None = None

    # -- how it is put into the gateway

    def sink(self, inner: IEventSink) -> RunSink:
        """What events are told through."""
        self._sink = RunSink(
            inner, self._delivery.published, self._lost, self._wall, by_wall=self._own.wall
        )
        return self._sink

    def settle_with(self, settled: Settled) -> None:
        """*settled* tells whether the gateway has something under way."""
        self._delivery.settled = self.pacing.settled = settled

    def stop(self) -> None:
        """The gateway stops: the engine is left, and held acknowledgements are lost."""
        if self.state in (RunState.WAITING, RunState.RUNNING):
            self.state = RunState.INTERRUPTED
        self._link.close()
        self._delivery.stop()
        self.pacing.stop()
        for timer in (self._grace, self._linger):
            if timer is not None and timer.active():
                timer.cancel()

    # -- how it is

    def session(self) -> SessionStatus:
        """The connection for ``/health``; what is only waited for is no trouble, nor is the end."""
        if self._problem is None:
            return SessionStatus(state=SessionState.LIVE, suspected=False, streams=())
        stream = StreamStatus(name=STREAM, state=StreamState.DOWN, problem=self._problem)
        return SessionStatus(state=SessionState.DOWN, suspected=False, streams=(stream,))

    def status(self) -> BacktestStatus:
        """How far it has come."""
        return BacktestStatus(
            state=self.state,
            events=self.counts["events"],
            clients=self.pacing.clients,
            waiting_for=self.pacing.owed,
            wall_seconds=round(self._wall_seconds(), 3),
            clock=self._time.now() if self._time.is_known else None,
        )

    def _wall_seconds(self) -> float:
        if self._began is None or self._lasted is not None:
            return self._lasted or 0.0
        return self._seconds() - self._began

    def report(self) -> dict[str, Any]:
        """What was counted; the result itself is the engine's."""
        sink = self._sink
        return {
            "run_status": self.state.value,
            **self.counts,
            "absolved": self.pacing.absolved,
            "unheard": 0 if sink is None else sink.unheard,
            "dropped": 0 if sink is None else sink.dropped,
        }

    # -- clients come and go

    def _came(self) -> None:
        self._calm()
        if self._sink is not None:
            self._sink.hand_over()
        if self.state is RunState.WAITING:
            self.state = RunState.RUNNING
            self._began = self._seconds()
            opening = self._link.open()
            opening.addErrback(self._unreachable)
            logged(opening, self.log, "opening the engine's events")

    def _unreachable(self, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, CancelledError) or self.state is not RunState.RUNNING:
            return
        is_plain = isinstance(error, (GatewayError, OSError, ConnectError, UpgradeRefused))
        reason = (str(error) if is_plain else "") or type(error).__name__
        self._problem = f"the engine cannot be reached: {reason}"
        self.log.error("{problem} ({tries} tries)", problem=self._problem, tries=self._link.tries)
        failed = ConnectionEvent(
            timestamp=self._time.now(),
            event=ConnectionEventKind.BROKER_CONNECTION_FAILED,
            broker=PROVIDER,
            error=self._problem,
        )
        self._abort(self._problem, failed)

    # -- frames come

    def _received(self, payload: bytes, is_binary: bool) -> None:
        frame = frame_of(payload, is_binary=is_binary)
        event_id: str | None = getattr(frame, "event_id", None)
        if self._terminal and event_id is not None:  # it said that nothing would follow
            self._acknowledge((event_id,))
            return
        reason = frame.reason if isinstance(frame, Unreadable) else ""
        events: list[Event] = []
        try:
            events = self._news.of(frame)
        except (ValueError, ArithmeticError) as error:  # of numbers and times out of this world
            reason = str(error) or type(error).__name__
        if reason:
            self._unreadable(reason, event_id)
            return
        if isinstance(frame, OrderFrame):
            self._order_told()
        if isinstance(frame, ErrorFrame):
            self.counts["errors"] += 1
            self.log.error("the engine: {code}: {text}", code=frame.code, text=frame.message)
            self._acknowledge((frame.event_id,))
        elif event_id is not None:
            self.counts["events"] += 1
            self.pacing.expect(event_id)
        if isinstance(frame, Complete):
            self._finish(RunState.COMPLETED)
        self._delivery.put(events)
        self._check_room()

    def _unreadable(self, reason: str, event_id: str | None) -> None:
        self.counts["unreadable"] += 1
        self.log.error("the engine said what cannot be told: {reason}", reason=reason[:300])
        if event_id is not None:
            self._acknowledge((event_id,))

    def _swallowed(self, event_ids: tuple[str, ...]) -> None:
        """The gateway knew that already: no client will hear of it."""
        self.counts["known"] += len(event_ids)
        for event_id in event_ids:
            self.pacing.forget(event_id)
        self._acknowledge(event_ids)

    def _lost(self, event_id: str) -> None:
        self.pacing.forget(event_id)

    def _check_room(self) -> None:
        under_way = self.pacing.expected  # which counts what nobody was there to hear, too
        if under_way > MOST_UNDER_WAY:
            under_way = len(self._delivery) + len(self.pacing.owed)
        self._link.pause(pause=under_way > MOST_UNDER_WAY)

    def _acknowledge(self, event_ids: tuple[str, ...]) -> None:
        self.counts["acknowledged"] += len(event_ids)
        self._link.acknowledge(event_ids)
        if self._link.is_paused:
            self._check_room()
        if self._terminal and not self.pacing.owed:
            self._look_out()

    # -- the end

    def _ended(self, reason: str) -> None:
        """The engine's connection is gone."""
        if self._terminal:
            self.log.info("the engine closed its connection: {reason}", reason=reason)
            self._look_out()
        elif self.state is RunState.RUNNING:
            self._abort(f"the engine's connection ended before the run did: {reason}")

    def _abort(self, reason: str, *first: Event) -> None:
        self._finish(RunState.ABORTED)
        self.log.error("the run is aborted: {reason}", reason=reason)
        self._delivery.put([*first, *self._news.aborted(reason)])
        self._look_out()

    def _finish(self, state: RunState) -> None:
        self._lasted = self._wall_seconds()
        self._terminal, self.state = True, state

    def _look_out(self) -> None:
        """The process may end when the run is over and nobody is there, or stays for too long."""
        if not self._own.ends or self.state not in EXIT_CODES or self.over.called:
            return
        if self._grace is None:
            self._grace = self._clock.callLater(GRACE_SECONDS, self._leave)
        self._calm()
        if not self.pacing.clients and not self.pacing.requests:
            self._linger = self._clock.callLater(LINGER_SECONDS, self._leave)

    def _calm(self) -> None:
        if self._linger is not None and self._linger.active():
            self._linger.cancel()

    def _leave(self) -> None:
        for timer in (self._grace, self._linger):
            if timer is not None and timer.active():
                timer.cancel()
        if not self.over.called:
            self.over.callback(EXIT_CODES[self.state])


_COUNTED: Final = ("events", "acknowledged", "unreadable", "errors", "known")
