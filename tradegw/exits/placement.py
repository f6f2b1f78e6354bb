"""Sending and changing one leg, without ever sending it twice.

After a doubtful answer (a time-out, a broken link, one that could not be read) the broker is asked
for the leg's client order id before it is sent again, and again if it then refuses, since that may
be a duplicate's refusal. Any other refusal is definite and is not repeated here.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, OrderRejected, Passing, ProviderError, leaves_doubt
from ..interfaces import IOrderEntry
from ..model.order import Order, OrderChange
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

        Fails with the last ``GatewayError``. The leg is gone from the plan then, or it is in doubt.
        """
        self._plans.add_leg(guarded, leg)
        try:
            order = await self._sent(guarded.plan, leg)
        except GatewayError:
            if not leg.in_doubt:
                self._plans.drop_leg(guarded, leg)
            raise
        if order is not None:
            guarded.plan.take_leg(leg, order)
        self._plans.bind_leg(guarded, leg)
        if leg.ended and leg.unfilled > 0:
            raise OrderRejected(f"Exit order {leg.order_id} ended as soon as it was accepted")
        self.log.info(
            "{kind} leg {order_id} of {entry_id} placed: {quantity} at {price}",
            kind=leg.kind.name,
            order_id=leg.order_id,
            entry_id=guarded.plan.entry_id,
            quantity=leg.quantity,
            price=leg.price,
        )

    @as_deferred
    async def change(self, leg: Leg, change: OrderChange) -> None:
        """Change a resting leg, in place or under a new id; it may be in doubt afterwards."""
        assert leg.order_id is not None
        previous_id, leg.changing = leg.order_id, True
        try:
            changed = await self._entry.replace_leg(previous_id, change)
        except GatewayError as error:
            leg.in_doubt = leaves_doubt(error)
            raise
        finally:
            leg.changing = False
        self._plans.replaced(previous_id, changed.order)

    @as_deferred
    async def wait_for_end(self, guarded: Guarded, leg: Leg) -> None:
        """Wait until the cancelled *leg* has ended; two at once could turn the position around.

        Fails with ``ProviderError`` if it takes too long; the leg is watched on.
        """
        for pause in PAUSES_SECONDS:
            await deferLater(self._clock, pause)
            if not leg.ended and leg.order_id is not None:
                guarded.plan.take_leg(leg, await self._entry.look_up(leg.order_id))
            if leg.ended:
                return
        raise ProviderError(f"The cancel of exit order {leg.order_id} is not confirmed yet")

    @as_deferred
    async def find(self, guarded: Guarded, leg: Leg) -> None:
        """Resolve a leg in doubt: it rests at the broker, or it never came to be."""
        found = await self._entry.find_leg(leg.client_order_id)
        if found is not None:
            guarded.plan.take_leg(leg, found)
            self._plans.bind_leg(guarded, leg)
        elif leg.in_doubt:  # else an event told of it meanwhile
            leg.ended = True
        leg.in_doubt = False

    @as_deferred
    async def _sent(self, plan: Plan, leg: Leg) -> Order | None:
        for pause in PAUSES_SECONDS:
            try:
                return await self._attempt(plan, leg)
            except GatewayError as error:
                if not (leg.in_doubt or isinstance(error, Passing)):
                    raise
                self.log.warn(
                    "leg {client_order_id} not placed yet: {reason}",
                    client_order_id=leg.client_order_id,
                    reason=error.message,
                )
            await deferLater(self._clock, pause)
        return await self._attempt(plan, leg)

    @as_deferred
    async def _attempt(self, plan: Plan, leg: Leg) -> Order | None:
        """Look for the leg if it may be there, else send it; ``None`` if an event told of it."""
        assert plan.entry_id is not None
        if leg.in_doubt:
            found = await self._entry.find_leg(leg.client_order_id)
            if found is not None:
                return found
        if leg.order_id is not None:
            return None
        try:
            return await self._entry.submit_leg(plan.request_for(leg), plan.entry_id)
        except Exception as error:
            is_definite = isinstance(error, GatewayError) and not leaves_doubt(error)
            if is_definite and leg.in_doubt:  # it may have been refused as a double of itself
                found = await self._entry.find_leg(leg.client_order_id)
                if found is not None:
                    return found
            if leg.order_id is not None:
                return None
            leg.in_doubt = not is_definite
            raise
