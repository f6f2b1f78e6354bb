"""Sending one leg, without ever sending it twice.

After a doubtful answer (a time-out, a broken link, one that could not be read) the broker is asked
for the leg's client order id, twice with a pause between since what was sent may be on its way yet,
before it is sent again; and once more if it then refuses, since that may be a duplicate's refusal.
Any other refusal is definite and is not repeated here. Should a first copy arrive after all that at
a broker which takes an id twice, both are legs of the plan, and what is too much is cancelled.

Whatever is about to be asked, the plan is written down first.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from ..deferreds import as_deferred
from ..errors import (
    GatewayError,
    OrderNotFound,
    OrderRejected,
    Passing,
    ProviderError,
    leaves_doubt,
)
from ..model.order import Order
from .coverage import shortfall
from .guarded import Guarded
from .leg import Leg
from .resting import PAUSES_SECONDS, SECOND_LOOK_SECONDS, Resting

ABSENT_SECONDS: Final = 60.0
"""So long after the doubt began a lost leg would have arrived; what brokers that take an id twice
say before that is not believed."""


class Placement(Resting):
    """Puts legs at the broker."""

    @as_deferred
    async def place(self, guarded: Guarded, leg: Leg) -> None:
        """Make *leg* rest at the broker, as part of its plan.

        Fails with the last ``GatewayError``. The leg came to nothing then, or it is in doubt.
        """
        self._plans.add_leg(guarded, leg)
        try:
            order = await self._sent(guarded, leg)
        except GatewayError:
            self._not_placed(guarded, leg)
            raise
        if order is not None:
            leg.resent = leg.resent or leg.order_id not in (None, order.id)
            was_ended = leg.ended
            self.take(guarded, leg, order)
            if not was_ended:  # else it was counted when that was heard
                guarded.count_in_vain(leg, self._clock.seconds())
        if leg.ended and leg.unfilled > 0:
            raise OrderRejected(f"Exit order {leg.order_id} ended as soon as it was accepted")
        self.log.info(
            "{kind} leg {order_id} of {entry_id} placed: {quantity} at {price}",
            kind=leg.kind.name,
            order_id=leg.order_id,
            entry_id=guarded.plan.parent_id,
            quantity=leg.quantity,
            price=leg.price,
        )

    def _not_placed(self, guarded: Guarded, leg: Leg) -> None:
        if leg.in_doubt or leg.order_id is not None:
            return
        if leg.resent:  # an earlier copy may arrive yet
            leg.ended = True
        else:
            self._plans.drop_leg(guarded, leg)

    def take(self, guarded: Guarded, leg: Leg, order: Order) -> None:
        """Take in *order*, the answer to the question for *leg*: it is the leg's, or its double."""
        if leg.order_id not in (None, order.id) and not leg.is_succeeded_by(order):
            found = self._plans.of_leg(order)
            if found is None:
                return
            guarded, leg = found
        known = self._plans.of_leg_id(order.id)
        if known is not None and known[1] is not leg and known[1].native:
            guarded.plan.legs.remove(known[1])  # it was told as another of the broker's
            leg.filled = max(leg.filled, known[1].filled)
        guarded.plan.take_leg(leg, order)
        self._plans.bind_leg(guarded, leg)

    @as_deferred
    async def find(self, guarded: Guarded, leg: Leg) -> None:
        """Resolve a leg in doubt: it rests at the broker, or it never came to be."""
        self._keeping.keep(guarded)
        found = await self._own_order(guarded, leg)
        if found is not None:
            self.take(guarded, leg, found)
        if leg.unsettled and (found is None or leg.ended):
            successor = await self._look_for(guarded, leg)
            if successor is not None:
                self.take(guarded, leg, successor)
        if found is None and leg.in_doubt:  # else an event told of it meanwhile
            await self._believe_absent(guarded, leg)
        leg.in_doubt = False

    @as_deferred
    async def _believe_absent(self, guarded: Guarded, leg: Leg) -> None:
        """The broker shows no *leg*. Where a second copy would be refused it is sent once more;
        where it would lack what the first holds, another takes its place; else it is given up when
        the first would have arrived long ago, and until then it fails.
        """
        if leg.order_id is not None or leg.kind not in shortfall(guarded.plan):
            leg.ended = True
        elif self._entry.refuses_repeats:
            leg.resent = True
            try:
                order = await self._sent(guarded, leg)
            except GatewayError:
                self._not_placed(guarded, leg)
                raise
            if order is not None:
                self.take(guarded, leg, order)
        elif self._entry.exits_hold_quantity:
            order = await self._looked_for(guarded, leg)
            if order is not None:
                self.take(guarded, leg, order)
            elif leg.order_id is None:  # unless an event told of it
                leg.ended = leg.resent = True
        else:
            self._check_absence(leg)
            leg.ended = True

    def _check_absence(self, leg: Leg) -> None:
        """Raise ``ProviderError`` as long as *leg* may be on its way."""
        now = self._clock.seconds()
        leg.doubted_at = now if leg.doubted_at is None else leg.doubted_at
        if now - leg.doubted_at < ABSENT_SECONDS:
            raise ProviderError(f"Whether exit order {leg.client_order_id} rests is not known yet")

    def _look_for(self, guarded: Guarded, leg: Leg) -> Deferred[Order | None]:
        """By its name, once; that may take several questions."""
        return self._entry.find_leg(leg.client_order_id, guarded.plan.since)

    @as_deferred
    async def _own_order(self, guarded: Guarded, leg: Leg) -> Order | None:
        if leg.order_id is None:
            return await self._look_for(guarded, leg)
        try:
            return await self._entry.look_up(leg.order_id)
        except OrderNotFound:
            return None

    @as_deferred
    async def _sent(self, guarded: Guarded, leg: Leg) -> Order | None:
        """What was accepted as *leg*; ``None`` if an event told of it."""
        for pause in PAUSES_SECONDS:
            try:
                return await self._attempt(guarded, leg)
            except GatewayError as error:
                if not (leg.in_doubt or isinstance(error, Passing)):
                    raise
                self.log.warn(
                    "leg {client_order_id} not placed yet: {reason}",
                    client_order_id=leg.client_order_id,
                    reason=error.message,
                )
            self._keeping.keep(guarded)
            await deferLater(self._clock, pause)
        return await self._attempt(guarded, leg)

    @as_deferred
    async def _attempt(self, guarded: Guarded, leg: Leg) -> Order | None:
        """Look for the leg if it may be there, else send it; ``None`` if an event told of it."""
        plan = guarded.plan
        assert plan.parent_id is not None
        if leg.in_doubt or leg.resent:
            self._keeping.keep(guarded)
            found = await self._looked_for(guarded, leg)
            if found is not None:
                return found
        if leg.order_id is not None:
            return None
        if leg.in_doubt and not self._entry.refuses_repeats:
            self._check_absence(leg)
        leg.resent = leg.resent or leg.in_doubt
        self._keeping.keep(guarded)
        try:
            return await self.told(self._entry.submit_leg(plan.request_for(leg), plan.parent_id))
        except Exception as error:
            is_definite = isinstance(error, GatewayError) and not leaves_doubt(error)
            if is_definite and leg.resent:  # it may have been refused as a double of itself
                leg.in_doubt = leg.in_doubt or self._entry.refuses_repeats
                self._keeping.keep(guarded)
                found = await self._look_for(guarded, leg)
                if found is not None:
                    return found
            if leg.order_id is not None:
                return None
            leg.in_doubt = not is_definite
            raise

    @as_deferred
    async def _looked_for(self, guarded: Guarded, leg: Leg) -> Order | None:
        """The order of *leg*, if the broker knows one at either look."""
        found = await self._look_for(guarded, leg)
        if found is not None or leg.order_id is not None:
            return found
        await deferLater(self._clock, SECOND_LOOK_SECONDS)
        return await self._look_for(guarded, leg)
