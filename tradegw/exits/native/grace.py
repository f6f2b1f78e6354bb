"""What the broker does with the exits that it keeps itself is watched, and made good.

After a fill the broker needs a moment for its legs, and when one of them executes for the other. If
the legs do not cover what they should once that time is up, the broker is asked how they are; what
they still fail to cover is told, and covered by legs of our own from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...deferreds import as_deferred, logged
from ...errors import GatewayError
from ...model.protection import LegKind
from ..coverage import is_native_cover, is_settled, shortfall
from ..guarded import Guarded
from ..keeping import Keeping
from ..leg import Leg
from ..outcry import Outcry
from ..plan import Plan
from ..pursuit import UNTOLD_SECONDS, Pursuit
from .asking import Asking, native_legs
from .legs import GRACE_SECONDS

LOOK_SECONDS: Final = 1.0
"""After the end of one leg the others are looked at: not every broker tells that it ended the leg
which was paired with it.
"""

NOT_PLACED: Final = "The broker has not placed it"


@dataclass(eq=False)
class _Care:
    """What is known of one plan."""

    grace: IDelayedCall | None = None
    """The broker's time runs."""
    look: IDelayedCall | None = None
    dropped: dict[LegKind, str] = field(default_factory=dict)
    gone: set[str | None] = field(default_factory=set)
    """The legs of the broker that ended before they had executed."""
    taken_at: float = float("-inf")
    """When the last of them was taken away from here, in seconds of this process."""

    def stop(self) -> None:
        for call in (self.grace, self.look):
            if call is not None and call.active():
                call.cancel()
        self.grace = self.look = None


class Natives:
    """Knows how long each plan whose exits the broker keeps has been out of step."""

    log = Logger()

    def __init__(
        self,
        asking: Asking,
        pursuit: Pursuit,
        keeping: Keeping,
        outcry: Outcry,
        clock: IReactorTime,
    ) -> None:
        self._asking = asking
        self._keeping = keeping
        self._pursuit = pursuit
        self._outcry = outcry
        self._clock = clock
        self._cares: WeakKeyDictionary[Guarded, _Care] = WeakKeyDictionary()
        self._stopped = False

    def stop(self) -> None:
        """Watch no more."""
        self._stopped = True
        for care in self._cares.values():
            care.stop()

    def watch(self, guarded: Guarded) -> None:
        """The plan may have changed: the broker's time begins when its legs are out of step, and
        ends when they are in step again. What makes way for a close is not the broker's to restore.
        """
        plan = guarded.plan
        if not plan.native or self._stopped:
            return
        care = self._cares.setdefault(guarded, _Care())
        self._note_ends(guarded, care)
        was_taken = plan.taken
        self._judge_time(guarded, care)
        if plan.taken is not was_taken:
            self._keeping.keep(guarded)

    def _judge_time(self, guarded: Guarded, care: _Care) -> None:
        plan = guarded.plan
        is_ours = plan.taken and _waits_for_all(plan)
        if plan.taken and not (plan.held or is_ours) and is_native_cover(plan):
            plan.taken, plan.trusting = False, True
        if plan.held:
            plan.take_over()
        elif is_settled(plan):
            plan.trusting = not is_ours and plan.held_kind is None  # else all of it is ours
            care.dropped = {}
            _cancel(care.grace)
            care.grace = None
        elif plan.trusting and care.grace is None:
            care.grace = self._clock.callLater(GRACE_SECONDS, self._time_is_up, guarded, care)

    def dropped(self, guarded: Guarded, leg: Leg, reason: str) -> None:
        """The broker ended *leg*, which leaves its kind short. The one that it is paired with may
        have executed, which is told in a moment; if that was taken away from here there is nothing
        to wait for.
        """
        care = self._cares.setdefault(guarded, _Care())
        care.dropped[leg.kind] = reason
        ours = any(one.waived or one.ending for one in native_legs(guarded.plan))
        if ours or self._clock.seconds() - care.taken_at <= GRACE_SECONDS:
            guarded.plan.take_over()

    # -- what ends with another

    def _note_ends(self, guarded: Guarded, care: _Care) -> None:
        legs = [leg for leg in guarded.plan.legs if leg.native and leg.ended and leg.unfilled > 0]
        new = [leg for leg in legs if leg.order_id not in care.gone and not leg.changing]
        care.gone = {leg.order_id for leg in legs if not leg.changing}
        if any(leg.waived or leg.ending for leg in new):
            care.taken_at = self._clock.seconds()
        if new and care.look is None and native_legs(guarded.plan):
            care.look = self._clock.callLater(LOOK_SECONDS, self._look, guarded, care)

    def _look(self, guarded: Guarded, care: _Care) -> None:
        care.look = None
        if not self._pursuit.is_held:  # else the broker is about to be asked for everything
            work = guarded.lock.run(self._looked, guarded)
            work.addCallback(lambda _done: self._pursuit.drive(guarded))
            logged(work, self.log, "looking at exits that the broker keeps")

    @as_deferred
    async def _looked(self, guarded: Guarded) -> None:
        try:
            ended = await self._asking.legs(guarded, native_legs(guarded.plan))
        except GatewayError as error:
            self.log.warn(
                "the exits of {entry_id} could not be looked up: {reason}",
                entry_id=guarded.plan.entry_id,
                reason=error.message,
            )
            return
        short = shortfall(guarded.plan)
        for leg in [leg for leg in ended if leg.kind in short]:
            self.dropped(guarded, leg, _ended(leg))

    # -- when its time is up

    def _time_is_up(self, guarded: Guarded, care: _Care) -> None:
        care.grace = None
        if self._pursuit.is_held:
            self.watch(guarded)
        else:
            logged(self._made_good(guarded, care), self.log, "making good what the broker failed")

    @as_deferred
    async def _made_good(self, guarded: Guarded, care: _Care) -> None:
        await guarded.lock.run(self._judge, guarded, care)
        await self._pursuit.drive(guarded)
        self.watch(guarded)

    @as_deferred
    async def _judge(self, guarded: Guarded, care: _Care) -> None:
        plan = guarded.plan
        if self._stopped or not plan.trusting:
            return
        tell = self._outcry.tell_unconfirmed
        overdue = self._clock.callLater(UNTOLD_SECONDS, tell, guarded)  # an answer may take long
        try:
            ended = await self._asking.everything(guarded)
        except GatewayError as error:
            reason = f"The broker cannot say whether its own exit order rests: {error.message}"
            self._outcry.tell(guarded, dict.fromkeys(shortfall(plan), reason))
            return
        finally:
            if overdue.active():
                overdue.cancel()
        if is_settled(plan):
            return
        plan.take_over()
        self._outcry.look(guarded)
        dropped = {**{leg.kind: _ended(leg) for leg in ended}, **care.dropped}
        reasons = {kind: dropped.get(kind, NOT_PLACED) for kind in shortfall(plan)}
        self._outcry.tell(guarded, reasons)
        self.log.warn(
            "the broker does not keep the exits of {entry_id} as it should: that is done here",
            entry_id=plan.entry_id,
            symbol=plan.symbol,
        )


def _ended(leg: Leg) -> str:
    return f"The broker ended exit order {leg.order_id}"


def _waits_for_all(plan: Plan) -> bool:
    """Whether the broker covers nothing before all of the entry has filled."""
    return not plan.complete and any(leg.dormant for leg in native_legs(plan))


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()
