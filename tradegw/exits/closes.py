"""Closes of what plans protect: its legs make way where they hold the quantity, and stand again if
the close comes to nothing.

What made way is written down with the plan, by the close's intent, before a leg is taken away. The
next process finds out first what became of that intent; nothing depends on how this one ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from twisted.internet.defer import gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred, deadline, shield
from ..errors import GatewayError
from ..model.account import Position
from ..model.journal import Verdict
from ..model.money import ZERO
from ..model.order import Order
from .coverage import covered, needed, unconfirmed
from .guarded import Guarded
from .holdings import Holdings
from .keeping import Keeping
from .placement import Placement
from .plan import Plan
from .plans import Plans
from .pursuit import Pursuit

WAY_SECONDS: Final = 3.0
"""How long a close waits for the end of the legs that are in its way; then it is sent all the same:
a broker that still holds the quantity for them refuses it, and they stay.
"""

LOOK_SECONDS: Final = (0.1, 0.3, 1.0)
"""Before each look for the end of a leg that is being taken away."""

DOUBT_SECONDS: Final = 15.0
"""How long legs stay away for a close of which nobody knows whether the broker has it. Where they
hold the quantity it cannot execute beside them: if they rest it is refused, and if it is there
they are.
"""

RESTART_SECONDS: Final = 5.0
"""The same for a close of an earlier process, after the broker was asked for all orders: whoever
sent it has been dead for longer.
"""


class Closes:
    """Knows which closes are under way, and what each of *plans* holds back for them."""

    log = Logger()

    def __init__(
        self,
        plans: Plans,
        holdings: Holdings,
        keeping: Keeping,
        placement: Placement,
        pursuit: Pursuit,
        clock: IReactorTime,
    ) -> None:
        self._plans = plans
        self._holdings = holdings
        self._keeping = keeping
        self._placement = placement
        self._pursuit = pursuit
        self._clock = clock
        self._targets: dict[str, str] = {}
        """The positions that are being closed, by the closes' intents."""
        self._opened: dict[str, dict[Guarded, Decimal]] = {}
        """What each plan had opened when those were sent. What opens later is not theirs, though
        what they executed may be told later still."""
        self._accepted: set[str] = set()
        """Those of which the broker has the order."""
        self._timed: set[str] = set()

    def expect(self, intent_id: str, position_id: str) -> None:
        """That intent is to close (part of) that position."""
        self._targets[intent_id] = position_id
        if not self._holdings.nets:
            opened = {guarded: guarded.plan.opened for guarded in self._plans.all()}
            self._opened.setdefault(intent_id, opened)

    # -- making way

    @as_deferred
    async def make_way(self, intent_id: str, position: Position, quantity: Decimal) -> bool:
        """See :meth:`tradegw.interfaces.IExits.make_way`."""
        held = self._hold(intent_id, position, quantity)
        if not held:
            return False
        self._time(intent_id)
        exited = sum((one.plan.exited for one in held), ZERO)
        work = gatherResults([self._way_made(one) for one in held], consumeErrors=True)
        self._keeping.keep(*held)
        try:
            await deadline(shield(work), WAY_SECONDS, self._clock)
        except TimeoutError:
            self.log.warn(
                "legs of {symbol} may still rest: its close is sent all the same",
                symbol=position.symbol,
                correlation_id=intent_id,
            )
        return sum((one.plan.exited for one in held), ZERO) > exited

    def _hold(self, intent_id: str, position: Position, quantity: Decimal) -> list[Guarded]:
        """Have plans of *position* hold back *quantity*, in the order in which its fills will free
        them: what is unprotected first, then the oldest.
        """
        held = []
        plans = self._plans.of_position(position)
        for guarded in sorted(plans, key=lambda one: not unconfirmed(one.plan)):
            plan = guarded.plan
            if not (self._holdings.nets or plan.position_id == position.id):
                continue  # nobody told yet whose it is
            much = min(quantity, plan.open_quantity - plan.held)
            if much > 0:
                plan.holds[intent_id] = much
                quantity -= much
                held.append(guarded)
        return held

    @as_deferred
    async def _way_made(self, guarded: Guarded) -> None:
        """Fires when no leg of the plan is in the way any more, or it takes too long."""
        await self._pursuit.drive(guarded)
        for pause in LOOK_SECONDS:
            if not _is_in_the_way(guarded.plan):
                return
            await deferLater(self._clock, pause)
            await guarded.lock.run(self._look, guarded)

    @as_deferred
    async def _look(self, guarded: Guarded) -> None:
        for leg in [leg for leg in guarded.plan.live_legs() if leg.ending and leg.order_id]:
            try:
                await self._placement.look_at(guarded, leg)
            except GatewayError as error:
                self.log.warn(
                    "leg {order_id} could not be looked up: {reason}",
                    order_id=leg.order_id,
                    reason=error.message,
                )

    # -- what becomes of them

    def accepted(self, intent_id: str) -> None:
        """The broker has the order: its end will be told."""
        self._accepted.add(intent_id)

    def take(self, order: Order, intent_id: str) -> list[Guarded]:
        """*order*, which may be that of a close, is so now; the plans that this concerns."""
        if intent_id not in self._targets:
            return []
        changed = self._reduced(order, intent_id)
        left = ZERO if order.status.is_terminal else order.remaining_quantity
        changed += [one for one in self._lowered(intent_id, left) if one not in changed]
        if order.status.is_terminal:
            self._forget(intent_id)
        return changed

    def over(self, intent_id: str) -> list[Guarded]:
        """There is no such order, and there will be none; the plans whose legs stand again."""
        if intent_id not in self._targets:
            return []
        self._forget(intent_id)
        again = list(self._lowered(intent_id, ZERO))
        for guarded in again:
            self.log.info(
                "{symbol} is not closed: the exits of {entry_id} are put back",
                symbol=guarded.plan.symbol,
                entry_id=guarded.plan.parent_id,
                correlation_id=intent_id,
            )
        return again

    def _forget(self, intent_id: str) -> None:
        self._targets.pop(intent_id, None)
        self._opened.pop(intent_id, None)
        self._accepted.discard(intent_id)
        self._timed.discard(intent_id)

    def _lowered(self, intent_id: str, left: Decimal) -> Iterator[Guarded]:
        """No more than *left* is held back for the close, by the newest plans."""
        for guarded in reversed(self._plans.all()):
            held = guarded.plan.holds.get(intent_id)
            if held is None:
                continue
            keep = min(held, left)
            left -= keep
            if keep:
                guarded.plan.holds[intent_id] = keep
            else:
                del guarded.plan.holds[intent_id]
            if keep < held:
                yield guarded

    def _reduced(self, order: Order, intent_id: str) -> list[Guarded]:
        """What *order* closed where positions are kept apart: its own, the oldest first."""
        position_id = self._targets[intent_id]
        if self._holdings.nets:
            return []
        plans = [
            one
            for one in self._plans.all()
            if one.plan.position_id == position_id and one.plan.exit_side is order.side
        ]
        counted = max((one.plan.closers.get(order.id, ZERO) for one in plans), default=ZERO)
        executed = order.filled_quantity - counted
        opened = self._opened.get(intent_id, {})
        changed = []
        for guarded in plans:
            plan = guarded.plan
            later = plan.opened - opened.get(guarded, ZERO)
            released = min(executed, plan.open_quantity - max(ZERO, later))
            if released > 0:
                executed -= plan.release(released, by=order)
                changed.append(guarded)
        return changed

    # -- after a restart, and in doubt

    def restore(self, told: Mapping[str, Order]) -> None:
        """What the last process held back for closes that are over stands again."""
        for intent_id in self._held_for():
            recorded = self._keeping.recorded(intent_id)
            target = None if recorded is None else recorded.intent.target
            self.expect(intent_id, target or "")
            outcome = None if recorded is None else recorded.outcome
            if recorded is None or (outcome is not None and outcome.verdict is Verdict.REJECTED):
                self._end(intent_id)
            elif outcome is not None and outcome.verdict is Verdict.ACCEPTED:
                order = told.get(outcome.order_id or "")
                if order is not None and order.status.is_terminal:
                    self._end(intent_id)
                else:
                    self._accepted.add(intent_id)

    def _end(self, intent_id: str) -> None:
        self._keeping.keep(*self.over(intent_id))

    def reconciled(self) -> None:
        """The broker can be asked what became of the last process's closes, and is."""
        for intent_id in self._held_for() - self._timed - self._accepted:
            self._time(intent_id, RESTART_SECONDS)

    def _held_for(self) -> set[str]:
        return {intent_id for one in self._plans.all() for intent_id in one.plan.holds}

    def _time(self, intent_id: str, seconds: float = DOUBT_SECONDS) -> None:
        self._timed.add(intent_id)
        self._clock.callLater(seconds, self._doubted, intent_id)

    def _doubted(self, intent_id: str) -> None:
        if intent_id in self._accepted or self._pursuit.is_held:
            self._timed.discard(intent_id)
            return
        again = list(self._lowered(intent_id, ZERO))
        if again:
            self.log.warn(
                "it is not known whether a close has arrived: the exits of {symbol} are put back",
                symbol=again[0].plan.symbol,
                correlation_id=intent_id,
            )
            self.drive(again)

    def drive(self, plans: Iterable[Guarded]) -> None:
        """Have the legs of *plans* put right."""
        for guarded in plans:
            self._pursuit.drive(guarded)
            self._keeping.keep(guarded)


def _is_in_the_way(plan: Plan) -> bool:
    return any(
        leg.in_doubt or covered(plan, leg.kind) > needed(plan, leg.kind)
        for leg in plan.legs
        if leg.alive or leg.in_doubt
    )
