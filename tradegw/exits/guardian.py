"""Guards filled entries: what happens outside is turned into work on the plans it concerns.

Triggers are fills of entries, changes of legs, closed positions, the return of the link, and a
timer for what could not be done. Plans do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ..deferreds import as_deferred, deadline, shield
from ..errors import OrderNotModifiable, Overloaded
from ..interfaces import IAlarm, IExits, IOrderEntry
from ..model.account import Position
from ..model.enums import PositionEventKind
from ..model.events import OrderEvent, PositionEvent
from ..model.order import Order, OrderRequest
from ..model.protection import ExitsChange, ExitsMoved
from ..risk.breaker import Breaker
from .alerts import Alerts
from .coverage import shortfall
from .holdings import Holdings
from .moving import Moving
from .placement import Placement
from .plan import Leg, Plan
from .plans import Guarded, Plans
from .pursuit import Pursuit

MAX_PLANS: Final = 10_000
ANSWER_SECONDS: Final = 2.0
"""How long the answer to a submit or a change waits for legs."""


@implementer(IExits)
class Guardian:
    """Guards all entries whose exits the broker does not keep itself.

    *seconds* tells monotonic time; *nets* whether the broker nets positions.
    """

    log = Logger()

    def __init__(
        self,
        entry: IOrderEntry,
        breaker: Breaker,
        alarm: IAlarm,
        clock: IReactorTime,
        seconds: Callable[[], float],
        *,
        nets: bool = True,
    ) -> None:
        self._breaker = breaker
        self._clock = clock
        self._alerts = Alerts(alarm)
        self._plans = Plans()
        self._holdings = Holdings(nets=nets)
        placement = Placement(entry, self._plans, clock)
        self._moving = Moving(entry, placement, self._alerts)
        self._pursuit = Pursuit(
            entry, self._plans, placement, breaker, self._alerts, clock, seconds
        )

    def expect(self, intent_id: str, request: OrderRequest, seed: str | None) -> None:
        if len(self._plans) >= MAX_PLANS:
            raise Overloaded(f"{MAX_PLANS} orders with exits are guarded already")
        self._plans.add(Plan.of(intent_id, request, seed))

    def forget(self, intent_id: str) -> None:
        self._plans.forget(intent_id)

    def accepted(self, intent_id: str, order: Order) -> Deferred[None] | None:
        guarded = self._plans.bind(intent_id, order.id)
        if guarded is None:
            return None
        closed = self._holdings.execute(order, is_leg=False)
        self._release(order, closed)
        changed = guarded.plan.take_entry(order, closed)
        if not changed and guarded.plan.entry_filled == 0:
            return None
        return self._at_most(ANSWER_SECONDS, self._pursuit.drive(guarded))

    @as_deferred
    async def _at_most(self, seconds: float, work: Deferred[None]) -> None:
        try:
            await deadline(shield(work), seconds, self._clock)
        except TimeoutError:
            self.log.warn("an answer goes out before the exit legs are settled")

    def on_order_event(self, event: OrderEvent) -> Deferred[None] | None:
        order = event.order
        guarded = self._plans.of_entry(order)
        found = None if guarded is not None else self._plans.of_leg(order)
        closed = self._holdings.execute(order, is_leg=found is not None)
        if found is not None:
            changed, driven = self._take_leg(*found, order), []
            guarded = found[0]
        else:
            driven = self._release(order, closed)
            changed = guarded is not None and guarded.plan.take_entry(order, closed)
        if guarded is not None and changed:
            driven.append(self._pursuit.drive(guarded))
        return _all(driven)

    def _release(self, order: Order, quantity: Decimal) -> list[Deferred[None]]:
        """*order*, no leg, closed *quantity*: of what protected that the oldest is freed first."""
        driven = []
        for guarded in self._plans.closed_by(order) if quantity else ():
            quantity -= guarded.plan.release(quantity)
            driven.append(self._pursuit.drive(guarded))
            if not quantity:
                break
        return driven

    def _take_leg(self, guarded: Guarded, leg: Leg, order: Order) -> bool:
        """Take in a leg's *order*; one that ended without our doing leaves its kind short."""
        plan = guarded.plan
        was_alive, overshot = leg.alive, plan.overshot
        changed = plan.take_leg(leg, order)
        self._plans.bind_leg(guarded, leg)
        if plan.overshot > overshot:
            first = next((one for one in plan.legs if one is not leg and one.filled > 0), leg)
            self._alerts.double_exit(plan, first, leg)
        if was_alive and not leg.alive and not leg.ending and leg.kind in shortfall(plan):
            plan.short[leg.kind] = f"The broker ended exit order {order.id}: {order.status.value}"
        return changed

    def on_position_event(self, event: PositionEvent) -> Deferred[None] | None:
        self._holdings.told(event.event, event.position)
        if event.event is not PositionEventKind.CLOSED:
            return None
        driven = []
        for guarded in self._plans.of_position(event.position):
            guarded.plan.release()
            driven.append(self._pursuit.drive(guarded))
        return _all(driven)

    def on_link_up(self) -> None:
        for guarded in self._plans.short():
            plan = guarded.plan
            self._alerts.unprotected(plan, plan.short, self._breaker.is_open, rebroadcast=True)
            self._pursuit.retry(guarded)

    def waive(self, order_id: str) -> None:
        found = self._plans.of_leg_id(order_id)
        if found is not None:
            guarded, leg = found
            leg.waivers += 1
            self.log.warn(
                "leg {order_id} of {entry_id} is given up by its client",
                order_id=order_id,
                entry_id=guarded.plan.entry_id,
            )

    def keep(self, order_id: str) -> None:
        found = self._plans.of_leg_id(order_id)
        if found is not None:
            guarded, leg = found
            if not leg.ended:  # else the cancel worked after all
                leg.waivers -= 1
            self._pursuit.drive(guarded)

    def changing(self, order_id: str) -> None:
        self._mark_changing(order_id, changing=True)

    def unchanged(self, order_id: str, in_doubt: bool) -> None:
        guarded = self._mark_changing(order_id, changing=False)
        if (found := self._plans.of_leg_id(order_id)) is not None:
            found[1].in_doubt = in_doubt
        if guarded is not None:
            self._pursuit.drive(guarded)

    def _mark_changing(self, order_id: str, *, changing: bool) -> Guarded | None:
        guarded = self._plans.by_entry_id(order_id)
        if guarded is not None:
            guarded.plan.changing = changing
        elif (found := self._plans.of_leg_id(order_id)) is not None:
            guarded, leg = found
            leg.changing = changing
        return guarded

    def replaced(self, previous_id: str, order: Order) -> None:
        guarded = self._plans.replaced(previous_id, order)
        if guarded is None:
            return
        found = self._plans.of_leg_id(order.id)
        if found is not None:
            leg = found[1]
            guarded.plan.targets[leg.kind] = leg.price  # what its client wants from now on
        self._pursuit.drive(guarded)

    def guards(self, entry_id: str) -> bool:
        guarded = self._plans.by_entry_id(entry_id)
        return guarded is not None and not guarded.plan.is_over

    @as_deferred
    async def reprice(self, entry: Order, change: ExitsChange) -> None:
        guarded = self._plans.by_entry_id(entry.id)
        if guarded is None or guarded.plan.is_over:
            guarded = self._attached(entry, change)
        try:
            await guarded.lock.run(self._moving.reprice, guarded, change)
        finally:
            await self._at_most(ANSWER_SECONDS, self._pursuit.drive(guarded))

    def _attached(self, entry: Order, change: ExitsChange) -> Guarded:
        """A plan for an entry that was sent without exits."""
        if entry.status.is_terminal:
            raise OrderNotModifiable(entry.id, f"it is {entry.status.value}")
        plan = Plan.of_working(entry, change)
        self._plans.add(plan)
        guarded = self._plans.bind(plan.intent_id, entry.id)
        assert guarded is not None
        plan.take_entry(entry)
        return guarded

    @as_deferred
    async def move(self, position: Position, change: ExitsChange) -> ExitsMoved:
        guarded = self._plans.of_position(position)
        for one in guarded:
            await one.lock.acquire()
        try:
            return await self._moving.move(position, guarded, change)
        finally:
            for one in guarded:
                one.lock.release()
                self._pursuit.drive(one)

    def resume(self) -> None:
        """The breaker was reset: what it held up is tried now."""
        for guarded in self._plans.short():
            self._pursuit.retry(guarded)

    def idle(self) -> Deferred[None]:
        """Fires when no work on exits is under way."""
        return self._pursuit.idle()

    def stop(self) -> None:
        """No more work; what is pending or short is logged, since nobody will do it now."""
        self._pursuit.stop()
        for guarded in self._plans.all():
            guarded.cancel_retry()
            self._log_unfinished(guarded)

    def _log_unfinished(self, guarded: Guarded) -> None:
        plan = guarded.plan
        if plan.entry_done and not plan.short:
            return
        self.log.error(
            "exits of order {entry_id} are not (all) placed and will not be until the next start:"
            " {kinds}",
            entry_id=plan.entry_id or plan.client_order_id,
            symbol=plan.symbol,
            kinds=", ".join(kind.name for kind in plan.targets),
        )


def _all(work: list[Deferred[None]]) -> Deferred[None] | None:
    return gatherResults(work).addCallback(lambda _done: None) if work else None
