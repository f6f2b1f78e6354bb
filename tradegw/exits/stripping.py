"""What a client's cancel of all orders takes away of protection: it is told, not forbidden.

A leg that its client cancels is not placed again, so nothing is missing afterwards that anybody
would shout about. Who sweeps orders away may not have meant the stops.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..model.enums import PositionSide
from ..model.money import ZERO
from ..model.protection import ExitQuantities, LegKind, UnprotectedPosition
from ..risk.breaker import Breaker
from .alerts import Alerts
from .guarded import Guarded
from .holdings import Holdings
from .plan import Plan
from .plans import Plans
from .quantity import whole

STOP, PROFIT = LegKind.STOP_LOSS, LegKind.TAKE_PROFIT


class Stripping:
    """Finds out what of *plans* is bare now."""

    def __init__(self, plans: Plans, holdings: Holdings, alerts: Alerts, breaker: Breaker) -> None:
        self._plans = plans
        self._holdings = holdings
        self._alerts = alerts
        self._breaker = breaker

    def tell(self, order_ids: Iterable[str]) -> list[UnprotectedPosition]:
        """Alert what *order_ids*, cancelled or being cancelled by their client, protected and is
        open; one for each position, oldest first.
        """
        positions: dict[tuple[str, PositionSide], UnprotectedPosition] = {}
        for guarded, kinds in self._concerned(order_ids).items():
            plan = guarded.plan
            bare = {kind: quantity for kind in kinds if (quantity := self._bare(plan, kind)) > 0}
            if bare:
                self._alerts.stripped(plan, bare, self._breaker.is_open)
                place = (plan.position_id or plan.symbol, _side(plan))
                positions[place] = _with(plan, bare, positions.get(place))
        return list(positions.values())

    def _concerned(self, order_ids: Iterable[str]) -> dict[Guarded, set[LegKind]]:
        """The plans whose legs those orders are, and the kinds of these legs."""
        found: dict[Guarded, set[LegKind]] = {}
        for order_id in order_ids:
            guarded, leg = self._plans.of_leg_id(order_id) or (None, None)
            if guarded is not None and leg is not None and leg.waived:
                found.setdefault(guarded, set()).add(leg.kind)
        return dict(sorted(found.items(), key=lambda each: each[0].plan.serial))

    def _bare(self, plan: Plan, kind: LegKind) -> Decimal:
        """What is open and has no leg of *kind* that stays."""
        staying = sum((leg.remaining for leg in plan.staying_legs(kind)), ZERO)
        there = plan.open_quantity or self._let_go(plan, kind)
        return whole(max(ZERO, there - staying), plan.instrument)

    def _let_go(self, plan: Plan, kind: LegKind) -> Decimal:
        """What a plan of a position, which ends when its client cancels all its legs, protected."""
        if not plan.of_position:
            return ZERO
        waived = (leg.unfilled for leg in plan.legs if leg.kind is kind and leg.waived)
        return min(sum(waived, ZERO), self._holdings.most(plan.symbol, plan.exit_side))


def _side(plan: Plan) -> PositionSide:
    return next(s for s in PositionSide if s.closing is plan.exit_side)


def _with(
    plan: Plan, bare: dict[LegKind, Decimal], sofar: UnprotectedPosition | None
) -> UnprotectedPosition:
    """*sofar* and what is bare of *plan*, of the same position."""
    uncovered = (
        ExitQuantities(stop_loss=ZERO, take_profit=ZERO) if sofar is None else sofar.uncovered
    )
    return UnprotectedPosition(
        position_id=plan.position_id,
        symbol=plan.symbol,
        side=_side(plan),
        uncovered=ExitQuantities(
            stop_loss=uncovered.stop_loss + bare.get(STOP, ZERO),
            take_profit=uncovered.take_profit + bare.get(PROFIT, ZERO),
        ),
    )
