"""What protects each position, as clients see it: read from the plans, changing nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from zope.interface import implementer

from ..errors import PositionNotFound
from ..interfaces import IProtection
from ..model.account import Position
from ..model.enums import PositionSide
from ..model.money import ZERO
from ..model.protection import (
    EntryProtection,
    ExitQuantities,
    ExitTargets,
    LegKind,
    LegState,
    LegType,
    PositionProtection,
    ProtectionState,
    ProtectiveLeg,
    Shortfall,
    TrailingState,
)
from .coverage import below_minimum, confirmed, unconfirmed
from .leg import Leg
from .plan import Plan
from .plans import Plans

STOP, PROFIT = LegKind.STOP_LOSS, LegKind.TAKE_PROFIT
_TYPES: Final = {STOP: LegType.STOP_LOSS, PROFIT: LegType.TAKE_PROFIT}


@implementer(IProtection)
class Overview:
    """Shows *plans*. *held* are the positions by id, as clients were told; *nets* says whether
    there is but one of each symbol. *spell* tells a symbol as the broker shows it.
    """

    def __init__(
        self,
        plans: Plans,
        held: Mapping[str, Position],
        *,
        nets: bool,
        spell: Callable[[str], str],
    ) -> None:
        self._plans = plans
        self._held = held
        self._nets = nets
        self._spell = spell

    def positions(self) -> list[PositionProtection]:
        places: dict[Hashable, list[Plan]] = {}
        for plan in (guarded.plan for guarded in self._plans.all()):
            if not plan.is_over:
                places.setdefault(self._place(plan), []).append(plan)
        return [_position(plans, self._id(plans)) for plans in places.values()]

    def position(self, position_id: str) -> PositionProtection:
        symbol = self._spell(position_id)
        for one in self.positions():
            if one.position_id == position_id or (self._nets and one.symbol == symbol):
                return one
        raise PositionNotFound(position_id)

    def _place(self, plan: Plan) -> Hashable:
        return plan.symbol if self._nets else plan.position_id or (plan.symbol, plan.exit_side)

    def _id(self, plans: list[Plan]) -> str | None:
        """What the broker calls the position; where it nets, a plan may not have been told that."""
        symbol = plans[0].symbol
        held = [one.id for one in self._held.values() if self._nets and one.symbol == symbol]
        known = [plan.position_id for plan in reversed(plans) if plan.position_id is not None]
        return next(iter((*held, *known)), None)


def state_of(plan: Plan) -> ProtectionState:
    """How far *plan*, which is not over, has come."""
    if unconfirmed(plan):
        return ProtectionState.UNCOVERED
    if plan.open_quantity > 0:
        return ProtectionState.COVERED
    return ProtectionState.ENDING if plan.entry_done else ProtectionState.PENDING


def _position(plans: list[Plan], position_id: str | None) -> PositionProtection:
    """*plans* are those of one position, or will be. Where they are of both sides, as the fill of
    one may be known before that of another, that of what is open counts.
    """
    leading = next((plan for plan in plans if plan.open_quantity > 0), plans[0])
    same = [plan for plan in plans if plan.exit_side is leading.exit_side]
    since = [plan.uncovered_since for plan in same if plan.uncovered_since is not None]
    missing = [unconfirmed(plan) for plan in same]
    return PositionProtection(
        position_id=position_id,
        symbol=leading.symbol,
        side=_opened_side(leading),
        quantity=_sum(plan.open_quantity for plan in same),
        covered=ExitQuantities(
            stop_loss=_sum(confirmed(plan, STOP) for plan in same),
            take_profit=_sum(confirmed(plan, PROFIT) for plan in same),
        ),
        uncovered=ExitQuantities(
            stop_loss=_sum(one.get(STOP, ZERO) for one in missing),
            take_profit=_sum(one.get(PROFIT, ZERO) for one in missing),
        ),
        uncovered_since=min(since, default=None),
        plans=tuple(_entry(plan) for plan in plans),
    )


def _opened_side(plan: Plan) -> PositionSide:
    sides = (PositionSide.LONG, PositionSide.SHORT)
    return next(side for side in sides if side.closing is plan.exit_side)


def _entry(plan: Plan) -> EntryProtection:
    reasons = {**below_minimum(plan), **plan.short}
    return EntryProtection(
        order_id=plan.entry_id,
        client_order_id=plan.client_order_id,
        state=state_of(plan),
        filled_quantity=plan.entry_filled,
        open_quantity=plan.open_quantity,
        targets=ExitTargets(stop_loss=plan.targets.get(STOP), take_profit=plan.targets.get(PROFIT)),
        trailing=_trailing(plan),
        uncovered_since=plan.uncovered_since,
        shortfalls=tuple(
            Shortfall(leg_type=_TYPES[kind], quantity=quantity, reason=reasons.get(kind))
            for kind, quantity in unconfirmed(plan).items()
        ),
        legs=(*(_leg(leg) for leg in plan.legs if not leg.came_to_nothing), *_held_back(plan)),
    )


def _held_back(plan: Plan) -> Iterator[ProtectiveLeg]:
    """The exit that is to take the place of the one that rests, if that is how it is."""
    kind = plan.held_kind
    if kind is None or kind not in plan.targets or plan.wanted(kind) == 0:
        return
    yield ProtectiveLeg(
        client_order_id=plan.next_name(kind),
        leg_type=_TYPES[kind],
        state=LegState.HELD,
        quantity=plan.wanted(kind),
        remaining=plan.wanted(kind),
        price=plan.price(kind),
    )


def _trailing(plan: Plan) -> TrailingState | None:
    if plan.ratchet is None:
        return None
    trail = plan.ratchet.trail
    return TrailingState(distance=trail.distance, type=trail.kind, mark=plan.ratchet.mark)


def _leg(leg: Leg) -> ProtectiveLeg:
    return ProtectiveLeg(
        order_id=leg.order_id,
        client_order_id=leg.client_order_id,
        leg_type=_TYPES[leg.kind],
        state=_leg_state(leg),
        quantity=leg.quantity,
        remaining=leg.remaining,
        price=leg.price,
        native=leg.native,
    )


def _leg_state(leg: Leg) -> LegState:
    if leg.changing:
        return LegState.CHANGING
    if leg.in_doubt:
        return LegState.IN_DOUBT
    if leg.ended:
        return LegState.ENDED
    if leg.order_id is None:
        return LegState.SENDING
    return LegState.ENDING if leg.ending or leg.waived else LegState.RESTING


def _sum(quantities: Iterable[Decimal]) -> Decimal:
    return sum(quantities, ZERO)
