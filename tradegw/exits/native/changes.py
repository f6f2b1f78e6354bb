"""What clients change of exits that the broker keeps, by changing their entry."""

from __future__ import annotations

from twisted.logger import Logger

from ...deferreds import as_deferred, logged
from ...model.order import Order
from ...model.protection import ExitsChange, LegKind
from ..guarded import Guarded
from ..moving import Moving
from ..plan import Plan
from ..plans import Plans
from .legs import exits_of


class NativeChanges:
    """Keeps plans in step with what the broker was asked for and did."""

    log = Logger()

    def __init__(self, plans: Plans, moving: Moving) -> None:
        self._plans = plans
        self._moving = moving

    def repriced(self, guarded: Guarded, entry: Order) -> None:
        """A client changed *entry* at the broker, which moves its legs; ours follow."""
        if not guarded.plan.native:
            return
        guarded.plan.targets |= exits_of(entry)
        logged(guarded.lock.run(self._follow, guarded), self.log, "moving exits with the broker's")

    @as_deferred
    async def _follow(self, guarded: Guarded) -> None:
        plan = guarded.plan
        where = plan.position_id or plan.symbol
        for leg in [leg for leg in plan.staying_legs() if not leg.native and leg.order_id]:
            if leg.kind in plan.targets and leg.price != plan.price(leg.kind):
                await self._moving.move_leg(guarded, leg, plan.targets[leg.kind], where)

    def attached(self, entry: Order) -> Guarded | None:
        """A client attached exits to *entry*, which had none, at the broker; the plan for them."""
        exits = exits_of(entry)
        if not exits or self._plans.by_entry_id(entry.id) is not None:
            return None
        change = ExitsChange(
            stop_loss=exits.get(LegKind.STOP_LOSS), take_profit=exits.get(LegKind.TAKE_PROFIT)
        )
        plan = Plan.of_working(entry, change)
        plan.native = plan.trusting = True
        guarded = self._plans.add(plan)
        self._plans.bind(plan.intent_id, entry.id)
        plan.take_entry(entry)
        return guarded
