"""The trading state: set by clients, signals and the reconciliation, and kept in the journal."""

from __future__ import annotations

from typing import Final

import msgspec
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from ..interfaces import IAlarm, IJournal, ITradingState, WallClock
from ..metrics.meters import Meters
from ..model import wire
from ..model.enums import AlertCode
from ..model.journal import Setting
from ..model.trading import StateSetter, TradingState, TradingStatus
from ..risk.trading import Standing, TradingGate

SETTING: Final = "trading_state"


@implementer(ITradingState)
class TradingSwitch:
    """Throws the switch at once, then has it written down; begins with what was left by the last
    process, halted if that cannot be read.

    ``gate`` is asked before anything that could raise exposure.
    """

    log = Logger()

    def __init__(self, journal: IJournal, alarm: IAlarm, meters: Meters, now: WallClock) -> None:
        self._journal = journal
        self._alarm = alarm
        self._meters = meters
        self._now = now
        self._waiting: dict[Deferred[TradingStatus], TradingStatus] = {}
        self.gate = TradingGate(self._restored())
        meters.trading_state(self.status().state)
        if not self.gate.is_open:
            self._tell("as it was left")
        journal.observe(self._journal_changed)

    def status(self) -> TradingStatus:
        return self.gate.status

    def change(
        self, state: TradingState, reason: str | None, set_by: StateSetter
    ) -> Deferred[TradingStatus]:
        before = self.gate.standing
        same = (before.operator.state, before.operator.reason, before.operator.set_by)
        is_restricted = before.restriction is not None or before.distrust is not None
        if same != (state, reason, set_by) or is_restricted:
            self.gate.set(
                TradingStatus(state=state, since=self._now(), set_by=set_by, reason=reason)
            )
        self._thrown()
        return self._keep()

    def restrict(self, reason: str) -> None:
        """The reconciliation found what it cannot explain: reductions only, and everybody is told;
        once, until the *reason* is another.
        """
        found = self.gate.standing.restriction
        if found is not None and found.reason == reason:
            return
        self.gate.restrict(reason, self._now())
        self._restricted(reason)

    def distrust(self, reason: str) -> None:
        """The broker's stream does not tell all: reductions only, until an operator sets
        ``ACTIVE``, and everybody is told; once, until the *reason* is another.
        """
        found = self.gate.standing.distrust
        if found is not None and found.reason == reason:
            return
        self.gate.distrust(reason, self._now())
        self._restricted(reason)

    def _restricted(self, reason: str) -> None:
        self._thrown()
        self._alarm.raise_alert(
            AlertCode.INTERNAL_ERROR,
            f"Only orders that reduce a position are taken: {reason}",
            {"trading_state": self.status().state.value},
        )
        self._keep()

    @property
    def is_restricted(self) -> bool:
        """Whether what :meth:`restrict` told of holds."""
        return self.gate.standing.restriction is not None

    def lift(self) -> None:
        """What :meth:`restrict` told of is explained; what an operator set stays."""
        if self.gate.standing.restriction is not None:
            self.gate.lift()
            self._thrown()
            self._keep()

    def _thrown(self) -> None:
        self._meters.trading_state(self.status().state)
        self._tell("now")

    def _tell(self, note: str) -> None:
        status = self.status()
        self.log.warn(
            "trading is {state} {note}; set by {set_by}: {reason}"
            if status.reason
            else "trading is {state} {note}; set by {set_by}",
            note=note,
            state=status.state.value,
            since=status.since,
            set_by=None if status.set_by is None else status.set_by.value,
            reason=status.reason,
        )

    def _keep(self) -> Deferred[TradingStatus]:
        """Fires when it is durable; at once if that cannot be waited for."""
        status = self.status()
        value = wire.encode(self.gate.standing)
        kept = self._journal.keep(Setting(name=SETTING, at=self._now(), value=value))
        if self._journal.problem is not None:
            self._tell_not_durable(self._journal.problem)
            return succeed(status)
        waiting: Deferred[TradingStatus] = Deferred()
        self._waiting[waiting] = status
        kept.addCallback(lambda _none: self._answer(waiting))
        return waiting

    def _journal_changed(self, problem: str | None) -> None:
        if problem is not None and self._waiting:
            self._tell_not_durable(problem)
            for waiting in tuple(self._waiting):
                self._answer(waiting)

    def _answer(self, waiting: Deferred[TradingStatus]) -> None:
        status = self._waiting.pop(waiting, None)
        if status is not None:
            waiting.callback(status)

    def _tell_not_durable(self, problem: str) -> None:
        self.log.warn(
            "the trading state holds, but would not survive a restart yet: {problem}",
            problem=problem,
        )

    def _restored(self) -> Standing:
        kept = self._journal.setting(SETTING)
        if kept is None:
            return Standing(operator=TradingStatus(state=TradingState.ACTIVE, since=self._now()))
        try:
            return msgspec.json.decode(kept.value, type=Standing)
        except msgspec.MsgspecError:
            self.log.failure("the trading state in the journal cannot be read")
            halted = TradingStatus(
                state=TradingState.HALTED,
                since=kept.at,
                reason="the trading state in the journal cannot be read",
            )
            return Standing(operator=halted)
