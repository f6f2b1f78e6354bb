"""Work on one plan: step by step, until its legs cover what they should or have to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, UnsupportedOperation
from ..interfaces import IOrderEntry
from ..model.order import OrderChange
from ..risk.breaker import Breaker, is_placement_fault
from .alerts import Alerts
from .coverage import Cancel, Place, Shrink, Step, next_step
from .placement import Placement
from .plan import Leg
from .plans import Guarded, Plans

RETRY_SECONDS: Final = (1.0, 5.0, 30.0)


class Pursuit:
    """Takes steps; what fails is alerted and tried again, for as long as it is wanted.

    *seconds* tells monotonic time.
    """

    log = Logger()

    def __init__(
        self,
        entry: IOrderEntry,
        plans: Plans,
        placement: Placement,
        breaker: Breaker,
        alerts: Alerts,
        clock: IReactorTime,
        seconds: Callable[[], float],
    ) -> None:
        self._entry = entry
        self._plans = plans
        self._placement = placement
        self._breaker = breaker
        self._alerts = alerts
        self._clock = clock
        self._seconds = seconds
        self._stopped = False

    def stop(self) -> None:
        """No new step is taken from now on."""
        self._stopped = True

    def drive(self, guarded: Guarded) -> Deferred[None]:
        """Fires when nothing more can be done at the moment; work on one plan is serial."""
        return guarded.lock.run(self._pursue, guarded).addErrback(
            lambda failure: self.log.failure("work on exits failed", failure)
        )

    def retry(self, guarded: Guarded) -> Deferred[None]:
        """Try again what had failed."""
        guarded.cancel_retry()
        guarded.told.clear()
        guarded.plan.short.clear()
        for leg in guarded.plan.live_legs():
            leg.ending = False
        return self.drive(guarded)

    @as_deferred
    async def _pursue(self, guarded: Guarded) -> None:
        plan = guarded.plan
        while plan.entry_id is not None and not self._stopped:
            step = next_step(plan)
            if step is None:
                break
            await self._take(guarded, step)
        if plan.short and plan.short != guarded.told:
            guarded.told = dict(plan.short)
            self._alerts.unprotected(plan, self._breaker.is_open)
        if plan.short or any(leg.ending for leg in plan.live_legs()):
            self._retry_later(guarded)
        elif plan.is_over:
            self._plans.remove(guarded)
        else:
            guarded.attempts = 0

    def _retry_later(self, guarded: Guarded) -> None:
        if guarded.retry is not None or self._stopped:
            return
        delay = RETRY_SECONDS[min(guarded.attempts, len(RETRY_SECONDS) - 1)]
        guarded.attempts += 1
        guarded.retry = self._clock.callLater(delay, self.retry, guarded)

    @as_deferred
    async def _take(self, guarded: Guarded, step: Step) -> None:
        match step:
            case Place():
                await self._place(guarded, step)
            case Shrink():
                await self._shrink(step)
            case Cancel():
                await self._cancel(step.leg)

    @as_deferred
    async def _place(self, guarded: Guarded, step: Place) -> None:
        short = guarded.plan.short
        if self._breaker.is_open:
            short[step.kind] = "Circuit breaker open: exit orders are not placed"
            return
        leg = guarded.plan.next_leg(step.kind, step.quantity)
        try:
            await self._placement.place(guarded, leg)
        except GatewayError as error:
            if is_placement_fault(error):
                self._breaker.record_failure(self._seconds())
            short[step.kind] = error.message
            return
        if not leg.alive and leg.unfilled > 0:
            short[step.kind] = f"Exit order {leg.order_id} ended at once"

    @as_deferred
    async def _shrink(self, step: Shrink) -> None:
        leg = step.leg
        assert leg.order_id is not None
        try:
            changed = await self._entry.replace_leg(
                leg.order_id, OrderChange(quantity=step.quantity)
            )
        except UnsupportedOperation:
            await self._cancel(leg)  # the next step places what is left
        except GatewayError as error:
            await self._look_again(leg, error)
        else:
            self._plans.rename(leg.order_id, changed.order)
            leg.quantity = min(leg.quantity, step.quantity)

    @as_deferred
    async def _cancel(self, leg: Leg) -> None:
        assert leg.order_id is not None
        leg.ending = True
        try:
            leg.take(await self._entry.cancel_order(leg.order_id))
        except GatewayError as error:
            await self._look_again(leg, error)

    @as_deferred
    async def _look_again(self, leg: Leg, error: GatewayError) -> None:
        """A leg could not be changed: it has ended, or it is tried again later."""
        assert leg.order_id is not None
        leg.ending = True
        self.log.warn(
            "leg {order_id} could not be changed: {reason}",
            order_id=leg.order_id,
            reason=error.message,
        )
        try:
            leg.take(await self._entry.look_up(leg.order_id))
        except GatewayError as unanswered:
            self.log.warn(
                "leg {order_id} could not be looked up: {reason}",
                order_id=leg.order_id,
                reason=unanswered.message,
            )
