"""Looks over all plans every few seconds, whether or not anything happened: the net under the net.

What is told of a fill, a leg or a position causes work at once. Here is found what nobody told of
and nobody works on, whatever the reason may be.
"""

from __future__ import annotations

from collections import Counter

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..model.protection import LegKind, ProtectionState
from .closeout import Closeout
from .expiry import Expiry
from .guarded import Guarded
from .keeping import Keeping
from .native.legs import GRACE_SECONDS
from .outcry import Outcry
from .overview import state_of
from .plans import Plans
from .pursuit import UNTOLD_SECONDS, Pursuit


class Lookout:
    """Tells again what is still missing, has it worked on, and knows when the time is up."""

    log = Logger()

    def __init__(
        self,
        plans: Plans,
        pursuit: Pursuit,
        outcry: Outcry,
        keeping: Keeping,
        closeout: Closeout,
        expiry: Expiry,
        clock: IReactorTime,
    ) -> None:
        self._plans = plans
        self._pursuit = pursuit
        self._outcry = outcry
        self._keeping = keeping
        self._closeout = closeout
        self._expiry = expiry
        self._clock = clock
        self._next: IDelayedCall | None = None

    def start(self, seconds: float) -> None:
        """Look every *seconds* from now on."""
        self._next = self._clock.callLater(seconds, self._again, seconds)

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None and self._next.active():
            self._next.cancel()

    def _again(self, seconds: float) -> None:
        self.start(seconds)
        self.look()

    def look(self) -> None:
        """Once, at all plans that are in force."""
        states: Counter[ProtectionState] = Counter()
        oldest = 0.0
        for guarded in self._plans.all():
            if guarded.plan.is_over:
                continue
            try:
                states[self._look_at(guarded)] += 1
            except Exception:  # one plan must not hide another
                self.log.failure(
                    "looking at the exits of {entry_id} failed", entry_id=guarded.plan.parent_id
                )
            oldest = max(oldest, self._outcry.age(guarded.plan))
        self._outcry.measure(states, oldest)

    def _look_at(self, guarded: Guarded) -> ProtectionState:
        plan = guarded.plan
        self._plans.inform(plan)
        if self._outcry.look(guarded):
            self._keeping.keep(guarded)
        state, age = state_of(plan), self._outcry.age(plan)
        is_known = not self._pursuit.is_held  # else the broker has not been asked yet
        untold = UNTOLD_SECONDS + (GRACE_SECONDS if plan.trusting else 0.0)
        if state is ProtectionState.UNCOVERED and age >= untold:
            self._outcry.insist(guarded)
            is_by_design = plan.held or plan.held_kind is LegKind.STOP_LOSS  # for a while
            if is_known and not is_by_design:
                self._have_worked_on(guarded)
                self._closeout.consider(guarded, age, self._keeping.keep)
        elif state is ProtectionState.PENDING and is_known:
            self._expiry.consider(plan)
        return state

    def _have_worked_on(self, guarded: Guarded) -> None:
        if guarded.lock.locked or guarded.retry is not None:
            return
        self.log.warn(
            "nobody works on the missing exits of {entry_id}: that is done now",
            entry_id=guarded.plan.parent_id,
        )
        self._pursuit.retry(guarded)
