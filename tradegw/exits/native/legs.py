"""Exits that the broker keeps itself: which of its orders are legs of which plan.

A plan of an entry whose exits the broker keeps is like any other. Its legs are the broker's own
orders, which name the entry as their parent; they are found in order events, in the answers of a
reconciliation, and by asking for them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...model.enums import OrderType
from ...model.money import ZERO
from ...model.order import Order
from ...model.protection import LegKind
from ..guarded import Guarded
from ..leg import Leg, exists, trigger
from ..naming import LegName
from ..plan import Plan
from ..plans import Plans

GRACE_SECONDS: Final = 5.0
"""What the broker may need after a fill to place, lower or cancel its own legs."""

_KINDS: Final = {
    OrderType.STOP: LegKind.STOP_LOSS,
    OrderType.STOP_LIMIT: LegKind.STOP_LOSS,
    OrderType.TRAILING_STOP: LegKind.STOP_LOSS,
    OrderType.LIMIT: LegKind.TAKE_PROFIT,
}


def exits_of(entry: Order) -> dict[LegKind, Decimal]:
    """Where the exits of *entry* are to be, as the broker shows it."""
    shown = {LegKind.STOP_LOSS: entry.stop_loss, LegKind.TAKE_PROFIT: entry.take_profit}
    return {kind: price for kind, price in shown.items() if price is not None}


def may_be_native(plans: Plans, order: Order) -> bool:
    """Whether *order* belongs to another, and was not sent from here."""
    return order.parent_order_id is not None and not plans.sent_leg(order.client_order_id)


def may_be_ahead(plan: Plan, leg: Leg) -> bool:
    """Whether *leg* may have executed what the entry filled and nobody told of yet: legs of our own
    are not placed before a fill is known.
    """
    return leg.native and not plan.entry_ended


def awaits_broker(plan: Plan, kind: LegKind) -> bool:
    """Whether the broker is about to place legs of *kind*."""
    return plan.trusting and kind in plan.kinds


def native_leg(plans: Plans, order: Order) -> tuple[Guarded, Leg] | None:
    """The leg that *order* is, which the broker placed for an entry of ours; a leg of the plan from
    now on. Its state is not taken in yet.
    """
    known = plans.of_leg_id(order.id)
    if known is not None or not may_be_native(plans, order):
        return known
    guarded = plans.by_entry_id(str(order.parent_order_id))
    kind = _KINDS.get(order.order_type)
    if guarded is None or kind is None or not guarded.plan.native:
        return None
    if order.side is not guarded.plan.exit_side or not exists(order):
        return None
    used = LegName.read(order.client_order_id or "")
    if used is not None:  # it may be just as ours are
        plan = guarded.plan
        plan.numbers[used.kind] = max(plan.numbers.get(used.kind, 0), used.number + 1)
    return guarded, _replaced(guarded, kind, order) or _adopted(plans, guarded, kind, order)


def _replaced(guarded: Guarded, kind: LegKind, order: Order) -> Leg | None:
    """The leg that its client, or we, are having changed, answered or not: *order* takes its place,
    whatever name the broker gives that. As long as the leg rests it may as well be one of what
    filled last.
    """
    plan = guarded.plan
    legs = (leg for leg in plan.legs if leg.kind is kind and leg.native)
    changed = (leg for leg in legs if leg.changing or leg.unsettled)
    is_more = not plan.entry_ended or _is_for_more(plan, kind, order)
    return next((leg for leg in changed if leg.ended or not is_more), None)


def _is_for_more(plan: Plan, kind: LegKind, order: Order) -> bool:
    """Whether *order* would be for what has none of the broker's legs of *kind* yet."""
    legs = (leg for leg in plan.legs if leg.kind is kind and leg.native)
    there = sum((leg.filled if leg.ended else leg.quantity for leg in legs), ZERO)
    return there + order.quantity <= plan.entry_filled


def _adopted(plans: Plans, guarded: Guarded, kind: LegKind, order: Order) -> Leg:
    price = trigger(kind, order) or guarded.plan.targets.get(kind, ZERO)
    name = order.client_order_id or order.id
    leg = Leg(kind, name, order.quantity, price, native=True)
    plans.add_leg(guarded, leg)
    return leg
