"""Asking the broker how the exits are that it keeps itself."""

from __future__ import annotations

from ..deferreds import as_deferred
from ..errors import OrderNotFound
from ..interfaces import IOrderEntry
from ..model.order import Order
from .guarded import Guarded
from .leg import Leg
from .native import native_leg
from .placement import Placement
from .plan import Plan
from .plans import Plans
from .pursuit import Pursuit


class Asking:
    """Asks for plans whose locks the caller holds. Its questions fail with ``GatewayError``."""

    def __init__(
        self, entry: IOrderEntry, plans: Plans, placement: Placement, pursuit: Pursuit
    ) -> None:
        self._entry = entry
        self._plans = plans
        self._placement = placement
        self._pursuit = pursuit

    @as_deferred
    async def everything(self, guarded: Guarded) -> None:
        """How the entry is, and which legs the broker has placed for it."""
        plan = guarded.plan
        news = await self._entry_changed(plan)
        listed = await self._entry.bracket_legs(plan.symbol)
        for order in listed:
            if order.parent_order_id in (plan.entry_id, *plan.former):
                news = self._adopted(order) or news
        seen = {order.id for order in listed}
        unlisted = [leg for leg in native_legs(plan) if leg.order_id not in seen]
        ended = await self.legs(guarded, unlisted)
        if news or ended:  # clients are to hear of it as well
            self._pursuit.suspect(f"nobody told how the exits of {plan.entry_id} are")

    @as_deferred
    async def legs(self, guarded: Guarded, legs: list[Leg]) -> list[Leg]:
        """How *legs* are; those that have ended and nobody told."""
        for leg in legs:
            if leg.alive:  # else it was told meanwhile
                await self._placement.look_at(guarded, leg)
        return [leg for leg in legs if leg.ended]

    @as_deferred
    async def _entry_changed(self, plan: Plan) -> bool:
        if plan.entry_ended or plan.entry_id is None:
            return False
        try:
            return plan.take_entry(await self._entry.look_up(plan.entry_id))
        except OrderNotFound:
            return False

    def _adopted(self, order: Order) -> bool:
        """Take in a leg; whether anything changed."""
        found = native_leg(self._plans, order)
        if found is None:
            return False
        guarded, leg = found
        changed = guarded.plan.take_leg(leg, order)
        self._plans.bind_leg(guarded, leg)
        return changed


def native_legs(plan: Plan) -> list[Leg]:
    """The broker's own legs that rest, as far as was told."""
    return [leg for leg in plan.live_legs() if leg.native and leg.order_id is not None]
