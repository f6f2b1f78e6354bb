"""News of legs of the broker that come before it is known which order their entry is.

They wait for the entry's answer or event, so that it is counted before them, but not for long.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...model.events import OrderEvent
from ...model.order import Order
from ..plans import Plans
from .legs import GRACE_SECONDS, may_be_native


class Early:
    """Keeps events back for *take_in*."""

    log = Logger()

    def __init__(
        self, plans: Plans, take_in: Callable[[OrderEvent], object], clock: IReactorTime
    ) -> None:
        self._plans = plans
        self._take_in = take_in
        self._clock = clock
        self._events: dict[str, list[OrderEvent]] = {}
        self._ends: dict[str, IDelayedCall] = {}

    def keeps(self, event: OrderEvent) -> bool:
        """Whether *event* waits."""
        order = event.order
        if not (may_be_native(self._plans, order) and self._may_come(order)):
            return False
        parent_id = str(order.parent_order_id)
        if parent_id not in self._events:
            self._ends[parent_id] = self._clock.callLater(GRACE_SECONDS, self.claim, parent_id)
        self._events.setdefault(parent_id, []).append(event)
        return True

    def _may_come(self, order: Order) -> bool:
        """Whether the parent of *order* may be an entry that the broker has not answered yet."""
        if self._plans.by_entry_id(str(order.parent_order_id)) is not None:
            return False
        return any(
            one.plan.native and one.plan.entry_id is None and one.plan.exit_side is order.side
            for one in self._plans.all()
        )

    def claim(self, entry_id: str) -> None:
        """The entry is known, or nobody told of it: what waited for it is taken in."""
        if entry_id not in self._events:
            return
        end, events = self._ends.pop(entry_id), self._events.pop(entry_id)
        if end.active():
            end.cancel()
        for event in events:
            try:
                self._take_in(event)
            except Exception:  # it must not hold up the entry
                self.log.failure("not taken in: {event}", event=event)

    def stop(self) -> None:
        """Nothing more is taken in."""
        for end in self._ends.values():
            end.cancel()
        self._ends.clear()
        self._events.clear()
