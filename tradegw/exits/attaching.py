"""Exits for what is held without any: of a position that no entry with exits opened, or of a kind
that an entry was sent without.

A plan of a position covers a fixed quantity, which no other plan covers. It is durable before its
first leg is sent; what the broker definitely refuses is not wanted any more, for its client was
told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ..deferreds import as_deferred
from ..errors import GatewayError, OrderNotModifiable
from ..interfaces import IOrderEntry
from ..model.account import Position
from ..model.enums import Side
from ..model.money import ZERO
from ..model.order import Order
from ..model.protection import ExitLegPlacement, ExitsChange, LegKind
from .coverage import shortfall
from .guarded import Guarded
from .holdings import Holdings
from .keeping import Keeping
from .leg import Leg
from .plan import Plan
from .plans import Plans
from .quantity import too_small, whole
from .trailing import Ratchet, check_reach


class Attaching:
    """Makes plans of positions, and has the first legs of kinds that were not wanted before sent:
    *place* does that, for a plan whose lock is held.
    """

    def __init__(
        self,
        entry: IOrderEntry,
        plans: Plans,
        holdings: Holdings,
        keeping: Keeping,
        place: Callable[[Guarded, LegKind, Decimal], Deferred[Leg]],
        clock: IReactorTime,
    ) -> None:
        self._entry = entry
        self._plans = plans
        self._holdings = holdings
        self._keeping = keeping
        self._place = place
        self._clock = clock

    def naked(self, position: Position) -> Decimal:
        """How much of *position* no plan covers; what executed but was not told is left out."""
        there = self.held(position.symbol, position.side.closing, abs(position.quantity))
        return self._left(there, (one.plan for one in self._plans.of_position(position)))

    def unpromised(
        self, symbol: str, exit_side: Side, held: Decimal, position_id: str | None
    ) -> Decimal:
        """The same, where only the position's id is known, if that, and what the gate takes to be
        *held*.
        """
        return self._left(
            self.held(symbol, exit_side, held),
            (
                one.plan
                for one in self._plans.all()
                if (one.plan.symbol, one.plan.exit_side) == (symbol, exit_side)
                and (self._holdings.nets or one.plan.position_id in (None, position_id))
            ),
        )

    def spent(self, entry: Order) -> Decimal:
        """How much of the executions that were told of *entry*, which has no plan, is not there to
        protect: it closed what was on the other side, or was closed again, or others protect it.
        """
        if not self._holdings.nets:
            return ZERO
        told, exit_side = self._holdings.executed(entry.id), entry.side.opposite
        there = self._holdings.most(entry.symbol, exit_side)
        return told - min(told, self.unpromised(entry.symbol, exit_side, there, None))

    def held(self, symbol: str, exit_side: Side, quantity: Decimal) -> Decimal:
        """*quantity*, but no more than all executions that were told opened."""
        return min(quantity, self._holdings.most(symbol, exit_side))

    @staticmethod
    def _left(there: Decimal, plans: Iterable[Plan]) -> Decimal:
        return max(ZERO, there - sum((plan.open_quantity for plan in plans), ZERO))

    @as_deferred
    async def attach(self, position: Position, change: ExitsChange) -> Guarded | None:
        """Protect what is naked of *position* as *change* says; ``None`` if nothing is, or too
        little for an order beside what plans cover.

        Fails with the broker's refusal, and then no plan is left of what was refused.
        """
        if self.naked(position) <= 0:
            return None
        kept = await self._kept_by_broker(position)
        trail = change.trail
        price = None if trail is None else await self._entry.price(position.symbol)
        quantity = self.naked(position) - kept
        if quantity <= 0:
            return None
        plan = self._plan(position, quantity, change)
        if trail is not None:
            ratchet = Ratchet(trail, plan.exit_side, price)
            check_reach(ratchet)
            plan.trail(trail, price)
        self._plans.inform(plan)
        too_little = _too_little(plan)
        if too_little is not None:
            if self._plans.of_position(position):
                return None  # what they cover is not less important for that
            raise OrderNotModifiable(position.id, f"no exit can be placed: {too_little}")
        guarded = self._plans.add(plan)
        await guarded.lock.run(self._place_all, guarded)
        return guarded

    def _plan(self, position: Position, quantity: Decimal, change: ExitsChange) -> Plan:
        seed = self._entry.mint()
        wanted = {LegKind.STOP_LOSS: change.stop_loss, LegKind.TAKE_PROFIT: change.take_profit}
        return Plan(
            intent_id=f"position:{position.id}:{seed}",
            client_order_id=None,
            symbol=position.symbol,
            exit_side=position.side.closing,
            targets={kind: price for kind, price in wanted.items() if price is not None},
            seed=seed,
            since=self._keeping.now(),
            position_id=position.id,
            entry_filled=quantity,
            entry_ended=True,
            of_position=True,
        )

    @as_deferred
    async def _kept_by_broker(self, position: Position) -> Decimal:
        """How much of *position* is covered by legs that the broker keeps, and no plan knows."""
        most = dict.fromkeys(LegKind, ZERO)
        for order in await self._entry.bracket_legs(position.symbol):
            if order.side is position.side.closing and self._plans.of_leg_id(order.id) is None:
                is_limit = order.limit_price is not None and order.stop_price is None
                kind = LegKind.TAKE_PROFIT if is_limit else LegKind.STOP_LOSS
                most[kind] += order.remaining_quantity
        return max(most.values())

    @as_deferred
    async def _place_all(self, guarded: Guarded) -> None:
        plan = guarded.plan
        await self._keeping.keep_durably(guarded, self._clock)
        kinds = list(plan.kinds)
        for kind in kinds:
            try:
                await self._placed(guarded, kind)
            except GatewayError:
                if not _is_in_doubt(plan, kind):
                    for unwanted in kinds[kinds.index(kind) :]:
                        plan.unwant(unwanted)
                    if not plan.kinds:
                        self.give_up(guarded)
                raise

    def give_up(self, guarded: Guarded) -> None:
        """Nothing of the plan of a position came to be: it is over."""
        guarded.plan.awaited = False
        guarded.plan.release()
        self._keeping.keep(guarded)
        self._keeping.end(self._plans.settle(guarded))

    @as_deferred
    async def add(self, guarded: Guarded, kind: LegKind, price: Decimal) -> None:
        """Have legs of *kind*, of which none rests, at *price*; the caller holds the lock.

        Fails with the broker's refusal; all is wanted as before then.
        """
        plan = guarded.plan
        undo = _wishes(plan, kind)
        if plan.gave_up(kind):
            plan.unwant(kind)  # what trailed does no longer
        plan.targets[kind] = price
        plan.want_again(kind)
        plan.short.pop(kind, None)
        await self._keeping.keep_durably(guarded, self._clock)
        try:
            await self._placed(guarded, kind)
        except GatewayError as error:
            if _is_in_doubt(plan, kind):
                plan.short[kind] = error.message
            else:
                undo()
            raise

    @as_deferred
    async def _placed(self, guarded: Guarded, kind: LegKind) -> None:
        """Send a leg for all that is missing of *kind*, if anything is."""
        plan = guarded.plan
        quantity = shortfall(plan).get(kind)
        if quantity is None or not plan.is_ready:
            return
        refusal = too_small(quantity, plan.price(kind), plan.instrument)
        if refusal is not None:
            raise OrderNotModifiable(plan.position_id or plan.symbol, refusal)
        await self._place(guarded, kind, quantity)


def placed(guarded: Iterable[Guarded], kind: LegKind, price: Decimal) -> ExitLegPlacement:
    """The legs of *kind* that rest for plans; they are (to be) at *price*."""
    order_ids = tuple(
        leg.order_id
        for one in guarded
        for leg in one.plan.staying_legs(kind)
        if leg.order_id is not None
    )
    return ExitLegPlacement(order_ids=order_ids, trigger_price=price)


def _too_little(plan: Plan) -> str | None:
    """Why the broker would take no order for all that *plan* protects; ``None`` if it would."""
    quantity = whole(plan.open_quantity, plan.instrument)
    if not quantity:
        return "less than the smallest quantity"
    reasons = (too_small(quantity, plan.price(kind), plan.instrument) for kind in plan.kinds)
    return next((reason for reason in reasons if reason is not None), None)


def _is_in_doubt(plan: Plan, kind: LegKind) -> bool:
    return any(leg.kind is kind and leg.in_doubt for leg in plan.legs)


def _wishes(plan: Plan, kind: LegKind) -> Callable[[], None]:
    """Puts back what is wanted of *kind* as it is now."""
    target, reason, ratchet = plan.targets.get(kind), plan.short.get(kind), plan.ratchet
    waivers = [(leg, leg.waivers) for leg in plan.legs if leg.kind is kind]

    def undo() -> None:
        if target is None:
            plan.unwant(kind)
        else:
            plan.targets[kind], plan.ratchet = target, ratchet
        if reason is not None:
            plan.short[kind] = reason
        for leg, number in waivers:
            leg.waivers = number

    return undo
