"""Both exits of a pair executed: noticed in whatever way that was heard of, by an event or by the
answer to a cancel that came too late.

Where positions are netted, others pay for what was sold too much: what they hold is less, or what
they buy only closes the excess. Who paid is noted, so that what the entry fills next is open.
"""

from __future__ import annotations

from decimal import Decimal

from ..model.enums import Side
from ..model.money import ZERO
from .alerts import Alerts
from .guarded import Guarded
from .keeping import Keeping
from .leg import Leg
from .native.legs import may_be_ahead
from .plan import Plan
from .plans import Plans
from .pursuit import Pursuit
from .suspicion import Suspicion


class Doubles:
    """Tells of double exits, each once, and has the broker asked what it holds then."""

    def __init__(
        self,
        plans: Plans,
        keeping: Keeping,
        alerts: Alerts,
        pursuit: Pursuit,
        suspicion: Suspicion,
    ) -> None:
        self._plans = plans
        self._keeping = keeping
        self._alerts = alerts
        self._pursuit = pursuit
        self._suspicion = suspicion

    def look(self, guarded: Guarded, last: Leg | None = None) -> None:
        """*last* executed last, or nobody knows which leg of the plan did.

        Before the broker was asked, what the legs executed too much may just be what the entry
        filled and nobody told of yet. As long as the entry works it may make up for it: what is too
        much in the end is known when that has ended, and the broker is asked again.
        """
        plan = guarded.plan
        ends, guarded.was_done = plan.entry_done and not guarded.was_done, plan.entry_done
        if ends and plan.excess > 0:
            self._suspicion.suspect(f"{plan.parent_id} ended, and its exits executed more")
        told = guarded.overshot = min(guarded.overshot, plan.overshot)
        filled = [leg for leg in plan.legs if leg.filled > 0]
        if plan.overshot <= told or not filled:
            return
        last = last if last in filled else filled[-1]
        others = [leg for leg in filled if leg is not last]
        first = next((leg for leg in others if leg.kind is not last.kind), None)
        is_early = self._pursuit.is_held or may_be_ahead(plan, last)
        if is_early and first is None:
            return
        guarded.overshot = plan.overshot
        self._alerts.double_exit(plan, first or next(iter(others), last), last)
        self._suspicion.suspect(f"both exits of {plan.parent_id} executed")

    def repay(
        self, symbol: str, exit_side: Side, quantity: Decimal, but: Guarded | None = None
    ) -> Decimal:
        """*quantity* of *symbol* went into what exits on *exit_side* executed too much; how much of
        it plans other than *but* owed. What that one owes itself it pays first. What is undone
        already goes before what is not, and then the oldest: that was bought for it.
        """
        left = quantity - min(quantity, ZERO if but is None else but.plan.excess)
        owed = left
        owing = [
            one
            for one in self._plans.all()
            if one is not but and (one.plan.symbol, one.plan.exit_side) == (symbol, exit_side)
            if one.plan.overshot > one.plan.repaid
        ]
        for guarded in owing:
            left -= _pay(guarded.plan, left, guarded.plan.undone)
        for guarded in owing:
            left -= _pay(guarded.plan, left, guarded.plan.overshot)
        self._keeping.keep(*owing)
        return owed - left


def _pay(plan: Plan, quantity: Decimal, up_to: Decimal) -> Decimal:
    """How much of *quantity* went into what *plan* owes, as long as less than *up_to* is repaid."""
    paid = min(quantity, max(ZERO, min(up_to, plan.overshot) - plan.repaid))
    plan.repaid += paid
    return paid
