"""Asking the broker how things stand, and telling what was missed.

At the start before orders are taken, after each loss of the link before its return is told, every
now and then, and on suspicion. What is found goes the way of live events, flagged ``reconciled``,
and what was told already is not told again. *Could not ask* is no answer: it is asked again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..interfaces import IJournal, WallClock
from ..metrics.meters import Meters
from ..model import wire
from ..model.journal import Setting
from .findings import Findings
from .line import Line
from .survey import Survey, survey

SETTING: Final = "reconciled_at"
MARGIN: Final = timedelta(minutes=5)
"""How far back before the last time is asked: clocks differ, and brokers list things late."""

RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
SUSPICION_SECONDS: Final = 0.5
"""What is suspected together is asked about together."""

LEAST_SECONDS: Final = 5.0
"""Between two that suspicion causes."""

BLIND_SECONDS: Final = 300.0
"""Without a look for so long everybody is told, and so often again."""

LINK: Final = "link"
"""The cause of the one after the link came back: what is found then, nobody could have told."""


class Reconciliation:
    """Runs one at a time, and again if it was wanted meanwhile. *every_seconds* is how often;
    ``None``: only when it is wanted.
    """

    log = Logger()

    def __init__(
        self,
        line: Line,
        findings: Findings,
        journal: IJournal,
        meters: Meters,
        clock: IReactorTime,
        now: WallClock,
        every_seconds: float | None,
    ) -> None:
        self._line = line
        self._findings = findings
        self._journal = journal
        self._meters = meters
        self._clock = clock
        self._now = now
        self._every_seconds = every_seconds
        self._running = False
        self._wanted: str | None = None
        self._next: IDelayedCall | None = None
        self._suspicion: IDelayedCall | None = None
        self._last_suspicion = float("-inf")
        self._waiting: list[Deferred[None]] = []
        self._stopped = False
        self._problem = ""
        self._since = self._last_time()
        self._has_gap = True  # the link was away since the last time
        self._owes_all = False  # what is found now, the stream should have told
        findings.tell_missed(self._missed)

    def _last_time(self) -> datetime | None:
        kept = self._journal.setting(SETTING)
        return None if kept is None else msgspec.json.decode(kept.value, type=datetime)

    def run(self, cause: str) -> Deferred[None]:
        """Ask and tell; fires when that is done, however often it has to be tried."""
        self._wanted = cause
        if cause == LINK:
            self._has_gap, self._owes_all = True, False
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        if not (self._running or self._stopped):
            self._running = True
            logged(self._run(), self.log, "a reconciliation")
        return done

    def suspect(self, reason: str) -> None:
        """Something does not fit: ask soon."""
        if self._suspicion is not None or self._stopped:
            return
        self.log.warn("asking the broker how things stand: {reason}", reason=reason)
        since_last = self._clock.seconds() - self._last_suspicion
        delay = max(SUSPICION_SECONDS, min(LEAST_SECONDS, LEAST_SECONDS - since_last))
        self._suspicion = self._clock.callLater(delay, self._suspected)

    def _suspected(self) -> None:
        self._suspicion = None
        self._last_suspicion = self._clock.seconds()
        self.run("suspicion")

    def stop(self) -> None:
        """Ask no more."""
        self._stopped = True
        for call in (self._next, self._suspicion):
            if call is not None and call.active():
                call.cancel()

    @as_deferred
    async def _run(self) -> None:
        attempts = 0
        blind_since = told_at = self._clock.seconds()
        while self._wanted is not None and not self._stopped:
            cause, self._wanted = self._wanted, None
            waiting, self._waiting = self._waiting, []
            if await self._once(cause):
                attempts = 0
                blind_since = told_at = self._clock.seconds()
                for done in waiting:
                    done.callback(None)
                continue
            self._wanted = self._wanted or cause
            self._waiting = waiting + self._waiting
            pause = RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)]
            attempts += 1
            if self._clock.seconds() - told_at >= BLIND_SECONDS:
                told_at = self._clock.seconds()
                self._findings.tell_blind(told_at - blind_since, self._problem)
            await deferLater(self._clock, pause)
        self._running = False
        self._again_later()

    def _again_later(self) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        if not self._stopped and self._every_seconds is not None:
            self._next = self._clock.callLater(self._every_seconds, self._periodic)

    def _periodic(self) -> None:
        self.run("time")

    @as_deferred
    async def _once(self, cause: str) -> bool:
        """Whether the broker could be asked."""
        began = self._now()
        had_gap, self._has_gap = self._has_gap, False
        self._owes_all = not had_gap
        self._findings.begin()
        try:
            found: Survey = await survey(self._line, self._asked_since())
            missing = await self._findings.tell(found, is_first=self._since is None)
        except GatewayError as error:
            self.log.warn(
                "the broker could not be asked how things stand ({cause}): {reason}",
                cause=cause,
                reason=error.message,
            )
            self._problem = error.message
            self._has_gap |= had_gap
            return False
        except Exception as error:  # a defect of ours must not be the end of it
            self.log.failure("a reconciliation failed ({cause})", cause=cause)
            self._problem = f"a defect ({type(error).__name__})"
            self._has_gap |= had_gap
            return False
        finally:
            self._owes_all = False
        if self._findings.is_suspicious:
            self.suspect("what was found is believed when it is found again")
        self._since = began
        self._journal.keep(Setting(name=SETTING, at=began, value=wire.encode(began)))
        self._meters.reconciled(missing)
        if missing or cause != "time":
            self.log.info(
                "reconciled with the broker ({cause}): {missing} missed events told",
                cause=cause,
                missing=missing,
            )
        return True

    def _missed(self, order_id: str) -> None:
        """Executions of an order were found that no event had told of."""
        if not self._owes_all:
            return
        try:
            self._line.broker.missed((order_id,))
        except Exception:  # a defect of a broker must not keep the rest from being told
            self.log.failure("the broker could not be told what its stream had missed")

    def _asked_since(self) -> datetime | None:
        return None if self._since is None else self._since - MARGIN
