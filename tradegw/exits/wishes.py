"""What clients want of exits beyond those of a new order: moved, attached, or trailing by an order.

Resting legs are moved (``moving``); what rests nowhere yet is attached (``attaching``).
"""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from ..deferreds import as_deferred
from ..errors import OrderDenied, OrderNotModifiable
from ..model.account import Position
from ..model.enums import OrderType
from ..model.money import plain
from ..model.order import Order, OrderRequest
from ..model.protection import ExitLegPlacement, ExitsChange, ExitsMoved, LegKind, Trail
from .attaching import Attaching, placed
from .guarded import Guarded
from .keeping import Keeping
from .leg import exists
from .moving import Moving
from .placement import Placement
from .plan import Plan
from .plans import Plans
from .quantity import leg_price, price_step
from .trailing import Ratchet, check_reach


class Wishes:
    """Carries them out; what the legs need afterwards is driven by whoever calls."""

    def __init__(
        self,
        plans: Plans,
        moving: Moving,
        attaching: Attaching,
        placement: Placement,
        keeping: Keeping,
    ) -> None:
        self._plans = plans
        self._moving = moving
        self._attaching = attaching
        self._placement = placement
        self._keeping = keeping

    def for_order(self, entry: Order, change: ExitsChange) -> Guarded:
        """The plan of an entry whose exits are to be changed; one that was sent without gets one.

        Raises ``OrderNotModifiable`` if there is nothing (left) to protect.
        """
        guarded = self._plans.by_entry_id(entry.id)
        if guarded is not None and not guarded.plan.is_over:
            return guarded
        if entry.status.is_terminal:
            raise OrderNotModifiable(entry.id, f"it is {entry.status.value}")
        plan = Plan.of_working(entry, change)
        guarded = self._plans.add(plan)
        self._plans.bind(plan.intent_id, entry.id)
        plan.take_entry(entry, self._attaching.spent(entry))
        self._keeping.keep(guarded)
        return guarded

    @as_deferred
    async def for_position(self, position: Position, change: ExitsChange) -> ExitsMoved:
        """Have all of *position* protected as *change* says: what is naked first, then what its
        plans cover. Fails with the first that could not be done.
        """
        guarded = self._plans.of_position(position)
        for one in guarded:
            if one.plan.awaited:
                raise OrderNotModifiable(position.id, "an order that protects it is on its way")
        self._moving.check(guarded, change)
        new = await self._attaching.attach(position, change)
        guarded = [one for one in self._plans.of_position(position) if one is not new]
        if new is None or guarded:
            moved = await self._moved(position, guarded, change)
        else:
            moved = ExitsMoved(position_id=position.id)
        return moved if new is None else _with(moved, new)

    @as_deferred
    async def _moved(
        self, position: Position, guarded: list[Guarded], change: ExitsChange
    ) -> ExitsMoved:
        for one in guarded:
            await one.lock.acquire()
        try:
            return await self._moving.move(position, guarded, change)
        finally:
            for one in guarded:
                one.lock.release()

    # -- trailing stops that are orders of their own -----------------------------------------------

    def check_stop(self, request: OrderRequest, held: Decimal) -> None:
        """Raise ``OrderDenied`` if no plan could have *request* follow the market: it must reduce
        what is *held*, and nothing else may protect that.
        """
        free = self._attaching.unpromised(request.symbol, request.side, held, request.position_id)
        if request.quantity > free:
            raise _denied(free, request)

    def as_stop(
        self, request: OrderRequest, trail: Trail, held: Decimal, price: Decimal
    ) -> OrderRequest:
        """The stop that *request*, a trailing one, is to begin with at *price*; raises what
        :meth:`check_stop` does, and ``OrderDenied`` if the distance reaches below any price.
        """
        self.check_stop(request, held)
        exit_side = request.side
        ratchet = Ratchet(trail, exit_side, price)
        check_reach(ratchet)
        instrument = self._plans.rules(request.symbol)
        stop = ratchet.stop(price_step(instrument))
        assert stop is not None
        return replace(
            request,
            order_type=OrderType.STOP,
            stop_price=leg_price(LegKind.STOP_LOSS, stop, exit_side, instrument),
            trailing_distance=None,
            trailing_type=None,
            reduce_only=True if request.position_id is not None else request.reduce_only,
        )

    def expect_stop(
        self, intent_id: str, request: OrderRequest, trail: Trail, price: Decimal, seed: str
    ) -> None:
        """*request*, as :meth:`as_stop` made it, is about to be sent under its client order id;
        further stops are named after *seed*.
        """
        assert request.stop_price is not None
        plan = Plan(
            intent_id=intent_id,
            client_order_id=None,
            symbol=request.symbol,
            exit_side=request.side,
            targets={LegKind.STOP_LOSS: request.stop_price},
            ratchet=Ratchet(trail, request.side, price),
            seed=seed,
            since=self._keeping.now(),
            position_id=request.position_id,
            entry_filled=request.quantity,
            entry_ended=True,
            of_position=True,
            own_name=request.client_order_id,
            awaited=True,
        )
        guarded = self._plans.add(plan)
        self._plans.add_leg(guarded, plan.next_leg(LegKind.STOP_LOSS, request.quantity))
        self._keeping.keep(guarded)

    def arrived(self, guarded: Guarded, order: Order) -> None:
        """The broker has the stop of a client, as *order*: from now on it is a leg as any other."""
        plan = guarded.plan
        for leg in plan.legs:
            if leg.client_order_id == plan.own_name:
                self._placement.take(guarded, leg, order)
                break
        plan.awaited = False
        if not exists(order) and plan.open_quantity > 0:
            self._attaching.give_up(guarded)  # it came to nothing, as its client will hear

    def refused(self, guarded: Guarded) -> None:
        """There is no such order, and there will be none."""
        plan = guarded.plan
        if any(leg.order_id is not None for leg in plan.legs):
            plan.awaited = False  # there is, whatever was answered
            return
        for leg in list(plan.legs):
            self._plans.drop_leg(guarded, leg)
        self._attaching.give_up(guarded)


def _with(moved: ExitsMoved, new: Guarded) -> ExitsMoved:
    """*moved*, and where the legs of the *new* plan rest."""

    def both(known: ExitLegPlacement | None, kind: LegKind) -> ExitLegPlacement | None:
        if kind not in new.plan.kinds:
            return known
        own = placed([new], kind, new.plan.price(kind))
        return own if known is None else replace(known, order_ids=known.order_ids + own.order_ids)

    return replace(
        moved,
        stop_loss=both(moved.stop_loss, LegKind.STOP_LOSS),
        take_profit=both(moved.take_profit, LegKind.TAKE_PROFIT),
    )


def _denied(free: Decimal, request: OrderRequest) -> OrderDenied:
    return OrderDenied(
        "The broker has no TRAILING_STOP orders. Instead of one the gateway has a stop follow the"
        " market if it reduces what is held and has no exits yet: of that there are"
        f" {plain(free)} {request.symbol}, not {plain(request.quantity)}. Or attach a stop that"
        " trails: to an entry by its trailing_stop, to exits by a change with trailing_distance and"
        " trailing_type",
        "UNSUPPORTED",
    )
