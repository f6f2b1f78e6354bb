"""Missing protection is told: when it begins, when its reasons change, and again and again.

A fill is without confirmed legs for a moment, always; that is told only if it lasts. When it began
is kept with the plan, so that it goes on counting after a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from twisted.logger import Logger

from ..interfaces import WallClock
from ..metrics.exits import ExitMeters
from ..model.protection import LegKind, ProtectionState
from ..risk.breaker import Breaker
from .alerts import Alerts
from .coverage import below_minimum, unconfirmed
from .guarded import Guarded, Lag
from .plan import Plan

AGAIN_SECONDS: Final = 60.0
"""So long after it was told last a shortfall that goes on is told again."""

UNCONFIRMED: Final = "The broker has not confirmed it yet"
SWAPPED: Final = "The take-profit rests in its place, since the price is there"
BEING_CLOSED: Final = "It made way for a close that has not come to its end yet"


class Outcry:
    """Tells what of a plan is missing. Times are *now* to clients, monotonic *seconds* here."""

    log = Logger()

    def __init__(
        self,
        alerts: Alerts,
        breaker: Breaker,
        meters: ExitMeters,
        now: WallClock,
        seconds: Callable[[], float],
    ) -> None:
        self.alerts = alerts
        self._breaker = breaker
        self._meters = meters
        self._now = now
        self._seconds = seconds

    def age(self, plan: Plan) -> float:
        """For how many seconds some of the protection of *plan* has been missing."""
        if plan.uncovered_since is None:
            return 0.0
        return max(0.0, (self._now() - plan.uncovered_since).total_seconds())

    def measure(self, states: Mapping[ProtectionState, int], oldest: float) -> None:
        """So many plans are in each state, and the oldest shortfall has lasted *oldest* seconds."""
        self._meters.plans(states)
        self._meters.oldest_shortfall(oldest)

    def look(self, guarded: Guarded) -> bool:
        """Note when a shortfall begins and ends; whether the plan is another now."""
        plan, since = guarded.plan, guarded.plan.uncovered_since
        is_missing = bool(unconfirmed(plan))
        self._count(guarded, is_missing)
        if is_missing and since is None:
            plan.uncovered_since = self._now()
        elif not is_missing and since is not None:
            self._resolved(guarded)
        if not (is_missing or plan.short or guarded.is_lost):
            guarded.told = {}  # should the same happen again, it is news
        return plan.uncovered_since is not since

    def _count(self, guarded: Guarded, is_missing: bool) -> None:
        now = self._seconds()
        if guarded.uncovered_at is not None:
            self._meters.uncovered_for(now - guarded.uncovered_at)
        guarded.uncovered_at = now if is_missing else None

    def _resolved(self, guarded: Guarded) -> None:
        plan = guarded.plan
        if guarded.told:
            self.log.info(
                "{symbol} of order {entry_id} is no longer unprotected, after {seconds:.1f} s",
                symbol=plan.symbol,
                entry_id=plan.parent_id,
                seconds=self.age(plan),
            )
        plan.uncovered_since, plan.given_up = None, False

    def tell(self, guarded: Guarded, more: Mapping[LegKind, str] | None = None) -> None:
        """Tell why legs are missing, unless just that was told; *more* are reasons beside those
        of the plan.
        """
        reasons = self._reasons(guarded, more)
        if reasons and reasons != guarded.told:
            self._raise(guarded, reasons)

    def tell_unconfirmed(self, guarded: Guarded) -> None:
        """The same, if legs are missing for no known reason, too."""
        reason = BEING_CLOSED if guarded.plan.held else UNCONFIRMED
        if guarded.plan.held_kind is LegKind.STOP_LOSS:
            reason = SWAPPED
        reasons = {**dict.fromkeys(unconfirmed(guarded.plan), reason), **guarded.told}
        self.tell(guarded, {kind: reasons[kind] for kind in unconfirmed(guarded.plan)})

    def tell_again(self, guarded: Guarded) -> None:
        """The broker is back: what it ended with is told once more."""
        self._raise(guarded, self._reasons(guarded), rebroadcast=True)

    def insist(self, guarded: Guarded) -> None:
        """Tell what is missing, again if it was told a minute ago."""
        self.tell_unconfirmed(guarded)
        if guarded.told_at is None:
            guarded.told_at = self._seconds()  # it was told in another way just now
        elif self._seconds() - guarded.told_at >= AGAIN_SECONDS:
            self.tell_again(guarded)

    def lags(self, guarded: Guarded, reason: str) -> None:
        """The trailing stop does not follow; the same reason is told again after a minute."""
        lag = guarded.lag
        is_again = reason == lag.told
        if is_again and self._seconds() - lag.told_at < AGAIN_SECONDS:
            return
        lag.told, lag.told_at = reason, self._seconds()
        self.alerts.lags(guarded.plan, reason, self._breaker.is_open, rebroadcast=is_again)

    def not_moved(self, guarded: Guarded, reason: str) -> None:
        """The broker did not move it."""
        self._meters.trailed(moved=False)
        self.lags(guarded, reason)

    def moved(self, guarded: Guarded) -> None:
        """The broker moved it, or there is nothing left to move."""
        self._meters.trailed(moved=True)
        self.caught_up(guarded)

    def caught_up(self, guarded: Guarded) -> None:
        """It follows."""
        if guarded.lag.told is not None:
            self.log.info(
                "the trailing stop of {entry_id} follows again", entry_id=guarded.plan.parent_id
            )
        guarded.lag = Lag()

    def _reasons(
        self, guarded: Guarded, more: Mapping[LegKind, str] | None = None
    ) -> dict[LegKind, str]:
        """What was told holds for as long as that kind is missing and nothing better is known."""
        missing = unconfirmed(guarded.plan)
        still = {kind: reason for kind, reason in guarded.told.items() if kind in missing}
        return {**still, **(more or {}), **below_minimum(guarded.plan), **guarded.plan.short}

    def _raise(
        self, guarded: Guarded, reasons: dict[LegKind, str], *, rebroadcast: bool = False
    ) -> None:
        guarded.told, guarded.told_at = reasons, self._seconds()
        self.alerts.unprotected(
            guarded.plan, reasons, self._breaker.is_open, rebroadcast=rebroadcast
        )
