"""Sending one leg, without ever sending it twice.

After a doubtful answer (a time-out, a broken link) the broker is asked for the leg's client order
id before it is sent again; a definite refusal is not repeated here.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, Passing
from ..interfaces import IOrderEntry
from ..model.order import Order
from .plan import Leg, Plan
from .plans import Guarded, Plans

PAUSES_SECONDS: Final = (0.1, 0.3, 1.0)


class Placement:
    """Puts legs at the broker."""

    log = Logger()

    def __init__(self, entry: IOrderEntry, plans: Plans, clock: IReactorTime) -> None:
        self._entry = entry
        self._plans = plans
        self._clock = clock

    @as_deferred
    async def place(self, guarded: Guarded, leg: Leg) -> None:
        """Make *leg* rest at the broker, as part of its plan.

        Fails with the last ``GatewayError``; the leg is dead then.
        """
        plan = guarded.plan
        self._plans.add_leg(guarded, leg)
        try:
            order = await self._sent(plan, leg)
        except GatewayError:
            leg.alive = False
            raise
        leg.take(order)
        self._plans.bind_leg(guarded, leg)
        self.log.info(
            "{kind} leg {order_id} of {entry_id} placed: {quantity} at {price}",
            kind=leg.kind.name,
            order_id=order.id,
            entry_id=plan.entry_id,
            quantity=leg.quantity,
            price=leg.price,
        )

    @as_deferred
    async def _sent(self, plan: Plan, leg: Leg) -> Order:
        assert plan.entry_id is not None
        request = plan.request_for(leg)
        for pause in PAUSES_SECONDS:
            try:
                return await self._entry.submit_leg(request, plan.entry_id)
            except Passing as error:
                self.log.warn(
                    "leg {client_order_id} in doubt: {reason}",
                    client_order_id=leg.client_order_id,
                    reason=error.message,
                )
            await deferLater(self._clock, pause)
            found = await self._entry.find_leg(leg.client_order_id)
            if found is not None:
                return found
        return await self._entry.submit_leg(request, plan.entry_id)
