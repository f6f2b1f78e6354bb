"""Guards filled entries: what happens outside is turned into work on the plans it concerns.

Triggers are fills of entries, changes of legs, closed positions, the return of the link, and a
timer for what could not be done. Plans do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ..deferreds import as_deferred, deadline, shield
from ..errors import OrderNotModifiable, Overloaded
from ..interfaces import IExits, ILastResort, IOrderEntry
from ..model.account import Position, Trade
from ..model.enums import PositionEventKind
from ..model.events import OrderEvent, PositionEvent, QuoteEvent
from ..model.order import Order, OrderChange, OrderRequest
from ..model.protection import ExitsChange, ExitsMoved
from ..risk.breaker import Breaker
from .charges import Charges
from .clients import Clients
from .closeout import Closeout
from .closes import Closes
from .coverage import shortfall, unconfirmed
from .expiry import Expiry
from .guarded import Guarded
from .holdings import Holdings
from .keeping import Keeping
from .leg import Leg
from .lookout import Lookout
from .moving import Moving, placed_stop
from .outcry import Outcry
from .placement import Placement
from .plan import Plan
from .plans import Plans
from .pursuit import Pursuit
from .restart import Restart
from .tightening import Tightening
from .trails import Trails
from .undoing import Undoing

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
        outcry: Outcry,
        keeping: Keeping,
        clock: IReactorTime,
        seconds: Callable[[], float],
        *,
        nets: bool = True,
    ) -> None:
        self._keeping = keeping
        self._clock = clock
        self._outcry = outcry
        self._alerts = alerts = outcry.alerts
        self.plans = self._plans = plans = Plans(instrument=entry.instrument)
        self._holdings = holdings = Holdings(nets=nets)
        placement = Placement(entry, plans, holdings, keeping, clock)
        self._moving = moving = Moving(entry, placement, keeping, alerts)
        tightening = Tightening(entry, placement, moving, keeping, breaker, outcry, seconds)
        self._pursuit = pursuit = Pursuit(
            plans, placement, keeping, breaker, outcry, clock, seconds
        )
        self.trails = Trails(entry, pursuit, keeping, outcry, clock, seconds)
        pursuit.trail_with(tightening, self.trails.look)
        self._clients = Clients(plans, holdings, keeping, pursuit)
        self._restart = Restart(plans, holdings, keeping, pursuit)
        self._charges = Charges(plans, holdings)
        self._undoing = Undoing(plans, keeping, alerts)
        self._closes = Closes(plans, holdings, keeping, placement, pursuit, clock)
        self._lookout: Lookout | None = None

    def doubt_with(self, suspect: Callable[[str], object]) -> None:
        """*suspect* has the broker asked how things stand when it refuses a leg for want of what it
        would sell.
        """
        self._pursuit.doubt_with(suspect)

    def undo_with(self, last_resort: ILastResort) -> None:
        """*last_resort* closes what both exits of a pair sold too much."""
        self._undoing.connect(last_resort)

    def restore(self, orders: Iterable[Order]) -> None:
        """Once, before anything else; see :meth:`tradegw.exits.restart.Restart.restore`."""
        told = {order.id: order for order in orders}
        self._restart.restore(told.values())
        self._closes.restore(told)
        for guarded in self._plans.all():
            self.trails.watch(guarded)

    def look_out(self, closeout: Closeout, expiry: Expiry, seconds: float) -> None:
        """Look over all plans every *seconds* from now on."""
        self._lookout = Lookout(
            self._plans, self._pursuit, self._outcry, self._keeping, closeout, expiry, self._clock
        )
        self._lookout.start(seconds)

    def on_positions(self, positions: Iterable[Position], unclear: Collection[str] = ()) -> None:
        positions = list(positions)
        self._restart.on_positions(positions, unclear)
        if self._holdings.nets:
            self._undoing.on_positions(positions, unclear)

    def reconciled(self) -> None:
        self._restart.reconciled()
        self._closes.reconciled()

    def expect(self, intent_id: str, request: OrderRequest, seed: str | None) -> None:
        if len(self._plans) >= MAX_PLANS:
            raise Overloaded(f"{MAX_PLANS} orders with exits are guarded already")
        self._keeping.keep(self._plans.add(Plan.of(intent_id, request, seed, self._keeping.now())))

    def forget(self, intent_id: str) -> None:
        self._keeping.end(self._plans.forget(intent_id))
        self._driven(self._closes.over(intent_id))

    def expect_close(self, intent_id: str, position_id: str) -> None:
        self._closes.expect(intent_id, position_id)

    def make_way(self, intent_id: str, position: Position, quantity: Decimal) -> Deferred[bool]:
        return self._closes.make_way(intent_id, position, quantity)

    def close_accepted(self, intent_id: str, told: Order | None) -> None:
        self._closes.accepted(intent_id)
        if told is not None:
            self._driven(self._closes.take(told, intent_id))

    def accepted(self, intent_id: str, order: Order) -> Deferred[None] | None:
        guarded = self._plans.bind(intent_id, order.id)
        if guarded is None:
            return None
        self.forget(intent_id)  # if the order has another plan
        closed = self._executed(order, guarded.plan.first_id)
        released = self._released(order, closed)
        changed = guarded.plan.take_entry(order, closed)
        if changed or guarded.plan.entry_filled > 0:
            released.append(guarded)
        driven = self._driven(released)
        self._keeping.keep(guarded)
        if guarded not in released or self._pursuit.is_held:
            return None
        return self._at_most(ANSWER_SECONDS, driven[-1])

    @as_deferred
    async def _at_most(self, seconds: float, work: Deferred[None]) -> None:
        try:
            await deadline(shield(work), seconds, self._clock)
        except TimeoutError:
            self.log.warn("an answer goes out before the exit legs are settled")

    def on_order_event(self, event: OrderEvent) -> Deferred[None] | None:
        order = event.order
        guarded = self._plans.of_entry(order)
        if guarded is None and (found := self._plans.of_leg(order)) is not None:
            guarded, leg = found
            self._executed(order, leg.first_id, is_leg=True)
            return _all(self._driven([guarded] if self._take_leg(guarded, leg, order) else []))
        closed = self._executed(order, None if guarded is None else guarded.plan.first_id)
        changed = self._released(order, closed)
        concerned = self._closes.take(order, order.correlation_id or "")
        changed += [one for one in concerned if one not in changed]
        if guarded is not None and guarded.plan.take_entry(order, closed):
            changed.append(guarded)
        return _all(self._driven(changed))

    def _executed(self, order: Order, counted_as: str | None, *, is_leg: bool = False) -> Decimal:
        return self._holdings.execute(order, is_leg=is_leg, counted_as=counted_as)

    def _released(self, order: Order, quantity: Decimal) -> list[Guarded]:
        """*order*, no leg, closed *quantity*: what was given up for want of a stop is
        freed first, then of what is protected the oldest.
        """
        released: list[Guarded] = []
        if not quantity:
            return released
        closed = self._plans.closed_by(order)
        for guarded in sorted(closed, key=lambda guarded: not guarded.given_up):
            quantity -= guarded.plan.release(quantity, by=order)
            released.append(guarded)
            if not quantity:
                break
        return released

    def _driven(self, changed: list[Guarded]) -> list[Deferred[None]]:
        """The work on what changed; all of one event is written down at once."""
        if len(changed) > 1:  # one alone is written with what is done about it
            self._keeping.keep(*changed)
        for guarded in changed:
            self._charges.catch_up(guarded)
            self.trails.watch(guarded)
        driven = [self._pursuit.drive(guarded) for guarded in changed]
        self._keeping.keep(*changed)
        return driven

    def _take_leg(self, guarded: Guarded, leg: Leg, order: Order) -> bool:
        """Take in a leg's *order*; one that ended without our doing leaves its kind short."""
        plan = guarded.plan
        was_alive, overshot = leg.alive, plan.overshot
        changed = plan.take_leg(leg, order)
        self._plans.bind_leg(guarded, leg)
        if was_alive and leg.ended:
            guarded.count_in_vain(leg, self._clock.seconds())
        if plan.overshot > overshot:
            self._overshot(plan, leg)
        has_gone = was_alive and not leg.alive and not leg.ending and leg.unfilled > 0
        if has_gone and leg.kind in shortfall(plan):
            plan.short[leg.kind] = f"The broker ended exit order {order.id}: {order.status.value}"
        return changed

    def _overshot(self, plan: Plan, leg: Leg) -> None:
        """The legs of *plan* executed more than there was, *leg* the last of it. Before the broker
        was asked that may just be what the entry filled and nobody told of yet.
        """
        others = [one for one in plan.legs if one is not leg and one.filled > 0]
        if not self._pursuit.is_held or any(one.kind is not leg.kind for one in others):
            self._alerts.double_exit(plan, others[0] if others else leg, leg)
            self._pursuit.suspect(f"both exits of {plan.entry_id} executed")

    def on_execution(self, trade: Trade) -> Deferred[None] | None:
        guarded = self._charges.take(trade)
        if guarded is None:
            return None
        if not guarded.plan.short:
            return _all(self._driven([guarded]))
        self._keeping.keep(guarded)
        return self._pursuit.retry(guarded)  # what was refused may have been too much

    def on_position_event(self, event: PositionEvent) -> Deferred[None] | None:
        if event.event is not PositionEventKind.CLOSED:
            return None
        released = self._plans.of_position(event.position)
        if self._holdings.held(event.position.symbol):
            if self._holdings.nets:
                return None  # late, or the fill that closed it is: the reconciliation will tell
            released = [one for one in released if one.plan.position_id is not None]
        for guarded in released:
            guarded.plan.release()
        return _all(self._driven(released))

    def on_quote(self, event: QuoteEvent) -> None:
        self.trails.on_quote(event)

    def on_link_up(self) -> None:
        for guarded in self._plans.short():
            self._outcry.tell_again(guarded)
            self._pursuit.retry(guarded)

    def waive(self, order_id: str) -> None:
        self._clients.waive(order_id)

    def keep(self, order_id: str) -> None:
        self._clients.want(order_id)

    def check(self, order_id: str, change: OrderChange) -> None:
        self._clients.check(order_id, change)

    def changing(self, order_id: str) -> None:
        self._clients.changing(order_id)

    def unchanged(self, order_id: str, in_doubt: bool) -> None:
        self._clients.unchanged(order_id, in_doubt=in_doubt)

    def replaced(self, previous_id: str, order: Order) -> None:
        self._clients.replaced(previous_id, order)

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
            await self._at_most(ANSWER_SECONDS, *self._driven([guarded]))

    def _attached(self, entry: Order, change: ExitsChange) -> Guarded:
        """A plan for an entry that was sent without exits."""
        if entry.status.is_terminal:
            raise OrderNotModifiable(entry.id, f"it is {entry.status.value}")
        plan = Plan.of_working(entry, change)
        guarded = self._plans.add(plan)
        self._plans.bind(plan.intent_id, entry.id)
        plan.take_entry(entry)
        self._keeping.keep(guarded)
        return guarded

    @as_deferred
    async def move(self, position: Position, change: ExitsChange) -> ExitsMoved:
        guarded = self._plans.of_position(position)
        for one in guarded:
            await one.lock.acquire()
        try:
            moved = await self._moving.move(position, guarded, change)
        finally:
            for one in guarded:
                one.lock.release()
            driven = self._driven(guarded)
        if change.trail is None:
            return moved
        await self._at_most(ANSWER_SECONDS, _all(driven) or succeed(None))
        return replace(moved, stop_loss=placed_stop(guarded))

    def resume(self) -> None:
        """The breaker was reset: what it held up is tried now."""
        for guarded in self._plans.short():
            self._pursuit.retry(guarded)
        self.trails.resume()

    def idle(self) -> Deferred[None]:
        """Fires when no work on exits is under way."""
        return self._pursuit.idle()

    def stop(self) -> None:
        """No more work; what is pending or short is logged, since nobody will do it now."""
        if self._lookout is not None:
            self._lookout.stop()
        self.trails.stop()
        self._pursuit.stop()
        for guarded in self._plans.all():
            guarded.cancel_retry()
            self._log_unfinished(guarded)

    def _log_unfinished(self, guarded: Guarded) -> None:
        plan = guarded.plan
        missing = unconfirmed(plan)
        if not missing:
            return
        self.log.error(
            "exits of order {entry_id} are not (all) placed and will not be until the next start:"
            " {kinds}",
            entry_id=plan.entry_id or plan.client_order_id,
            symbol=plan.symbol,
            kinds=", ".join(kind.name for kind in missing),
        )


def _all(work: list[Deferred[None]]) -> Deferred[None] | None:
    return gatherResults(work).addCallback(lambda _done: None) if work else None
