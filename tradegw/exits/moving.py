"""Moving resting legs to new prices (protocol section 3.11).

A leg is changed in place where the broker can; else it is cancelled and placed anew, and if that is
refused, restored at its old price. Legs are moved one after the other; one already moved stays.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from ..deferreds import as_deferred
from ..errors import (
    GatewayError,
    OrderDenied,
    OrderNotModifiable,
    ProviderError,
    UnsupportedOperation,
)
from ..interfaces import IOrderEntry
from ..model.account import Position
from ..model.enums import OrderStatus, OrderType
from ..model.money import ZERO, plain
from ..model.order import Order, OrderChange
from ..model.protection import ExitLegPlacement, ExitsChange, ExitsMoved, LegKind
from .alerts import Alerts
from .attaching import Attaching, placed
from .coverage import shortfall
from .guarded import Guarded
from .keeping import Keeping
from .leg import Leg
from .native.legs import awaits_broker
from .placement import Placement
from .plan import Plan
from .quantity import too_small
from .trailing import Ratchet, check_reach


class Moving:
    """Moves legs of plans whose locks the caller holds."""

    def __init__(
        self, entry: IOrderEntry, placement: Placement, keeping: Keeping, alerts: Alerts
    ) -> None:
        self._entry = entry
        self._placement = placement
        self._keeping = keeping
        self._alerts = alerts
        self._attaching: Attaching

    def attach_with(self, attaching: Attaching) -> None:
        """*attaching* places the first legs of a kind that a plan lacks."""
        self._attaching = attaching

    @as_deferred
    async def move(
        self, position: Position, guarded: list[Guarded], change: ExitsChange
    ) -> ExitsMoved:
        """Move what *change* names for all plans of *position*, and attach what of it one of them
        lacks; a stop that is to trail is moved later.
        """
        self.check(guarded, change)
        stop_loss = change.stop_loss
        if change.trail is not None:
            if not guarded:
                raise OrderNotModifiable(position.id, "no exits that are kept here protect it")
            await self.trail(guarded, change)
            stop_loss = None
        stop = await self._move_kind(position, guarded, LegKind.STOP_LOSS, stop_loss)
        profit = await self._move_kind(position, guarded, LegKind.TAKE_PROFIT, change.take_profit)
        return ExitsMoved(position_id=position.id, stop_loss=stop, take_profit=profit)

    @staticmethod
    def check(guarded: list[Guarded], change: ExitsChange) -> None:
        """Raise ``OrderDenied`` if *change* would loosen a stop that trails."""
        if change.stop_loss is not None:
            for one in guarded:
                check_stop(one.plan, change.stop_loss)

    @as_deferred
    async def trail(self, guarded: list[Guarded], change: ExitsChange) -> None:
        """Have the stops of plans follow the market as *change* says, from what it is now on; they
        are not moved here. Those that did already keep their marks.
        """
        trail = change.trail
        assert trail is not None
        plans = [one.plan for one in guarded]
        needs_price = any(plan.opened > 0 and _begins(plan) for plan in plans)
        price = await self._entry.price(plans[0].symbol) if needs_price else None
        for plan in plans:
            if plan.opened > 0 and _begins(plan):
                check_reach(Ratchet(trail, plan.exit_side, price))
            elif plan.ratchet is not None and plan.has_mark:
                check_reach(Ratchet(trail, plan.exit_side, plan.ratchet.mark))
        for plan in plans:
            if plan.gave_up(LegKind.STOP_LOSS):
                plan.unwant(LegKind.STOP_LOSS)
                plan.want_again(LegKind.STOP_LOSS)
            plan.trail(trail, price)
            if change.stop_loss is not None:
                plan.tighten(change.stop_loss)
        self._keeping.keep(*guarded)

    @as_deferred
    async def _move_kind(
        self, position: Position, guarded: list[Guarded], kind: LegKind, price: Decimal | None
    ) -> ExitLegPlacement | None:
        if price is None:
            return None
        if not guarded:
            return await self._move_native(position, kind, price)
        order_ids = []
        for one in guarded:
            order_ids += await self._move_legs(one, kind, price, position.id)
        price = guarded[0].plan.on_step(kind, price)
        return ExitLegPlacement(order_ids=tuple(order_ids), trigger_price=price)

    @as_deferred
    async def _move_legs(
        self, guarded: Guarded, kind: LegKind, price: Decimal, position_id: str
    ) -> list[str]:
        """Move the legs of one plan, and those to come; the ids of the orders that rest."""
        await self._find_lost(guarded, kind)
        await self._entry_moved(guarded, kind, price)
        resting = [leg for leg in guarded.plan.staying_legs(kind) if leg.order_id]
        for leg in resting:
            if not (leg.native and leg.price == price):  # else it has moved with its entry
                await self.move_leg(guarded, leg, price, position_id)
        has_some = bool(resting) or awaits_broker(guarded.plan, kind)
        if has_some:
            guarded.plan.targets[kind] = price
            self._keeping.keep(guarded)
            legs = guarded.plan.live_legs(kind)
            not_moved = [leg for leg in legs if leg.ending and not leg.waived]
        else:
            not_moved = list(guarded.plan.live_legs(kind))
        if not_moved:  # it may stay where it is after all
            raise OrderNotModifiable(position_id, "an exit is being changed or taken away")
        if not has_some:
            await self._attaching.add(guarded, kind, price)
        return list(placed([guarded], kind, price).order_ids)

    @as_deferred
    async def _entry_moved(self, guarded: Guarded, kind: LegKind, price: Decimal) -> None:
        """Where the broker keeps the exits, those that it places later are to be at *price* too."""
        plan = guarded.plan
        if not plan.native or plan.entry_ended or plan.entry_id is None:
            return
        is_stop = kind is LegKind.STOP_LOSS
        change = OrderChange(stop_loss=price) if is_stop else OrderChange(take_profit=price)
        with suppress(UnsupportedOperation, OrderNotModifiable):  # its legs can be moved still
            await self._placement.change_entry(guarded, change)

    @as_deferred
    async def _move_native(
        self, position: Position, kind: LegKind, price: Decimal
    ) -> ExitLegPlacement:
        """Move the legs that the broker itself keeps."""
        legs = [
            order
            for order in await self._entry.bracket_legs(position.symbol)
            if _kind_of(order) is kind and order.side is position.side.closing
        ]
        if not legs:
            raise OrderNotModifiable(position.id, f"no {kind.name.lower()} leg rests for it")
        moved = [await self._entry.replace_leg(leg.id, _change(kind, price)) for leg in legs]
        return ExitLegPlacement(
            order_ids=tuple(replaced.order.id for replaced in moved), trigger_price=price
        )

    @as_deferred
    async def reprice(self, guarded: Guarded, change: ExitsChange) -> None:
        """Change the exits of an entry: resting legs move, later ones get the new price."""
        plan, stop_loss = guarded.plan, change.stop_loss
        if stop_loss is not None:
            check_stop(plan, stop_loss)
        if change.trail is not None:
            await self.trail([guarded], change)
            stop_loss = None
        for kind, price in (
            (LegKind.STOP_LOSS, stop_loss),
            (LegKind.TAKE_PROFIT, change.take_profit),
        ):
            if price is None:
                continue
            await self._find_lost(guarded, kind)
            for leg in list(plan.staying_legs(kind)):
                await self.move_leg(guarded, leg, price, plan.position_id or plan.symbol)
            if plan.gave_up(kind):
                plan.unwant(kind)  # what trailed does no longer
                plan.want_again(kind)
            plan.targets[kind] = price

    @as_deferred
    async def _find_lost(self, guarded: Guarded, kind: LegKind) -> None:
        """Look for legs in doubt: those that rest after all would stay where they are."""
        for leg in list(guarded.plan.legs):
            if leg.kind is kind and leg.in_doubt:
                await self._placement.find(guarded, leg)

    @as_deferred
    async def move_leg(self, guarded: Guarded, leg: Leg, price: Decimal, position_id: str) -> Leg:
        price = guarded.plan.on_step(leg.kind, price)
        try:
            await self._placement.change(guarded, leg, _change(leg.kind, price))
        except UnsupportedOperation:
            return await self.swap(guarded, leg, price, position_id)
        return leg

    @as_deferred
    async def swap(self, guarded: Guarded, leg: Leg, price: Decimal, position_id: str) -> Leg:
        """Cancel, then place at *price*; if that is refused, at the old price."""
        refusal = too_small(leg.unfilled, price, guarded.plan.instrument)
        if refusal is not None:  # neither would be taken
            raise OrderNotModifiable(position_id, f"the exit leg cannot be replaced: {refusal}")
        try:
            order = await self._placement.cancel(guarded, leg)
        except GatewayError:
            leg.ending = False
            raise
        if not leg.ended:
            await self._placement.wait_for_end(guarded, leg)
        if order.status is OrderStatus.FILLED or leg.unfilled == 0:
            raise OrderNotModifiable(position_id, "the exit leg filled while it was being moved")
        refused = await self._replacement(guarded, leg, price, position_id)
        if isinstance(refused, Leg):
            return refused
        restored = await self._replacement(guarded, leg, leg.price, position_id)
        if isinstance(restored, Leg):
            raise OrderNotModifiable(
                position_id,
                f"the new exit was refused ({refused.message}); the old one is restored",
            )
        guarded.plan.short[leg.kind] = restored.message
        guarded.told = dict(guarded.plan.short)
        self._alerts.move_failed(position_id, leg, refused.message, restored.message)
        raise ProviderError(
            f"Position {position_id} lost its exit: neither the new nor the old one was accepted"
        )

    @as_deferred
    async def _replacement(
        self, guarded: Guarded, leg: Leg, price: Decimal, position_id: str
    ) -> Leg | GatewayError:
        """The new leg, or its definite refusal; in doubt it fails, since another could be one too
        many, and so it does if nothing is left to protect by now.
        """
        missing = shortfall(guarded.plan).get(leg.kind, ZERO)
        if missing == 0:
            raise OrderNotModifiable(position_id, "nothing is left for the exit leg to protect")
        new = guarded.plan.next_leg(leg.kind, min(leg.unfilled, missing))
        new.price = price
        try:
            await self._placement.place(guarded, new)
        except GatewayError as error:
            if new.in_doubt:
                guarded.plan.short[leg.kind] = error.message
                raise
            return error
        return new


def check_stop(plan: Plan, stop: Decimal) -> None:
    """Raise ``OrderDenied`` if *stop* is further away than a stop of *plan* that trails."""
    if plan.would_loosen(stop) and not plan.gave_up(LegKind.STOP_LOSS):
        now = plain(plan.targets[LegKind.STOP_LOSS])
        raise OrderDenied(
            f"The stop-loss trails and is at {now}: it can be moved closer, not to {plain(stop)}",
            "STOP_LOOSENED",
        )


def _begins(plan: Plan) -> bool:
    """Whether a stop of *plan* that is to trail begins at the market as it is now."""
    return not plan.has_mark or plan.gave_up(LegKind.STOP_LOSS)


def placed_stop(guarded: list[Guarded]) -> ExitLegPlacement | None:
    """Where the stops of plans rest, as far as the broker told; ``None`` if none does."""
    legs = [
        leg
        for one in guarded
        for leg in one.plan.staying_legs(LegKind.STOP_LOSS)
        if leg.order_id is not None
    ]
    if not legs:
        return None
    order_ids = tuple(leg.order_id for leg in legs if leg.order_id is not None)
    return ExitLegPlacement(order_ids=order_ids, trigger_price=legs[-1].price)


def _change(kind: LegKind, price: Decimal) -> OrderChange:
    if kind is LegKind.STOP_LOSS:
        return OrderChange(stop_price=price)
    return OrderChange(limit_price=price)


def _kind_of(order: Order) -> LegKind | None:
    if order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP):
        return LegKind.STOP_LOSS
    return LegKind.TAKE_PROFIT if order.order_type is OrderType.LIMIT else None
