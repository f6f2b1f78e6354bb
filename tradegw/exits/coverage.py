"""The difference between the protection a plan wants and the legs it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from ..model.money import ZERO
from ..model.protection import LegKind
from .leg import Leg
from .plan import Plan
from .quantity import price_step, too_small, whole
from .trailing import better


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


class Begin(Struct, frozen=True):
    """Ask what the market is: a trailing stop has no price yet."""


class Move(Struct, frozen=True):
    """Move resting stops on to where the trailing one belongs."""

    legs: tuple[Leg, ...]


Step: TypeAlias = Place | Shrink | Cancel | Find | Begin | Move


def covered(plan: Plan, kind: LegKind) -> Decimal:
    """How much of the position the live legs of *kind* would close."""
    return _total(plan.protecting_legs(kind))


def needed(plan: Plan, kind: LegKind) -> Decimal:
    """How much the legs of *kind* are to cover now: not what makes way for a close, nor for the
    other exit where only one can rest.
    """
    if kind is plan.held_kind:
        return ZERO
    return max(ZERO, plan.wanted(kind) - plan.held)


def shortfall(plan: Plan) -> dict[LegKind, Decimal]:
    """Per kind: how much has no leg although it should; kinds fully covered are left out.

    What is less than the broker's quantity step counts as nothing.
    """
    return _whole(plan, {kind: needed(plan, kind) - covered(plan, kind) for kind in plan.kinds})


def unconfirmed(plan: Plan) -> dict[LegKind, Decimal]:
    """How much is not protected: a leg counts only from when the broker told of it until it tells
    its end, and what makes way for a close is without. A take-profit that is held back here is not
    missing; a stop in whose place one rests is.
    """
    held_back = {plan.held_kind} - {LegKind.STOP_LOSS}
    return _whole(
        plan,
        {
            kind: plan.wanted(kind) - confirmed(plan, kind)
            for kind in plan.kinds
            if kind not in held_back
        },
    )


def below_minimum(plan: Plan) -> dict[LegKind, str]:
    """The kinds of which too little is missing for an order, and why the broker takes none. It is
    joined to what is missing next.
    """
    if plan.trusting:
        return {}
    reasons = {
        kind: too_small(quantity, plan.price(kind), plan.instrument)
        for kind, quantity in shortfall(plan).items()
        if kind in plan.targets
    }
    return {kind: reason for kind, reason in reasons.items() if reason is not None}


def confirmed(plan: Plan, kind: LegKind) -> Decimal:
    """How much the legs of *kind* would close of which the broker told."""
    return _total(_confirmed(plan, kind))


def next_step(plan: Plan, now: datetime | None = None) -> Step | None:
    """What to do first; ``None`` when the legs cover what they should, or nothing can be done now.

    What covers too much goes first: it could turn the position around. A leg in doubt is looked for
    before another is placed. Kinds marked short are left alone until they are tried again. Stops
    trail last, and only if *now* is told.
    """
    return _excess(plan) or _doubt(plan) or _gap(plan) or _lag(plan, now)


def _excess(plan: Plan) -> Shrink | Cancel | None:
    resting = [leg for leg in in_force(plan) if not (leg.ending or _goes_with_entry(plan, leg))]
    for leg in sorted(resting, key=_takes_less):
        total = _total(other for other in resting if other.kind is leg.kind)
        excess = total - needed(plan, leg.kind)
        if plan.trusting:
            excess -= _left_to_broker(plan, leg.kind)
        if excess <= 0:
            continue
        left = whole(max(ZERO, leg.quantity - excess), plan.instrument)
        is_placeable = left > leg.filled and not too_small(left, leg.price, plan.instrument)
        return Shrink(leg, left) if is_placeable and not leg.waived else Cancel(leg)
    return None


def _takes_less(leg: Leg) -> tuple[bool, bool]:
    """The first are taken away first: those that their clients want gone, then our own."""
    return not leg.waived, leg.native


def _goes_with_entry(plan: Plan, leg: Leg) -> bool:
    """Whether the broker is about to end *leg*, which never worked, as it ended the entry."""
    return plan.trusting and leg.dormant and plan.entry_filled == 0


def in_force(plan: Plan, kind: LegKind | None = None) -> list[Leg]:
    """The legs that might close something; when there is nothing (more) to close, all."""
    is_flat = plan.entry_done and plan.open_quantity == 0
    return list(plan.live_legs(kind) if is_flat else plan.protecting_legs(kind))


def _left_to_broker(plan: Plan, kind: LegKind) -> Decimal:
    """How much too much its own legs of *kind* cover for reasons that it is about to tell, or to
    do away with itself: one that they are paired with executed, the entry filled more, or another
    took the place of one whose end was not told yet. It knows of no other reasons.
    """
    natives = [leg for leg in plan.protecting_legs() if leg.native]
    same = [leg for leg in natives if leg.kind is kind]
    others = [leg for leg in natives if leg.kind is not kind]
    executed = [leg for leg in plan.legs if leg.native and leg.filled > 0]
    by_others = sum((leg.filled for leg in executed if leg.kind is not kind), ZERO)
    unlowered = min(max(ZERO, _total(same) - _total(others)), by_others)
    if plan.held or (plan.entry_ended and len(same) < 2):
        return unlowered
    all_executed = sum((leg.filled for leg in executed), ZERO)
    return max(unlowered, _total(same) + all_executed - plan.entry_filled)


def is_native_cover(plan: Plan) -> bool:
    """Whether the broker's own legs alone cover what is open."""
    return all(
        _total(leg for leg in plan.protecting_legs(kind) if leg.native and not leg.ending)
        >= plan.wanted(kind)
        for kind in plan.kinds
    )


def is_settled(plan: Plan) -> bool:
    """Whether the legs cover what they should, neither less nor more."""
    if shortfall(plan):
        return False
    return not any(_total(in_force(plan, kind)) > needed(plan, kind) for kind in LegKind)


def _doubt(plan: Plan) -> Find | None:
    for leg in plan.legs:
        if leg.in_doubt and leg.kind not in plan.short:
            return Find(leg)
    return None


def _gap(plan: Plan) -> Place | Begin | None:
    if plan.trusting:
        return None
    for kind, quantity in shortfall(plan).items():
        if _is_blocked(plan):
            return None
        if kind not in plan.short and kind not in below_minimum(plan):
            return Place(kind, quantity) if kind in plan.targets else Begin()
    return None


def _is_blocked(plan: Plan) -> bool:
    """Whether an exit that is to be held back may rest still: the other would be refused."""
    held = plan.held_kind
    if held is None:
        return False
    return bool(in_force(plan, held)) or any(leg.kind is held and leg.in_doubt for leg in plan.legs)


def _lag(plan: Plan, now: datetime | None) -> Move | None:
    wait = None if now is None else pause(plan, now)
    return Move(tuple(behind(plan))) if wait == timedelta(0) else None


def behind(plan: Plan) -> list[Leg]:
    """The resting stops that are not where the trailing stop belongs, as the broker told."""
    if plan.ratchet is None or LegKind.STOP_LOSS not in plan.targets:
        return []
    aim = plan.price(LegKind.STOP_LOSS)
    return [
        leg
        for leg in plan.staying_legs(LegKind.STOP_LOSS)
        if leg.order_id is not None
        and not (leg.changing or leg.was_moved_to(aim))
        and better(plan.exit_side, leg.price, aim)
    ]


def pause(plan: Plan, now: datetime) -> timedelta | None:
    """How long from *now* until its stops are to be moved on; ``None`` if they are not."""
    late, ratchet = behind(plan), plan.ratchet
    if ratchet is None or not late:
        return None
    aim, step = plan.price(LegKind.STOP_LOSS), price_step(plan.instrument)
    waits = (ratchet.wait(leg.price, now, step, aim) for leg in late)
    return min((wait for wait in waits if wait is not None), default=None)


def _confirmed(plan: Plan, kind: LegKind) -> Iterator[Leg]:
    legs = plan.protecting_legs(kind)
    return (leg for leg in legs if leg.order_id is not None and not leg.ended)


def _whole(plan: Plan, missing: dict[LegKind, Decimal]) -> dict[LegKind, Decimal]:
    steps = {kind: whole(quantity, plan.instrument) for kind, quantity in missing.items()}
    return {kind: quantity for kind, quantity in steps.items() if quantity > 0}


def _total(legs: Iterable[Leg]) -> Decimal:
    return sum((leg.remaining for leg in legs), ZERO)
