"""Guards filled entries: what happens outside is turned into work on the plans it concerns.

Triggers are fills of entries, changes of legs, closed positions, the return of the link, and a
timer for what could not be done. Plans do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ..deferreds import as_deferred, deadline, shield
from ..errors import Overloaded
from ..interfaces import IExits, ILastResort, IOrderEntry
from ..model.account import Position, Trade
from ..model.events import OrderEvent, PositionEvent, QuoteEvent
from ..model.order import Order, OrderChange, OrderRequest
from ..model.protection import ExitsChange, ExitsMoved, Trail
from ..risk.breaker import Breaker
from .attaching import Attaching
from .charges import Charges
from .clients import Clients
from .closeout import Closeout
from .closes import Closes
from .coverage import unconfirmed
from .doubles import Doubles
from .expiry import Expiry
from .guarded import Guarded
from .hearing import Hearing, together
from .holdings import Holdings
from .keeping import Keeping
from .lookout import Lookout
from .moving import Moving, placed_stop
from .native.asking import Asking
from .native.changes import NativeChanges
from .native.grace import Natives
from .news import News
from .outcry import Outcry
from .placement import Placement
from .plan import Plan
from .plans import Plans
from .pursuit import Pursuit
from .restart import Restart
from .steps import Steps
from .suspicion import Suspicion
from .swaps import Swaps
from .tightening import Tightening
from .trails import Trails
from .undoing import Undoing
from .wishes import Wishes

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
        alerts = outcry.alerts
        self.plans = self._plans = plans = Plans(instrument=entry.instrument)
        self.holdings = self._holdings = holdings = Holdings(nets=nets)
        placement = Placement(entry, plans, holdings, keeping, clock)
        self._moving = moving = Moving(entry, placement, keeping, alerts)
        tightening = Tightening(entry, placement, moving, keeping, breaker, outcry, seconds)
        self._suspicion = suspicion = Suspicion()
        steps = Steps(placement, tightening, breaker, suspicion, seconds)
        self._pursuit = pursuit = Pursuit(plans, steps, keeping, outcry, clock)
        pursuit.conclude_with(self._worked_on)
        self.trails = Trails(entry, pursuit, keeping, outcry, clock, seconds)
        self._swaps = Swaps(entry, pursuit, keeping, breaker, clock, seconds)
        asking = Asking(entry, plans, placement, suspicion)
        self._natives = natives = Natives(asking, pursuit, keeping, outcry, clock)
        self._clients = Clients(plans, holdings, keeping, pursuit, NativeChanges(plans, moving))
        self._doubles = doubles = Doubles(plans, keeping, alerts, pursuit, suspicion)
        self._restart = Restart(plans, holdings, keeping, pursuit, doubles)
        attaching = Attaching(entry, plans, holdings, keeping, steps.place, clock)
        moving.attach_with(attaching)
        self._wishes = Wishes(plans, moving, attaching, placement, keeping)
        self._undoing = Undoing(plans, keeping, alerts)
        news = News(plans, holdings, natives, doubles, Charges(plans, holdings), clock)
        self._closes = closes = Closes(plans, holdings, keeping, placement, pursuit, clock)
        self._hearing = Hearing(plans, news, closes, self._watch, keeping, pursuit, clock)
        self._lookout: Lookout | None = None

    def doubt_with(
        self, suspect: Callable[[str], object], learned: Callable[[Order], object]
    ) -> None:
        """*suspect* has the broker asked how things stand when it refuses a leg for want of what it
        would sell; *learned* tells clients what they do not know of an order.
        """
        self._suspicion.connect(suspect, learned)

    def undo_with(self, last_resort: ILastResort) -> None:
        """*last_resort* closes what both exits of a pair sold too much."""
        self._undoing.connect(last_resort)

    def restore(self, orders: Iterable[Order]) -> None:
        """Once, before anything else; see :meth:`tradegw.exits.restart.Restart.restore`."""
        told = {order.id: order for order in orders}
        self._restart.restore(told.values())
        self._closes.restore(told)
        for guarded in self._plans.all():
            guarded.overshot = guarded.plan.overshot  # an earlier process told that
            self.trails.watch(guarded)
            self._swaps.watch(guarded)

    def _watch(self, guarded: Guarded) -> None:
        self.trails.watch(guarded)
        self._natives.watch(guarded)

    def _worked_on(self, guarded: Guarded) -> None:
        self.trails.look(guarded)
        self._swaps.watch(guarded)
        self._swaps.worked_on(guarded)
        self._doubles.look(guarded)
        self._natives.watch(guarded)

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

    def on_working(self, orders: Iterable[Order]) -> None:
        self._restart.on_working(orders)

    def reconciled(self) -> None:
        self._restart.reconciled()
        self._closes.reconciled()
        for guarded in self._plans.all():
            self._natives.watch(guarded)

    def expect(
        self, intent_id: str, request: OrderRequest, seed: str | None, *, native: bool = False
    ) -> None:
        self._check_room()
        now = self._keeping.now()
        plan = Plan.of(intent_id, request, seed, now, native=native)
        self._keeping.keep(self._plans.add(plan))

    def forget(self, intent_id: str) -> None:
        own = self._plans.of_clients_stop(intent_id)
        if own is not None:
            self._wishes.refused(own)
        else:
            self._keeping.end(self._plans.forget(intent_id))
        self._hearing.driven(self._closes.over(intent_id))

    def expect_close(self, intent_id: str, position_id: str) -> None:
        self._closes.expect(intent_id, position_id)

    def make_way(self, intent_id: str, position: Position, quantity: Decimal) -> Deferred[bool]:
        return self._closes.make_way(intent_id, position, quantity)

    def close_accepted(self, intent_id: str, told: Order | None) -> None:
        self._closes.accepted(intent_id)
        if told is not None:
            self._hearing.driven(self._closes.take(told, intent_id))

    def accepted(self, intent_id: str, order: Order) -> Deferred[None] | None:
        own = self._plans.of_clients_stop(intent_id)
        if own is not None:
            self._stop_arrived(own, order)
            return None
        guarded = self._plans.bind(intent_id, order.id)
        if guarded is None:
            return None
        self.forget(intent_id)  # if the order has another plan
        work = self._hearing.accepted(guarded, order)
        if work is None or self._pursuit.is_held:
            return None
        return self._at_most(ANSWER_SECONDS, work)

    def _stop_arrived(self, guarded: Guarded, order: Order) -> None:
        self._hearing.stop_arrived(order)
        self._wishes.arrived(guarded, order)
        self._hearing.driven([guarded])

    def check_stop(self, request: OrderRequest, held: Decimal) -> None:
        self._wishes.check_stop(request, held)

    def as_stop(
        self, request: OrderRequest, trail: Trail, held: Decimal, price: Decimal
    ) -> OrderRequest:
        return self._wishes.as_stop(request, trail, held, price)

    def expect_stop(
        self, intent_id: str, request: OrderRequest, trail: Trail, price: Decimal, seed: str
    ) -> None:
        self._check_room()
        self._wishes.expect_stop(intent_id, request, trail, price, seed)

    def _check_room(self) -> None:
        if len(self._plans) >= MAX_PLANS:
            raise Overloaded(f"{MAX_PLANS} orders with exits are guarded already")

    @as_deferred
    async def _at_most(self, seconds: float, work: Deferred[None]) -> None:
        try:
            await deadline(shield(work), seconds, self._clock)
        except TimeoutError:
            self.log.warn("an answer goes out before the exit legs are settled")

    def on_order_event(self, event: OrderEvent) -> Deferred[None] | None:
        return self._hearing.order(event)

    def on_execution(self, trade: Trade) -> Deferred[None] | None:
        return self._hearing.execution(trade)

    def on_position_event(self, event: PositionEvent) -> Deferred[None] | None:
        return self._hearing.position(event)

    def on_quote(self, event: QuoteEvent) -> None:
        self.trails.on_quote(event)
        self._swaps.on_quote(event)

    def on_link_up(self) -> None:
        for guarded in self._plans.short():
            self._outcry.tell_again(guarded)
            self._pursuit.retry(guarded)

    def waive(self, order_id: str) -> None:
        self._clients.waive(order_id)

    def keep(self, order_id: str) -> None:
        self._clients.want(order_id)

    def current(self, order_id: str) -> str:
        return self._clients.current(order_id)

    def check(self, order_id: str, change: OrderChange) -> None:
        self._clients.check(order_id, change)

    def changing(self, order_id: str) -> None:
        self._clients.changing(order_id)

    def unchanged(self, order_id: str, in_doubt: bool) -> None:
        self._clients.unchanged(order_id, in_doubt=in_doubt)

    def replaced(self, previous_id: str, order: Order, *, native: bool = False) -> None:
        self._clients.replaced(previous_id, order, native=native)

    def guards(self, entry_id: str) -> bool:
        guarded = self._plans.by_entry_id(entry_id)
        if guarded is None or guarded.plan.is_over:
            return False
        return not self.leaves_to_broker(entry_id)

    def leaves_to_broker(self, entry_id: str) -> bool:
        guarded = self._plans.by_entry_id(entry_id)
        return guarded is not None and guarded.plan.native and not guarded.plan.entry_ended

    @as_deferred
    async def reprice(self, entry: Order, change: ExitsChange) -> None:
        guarded = self._wishes.for_order(entry, change)
        try:
            await guarded.lock.run(self._moving.reprice, guarded, change)
        finally:
            await self._at_most(ANSWER_SECONDS, *self._hearing.driven([guarded]))

    @as_deferred
    async def move(self, position: Position, change: ExitsChange) -> ExitsMoved:
        try:
            moved = await self._wishes.for_position(position, change)
        finally:
            guarded = self._plans.of_position(position)
            driven = self._hearing.driven(guarded)
        if change.trail is None:
            return moved
        await self._at_most(ANSWER_SECONDS, together(driven) or succeed(None))
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
        self._swaps.stop()
        self._natives.stop()
        self._hearing.stop()
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
