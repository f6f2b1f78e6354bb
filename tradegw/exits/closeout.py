"""What has been without its stop for too long is closed, if the operator wants that."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..interfaces import ILastResort
from ..model.protection import ExitLimits, LegKind, UncoveredPolicy
from .alerts import Alerts
from .coverage import unconfirmed
from .guarded import Guarded
from .plan import Plan

AGAIN_SECONDS: Final = 60.0
"""From one close of a position to the next, if that did not help."""


class Closeout:
    """Closes what has no stop although it should; a take-profit that is missing risks nothing.

    Of one position one close at a time.
    """

    log = Logger()

    def __init__(
        self, alerts: Alerts, last_resort: ILastResort, limits: ExitLimits, clock: IReactorTime
    ) -> None:
        self._alerts = alerts
        self._last_resort = last_resort
        self._limits = limits
        self._clock = clock
        self._next: dict[str, float] = {}
        """When the next close of a position may begin, by its name."""
        self._under_way: set[str] = set()

    def consider(self, guarded: Guarded, age: float, keep: Callable[[Guarded], None]) -> None:
        """Some of its protection has been missing for *age* seconds; *keep* writes plans down."""
        plan = guarded.plan
        if self._limits.policy is not UncoveredPolicy.CLOSE:
            return
        quantity = unconfirmed(plan).get(LegKind.STOP_LOSS)
        if quantity is None or age < self._limits.max_uncovered_seconds:
            return
        position_id, now = plan.position_id or plan.symbol, self._clock.seconds()
        if position_id in self._under_way or now < self._next.get(position_id, now):
            return
        self._next = {one: at for one, at in self._next.items() if at > now}
        self._next[position_id] = now + AGAIN_SECONDS
        self._under_way.add(position_id)
        plan.given_up = True
        keep(guarded)  # before the close: whoever hears of its fill has to know what it was for
        closing = self._close(plan, position_id, quantity)
        closing.addBoth(self._done, position_id)
        logged(closing, self.log, "closing what is unprotected")

    def _done(self, result: object, position_id: str) -> object:
        self._under_way.discard(position_id)
        return result

    @as_deferred
    async def _close(self, plan: Plan, position_id: str, quantity: Decimal) -> None:
        self._alerts.closing(plan, quantity)
        try:
            is_sent = await self._last_resort.close(position_id, quantity)
        except GatewayError as error:
            self._alerts.closing(plan, quantity, error.message)
            return
        self.log.warn(
            "{quantity} {symbol} of order {entry_id} had no stop for too long: {what}",
            quantity=quantity,
            symbol=plan.symbol,
            entry_id=plan.parent_id,
            what="closed" if is_sent else "an earlier close may still execute",
        )
