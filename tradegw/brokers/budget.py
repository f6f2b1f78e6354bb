"""The calls a broker allows, shared by all who call: the urgent before the others, none too many.

A call waits here until every limit it counts against has room for it. Within a lane calls leave in
the order in which they came, but for those that wait for other limits; for whoever waits room is
held against those behind and in the lanes below. A part of each limit is left to the lanes above,
so that a cancel never waits for what data calls have spent.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..errors import GatewayError, NotSent, Overloaded
from ..interfaces import IMemory, WallClock
from ..model.events import RateLimitEvent
from ..model.limits import Lane, LimitsStatus, WaitingCalls
from .allowance import Allowance
from .ratelimit import NOTHING_TOLD, Limit, Spent, Told

_TICK: Final = 0.001


class Rules(Struct, frozen=True, kw_only=True):
    """What a broker allows, and what is made of it: ``name`` as errors and logs have it, at most
    ``at_once`` calls on the wire together, at most ``longest_queue`` waiting in each lane.
    """

    name: str
    limits: tuple[Limit, ...] = ()
    at_once: int = 16
    longest_queue: int = 256


class Permit:
    """One call may leave. Exactly one of the methods is to be called when it is over."""

    def __init__(self, over: Callable[[Told | None], None]) -> None:
        self._over = over

    def unsent(self) -> None:
        """Nothing left after all: it does not count."""
        self._over(None)

    def ended(self, told: Told = NOTHING_TOLD) -> None:
        """It was answered, which *told* so much; or nobody waits for the answer any more."""
        self._over(told)


class _Waiting:
    """A call in a queue; ``ends`` is when it gives up."""

    def __init__(
        self, lane: Lane, weights: Mapping[str, int], ends: float, leave: Callable[[_Waiting], None]
    ) -> None:
        self.lane = lane
        self.weights = weights
        self.ends = ends
        self.permit: Deferred[Permit] = Deferred(lambda _permit: leave(self))
        self.overdue: IDelayedCall | None = None

    def settle(self, result: Permit | GatewayError | None = None) -> None:
        """Its waiting is over, without a *result* by its own doing."""
        if self.overdue is not None and self.overdue.active():
            self.overdue.cancel()
        if isinstance(result, Permit):
            self.permit.callback(result)
        elif result is not None:
            self.permit.errback(result)


class Budget:
    """One for all calls that count against the same limits. *seconds* never jump; until when the
    broker has forbidden what is remembered in *memory*; *tell* hears of limits that are low, or
    hit.
    """

    def __init__(
        self,
        rules: Rules,
        clock: IReactorTime,
        seconds: Callable[[], float],
        now: WallClock,
        memory: IMemory,
        tell: Callable[[RateLimitEvent], None] = lambda _event: None,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._seconds = seconds
        self._allowance = Allowance(rules.name, rules.limits, seconds, now, memory, tell)
        self._wire = Spent(Limit("calls on the wire", rules.at_once, 0))
        self._queues: dict[Lane, deque[_Waiting]] = {lane: deque() for lane in Lane}
        self._timer: IDelayedCall | None = None

    def admit(self, lane: Lane, weights: Mapping[str, int], within: float) -> Deferred[Permit]:
        """Fires when a call may leave that counts *weights*, by name of limit; of a weight of 0 no
        more is asked than that the broker has not paused the limit.

        Fails with ``RateLimited`` if that is not *within* so many seconds, at once where that is
        certain, and with ``Overloaded`` if too many wait already; nothing counts then. To cancel it
        is to give the place up.
        """
        self._allowance.recall()
        waiting = _Waiting(lane, weights, self._seconds() + within, self._leave)
        refusal = self._hopeless(waiting)
        if refusal is not None:
            return fail(refusal)
        queue = self._queues[lane]
        if len(queue) >= self._rules.longest_queue:
            return fail(Overloaded(f"Too many calls to {self._rules.name} wait already"))
        queue.append(waiting)
        self._serve()
        if not waiting.permit.called:
            waiting.overdue = self._clock.callLater(within, self._give_up, waiting)
        return waiting.permit

    def status(self) -> LimitsStatus:
        """What is left of all limits, and how many calls wait."""
        self._allowance.recall()
        waiting = {lane.name.lower(): len(queue) for lane, queue in self._queues.items()}
        return LimitsStatus(limits=self._allowance.status(), waiting=WaitingCalls(**waiting))

    def stop(self) -> None:
        """Those who wait are told that nothing was sent."""
        for queue in self._queues.values():
            while queue:
                queue.popleft().settle(NotSent(f"{self._rules.name} is being left"))
        self._set_timer(())

    def _serve(self) -> None:
        """Let go who can. A call that cannot holds what it needs where there is room for it, and
        where there is none, all: those behind have what is left over.
        """
        now = self._seconds()
        held: dict[str, int] = {}
        shut: dict[str, float] = {}
        free: list[_Waiting] = []
        for lane, queue in self._queues.items():
            for waiting in tuple(queue):
                if not self._wire.fits(1, lane, now):
                    break  # whoever comes back from the wire calls again
                if waiting.weights and waiting.weights.keys() <= shut.keys():
                    continue
                lacking = self._allowance.lacking(waiting.weights, lane, held, shut)
                if not lacking:
                    queue.remove(waiting)
                    self._wire.take(1)
                    self._allowance.take(waiting.weights)
                    free.append(waiting)
                    continue
                for name, weight in waiting.weights.items():
                    held[name] = held.get(name, 0) + weight
                shut |= lacking
        self._set_timer(shut.values())
        for waiting in free:
            self._let_go(waiting)

    def _let_go(self, waiting: _Waiting) -> None:
        weights = waiting.weights
        if waiting.permit.called:  # given up by the doing of one who was let go before it
            self._over(weights, None)
        else:
            waiting.settle(Permit(lambda told: self._over(weights, told)))

    def _over(self, weights: Mapping[str, int], told: Told | None) -> None:
        """A call is over; nothing was sent if *told* is ``None``."""
        if told is None:
            self._wire.unsent(1)
            self._allowance.unsent(weights)
        else:
            self._wire.answered(1, self._seconds())
            self._allowance.answered(weights, told)
            if told.pause > 0:
                self._dismiss()
        self._serve()

    def _dismiss(self) -> None:
        """Those who would wait in vain need not."""
        for queue in self._queues.values():
            for waiting in tuple(queue):
                refusal = self._hopeless(waiting)
                if refusal is not None and waiting in queue:
                    queue.remove(waiting)
                    waiting.settle(refusal)

    def _hopeless(self, waiting: _Waiting) -> GatewayError | None:
        """Why it cannot leave in time, whoever else waits."""
        opens = self._allowance.opens_at(waiting.weights, waiting.lane)
        return self._allowance.refusal(waiting.weights, opens) if opens > waiting.ends else None

    def _leave(self, waiting: _Waiting) -> None:
        """Nobody waits for it any more."""
        waiting.settle()
        if waiting in self._queues[waiting.lane]:
            self._queues[waiting.lane].remove(waiting)
            self._serve()

    def _give_up(self, waiting: _Waiting) -> None:
        self._queues[waiting.lane].remove(waiting)
        opens = self._allowance.opens_at(waiting.weights, waiting.lane)
        waiting.settle(self._allowance.refusal(waiting.weights, opens))
        self._serve()

    def _set_timer(self, opens: Iterable[float]) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        now = self._seconds()
        soonest = min((at for at in opens if now < at < math.inf), default=None)
        if soonest is not None:
            self._timer = self._clock.callLater(max(soonest - now, _TICK), self._serve)
