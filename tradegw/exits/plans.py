"""The plans in force, found by entry, by leg and by position."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from itertools import islice
from typing import Final

from twisted.logger import Logger

from ..model.account import Position
from ..model.market import Instrument
from ..model.order import Order, is_older
from .guarded import Guarded
from .leg import Leg
from .naming import LegName
from .plan import Plan

RETAINED: Final = 1000
RETAINED_LOST: Final = 20
"""Of the legs of a plan that ended without an execution so many are kept."""


class Plans:
    """Indexes. Entries and legs are found by their client order ids as long as the broker's ids
    are not known, or may be others.

    Of the plans that are over the newest are kept: a fill may be told late, after a cancel even.
    """

    log = Logger()

    def __init__(
        self,
        retained: int = RETAINED,
        instrument: Callable[[str], Instrument | None] = lambda _symbol: None,
    ) -> None:
        """Of the plans that are over *retained* are kept; *instrument* knows the broker's rules."""
        self._retained = retained
        self._instrument = instrument
        self._over: dict[Guarded, None] = {}
        self._by_intent: dict[str, Guarded] = {}
        self._by_name: dict[str, list[Guarded]] = {}
        self._by_entry: dict[str, Guarded] = {}
        self._legs: dict[str, tuple[Guarded, Leg]] = {}
        self._legs_by_name: dict[str, tuple[Guarded, Leg]] = {}

    def __len__(self) -> int:
        """How many are in force."""
        return len(self._by_intent) - len(self._over)

    def add(self, plan: Plan) -> Guarded:
        """*plan*, of which nothing has come to be so far."""
        plan.serial = 1 + max((one.plan.serial for one in self._newest()), default=0)
        return self._index(plan)

    def _newest(self) -> Iterable[Guarded]:
        return islice(reversed(self._by_intent.values()), 1)

    def restore(self, plan: Plan, kept: bytes) -> Guarded:
        """*plan*, as far as it had come; plans are restored before any is added, oldest first."""
        guarded = self._index(plan)
        guarded.kept = kept
        for entry_id in (*plan.former, plan.entry_id):
            if entry_id is not None:
                self._by_entry[entry_id] = guarded
        for leg in reversed(plan.legs):  # a double bears the name of an older one
            self._legs_by_name[leg.client_order_id] = (guarded, leg)
            self.bind_leg(guarded, leg)
        return guarded

    def _index(self, plan: Plan) -> Guarded:
        self.inform(plan)
        guarded = self._by_intent[plan.intent_id] = Guarded(plan)
        if plan.client_order_id is not None:
            self._by_name.setdefault(plan.client_order_id, []).append(guarded)
        return guarded

    def inform(self, plan: Plan) -> None:
        """What the broker demands of the legs of *plan* may be known by now, or have changed."""
        plan.instrument = self.rules(plan.symbol, plan.instrument)

    def rules(self, symbol: str, known: Instrument | None = None) -> Instrument | None:
        """What it demands of orders in *symbol*; *known* if that cannot be read."""
        try:
            return self._instrument(symbol)
        except Exception:  # a defect of an adapter must not end the protection
            self.log.failure("the rules for {symbol} could not be read", symbol=symbol)
            return known

    def forget(self, intent_id: str) -> Guarded | None:
        """The intent was refused; a plan that found its entry all the same stays.

        What was removed.
        """
        guarded = self._by_intent.get(intent_id)
        if guarded is None or guarded.plan.entry_id is not None:
            return None
        self.remove(guarded)
        return guarded

    def settle(self, guarded: Guarded) -> Guarded | None:
        """The work on a plan is done for now; if it is over it makes room. What was removed."""
        self._over.pop(guarded, None)
        if not guarded.plan.is_over:
            return None
        self._over[guarded] = None
        if len(self._over) <= self._retained:
            return None
        oldest = next(iter(self._over))
        self.remove(oldest)
        return oldest

    def remove(self, guarded: Guarded) -> None:
        plan = guarded.plan
        guarded.cancel_retry()
        self._over.pop(guarded, None)
        self._by_intent.pop(plan.intent_id, None)
        self._remove_name(guarded)
        for entry_id in (*plan.former, plan.entry_id):
            if entry_id is not None:
                self._by_entry.pop(entry_id, None)
        for leg in plan.legs:
            self._no_longer_expected(leg)
            for order_id in (*leg.former, leg.order_id):
                if order_id is not None:
                    self._legs.pop(order_id, None)

    def _remove_name(self, guarded: Guarded) -> None:
        name = guarded.plan.client_order_id
        if name is None or guarded not in self._by_name.get(name, ()):
            return
        self._by_name[name].remove(guarded)
        if not self._by_name[name]:
            del self._by_name[name]

    def bind(self, intent_id: str, entry_id: str) -> Guarded | None:
        """The entry's broker id is known; ``None`` if the plan is over already.

        An order that has a plan keeps it: the broker answered a repeated intent with the same.
        """
        guarded = self._by_intent.get(intent_id)
        known = self._by_entry.get(entry_id)
        if known is not None or guarded is None:
            return known
        return self._bound(guarded, entry_id)

    def of_entry(self, order: Order) -> Guarded | None:
        """The plan whose entry *order* is, or of whose entry it took the place."""
        guarded = self._by_entry.get(order.id)
        if guarded is not None or order.client_order_id is None:
            return guarded
        for named in reversed(self._by_name.get(order.client_order_id, ())):
            if named.plan.may_become(order):
                return self._bound(named, order.id)
        return None

    def _bound(self, guarded: Guarded, entry_id: str) -> Guarded:
        guarded.plan.entry_succeeded_by(entry_id)
        self._by_entry[entry_id] = guarded
        return guarded

    def by_entry_id(self, entry_id: str) -> Guarded | None:
        return self._by_entry.get(entry_id)

    def of_clients_stop(self, intent_id: str) -> Guarded | None:
        """The plan of a position whose first stop is the order of that intent."""
        guarded = self._by_intent.get(intent_id)
        is_so = guarded is not None and guarded.plan.own_name is not None
        return guarded if is_so else None

    def add_leg(self, guarded: Guarded, leg: Leg) -> None:
        """*leg* is about to be sent. Of those that came to nothing the newest are kept."""
        in_vain = [one for one in guarded.plan.legs if one.came_to_nothing]
        for oldest in in_vain[:-RETAINED_LOST]:
            self.drop_leg(guarded, oldest)
        guarded.plan.legs.append(leg)
        self._legs_by_name[leg.client_order_id] = (guarded, leg)

    def sent_leg(self, client_order_id: str | None) -> bool:
        """Whether a leg of that name was (or is being) sent from here."""
        found = self._legs_by_name.get(client_order_id or "")
        return found is not None and not found[1].native

    def drop_leg(self, guarded: Guarded, leg: Leg) -> None:
        """The leg was definitely refused, or ended long ago."""
        guarded.plan.legs.remove(leg)
        self._no_longer_expected(leg)
        for order_id in (*leg.former, leg.order_id):
            if order_id is not None and self._legs.get(order_id, (None, None))[1] is leg:
                del self._legs[order_id]

    def _no_longer_expected(self, leg: Leg) -> None:
        _, expected = self._legs_by_name.get(leg.client_order_id, (None, None))
        if expected is leg:  # else the name was used again
            del self._legs_by_name[leg.client_order_id]

    def bind_leg(self, guarded: Guarded, leg: Leg) -> None:
        for order_id in (*leg.former, leg.order_id):
            if order_id is not None:
                self._legs[order_id] = (guarded, leg)

    def of_leg(self, order: Order) -> tuple[Guarded, Leg] | None:
        """The plan and leg that *order* is.

        By its client order id only as long as the leg's own order is not known, may be succeeded by
        another, or may have a double, which becomes a leg too: later the name is anybody's.
        """
        found = self._legs.get(order.id)
        if found is not None or order.client_order_id is None:
            return found
        found = self._legs_by_name.get(order.client_order_id)
        if found is None:
            return self._lost_leg(order)
        guarded = found[0]
        if not _fits(guarded.plan, order):
            return None
        named = [leg for leg in guarded.plan.legs if leg.client_order_id == order.client_order_id]
        for leg in named:
            if leg.order_id is None or leg.is_succeeded_by(order):
                return guarded, leg
        if any(leg.is_doubled_by(order) for leg in named):
            return guarded, _double(guarded.plan, named[0], order)
        return None

    def _lost_leg(self, order: Order) -> tuple[Guarded, Leg] | None:
        """What an earlier process sent last may be in no plan, but it bears the name of one."""
        name = LegName.read(order.client_order_id or "")
        if name is None:
            return None
        for guarded in reversed(self._by_intent.values()):
            leg = guarded.plan.lost_leg(name, order)
            if leg is not None:
                self._legs_by_name[leg.client_order_id] = (guarded, leg)
                return guarded, leg
        return None

    def of_leg_id(self, order_id: str) -> tuple[Guarded, Leg] | None:
        return self._legs.get(order_id)

    def replaced(self, previous_id: str, order: Order) -> Guarded | None:
        """*order* took the place of *previous_id*, or changed under the same id."""
        guarded = self._by_entry.get(previous_id) or self._by_entry.get(order.id)
        if guarded is not None:
            self._by_entry[order.id] = guarded
            guarded.plan.entry_replaced_by(order)
            return guarded
        known = self._legs.get(order.id)
        found = self._legs.get(previous_id) or known
        if found is None:
            return None
        guarded, leg = found
        if known is not None and known[1] is not leg:  # it was taken for a double
            guarded.plan.legs.remove(known[1])
            leg.filled = max(leg.filled, known[1].filled)
        elif leg.resent and leg.order_id not in (None, previous_id, order.id):  # the double was
            self._set_apart(guarded, leg)
        guarded.plan.leg_replaced_by(leg, order)
        leg.ended = leg.ended or (known is not None and known[1].ended)
        self.bind_leg(guarded, leg)
        return guarded

    def _set_apart(self, guarded: Guarded, leg: Leg) -> None:
        """The order of *leg* is its double: how that is is asked."""
        double = copy(leg)
        double.changing, double.in_doubt, double.former = False, True, []
        guarded.plan.legs.append(double)
        self.bind_leg(guarded, double)
        leg.order_id = None

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

    def all(self) -> list[Guarded]:
        """Those in force and those kept after that, oldest first."""
        return list(self._by_intent.values())

    def short(self) -> list[Guarded]:
        """Those whose protection failed last."""
        return [guarded for guarded in self._by_intent.values() if guarded.plan.short]


def _double(plan: Plan, leg: Leg, order: Order) -> Leg:
    """A leg for *order*, which came to be beside that of *leg*: what is too much will go."""
    double = Leg(
        kind=leg.kind,
        client_order_id=leg.client_order_id,
        quantity=order.quantity,
        price=leg.price,
        resent=True,
    )
    plan.legs.append(double)
    return double


def _fits(plan: Plan, order: Order) -> bool:
    is_its = order.symbol == plan.symbol and order.side is plan.exit_side
    return is_its and not is_older(order, plan.since)
