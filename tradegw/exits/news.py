"""What the broker tells of orders and positions, taken in by the plans it concerns."""

from __future__ import annotations

from decimal import Decimal

from twisted.internet.interfaces import IReactorTime

from ..model.account import Trade
from ..model.enums import PositionEventKind
from ..model.events import PositionEvent
from ..model.order import Order
from .charges import Charges
from .coverage import shortfall
from .doubles import Doubles
from .guarded import Guarded
from .holdings import Holdings
from .leg import Leg
from .native.grace import Natives
from .native.legs import native_leg
from .plans import Plans


class News:
    """Knows what each piece of news changes; what has to be done about it is for its caller."""

    def __init__(
        self,
        plans: Plans,
        holdings: Holdings,
        natives: Natives,
        doubles: Doubles,
        charges: Charges,
        clock: IReactorTime,
    ) -> None:
        self._plans = plans
        self._holdings = holdings
        self._natives = natives
        self._doubles = doubles
        self._charges = charges
        self._clock = clock

    def leg(self, order: Order) -> tuple[Guarded, Leg] | None:
        """The plan and leg that *order* is, if it is one."""
        return native_leg(self._plans, order) or self._plans.of_leg(order)

    def executed(self, order: Order, counted_as: str | None, *, is_leg: bool = False) -> Decimal:
        """How much of the opposite side *order* closed since it was last seen."""
        return self._holdings.execute(order, is_leg=is_leg, counted_as=counted_as)

    def released(self, order: Order, quantity: Decimal) -> list[Guarded]:
        """*order*, no leg, closed *quantity*: what was given up for want of a stop is
        freed first, then of what is protected the oldest.
        """
        released: list[Guarded] = []
        if not quantity:
            return released
        own = self._plans.of_entry(order)
        self._doubles.repay(order.symbol, order.side.opposite, quantity, but=own)
        closed = self._plans.closed_by(order)
        for guarded in sorted(closed, key=lambda guarded: not guarded.plan.given_up):
            quantity -= guarded.plan.release(quantity, by=order)
            released.append(guarded)
            if not quantity:
                break
        return released

    def take_leg(self, guarded: Guarded, leg: Leg, order: Order) -> bool:
        """Take in a leg's *order*; one that ended without our doing leaves its kind short."""
        plan = guarded.plan
        was_alive = leg.alive
        changed = plan.take_leg(leg, order)
        self._plans.bind_leg(guarded, leg)
        if was_alive and leg.ended and not leg.native:
            guarded.count_in_vain(leg, self._clock.seconds())
        self._doubles.look(guarded, leg)
        has_gone = was_alive and not leg.alive and not leg.ending and leg.unfilled > 0
        if has_gone and leg.kind in shortfall(plan):
            reason = f"The broker ended exit order {order.id}: {order.status.value}"
            if leg.native:
                self._natives.dropped(guarded, leg, reason)
            else:
                plan.short[leg.kind] = reason
                if plan.native:
                    plan.take_over()  # nor does the broker know of it
        return changed

    def charged(self, trade: Trade) -> Guarded | None:
        """The plan of which a commission took something, by *trade*."""
        return self._charges.take(trade)

    def catch_up(self, guarded: Guarded) -> None:
        """The commissions of the entry that were told before anything else of it."""
        self._charges.catch_up(guarded)

    def of_position(self, event: PositionEvent) -> list[Guarded]:
        """The plans that protected what is gone by *event*."""
        if event.event is not PositionEventKind.CLOSED:
            return []
        released = self._plans.of_position(event.position)
        if self._holdings.held(event.position.symbol):
            if self._holdings.nets:
                return []  # late, or the fill that closed it is: the reconciliation will tell
            released = [one for one in released if one.plan.position_id is not None]
        for guarded in released:
            guarded.plan.release()
        return released
