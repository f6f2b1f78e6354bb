"""How plans come back after a restart: read from the journal, held until the broker was asked.

Meanwhile events are taken in and shortfalls are alerted, but nothing is sent. The reconciliation,
which runs after every restart and then now and again, brings what the broker says of positions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from twisted.logger import Logger

from ..model.account import Position
from ..model.enums import Side
from ..model.journal import Verdict
from ..model.money import ZERO
from ..model.order import Order
from .coverage import next_step, unconfirmed
from .doubles import Doubles
from .guarded import Guarded
from .holdings import Holdings
from .keeping import Keeping
from .plan import Plan
from .plans import Plans
from .pursuit import Pursuit

_Place: TypeAlias = tuple[str | None, Side]
"""What is netted, a symbol or a position, and the side that closes it."""


class Restart:
    """Brings plans back, and in step with what the broker was found to hold."""

    log = Logger()

    def __init__(
        self,
        plans: Plans,
        holdings: Holdings,
        keeping: Keeping,
        pursuit: Pursuit,
        doubles: Doubles,
    ) -> None:
        self._plans = plans
        self._holdings = holdings
        self._keeping = keeping
        self._pursuit = pursuit
        self._doubles = doubles

    # -- restoring ---------------------------------------------------------------------------------

    def restore(self, orders: Iterable[Order]) -> None:
        """Read the plans; *orders* are as clients were last told of them.

        From now on nothing is sent before :meth:`reconciled`. Raises ``ValueError`` if a plan
        cannot be read, ``JournalUnavailable`` if none can.
        """
        self._pursuit.hold()
        told = {order.id: order for order in orders}
        for plan, body in self._keeping.plans():
            guarded = self._plans.restore(plan, body)
            if plan.awaited:
                self._find_stop(guarded)
            elif plan.entry_id is None and not plan.of_position:
                self._find_entry(guarded)
            self._bring_up(plan, told)
        self._count(told)
        for guarded in self._plans.all():
            self._keeping.keep(guarded)
            self._keeping.end(self._plans.settle(guarded))
            if unconfirmed(guarded.plan):
                self._pursuit.drive(guarded)  # held; but if that takes long it is alerted
        self.log.info("{count} exit plans are in force", count=len(self._plans))

    def _find_entry(self, guarded: Guarded) -> None:
        """The gateway ended before the entry's id was written into the plan.

        What was never written down was never sent; what has no outcome yet will get one.
        """
        intent_id = guarded.plan.intent_id
        recorded = self._keeping.intent(guarded.plan)
        outcome = None if recorded is None else recorded.outcome
        if recorded is None or (outcome is not None and outcome.verdict is Verdict.REJECTED):
            self._keeping.end(self._plans.forget(intent_id))
        elif outcome is not None and outcome.order_id is not None:
            self._plans.bind(intent_id, outcome.order_id)

    def _find_stop(self, guarded: Guarded) -> None:
        """The same, where the order of a client is the plan's own stop."""
        plan, recorded = guarded.plan, self._keeping.intent(guarded.plan)
        outcome = None if recorded is None else recorded.outcome
        if recorded is None or (outcome is not None and outcome.verdict is Verdict.REJECTED):
            plan.awaited = False
            plan.release()
            for leg in plan.legs:
                leg.ended = leg.ended or leg.order_id is None
        elif outcome is not None and outcome.order_id is not None:
            plan.awaited = False
            for leg in [leg for leg in plan.legs if leg.client_order_id == plan.own_name]:
                leg.order_id = leg.order_id or outcome.order_id
                self._plans.bind_leg(guarded, leg)

    def _bring_up(self, plan: Plan, told: Mapping[str, Order]) -> None:
        """A leg that nobody was told of is looked for: nobody else will notice what became of it"""
        entry = told.get(plan.entry_id or "")
        if entry is not None:
            plan.take_entry(entry)
        for leg in plan.legs:
            order = told.get(leg.order_id or "")
            if order is not None:
                plan.take_leg(leg, order)
            elif leg.alive:
                leg.in_doubt = True

    def _count(self, told: Mapping[str, Order]) -> None:
        """Which executions are counted: those told, and those that plans took in before that."""
        self._holdings.begin(self._keeping.net_positions())
        for order in told.values():
            self._holdings.count(order, self._counted_as(order), ended=order.status.is_terminal)
        for guarded in self._plans.all():
            plan = guarded.plan
            taken = [(plan.first_id, plan.exit_side.opposite, plan.entry_filled)]
            taken += [(leg.first_id, plan.exit_side, leg.filled) for leg in plan.legs]
            taken += [(order_id, plan.exit_side, much) for order_id, much in plan.closers.items()]
            for order_id, side, filled in taken:
                if order_id is None:
                    continue
                if order_id in told:
                    self._holdings.catch_up(order_id, plan.symbol, side, filled)
                else:
                    self._holdings.remember(order_id, filled)

    def _counted_as(self, order: Order) -> str:
        guarded, found = self._plans.by_entry_id(order.id), self._plans.of_leg_id(order.id)
        if guarded is not None:
            return guarded.plan.first_id or order.id
        return order.id if found is None else found[1].first_id or order.id

    # -- reconciling -------------------------------------------------------------------------------

    def on_positions(self, positions: Iterable[Position], unclear: Collection[str] = ()) -> None:
        """All positions there are: no more of a symbol is protected than that, the newest first."""
        there = [position for position in positions if position.symbol not in unclear]
        self._holdings.believe(there, unclear)
        held: dict[_Place, Decimal] = {}
        for position in there:
            place = self._place(position.symbol, position.id), position.side.closing
            held[place] = held.get(place, ZERO) + abs(position.quantity)
        released = [
            one
            for one in reversed(self._plans.all())
            if one.plan.symbol not in unclear and self._release(one.plan, held)
        ]
        self._keeping.keep(*released)
        for guarded in released:
            self._pursuit.drive(guarded)

    def on_working(self, orders: Iterable[Order]) -> None:
        """A leg that was believed gone, because the broker did not find it, works after all: it is
        one of its plan again, and taken away if the plan has another in its place.
        """
        for order in orders:
            found = self._plans.of_leg_id(order.id)
            if found is None or found[1].order_id != order.id or not found[1].is_gone:
                continue
            guarded, leg = found
            leg.ended = False
            guarded.plan.take_leg(leg, order)
            self.log.warn("leg {order_id} was believed gone, and works", order_id=order.id)
            self._keeping.keep(guarded)
            self._pursuit.drive(guarded)

    def _release(self, plan: Plan, held: dict[_Place, Decimal]) -> bool:
        """Whether some of what *plan* protects is not there; the rest of *held* is for others."""
        place = self._place(plan.symbol, plan.position_id), plan.exit_side
        if plan.open_quantity == 0 or place[0] is None:
            return False
        there = min(plan.open_quantity, held.get(place, ZERO))
        held[place] = held.get(place, ZERO) - there
        if there == plan.open_quantity:
            return False
        gone = plan.release(plan.open_quantity - there)
        if self._holdings.nets:
            plan.lend(self._doubles.repay(plan.symbol, plan.exit_side, gone))
        self.log.warn(
            "{quantity} {symbol} of order {entry_id} are not there any more: they are not"
            " protected from now on",
            quantity=gone,
            symbol=plan.symbol,
            entry_id=plan.parent_id,
        )
        return True

    def _place(self, symbol: str, position_id: str | None) -> str | None:
        return symbol if self._holdings.nets else position_id

    def reconciled(self) -> None:
        """The broker was asked, and what had been missed was told: legs are put right."""
        self._pursuit.let_go()
        for guarded in self._plans.all():
            plan = guarded.plan
            self._plans.inform(plan)
            was_in_doubt, plan.in_doubt = plan.in_doubt, False
            if was_in_doubt or next_step(plan, self._keeping.now()) is not None:
                self._pursuit.drive(guarded)
                self._keeping.keep(guarded)
