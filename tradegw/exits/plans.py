"""The plans in force, found by entry, by leg and by position."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IDelayedCall

from ..model.account import Position
from ..model.order import Order
from ..model.protection import LegKind
from .plan import Leg, Plan


@dataclass(eq=False)
class Guarded:
    """A plan and the work on it: one piece at a time, and when to try again."""

    plan: Plan
    lock: DeferredLock = field(default_factory=DeferredLock)
    retry: IDelayedCall | None = None
    attempts: int = 0
    told: dict[LegKind, str] = field(default_factory=dict)
    """What was last alerted; the same is not told twice before the next attempt."""

    def cancel_retry(self) -> None:
        if self.retry is not None and self.retry.active():
            self.retry.cancel()
        self.retry = None


class Plans:
    """Indexes. A leg is found by its client order id until the broker's id is known."""

    def __init__(self) -> None:
        self._by_intent: dict[str, Guarded] = {}
        self._by_entry: dict[str, Guarded] = {}
        self._legs: dict[str, tuple[Guarded, Leg]] = {}
        self._expected_legs: dict[str, tuple[Guarded, Leg]] = {}

    def add(self, plan: Plan) -> None:
        self._by_intent[plan.intent_id] = Guarded(plan)

    def forget(self, intent_id: str) -> None:
        guarded = self._by_intent.get(intent_id)
        if guarded is not None:
            self.remove(guarded)

    def remove(self, guarded: Guarded) -> None:
        guarded.cancel_retry()
        self._by_intent.pop(guarded.plan.intent_id, None)
        if guarded.plan.entry_id is not None:
            self._by_entry.pop(guarded.plan.entry_id, None)
        for leg in guarded.plan.legs:
            self._expected_legs.pop(leg.client_order_id, None)
            if leg.order_id is not None:
                self._legs.pop(leg.order_id, None)

    def bind(self, intent_id: str, entry_id: str) -> Guarded | None:
        """The entry's broker id is known; ``None`` if the plan is over already."""
        guarded = self._by_intent.get(intent_id)
        if guarded is not None:
            self._by_entry[entry_id] = guarded
        return guarded

    def of_entry(self, order: Order) -> Guarded | None:
        """The plan whose entry *order* is."""
        guarded = self._by_entry.get(order.id)
        if guarded is None and order.client_order_id is not None:
            guarded = self.bind(order.client_order_id, order.id)
        return guarded

    def by_entry_id(self, entry_id: str) -> Guarded | None:
        return self._by_entry.get(entry_id)

    def add_leg(self, guarded: Guarded, leg: Leg) -> None:
        guarded.plan.legs.append(leg)
        self._expected_legs[leg.client_order_id] = (guarded, leg)

    def bind_leg(self, guarded: Guarded, leg: Leg) -> None:
        self._expected_legs.pop(leg.client_order_id, None)
        if leg.order_id is not None:
            self._legs[leg.order_id] = (guarded, leg)

    def of_leg(self, order: Order) -> tuple[Guarded, Leg] | None:
        """The plan and leg that *order* is."""
        found = self._legs.get(order.id)
        if found is None and order.client_order_id is not None:
            found = self._expected_legs.get(order.client_order_id)
        return found

    def of_leg_id(self, order_id: str) -> tuple[Guarded, Leg] | None:
        return self._legs.get(order_id)

    def rename(self, previous_id: str, order: Order) -> None:
        """*order* took the place of *previous_id*, or changed under the same id."""
        entry = self._by_entry.pop(previous_id, None)
        if entry is not None:
            self._by_entry[order.id] = entry
            entry.plan.take_entry(order)
        leg = self._legs.pop(previous_id, None)
        if leg is not None:
            self._legs[order.id] = leg
            leg[1].take(order)

    def of_position(self, position: Position) -> list[Guarded]:
        """The plans that protect *position*: those with something open on its side."""
        return [
            guarded
            for guarded in self._by_intent.values()
            if guarded.plan.open_quantity > 0
            and guarded.plan.exit_side is position.side.closing
            and guarded.plan.position_id in (None, position.id)
            and guarded.plan.symbol == position.symbol
        ]

    def all(self) -> Iterable[Guarded]:
        return list(self._by_intent.values())

    def short(self) -> list[Guarded]:
        """Those whose protection failed last."""
        return [guarded for guarded in self._by_intent.values() if guarded.plan.short]
