"""The simulated clock: it stands still until it is moved; timers fire at their own times."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

log = Logger()

_MICROSECOND: Final = timedelta(microseconds=1)


@implementer(IDelayedCall)
class Timer:
    """A call that waits for its time, in microseconds since the clock began."""

    __slots__ = ("_clock", "call", "due", "is_cancelled", "is_fired")

    def __init__(self, clock: SimulatedClock, due: int, call: Callable[[], object]) -> None:
        self._clock = clock
        self.due = due
        self.call = call
        self.is_cancelled = self.is_fired = False

    def getTime(self) -> float:
        return self.due / 1e6

    def cancel(self) -> None:
        self._check()
        self.is_cancelled = True

    def delay(self, secondsLater: float) -> None:  # noqa: N803  twisted's name
        self._check()
        self._clock.put_off(self, self.due + _micros(secondsLater))

    def reset(self, secondsFromNow: float) -> None:  # noqa: N803  twisted's name
        self._check()
        self._clock.put_off(self, self._clock.micros + _micros(secondsFromNow))

    def active(self) -> bool:
        return not (self.is_cancelled or self.is_fired)

    def _check(self) -> None:
        if self.is_cancelled:
            raise AlreadyCancelled
        if self.is_fired:
            raise AlreadyCalled


@implementer(IReactorTime)
class SimulatedClock:
    """Begins at *begin*. What is to be called at once is called in the next turn of *reactor*, and
    *settled* after it: time stands still, but the gateway's own work goes on.
    """

    def __init__(self, begin: datetime, reactor: IReactorTime) -> None:
        self._begin = begin
        self._reactor = reactor
        self._now = begin
        self.micros = 0
        self._heap: list[tuple[int, int, Timer]] = []
        self._made = 0
        self._turn: IDelayedCall | None = None
        self.settled: Callable[[], object] = lambda: None

    def now(self) -> datetime:
        """The simulated time."""
        return self._now

    def seconds(self) -> float:
        return self.micros / 1e6

    def callLater(
        self,
        delay: float,
        callable: Callable[..., Any],  # noqa: A002  twisted's name
        *args: object,
        **kw: object,
    ) -> Timer:
        timer = Timer(self, self.micros + _micros(delay), lambda: callable(*args, **kw))
        self._push(timer)
        return timer

    def getDelayedCalls(self) -> list[Timer]:
        return [timer for due, _n, timer in self._heap if timer.active() and timer.due == due]

    def put_off(self, timer: Timer, due: int) -> None:
        """Have *timer* fire at another time."""
        timer.due = due
        self._push(timer)

    @property
    def next_due(self) -> datetime | None:
        """When the next timer fires."""
        heap = self._heap
        while heap:
            due, _number, timer = heap[0]
            if timer.active() and timer.due == due:
                return self._begin + due * _MICROSECOND
            heapq.heappop(heap)
        return None

    @property
    def has_due(self) -> bool:
        """Whether a timer is to fire now, in the next turn."""
        return self._turn is not None

    def go(self, time: datetime) -> None:
        """It is *time* now, not before what it was; no timer may be due before."""
        if time > self._now:
            self._now = time
            self.micros = (time - self._begin) // _MICROSECOND

    def fire(self) -> None:
        """Fire what is due by now, in order; what comes of it and is due now has to wait."""
        last = self._made
        heap = self._heap
        while heap and heap[0][0] <= self.micros and heap[0][1] <= last:
            due, _number, timer = heapq.heappop(heap)
            if timer.active() and timer.due == due:
                timer.is_fired = True
                try:
                    timer.call()
                except Exception:  # as a reactor does: one that fails stops no other
                    log.failure("a timer failed")

    def _push(self, timer: Timer) -> None:
        self._made += 1
        heapq.heappush(self._heap, (timer.due, self._made, timer))
        if timer.due <= self.micros and self._turn is None:
            self._turn = self._reactor.callLater(0, self._fire_now)

    def _fire_now(self) -> None:
        self._turn = None
        self.fire()
        heap = self._heap
        if heap and heap[0][0] <= self.micros and self._turn is None:
            self._turn = self._reactor.callLater(0, self._fire_now)
        self.settled()


def _micros(seconds: float) -> int:
    return max(0, round(seconds * 1e6))
