"""Work on one plan: step by step, until its legs cover what they should or have to wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..deferreds import as_deferred
from .coverage import Place, below_minimum, next_step, shortfall, unconfirmed
from .guarded import Guarded
from .keeping import Keeping
from .outcry import Outcry
from .plans import Plans
from .steps import Steps

RETRY_SECONDS: Final = (1.0, 5.0, 30.0)
IN_VAIN_SECONDS: Final = (0.0, *RETRY_SECONDS, 60.0, 120.0, 300.0)
"""By how many legs the broker accepted and then ended: each further one is an order more."""
NOWHERE: Final = "Internal error: too many exit orders were sent"

UNTOLD_SECONDS: Final = 1.8
"""How long a fill may be without confirmed legs before that is alerted; clients hear of the fill
itself after two seconds at most."""


MOST_STEPS: Final = 100
"""So many at once are a defect of ours, or of the broker's answers: orders must not go on leaving.
What is missing then is alerted and tried again later.
"""


class Pursuit:
    """Has steps taken; what fails is alerted and tried again, for as long as it is wanted."""

    log = Logger()

    def __init__(
        self,
        plans: Plans,
        steps: Steps,
        keeping: Keeping,
        outcry: Outcry,
        clock: IReactorTime,
    ) -> None:
        self._plans = plans
        self._steps = steps
        self._keeping = keeping
        self._outcry = outcry
        self._clock = clock
        self._stopped = False
        self._under_way = 0
        self._awaiting_idle: list[Deferred[None]] = []
        self._held: list[Deferred[None]] | None = None
        self._concluded: Callable[[Guarded], object]

    def conclude_with(self, concluded: Callable[[Guarded], object]) -> None:
        """*concluded* hears when work on a plan is done."""
        self._concluded = concluded

    @property
    def is_held(self) -> bool:
        """Whether work waits to be let go."""
        return self._held is not None

    def hold(self) -> None:
        """Work that is started waits until :meth:`let_go`."""
        self._held = self._held or []

    def let_go(self) -> None:
        """What was held is done now, and what is started from now on is done at once."""
        held, self._held = self._held or [], None
        for waiting in held:
            waiting.callback(None)

    def idle(self) -> Deferred[None]:
        """Fires when no work is under way."""
        if not self._under_way or self.is_held:
            return succeed(None)
        self._awaiting_idle.append(Deferred())
        return self._awaiting_idle[-1]

    def stop(self) -> None:
        """No new step is taken from now on."""
        self._stopped = True
        self.let_go()

    def drive(self, guarded: Guarded) -> Deferred[None]:
        """Fires when nothing more can be done at the moment; work on one plan is serial."""
        self._plans.inform(guarded.plan)
        waits = guarded.lock.locked or self.is_held
        if self._outcry.look(guarded) and (waits or not isinstance(next_step(guarded.plan), Place)):
            self._keeping.keep(guarded)  # else it is written with the leg that is placed now
        return self._watched(guarded, self._started(guarded, self._pursue))

    def retry(self, guarded: Guarded) -> Deferred[None]:
        """Try again what had failed."""
        guarded.cancel_retry()
        return self._watched(guarded, self._started(guarded, self._pursue_afresh))

    def _started(
        self, guarded: Guarded, work: Callable[[Guarded], Deferred[None]]
    ) -> Deferred[None]:
        if self._held is None:
            return guarded.lock.run(work, guarded)
        self._held.append(Deferred())
        return self._held[-1].addCallback(lambda _go: guarded.lock.run(work, guarded))

    def _watched(self, guarded: Guarded, work: Deferred[None]) -> Deferred[None]:
        """*work*, which never fails. What it leaves unconfirmed for too long is alerted."""
        self._under_way += 1
        overdue = self._clock.callLater(UNTOLD_SECONDS, self._tell_unconfirmed, guarded)

        def done(result: Failure | None) -> None:
            self._finished()
            if overdue.active() and not unconfirmed(guarded.plan):
                overdue.cancel()
            if result is not None:
                self.log.failure("work on exits failed", result)

        return work.addBoth(done)

    def _finished(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            awaiting, self._awaiting_idle = self._awaiting_idle, []
            for idle in awaiting:
                idle.callback(None)

    @as_deferred
    async def _pursue_afresh(self, guarded: Guarded) -> None:
        guarded.is_lost = False
        guarded.plan.short = {}
        self._plans.inform(guarded.plan)
        for leg in guarded.plan.live_legs():
            leg.ending = False
        await self._pursue(guarded)

    @as_deferred
    async def _pursue(self, guarded: Guarded) -> None:
        plan = guarded.plan
        try:
            await self._take_steps(guarded)
        except Exception:  # a defect of ours must not end the protection
            self.log.failure("work on the exits of {entry_id} failed", entry_id=plan.parent_id)
            plan.doubt_unanswered()
            plan.short.update(dict.fromkeys(shortfall(plan), "Internal error"))
        self._conclude(guarded)

    @as_deferred
    async def _take_steps(self, guarded: Guarded) -> None:
        plan = guarded.plan
        for _ in range(MOST_STEPS):
            is_idle = not plan.is_ready or self._stopped or guarded.is_lost
            now = self._steps.time_to_move(guarded)
            step = None if is_idle else next_step(plan, now)
            if step is None:
                return
            await self._steps.take(guarded, step)
        guarded.is_lost = True  # what these steps cause shall not cause as many again
        guarded.in_vain = max(guarded.in_vain + 1, IN_VAIN_SECONDS.index(60.0))
        guarded.in_vain_at = self._clock.seconds()
        self.log.error(
            "{steps} steps for the exits of {entry_id} lead nowhere",
            steps=MOST_STEPS,
            entry_id=plan.parent_id,
        )

    def _conclude(self, guarded: Guarded) -> None:
        plan = guarded.plan
        wanting = shortfall(plan).keys() | {leg.kind for leg in plan.legs if leg.in_doubt}
        plan.short = {kind: reason for kind, reason in plan.short.items() if kind in wanting}
        is_short = plan.short or below_minimum(plan)  # the broker's rules may change
        if guarded.is_lost or is_short or any(leg.ending for leg in plan.live_legs()):
            self._retry_later(guarded)
        else:
            guarded.attempts = 0
            guarded.cancel_retry()
        self._outcry.look(guarded)
        self._keeping.keep(guarded)
        self._keeping.end(self._plans.settle(guarded))
        nowhere = dict.fromkeys(plan.targets, NOWHERE) if guarded.is_lost else None
        self._outcry.tell(guarded, nowhere)
        self._concluded(guarded)

    def _retry_later(self, guarded: Guarded) -> None:
        if guarded.retry is not None or self._stopped:
            return
        delay = max(_of(RETRY_SECONDS, guarded.attempts), _of(IN_VAIN_SECONDS, guarded.in_vain))
        guarded.attempts += 1
        guarded.retry = self._clock.callLater(delay, self.retry, guarded)

    def _tell_unconfirmed(self, guarded: Guarded) -> None:
        if not (self._stopped or guarded.plan.trusting):
            self._outcry.tell_unconfirmed(guarded)


def _of(pauses: Sequence[float], number: int) -> float:
    """The pause of that number; the last one goes on."""
    return pauses[min(number, len(pauses) - 1)]
