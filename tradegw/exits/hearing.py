"""What the broker tells, turned into work on the plans it concerns."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime

from ..model.account import Trade
from ..model.events import OrderEvent, PositionEvent
from ..model.order import Order
from .closes import Closes
from .guarded import Guarded
from .keeping import Keeping
from .native.early import Early
from .native.legs import may_be_ahead
from .news import News
from .plans import Plans
from .pursuit import Pursuit


class Hearing:
    """Takes news in; what each sets going fires when nothing more can be done at the moment.

    *watch* hears of plans that have changed, before they are worked on.
    """

    def __init__(
        self,
        plans: Plans,
        news: News,
        closes: Closes,
        watch: Callable[[Guarded], None],
        keeping: Keeping,
        pursuit: Pursuit,
        clock: IReactorTime,
    ) -> None:
        self._plans = plans
        self._news = news
        self._closes = closes
        self._watch = watch
        self._keeping = keeping
        self._pursuit = pursuit
        self._early = Early(plans, self._take_in, clock)

    def stop(self) -> None:
        """What waits is not taken in any more."""
        self._early.stop()

    def order(self, event: OrderEvent) -> Deferred[None] | None:
        """An order is so now; it may wait until it is known which entry it belongs to."""
        return None if self._early.keeps(event) else self._take_in(event)

    def _take_in(self, event: OrderEvent) -> Deferred[None] | None:
        order = event.order
        guarded = self._plans.of_entry(order)
        if guarded is None and (found := self._news.leg(order)) is not None:
            guarded, leg = found
            self._news.executed(order, leg.first_id, is_leg=not may_be_ahead(guarded.plan, leg))
            changed = [guarded] if self._news.take_leg(guarded, leg, order) else []
            return together(self.driven(changed))
        closed = self._news.executed(order, None if guarded is None else guarded.plan.first_id)
        changed = self._news.released(order, closed)
        concerned = self._closes.take(order, order.correlation_id or "")
        changed += [one for one in concerned if one not in changed]
        if guarded is not None and guarded.plan.take_entry(order, closed):
            changed.append(guarded)
        work = self.driven(changed)
        self._early.claim(order.id)
        return together(work)

    def accepted(self, guarded: Guarded, order: Order) -> Deferred[None] | None:
        """The entry was answered with *order*; the work on its own plan, if there is any."""
        closed = self._news.executed(order, guarded.plan.first_id)
        released = self._news.released(order, closed)
        changed = guarded.plan.take_entry(order, closed)
        if changed or guarded.plan.entry_filled > 0:
            released.append(guarded)
        driven = self.driven(released)
        self._keeping.keep(guarded)
        self._early.claim(order.id)
        return driven[-1] if guarded in released else None

    def stop_arrived(self, order: Order) -> None:
        """*order* is the stop of a client itself: what it executed closed what it protects."""
        self._news.executed(order, order.id, is_leg=True)

    def execution(self, trade: Trade) -> Deferred[None] | None:
        """An execution may tell of a commission in what was bought."""
        guarded = self._news.charged(trade)
        if guarded is None:
            return None
        if not guarded.plan.short:
            return together(self.driven([guarded]))
        self._keeping.keep(guarded)
        return self._pursuit.retry(guarded)  # what was refused may have been too much

    def position(self, event: PositionEvent) -> Deferred[None] | None:
        """A position may be gone."""
        return together(self.driven(self._news.of_position(event)))

    def driven(self, changed: list[Guarded]) -> list[Deferred[None]]:
        """The work on what changed; all of one event is written down at once."""
        if len(changed) > 1:  # one alone is written with what is done about it
            self._keeping.keep(*changed)
        for guarded in changed:
            self._news.catch_up(guarded)
            self._watch(guarded)
        driven = [self._pursuit.drive(guarded) for guarded in changed]
        self._keeping.keep(*changed)
        return driven


def together(work: list[Deferred[None]]) -> Deferred[None] | None:
    """All of it as one, if there is any."""
    return gatherResults(work).addCallback(lambda _done: None) if work else None
