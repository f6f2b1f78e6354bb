"""The difference between the protection a plan wants and the legs it has."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from ..model.money import ZERO
from ..model.protection import LegKind
from .plan import Leg, Plan


class Place(Struct, frozen=True):
    """Send a new leg of *quantity*."""

    kind: LegKind
    quantity: Decimal


class Shrink(Struct, frozen=True):
    """Lower the total quantity of a resting leg."""

    leg: Leg
    quantity: Decimal


class Cancel(Struct, frozen=True):
    """Take a leg away."""

    leg: Leg


Step: TypeAlias = Place | Shrink | Cancel


def covered(plan: Plan, kind: LegKind) -> Decimal:
    """How much of the position the live legs of *kind* would close."""
    return sum((leg.remaining for leg in plan.live_legs(kind)), ZERO)


def needed(plan: Plan, kind: LegKind) -> Decimal:
    """How much the legs of *kind* are to cover: what is open, less what the client gave up."""
    if kind not in plan.targets:
        return ZERO
    waived = (
        leg.unfilled for leg in plan.legs if leg.kind is kind and leg.waived and not leg.alive
    )
    return max(ZERO, plan.open_quantity - sum(waived, ZERO))


def shortfall(plan: Plan) -> dict[LegKind, Decimal]:
    """Per kind: how much has no leg although it should; kinds fully covered are left out."""
    missing = {kind: needed(plan, kind) - covered(plan, kind) for kind in plan.targets}
    return {kind: quantity for kind, quantity in missing.items() if quantity > 0}


def next_step(plan: Plan) -> Step | None:
    """What to do first; ``None`` when the legs cover what they should, or nothing can be done now.

    What covers too much goes first: it could turn the position around. Kinds marked short are left
    alone until they are tried again.
    """
    for leg in plan.live_legs():
        excess = covered(plan, leg.kind) - needed(plan, leg.kind)
        if excess <= 0 or leg.ending or leg.waived:
            continue
        if excess >= leg.remaining:
            return Cancel(leg)
        return Shrink(leg, leg.quantity - excess)
    for kind, quantity in shortfall(plan).items():
        if kind not in plan.short:
            return Place(kind, quantity)
    return None
