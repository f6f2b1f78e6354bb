"""The run: one thing after the other in simulated time, each when those who hear of it are ready.

What is due next is the least of: where a price inside of a bar meets an order, the next step of the
data, and the next timer. It is done when nothing is owed by the clients, none of them is being
answered and the gateway itself has nothing under way. So a candle that nobody reacts to costs no
turn of the reactor: its acknowledgement brings the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...interfaces import Settled
from ...model.backtest import RunState
from .clients import Clients
from .clock import SimulatedClock
from .data.course import Course
from .data.steps import Rank
from .speed import Speed
from .stage import Stage

MOST_AT_ONCE: Final = 500
"""Steps in one turn of the reactor when nobody has to be waited for."""

PATIENCE_SECONDS: Final = 10.0
"""So long the gateway's own work is waited for; then it seems to wait for time to pass."""

log = Logger()


class Run:
    """Goes through *course* on *stage* once it is told to begin, and tells *ended* how it went."""

    def __init__(
        self,
        course: Course,
        stage: Stage,
        clock: SimulatedClock,
        clients: Clients,
        reactor: IReactorTime,
        speed: Speed,
    ) -> None:
        self.state = RunState.WAITING
        self._course = course
        self._stage = stage
        self._exchange = stage.exchange
        self._clock = clock
        self._clients = clients
        self._reactor = reactor
        self._speed = speed
        self._work: Iterator[None] | None = None
        self._busy = False
        self._stirred = True
        self._awaiting = False
        self._patience: IDelayedCall | None = None
        self._later: IDelayedCall | None = None
        self.settled: Settled = lambda: None
        self.ended: Callable[[RunState], object] = lambda _state: None
        self.doubt: Callable[[str], object] = lambda _reason: None
        clients.changed = self.go_on
        clients.changed_later = clock.settled = self.go_on_later

    def begin(self) -> None:
        """Everybody is there."""
        self.state = RunState.RUNNING
        self._clients.watch()
        self.go_on_later()

    def end(self, state: RunState) -> None:
        """It is over, whatever is left."""
        if not self.state.is_final:
            self._halt(state)
            self.ended(state)

    def interrupt(self) -> None:
        """The gateway stops; nobody need be told."""
        self._halt(RunState.INTERRUPTED)

    def _halt(self, state: RunState) -> None:
        self.state = state
        self._clients.stop_watching()
        if self._later is not None and self._later.active():
            self._later.cancel()
        self._stop_waiting()

    def go_on_later(self) -> None:
        """Something may have been set going: see in the next turn whether it goes on."""
        self._stirred = True
        if self._later is None and self.state is RunState.RUNNING:
            self._later = self._reactor.callLater(0, self._go_on_now)

    def go_on(self) -> None:
        """Take steps until somebody has to be waited for."""
        if self._busy:
            return
        self._busy = True
        try:
            self._take_steps()
        except Exception:
            log.failure("the run cannot go on")
            self.end(RunState.FAILED)
        finally:
            self._busy = False

    def _go_on_now(self) -> None:
        self._later = None
        self.go_on()

    def _take_steps(self) -> None:
        for _ in range(MOST_AT_ONCE):
            if not self._may_go_on():
                return
            if self._work is not None:
                self._go_on_with(self._work)
            elif not self._begin_next():
                return
        self.go_on_later()

    def _may_go_on(self) -> bool:
        if self.state is not RunState.RUNNING or self._clients.holds or self._clock.has_due:
            return False
        if self._stirred or self._stage.stirred:
            under_way = self.settled()
            if under_way is not None:
                self._wait_for(under_way)
                return False
            self._stirred = self._stage.stirred = False
        return True

    def _wait_for(self, under_way: Deferred[None]) -> None:
        if not self._awaiting:
            self._awaiting = True
            under_way.addBoth(self._awaited)
        if self._patience is None:
            self._patience = self._reactor.callLater(PATIENCE_SECONDS, self._overdue)

    def _awaited(self, _result: object) -> None:
        self._awaiting = False
        self._stop_waiting()
        self.go_on_later()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _overdue(self) -> None:
        self._patience = None
        log.warn("the gateway is busy with something that takes simulated time: the clock goes on")
        self.doubt(f"The gateway's own work took {PATIENCE_SECONDS:.0f} seconds: time went on")
        self._stirred = self._stage.stirred = False
        self.go_on()

    def _go_on_with(self, work: Iterator[None]) -> None:
        if next(work, _OVER) is _OVER:
            self._work = None
            if self._exchange.ruined:
                self.end(RunState.RUINED)

    def _begin_next(self) -> bool:
        """Whether its time has come."""
        exchange, clock = self._exchange, self._clock
        step = self._course.peek()
        hit = self._stage.next_hit()
        timer = _earlier(clock.next_due, exchange.due())
        if step is None and hit is None:
            self._work = self._stage.close()
            if self._work is None:
                self.end(RunState.COMPLETED)
            return True
        if hit is not None and (step is None or (hit.time, Rank.INSIDE) < step):
            time, rank = hit.time, Rank.INSIDE
        else:
            assert step is not None
            time, rank = step
        if timer is not None and (timer, Rank.TIMER) < (time, rank):
            time, rank, hit = timer, Rank.TIMER, None
        if not self._speed.lets(time, self.go_on_later):
            return False
        clock.go(time)
        if rank is Rank.TIMER:
            exchange.advance(time)
            clock.fire()
            self._stirred = True
        elif rank is Rank.INSIDE and hit is not None:
            self._work = self._stage.hit(hit.symbol)
        else:
            self._work = self._stage.take(next(self._course))
        if self._work is not None:
            self._go_on_with(self._work)
        return True


_OVER: Final = object()


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
