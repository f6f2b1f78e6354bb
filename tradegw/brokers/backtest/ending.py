"""The end of a run: the report, the last event, and when the process may end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ...deferreds import as_deferred, deadline, logged
from ...interfaces import Settled, WallClock
from ...model.backtest import RunState
from ...model.enums import AlertCode, Platform
from ...model.events import AlertEvent, BacktestCompleteEvent, Event
from .clients import Clients

SETTLING_SECONDS: Final = 5.0
ACK_SECONDS: Final = 10.0
"""So long the acknowledgement of the last event is waited for before anything is ended."""

STAYING_SECONDS: Final = 60.0
"""So long clients may stay and ask for results."""

LINGER_SECONDS: Final = 2.0
"""So long after the last client has gone, and the last request, something may still be asked: the
official client closes its stream before it has the strategy look at the results.
"""

LOOK_SECONDS: Final = 0.05

EXIT_CODES: Final = {RunState.COMPLETED: 0, RunState.RUINED: 2}
FAILED: Final = 3

REASONS: Final = {
    RunState.STALLED: (
        "The run was ended: an event was not acknowledged in time. Time stands still while a "
        "strategy handles an event, so whoever waits inside its loop for a later one waits for ever"
    ),
    RunState.ABANDONED: "The run was ended: all clients have gone, and none has come back",
    RunState.FAILED: "The run was ended by a defect of the gateway; its log tells more",
}

log = Logger()


class Ending:
    """Has *write* make the report, which never fails, tells *tell* the last event, and fires
    :attr:`over` with the exit code when nobody is left, if *exits*.
    """

    def __init__(
        self,
        run_id: str,
        clients: Clients,
        reactor: IReactorTime,
        now: WallClock,
        tell: Callable[[Event], object],
        write: Callable[[RunState], object],
        *,
        exits: bool,
    ) -> None:
        self.over: Deferred[int] = Deferred()
        self.settled: Settled = lambda: None
        self._run_id = run_id
        self._clients = clients
        self._reactor = reactor
        self._now = now
        self._tell = tell
        self._write = write
        self._exits = exits

    def begin(self, state: RunState) -> None:
        """The run is over, as *state*."""
        logged(self._end(state), log, "ending the run")

    @as_deferred
    async def _end(self, state: RunState) -> None:
        if state in REASONS:
            self._tell(
                AlertEvent(
                    timestamp=self._now(),
                    code=AlertCode.INTERNAL_ERROR,
                    message=REASONS[state],
                    details={
                        "run_status": state.value,
                        "waiting_for": list(self._clients.waiting_for[:10]),
                    },
                )
            )
        await self._still()
        self._write(state)
        self._tell(
            BacktestCompleteEvent(
                timestamp=self._now(),
                broker=Platform.BACKTEST.value,
                status=state.value,
                run_id=self._run_id,
            )
        )
        log.info("the run is over: {status}", status=state.value, run_id=self._run_id)
        if self._exits:
            await self._alone()
            self.over.callback(EXIT_CODES.get(state, FAILED))

    async def _still(self) -> None:
        """Wait until all that was told is told, but not for ever."""
        until = self._reactor.seconds() + SETTLING_SECONDS
        while self._reactor.seconds() < until:
            under_way = self.settled()
            if under_way is None:
                return
            try:
                await deadline(under_way, SETTLING_SECONDS, self._reactor)
            except TimeoutError:
                return
            await deferLater(self._reactor, 0)

    async def _alone(self) -> None:
        """Wait until nobody is there or asks anything: who has acknowledged the end may stay for a
        while, and ask for results.
        """
        clients = self._clients
        began = left = self._reactor.seconds()
        answered = clients.answered
        if not clients.came:
            return
        while True:
            await deferLater(self._reactor, LOOK_SECONDS)
            now = self._reactor.seconds()
            if clients.present or clients.is_asked or clients.answered != answered:
                left, answered = now, clients.answered
            elif now - left >= LINGER_SECONDS:
                return
            if now - began >= (ACK_SECONDS if clients.waiting_for else STAYING_SECONDS):
                return
