"""The plans in force, found by entry, by leg and by position."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IDelayedCall

from ..model.account import Position
from ..model.order import Order
from ..model.protection import LegKind
from .plan import Leg, Plan

RETAINED: Final = 1000


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
    """Indexes. An entry is found by its client order id until the broker's id is known.

    Of the plans that are over the newest are kept: a fill may be told late, after a cancel even.
    """

    def __init__(self, retained: int = RETAINED) -> None:
        self._retained = retained
        self._over: dict[Guarded, None] = {}
        self._by_intent: dict[str, Guarded] = {}
        self._unbound: dict[str, list[Guarded]] = {}
        self._by_entry: dict[str, Guarded] = {}
        self._legs: dict[str, tuple[Guarded, Leg]] = {}
        self._legs_by_client_id: dict[str, tuple[Guarded, Leg]] = {}

    def __len__(self) -> int:
        """How many are in force."""
        return len(self._by_intent) - len(self._over)

    def add(self, plan: Plan) -> None:
        guarded = Guarded(plan)
        self._by_intent[plan.intent_id] = guarded
        if plan.client_order_id is not None:
            self._unbound.setdefault(plan.client_order_id, []).append(guarded)

    def forget(self, intent_id: str) -> None:
        """The intent was refused; a plan that found its entry all the same stays."""
        guarded = self._by_intent.get(intent_id)
        if guarded is not None and guarded.plan.entry_id is None:
            self.remove(guarded)

    def settle(self, guarded: Guarded) -> None:
        """The work on a plan is done for now; if it is over it makes room."""
        self._over.pop(guarded, None)
        if not guarded.plan.is_over:
            return
        self._over[guarded] = None
        if len(self._over) > self._retained:
            self.remove(next(iter(self._over)))

    def remove(self, guarded: Guarded) -> None:
        guarded.cancel_retry()
        self._over.pop(guarded, None)
        self._by_intent.pop(guarded.plan.intent_id, None)
        self._no_longer_unbound(guarded)
        if guarded.plan.entry_id is not None:
            self._by_entry.pop(guarded.plan.entry_id, None)
        for leg in guarded.plan.legs:
            self._no_longer_expected(leg)
            if leg.order_id is not None:
                self._legs.pop(leg.order_id, None)

    def bind(self, intent_id: str, entry_id: str) -> Guarded | None:
        """The entry's broker id is known; ``None`` if the plan is over already.

        An order that has a plan keeps it: the broker answered a repeated intent with the same.
        """
        known = self._by_entry.get(entry_id)
        if known is None:
            return self._bound(self._by_intent.get(intent_id), entry_id)
        self.forget(intent_id)
        return known

    def of_entry(self, order: Order) -> Guarded | None:
        """The plan whose entry *order* is."""
        guarded = self._by_entry.get(order.id)
        if guarded is None and order.client_order_id in self._unbound:
            guarded = self._bound(self._unbound[order.client_order_id][-1], order.id)
        return guarded

    def _bound(self, guarded: Guarded | None, entry_id: str) -> Guarded | None:
        if guarded is not None:
            self._no_longer_unbound(guarded)
            guarded.plan.entry_id = entry_id
            self._by_entry[entry_id] = guarded
        return guarded

    def _no_longer_unbound(self, guarded: Guarded) -> None:
        client_order_id = guarded.plan.client_order_id
        if client_order_id is None or guarded not in self._unbound.get(client_order_id, ()):
            return
        self._unbound[client_order_id].remove(guarded)
        if not self._unbound[client_order_id]:
            del self._unbound[client_order_id]

    def by_entry_id(self, entry_id: str) -> Guarded | None:
        return self._by_entry.get(entry_id)

    def add_leg(self, guarded: Guarded, leg: Leg) -> None:
        guarded.plan.legs.append(leg)
        self._legs_by_client_id[leg.client_order_id] = (guarded, leg)

    def drop_leg(self, guarded: Guarded, leg: Leg) -> None:
        """The leg was definitely refused."""
        guarded.plan.legs.remove(leg)
        self._no_longer_expected(leg)

    def _no_longer_expected(self, leg: Leg) -> None:
        _, expected = self._legs_by_client_id.get(leg.client_order_id, (None, None))
        if expected is leg:  # else the name was used again
            del self._legs_by_client_id[leg.client_order_id]

    def bind_leg(self, guarded: Guarded, leg: Leg) -> None:
        if leg.order_id is not None:
            self._legs[leg.order_id] = (guarded, leg)

    def of_leg(self, order: Order) -> tuple[Guarded, Leg] | None:
        """The plan and leg that *order* is.

        By its client order id only as long as the leg's own order is not known, or may be succeeded
        by another: later the name is anybody's.
        """
        found = self._legs.get(order.id)
        if found is None and order.client_order_id is not None:
            found = self._legs_by_client_id.get(order.client_order_id)
            if found is not None and not _may_be(found[0].plan, found[1], order):
                return None
        return found

    def of_leg_id(self, order_id: str) -> tuple[Guarded, Leg] | None:
        return self._legs.get(order_id)

    def replaced(self, previous_id: str, order: Order) -> Guarded | None:
        """*order* took the place of *previous_id*, or changed under the same id."""
        guarded = self._by_entry.pop(previous_id, None)
        if guarded is not None:
            self._by_entry[order.id] = guarded
            guarded.plan.entry_replaced_by(order)
            return guarded
        found = self._legs.pop(previous_id, None)
        if found is None:
            return None
        self._legs[order.id] = found
        found[0].plan.leg_replaced_by(found[1], order)
        return found[0]

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

    def closed_by(self, order: Order) -> list[Guarded]:
        """The plans whose position an execution of *order* reduces."""
        return [
            guarded
            for guarded in self._by_intent.values()
            if guarded.plan.open_quantity > 0
            and guarded.plan.exit_side is order.side
            and guarded.plan.symbol == order.symbol
        ]

    def all(self) -> Iterable[Guarded]:
        return list(self._by_intent.values())

    def short(self) -> list[Guarded]:
        """Those whose protection failed last."""
        return [guarded for guarded in self._by_intent.values() if guarded.plan.short]


def _may_be(plan: Plan, leg: Leg, order: Order) -> bool:
    is_unbound = leg.order_id is None or leg.in_doubt or leg.changing
    return is_unbound and order.symbol == plan.symbol and order.side is plan.exit_side
