"""The difference between the protection a plan wants and the legs it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from ..model.money import ZERO
from ..model.protection import LegKind
from .leg import Leg
from .plan import Plan


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


class Find(Struct, frozen=True):
    """Ask whether a leg of which no answer came rests at the broker."""

    leg: Leg


Step: TypeAlias = Place | Shrink | Cancel | Find


def covered(plan: Plan, kind: LegKind) -> Decimal:
    """How much of the position the live legs of *kind* would close."""
    return _total(plan.live_legs(kind))


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
    return _missing(plan, {kind: covered(plan, kind) for kind in plan.targets})


def unconfirmed(plan: Plan) -> dict[LegKind, Decimal]:
    """The same, but a leg counts only from when the broker told of it until it tells its end."""
    return _missing(plan, {kind: confirmed(plan, kind) for kind in plan.targets})


def confirmed(plan: Plan, kind: LegKind) -> Decimal:
    """How much the legs of *kind* would close of which the broker told."""
    return _total(_confirmed(plan, kind))


def next_step(plan: Plan) -> Step | None:
    """What to do first; ``None`` when the legs cover what they should, or nothing can be done now.

    What covers too much goes first: it could turn the position around. A leg in doubt is looked for
    before another is placed. Kinds marked short are left alone until they are tried again.
    """
    return _excess(plan) or _doubt(plan) or _gap(plan)


def _excess(plan: Plan) -> Shrink | Cancel | None:
    resting = [leg for leg in plan.live_legs() if not leg.ending]
    for leg in sorted(resting, key=lambda leg: not leg.waived):  # its client wants it gone anyway
        total = _total(other for other in resting if other.kind is leg.kind)
        excess = total - needed(plan, leg.kind)
        if excess <= 0:
            continue
        if leg.waived or excess >= leg.remaining:
            return Cancel(leg)
        return Shrink(leg, leg.quantity - excess)
    return None


def _doubt(plan: Plan) -> Find | None:
    for leg in plan.legs:
        if leg.in_doubt and leg.kind not in plan.short:
            return Find(leg)
    return None


def _gap(plan: Plan) -> Place | None:
    for kind, quantity in shortfall(plan).items():
        if kind not in plan.short:
            return Place(kind, quantity)
    return None


def _confirmed(plan: Plan, kind: LegKind) -> Iterator[Leg]:
    return (leg for leg in plan.live_legs(kind) if leg.order_id is not None and not leg.ended)


def _missing(plan: Plan, present: dict[LegKind, Decimal]) -> dict[LegKind, Decimal]:
    missing = {kind: needed(plan, kind) - quantity for kind, quantity in present.items()}
    return {kind: quantity for kind, quantity in missing.items() if quantity > 0}


def _total(legs: Iterable[Leg]) -> Decimal:
    return sum((leg.remaining for leg in legs), ZERO)
