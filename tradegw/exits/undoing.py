"""Both exits of a pair executed and turned the position around: what is too much is closed again.

Only what the broker was found to hold counts, at the first reconciliation that finds nothing
unclear after the double exit, and only once, whatever is found then: a client may have dealt with
it, and what it opens later on that side is its own. Where other entries are protected on that side
nobody can say whose the excess is: that is left to whoever heard the alert. Of several entries it
is closed by one order, told when that is accepted; while an earlier one may execute it waits.
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
from .guarded import Guarded
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
        too_much: dict[str, list[tuple[Guarded, Decimal]]] = {}
        for guarded in self._plans.all():
            plan = guarded.plan
            excess = plan.excess
            if excess <= 0 or plan.symbol in unclear or not plan.entry_done:
                continue
            plan.undone = plan.overshot
            self._keeping.keep(guarded)  # in the journal before the close is: it is not repeated
            position = there.get(plan.symbol)
            if position is not None and position.side.closing is not plan.exit_side:
                too_much.setdefault(plan.symbol, []).append((guarded, excess))
        for symbol, owing in too_much.items():  # what several sold is closed by one order
            logged(self._undo(there[symbol], owing), self.log, "undoing a double exit")

    def _turned_around(self, plan: Plan, position: Position, excess: Decimal) -> Decimal:
        """How much of *position* is there only because exits executed *excess* too much."""
        if self._plans.of_position(position):
            return ZERO
        return whole(min(excess, position.quantity), plan.instrument)

    @as_deferred
    async def _undo(self, position: Position, owing: list[tuple[Guarded, Decimal]]) -> None:
        plan = owing[0][0].plan
        excess = sum((each for _, each in owing), ZERO)
        quantity = self._turned_around(plan, position, excess)
        if self._last_resort is None or not quantity:
            return
        try:
            was_sent = await self._last_resort.close(position.id, quantity, position.side)
        except GatewayError as error:
            self._alerts.undoing(plan, quantity, error.message)
            return
        if was_sent:
            self._alerts.undoing(plan, quantity)
            return
        for guarded, each in owing:  # an earlier close may execute yet: nothing was sent
            guarded.plan.undone -= each
            self._keeping.keep(guarded)
