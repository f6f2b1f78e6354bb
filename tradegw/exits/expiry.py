"""Entries with exits that never filled are called off after a time; what filled never ages."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..interfaces import ILastResort, WallClock
from ..model.money import ZERO
from ..model.protection import ExitLimits
from .alerts import Alerts
from .plan import Plan

AGAIN_SECONDS: Final = 60.0
"""From one cancel of an entry to the next, if that did not help."""


class Expiry:
    """Has entries cancelled that have worked for ``ttl_hours`` without any fill.

    What protection is pending goes with them, as with any entry that ends; it is never taken away
    by itself, and none that protects something is touched.
    """

    log = Logger()

    def __init__(
        self,
        alerts: Alerts,
        last_resort: ILastResort,
        limits: ExitLimits,
        clock: IReactorTime,
        now: WallClock,
    ) -> None:
        self._alerts = alerts
        self._last_resort = last_resort
        self._hours = limits.ttl_hours
        self._clock = clock
        self._now = now
        self._next: dict[str, float] = {}
        """When the next cancel of an entry may begin, by the entry's id."""

    def consider(self, plan: Plan) -> None:
        """*plan* is in force, and nothing of its entry is open."""
        order_id = plan.entry_id
        if order_id is None or not self._is_due(plan):
            return
        now = self._clock.seconds()
        if now < self._next.get(order_id, now):
            return
        self._next = {one: at for one, at in self._next.items() if at > now}
        self._next[order_id] = now + AGAIN_SECONDS
        logged(self._call_off(plan, order_id), self.log, "calling off an entry")

    def _is_due(self, plan: Plan) -> bool:
        is_ours_to_end = not (plan.entry_ended or plan.changing or plan.in_doubt)
        if not self._hours or plan.entry_filled > ZERO or not is_ours_to_end:
            return False
        return plan.since is not None and self._now() - plan.since >= timedelta(hours=self._hours)

    @as_deferred
    async def _call_off(self, plan: Plan, order_id: str) -> None:
        try:
            is_cancelled = await self._last_resort.call_off(order_id)
        except GatewayError as error:  # it may have filled this moment
            self.log.warn(
                "order {order_id} has waited for too long and could not be cancelled: {reason}",
                order_id=order_id,
                reason=error.message,
            )
            return
        if is_cancelled:
            self._alerts.called_off(plan, order_id, self._hours)
