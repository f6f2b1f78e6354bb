"""One step of the work on a plan: a leg placed, found, lowered, taken away or moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import (
    GatewayError,
    NotSent,
    Passing,
    UnsupportedOperation,
    is_one_too_many,
    is_placement_fault,
    lacks_holding,
)
from ..model.order import OrderChange
from ..model.protection import LegKind
from ..risk.breaker import Breaker
from .coverage import Begin, Cancel, Find, Move, Place, Shrink, Step
from .guarded import Guarded
from .leg import Leg
from .placement import Placement
from .suspicion import Suspicion
from .tightening import Tightening

BREAKER_OPEN: Final = "Circuit breaker open: exit orders are not placed"


class Steps:
    """Takes steps; *tightening* those of stops that trail. *seconds* tells monotonic time."""

    log = Logger()

    def __init__(
        self,
        placement: Placement,
        tightening: Tightening,
        breaker: Breaker,
        suspicion: Suspicion,
        seconds: Callable[[], float],
    ) -> None:
        self._placement = placement
        self._tightening = tightening
        self._breaker = breaker
        self._suspicion = suspicion
        self._seconds = seconds

    def time_to_move(self, guarded: Guarded) -> datetime | None:
        """Now; ``None`` as long as a stop shall not be moved."""
        return self._tightening.time_to_move(guarded)

    @as_deferred
    async def take(self, guarded: Guarded, step: Step) -> None:
        """Take *step* for a plan whose lock is held; what fails is noted in the plan."""
        match step:
            case Place():
                await self._place(guarded, step)
            case Find():
                await self._find(guarded, step.leg)
            case Shrink():
                await self._shrink(guarded, step)
            case Cancel():
                await self._cancel(guarded, step.leg)
            case Begin():
                await self._begin(guarded)
            case Move():
                await self._tightening.move(guarded, step.legs)

    @as_deferred
    async def _begin(self, guarded: Guarded) -> None:
        try:
            await self._tightening.begin(guarded)
        except GatewayError as error:
            guarded.plan.short[LegKind.STOP_LOSS] = error.message

    @as_deferred
    async def _place(self, guarded: Guarded, step: Place) -> None:
        try:
            await self.place(guarded, step.kind, step.quantity)
        except GatewayError as error:
            if not (is_one_too_many(error) and await self._make_one_of_two(guarded, step.kind)):
                guarded.plan.short[step.kind] = error.message
        else:
            if guarded.made_way is not None and guarded.made_way.kind is step.kind:
                guarded.made_way = None

    @as_deferred
    async def _make_one_of_two(self, guarded: Guarded, kind: LegKind) -> bool:
        """The smallest leg of *kind* makes way: the next step places one for both. Whether it did;
        no other does before the place of that one is taken.
        """
        last = guarded.made_way
        ours = [
            leg
            for leg in guarded.plan.protecting_legs(kind)
            if leg.order_id is not None and not (leg.native or leg.by_client or leg.waived)
        ]
        if not ours or (last is not None and (last.ending or not last.alive)):
            return False
        smallest = guarded.made_way = min(ours, key=lambda leg: leg.remaining)
        await self._cancel(guarded, smallest)
        return smallest.is_gone

    @as_deferred
    async def place(self, guarded: Guarded, kind: LegKind, quantity: Decimal) -> Leg:
        """Send a new leg; the caller holds the lock of its plan.

        Fails with ``NotSent`` while the breaker is open, and as :meth:`Placement.place` does.
        """
        if self._breaker.is_open:
            raise NotSent(BREAKER_OPEN)
        await self._placement.make_room(guarded)
        leg = guarded.plan.next_leg(kind, quantity)
        try:
            await self._placement.place(guarded, leg)
        except GatewayError as error:
            # What is tried again has been counted: one leg alone shall not stop all others.
            if guarded.attempts == 0 and is_placement_fault(error):
                self._breaker.record_failure(self._seconds())
            if lacks_holding(error):  # what is there, and what did commissions take of it?
                self._suspicion.suspect(
                    f"exit order {leg.client_order_id} was refused: {error.message}"
                )
            raise
        return leg

    @as_deferred
    async def _find(self, guarded: Guarded, leg: Leg) -> None:
        try:
            await self._placement.find(guarded, leg)
        except GatewayError as error:
            guarded.plan.short[leg.kind] = error.message

    @as_deferred
    async def _shrink(self, guarded: Guarded, step: Shrink) -> None:
        leg = step.leg
        try:
            await self._placement.change(guarded, leg, OrderChange(quantity=step.quantity))
        except UnsupportedOperation:
            await self._give_way(guarded, leg)
        except GatewayError as error:
            if leg.in_doubt:  # it is looked for in the next step, and shrunk at the next try
                leg.ending = True
            elif leg.native and not isinstance(error, Passing):  # brokers may not allow it
                await self._give_way(guarded, leg)
            else:
                await self._look_again(guarded, leg, error)
        else:
            if leg.alive and leg.quantity > step.quantity:  # it said yes, and left it
                await self._give_way(guarded, leg)

    @as_deferred
    async def _give_way(self, guarded: Guarded, leg: Leg) -> None:
        """It cannot be lowered: the next step places what is left, and that is not the broker's."""
        if leg.native:
            guarded.plan.take_over()
        await self._cancel(guarded, leg)

    @as_deferred
    async def _cancel(self, guarded: Guarded, leg: Leg) -> None:
        try:
            await self._placement.cancel(guarded, leg)
        except GatewayError as error:
            await self._look_again(guarded, leg, error)

    @as_deferred
    async def _look_again(self, guarded: Guarded, leg: Leg, error: GatewayError) -> None:
        """A leg could not be changed: it has ended, or it is tried again later."""
        leg.ending = True
        self.log.warn(
            "leg {order_id} could not be changed: {reason}",
            order_id=leg.order_id,
            reason=error.message,
        )
        try:
            await self._placement.look_at(guarded, leg)
        except GatewayError as unanswered:
            self.log.warn(
                "leg {order_id} could not be looked up: {reason}",
                order_id=leg.order_id,
                reason=unanswered.message,
            )
