"""Both exits of a pair executed and turned the position around: what is too much is closed again.

Only what the broker was found to hold counts, at the first reconciliation that finds nothing
unclear after the double exit, and only once, whatever is found then: a client may have dealt with
it, and what it opens later on that side is its own. Where other entries are protected on that side
nobody can say whose the excess is: that is left to whoever heard the alert.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..interfaces import ILastResort
from ..model.account import Position
from ..model.money import ZERO
from .alerts import Alerts
from .keeping import Keeping
from .plan import Plan
from .plans import Plans
from .quantity import whole


class Undoing:
    """Undoes double exits in accounts in which positions are netted."""

    log = Logger()

    def __init__(self, plans: Plans, keeping: Keeping, alerts: Alerts) -> None:
        self._plans = plans
        self._keeping = keeping
        self._alerts = alerts
        self._last_resort: ILastResort | None = None

    def connect(self, last_resort: ILastResort) -> None:
        """*last_resort* closes what is too much."""
        self._last_resort = last_resort

    def on_positions(self, positions: Iterable[Position], unclear: Collection[str]) -> None:
        """These are all positions, each the only one of its symbol, but for what is *unclear*."""
        there = {position.symbol: position for position in positions}
        for guarded in self._plans.all():
            plan = guarded.plan
            excess = plan.excess
            if excess <= 0 or plan.symbol in unclear or not plan.entry_done:
                continue
            plan.undone = plan.overshot
            self._keeping.keep(guarded)  # in the journal before the close is: it is not repeated
            position = there.pop(plan.symbol, None)  # of several plans one closes
            quantity = ZERO if position is None else self._turned_around(plan, position, excess)
            if position is not None and quantity > 0:
                closing = self._close(plan, position, quantity)
                logged(closing, self.log, "undoing a double exit")

    def _turned_around(self, plan: Plan, position: Position, excess: Decimal) -> Decimal:
        """How much of *position* is there only because the exits of *plan* executed too much."""
        if position.side.closing is plan.exit_side or self._plans.of_position(position):
            return ZERO
        return whole(min(excess, position.quantity), plan.instrument)

    @as_deferred
    async def _close(self, plan: Plan, position: Position, quantity: Decimal) -> None:
        if self._last_resort is None:
            return
        self._alerts.undoing(plan, quantity)
        try:
            await self._last_resort.close(position.id, quantity, position.side)
        except GatewayError as error:
            self._alerts.undoing(plan, quantity, error.message)
