"""Plans in the journal: each as a whole, written whenever it changed.

What is only of the running process is not kept; what was under way when the process ended is in
doubt for the next one, which asks the broker before it does anything.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from typing import Any, Final

import msgspec
from twisted.internet.interfaces import IReactorTime

from ..deferreds import as_deferred, deadline, shield
from ..interfaces import IJournal, WallClock
from ..model import wire
from ..model.journal import OCO_PLANS, NetPosition, PlanState, Recorded
from .guarded import Guarded
from .leg import Leg
from .plan import Plan

_OF_THIS_PROCESS: Final = ("ending", "doubted_at", "by_client")
_APART: Final = ("legs", "short", "restored", "instrument", "trusting")
_LEG_MEMBERS: Final = [field.name for field in fields(Leg) if field.name not in _OF_THIS_PROCESS]
_PLAN_MEMBERS: Final = [field.name for field in fields(Plan) if field.name not in _APART]
_decoder = msgspec.json.Decoder(Plan)

DURABLE_SECONDS: Final = 1.0
"""So long what lowers risk waits for the disk."""


def encode(plan: Plan) -> bytes:
    """*plan* as JSON."""
    members = _members(plan, _PLAN_MEMBERS)
    members["legs"] = [_members(leg, _LEG_MEMBERS) for leg in plan.legs]
    return wire.encode(members)


def _members(value: Plan | Leg, names: list[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def decode(body: bytes) -> Plan:
    """The plan that was written as *body*, as the next process has to see it.

    Raises ``msgspec.DecodeError`` if *body* is not such a plan.
    """
    plan = _decoder.decode(body)
    plan.restored, plan.trusting = True, plan.native and not plan.taken
    if plan.changing:
        plan.changing, plan.in_doubt, plan.unsettled = False, True, True
    for leg in plan.legs:
        if leg.changing:
            leg.changing, leg.in_doubt, leg.unsettled = False, True, True
    plan.doubt_unanswered()
    return plan


class Keeping:
    """Writes plans to *journal*, none twice as it was; nobody waits for it."""

    def __init__(self, journal: IJournal, now: WallClock) -> None:
        self._journal = journal
        self.now = now

    def keep(self, *guarded: Guarded) -> None:
        """Write down those that changed, together: all or none of them will be found."""
        states = []
        for one in guarded:
            body = encode(one.plan)
            if body != one.kept:
                one.kept = body
                states.append(self._state(one, over=False))
        if states:
            self._journal.keep(*states)  # it never fails, and what is sent for plans lowers risk

    @as_deferred
    async def keep_durably(self, guarded: Guarded, clock: IReactorTime) -> None:
        """Fires when the plan is durable, or it was waited for that for long enough."""
        guarded.kept = encode(guarded.plan)
        kept = self._journal.keep(self._state(guarded, over=False))
        if self._journal.problem is not None:
            return
        with suppress(TimeoutError):  # it is in the journal's hands; what is sent lowers risk
            await deadline(shield(kept), DURABLE_SECONDS, clock)

    def end(self, guarded: Guarded | None) -> None:
        """A plan that was removed, if any, is not to come back."""
        if guarded is not None:
            guarded.kept = encode(guarded.plan)
            self._journal.keep(self._state(guarded, over=True))

    def _state(self, guarded: Guarded, *, over: bool) -> PlanState:
        return PlanState(
            plan_id=guarded.plan.intent_id, at=self.now(), over=over, body=guarded.kept
        )

    def plans(self) -> list[tuple[Plan, bytes]]:
        """Those that may matter yet, oldest first, each with what was written.

        Raises ``ValueError`` if one cannot be read.
        """
        plans = []
        for state in self._journal.plans():
            if state.plan_id.startswith(OCO_PLANS):
                continue
            try:
                plans.append((decode(state.body), state.body))
            except msgspec.DecodeError as error:
                raise ValueError(
                    f"the exit plan {state.plan_id} in the journal cannot be read: {error}"
                ) from error
        return sorted(plans, key=lambda each: each[0].serial)

    def net_positions(self) -> list[NetPosition]:
        """What is held as far as clients were told."""
        return self._journal.net_positions()

    def intent(self, plan: Plan) -> Recorded | None:
        """What became of the attempt to send the entry; ``None`` if it was never written down."""
        return self.recorded(plan.intent_id)

    def recorded(self, intent_id: str) -> Recorded | None:
        """What became of an intent; ``None`` if it was never written down."""
        return self._journal.intent(intent_id)
