"""Asking the broker how the exits are that it keeps itself."""

from __future__ import annotations

from contextlib import suppress

from ...deferreds import as_deferred
from ...errors import OrderNotFound
from ...interfaces import IOrderEntry
from ...model.order import Order
from ..coverage import shortfall
from ..guarded import Guarded
from ..leg import Leg
from ..placement import Placement
from ..plan import Plan
from ..plans import Plans
from ..suspicion import Suspicion
from .legs import native_leg


class Asking:
    """Asks for plans whose locks the caller holds. Its questions fail with ``GatewayError``."""

    def __init__(
        self, entry: IOrderEntry, plans: Plans, placement: Placement, suspicion: Suspicion
    ) -> None:
        self._entry = entry
        self._plans = plans
        self._placement = placement
        self._suspicion = suspicion

    @as_deferred
    async def everything(self, guarded: Guarded) -> list[Leg]:
        """How the entry is, and which legs the broker has placed for it; those that have ended and
        nobody told. What is not missing need not be looked for among all orders, which costs more.
        """
        plan = guarded.plan
        await self._look_at_entry(plan)
        listed = await self._entry.bracket_legs(plan.symbol) if shortfall(plan) else []
        for order in listed:
            if order.parent_order_id in (plan.entry_id, *plan.former):
                self._take_in(order)
        seen = {order.id for order in listed}
        unlisted = [leg for leg in native_legs(plan) if leg.order_id not in seen]
        return await self.legs(guarded, unlisted)

    @as_deferred
    async def legs(self, guarded: Guarded, legs: list[Leg]) -> list[Leg]:
        """How *legs* are; those that have ended and nobody told."""
        ended = []
        for leg in [leg for leg in legs if leg.alive]:  # else it was told meanwhile
            known = leg.filled
            order = await self._placement.look_at(guarded, leg)
            if leg.ended:
                ended.append(leg)
                self._suspicion.ended(leg, order, known)
        return ended

    @as_deferred
    async def _look_at_entry(self, plan: Plan) -> None:
        if plan.entry_ended or plan.entry_id is None:
            return
        known = plan.entry_filled
        with suppress(OrderNotFound):
            order = await self._entry.look_up(plan.entry_id)
            if plan.take_entry(order):
                self._suspicion.found(order, known)

    def _take_in(self, order: Order) -> None:
        """A leg of which nobody may have told, or not all."""
        found = native_leg(self._plans, order)
        if found is None:
            return
        guarded, leg = found
        known = leg.filled
        changed = guarded.plan.take_leg(leg, order)
        self._plans.bind_leg(guarded, leg)
        if changed:
            self._suspicion.found(order, known)


def native_legs(plan: Plan) -> list[Leg]:
    """The broker's own legs that rest, as far as was told."""
    return [leg for leg in plan.live_legs() if leg.native and leg.order_id is not None]
