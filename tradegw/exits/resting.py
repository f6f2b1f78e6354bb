"""Changing, taking away and looking at legs that rest, and an entry whose exits a broker keeps.

Whatever is about to be asked, the plan is written down first.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred, deadline, shield
from ..errors import GatewayError, OrderNotFound, ProviderError, leaves_doubt
from ..interfaces import IOrderEntry
from ..model.order import Order, OrderChange
from .coverage import in_force
from .guarded import Guarded
from .holdings import Holdings
from .keeping import Keeping
from .leg import Leg, trigger
from .plans import Plans

T = TypeVar("T")

PAUSES_SECONDS: Final = (0.1, 0.3, 1.0)
"""Before each further try, and before each look for the end of a cancelled leg."""

ANSWER_SECONDS: Final = 5.0
"""So long the work on a plan waits for an answer. Then it is in doubt and what came of it is looked
for: what fills meanwhile must not wait for all the time that a broker may take."""

SECOND_LOOK_SECONDS: Final = 0.4
"""Between two looks for what a broker may have, and not find yet."""


class Resting:
    """Asks for plans whose locks the caller holds."""

    log = Logger()

    def __init__(
        self,
        entry: IOrderEntry,
        plans: Plans,
        holdings: Holdings,
        keeping: Keeping,
        clock: IReactorTime,
    ) -> None:
        self._entry = entry
        self._plans = plans
        self._holdings = holdings
        self._keeping = keeping
        self._clock = clock

    @as_deferred
    async def change(self, guarded: Guarded, leg: Leg, change: OrderChange) -> None:
        """Change a resting leg, in place or under a new id; it may be in doubt afterwards."""
        assert leg.order_id is not None
        previous_id, leg.changing = leg.order_id, True
        self._keeping.keep(guarded)
        try:
            changed = await self.told(self._entry.replace_leg(previous_id, change))
        except GatewayError as error:
            leg.in_doubt = leaves_doubt(error)
            leg.unsettled = leg.unsettled or leg.in_doubt
            raise
        finally:
            leg.changing = False
        self._plans.replaced(previous_id, changed.order)
        if trigger(leg.kind, changed.order) is None:  # else it rests where the broker says
            leg.price = change.stop_price or change.limit_price or leg.price
        self._holdings.renamed(changed.order, leg.first_id)

    @as_deferred
    async def change_entry(self, guarded: Guarded, change: OrderChange) -> None:
        """Change the entry, whose exits the broker keeps, in place or under a new id."""
        plan = guarded.plan
        assert plan.entry_id is not None
        previous_id, plan.changing = plan.entry_id, True
        self._keeping.keep(guarded)
        try:
            changed = await self.told(self._entry.replace_leg(previous_id, change))
        except GatewayError as error:
            plan.in_doubt = plan.unsettled = leaves_doubt(error)
            raise
        finally:
            plan.changing = False
        self._plans.replaced(previous_id, changed.order)
        self._holdings.renamed(changed.order, plan.first_id)

    @as_deferred
    async def cancel(self, guarded: Guarded, leg: Leg) -> Order:
        """Take a resting leg away; its order afterwards, which may not have ended yet."""
        assert leg.order_id is not None
        leg.ending = True
        self._keeping.keep(guarded)
        order = await self.told(self._entry.cancel_order(leg.order_id))
        guarded.plan.take_leg(leg, order)
        return order

    @as_deferred
    async def make_room(self, guarded: Guarded) -> None:
        """Where only one exit can rest, the one that is held back from now on goes first.

        Fails with ``GatewayError`` if it cannot be taken away.
        """
        held = guarded.plan.held_kind
        for leg in () if held is None else in_force(guarded.plan, held):
            if leg.order_id is None:
                raise ProviderError(f"Exit order {leg.client_order_id} is not known yet")
            try:
                await self.cancel(guarded, leg)
            except GatewayError:
                leg.ending = False
                raise
            if not leg.ended:
                await self.wait_for_end(guarded, leg)

    @as_deferred
    async def look_at(self, guarded: Guarded, leg: Leg) -> Order | None:
        """Ask how a leg is; one that the broker does not know any more has ended."""
        assert leg.order_id is not None
        self._keeping.keep(guarded)
        order = await self._shown(leg)
        if order is None:
            leg.ended = True
        else:
            guarded.plan.take_leg(leg, order)
        return order

    @as_deferred
    async def _shown(self, leg: Leg) -> Order | None:
        """The order of *leg*, if the broker knows it. Of one that the broker placed itself it may
        have told before it finds it: it is asked twice, for what is covered again would be doubled.
        """
        assert leg.order_id is not None
        with suppress(OrderNotFound):
            return await self._entry.look_up(leg.order_id)
        if leg.native:
            await deferLater(self._clock, SECOND_LOOK_SECONDS)
            with suppress(OrderNotFound):
                return await self._entry.look_up(leg.order_id)
        return None

    @as_deferred
    async def wait_for_end(self, guarded: Guarded, leg: Leg) -> None:
        """Wait until the cancelled *leg* has ended; two at once could turn the position around.

        Fails with ``ProviderError`` if it takes too long; the leg is watched on.
        """
        for pause in PAUSES_SECONDS:
            self._keeping.keep(guarded)
            await deferLater(self._clock, pause)
            if not leg.ended:
                await self.look_at(guarded, leg)
            if leg.ended:
                return
        raise ProviderError(f"The cancel of exit order {leg.order_id} is not confirmed yet")

    @as_deferred
    async def told(self, work: Deferred[T]) -> T:
        """The answer, if it comes in time; the work goes on if it does not."""
        if work.called and not work.paused:
            return await work
        try:
            return await deadline(shield(work), ANSWER_SECONDS, self._clock)
        except TimeoutError as error:
            raise ProviderError(f"The broker gave {error}") from error
