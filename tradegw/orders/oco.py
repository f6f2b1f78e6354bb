"""Groups of orders of which one takes from the others (``oco_group_id``), kept by the gateway.

What may remain of each member is derived from what all of them executed (``rounds``), compared with
what is known of the orders, and driven until they are so (``withdrawal``): from events, timers, the
link, reconciliations, and after a restart. A full fill or a rejection of a member cancels the rest,
a partial fill lowers it; a client's own cancel does neither. Where the broker pairs the orders
itself our cancels find them gone already. A group's name may be used again for other orders once
nothing is left to its members.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from ..deferreds import logged
from ..interfaces import IAlarm, IJournal, WallClock
from ..model.enums import AlertCode, OrderStatus
from ..model.journal import OCO_PLANS, PlanState
from ..model.order import Order
from .blotter import Blotter, Links
from .rounds import Member, Round, decode, encode
from .withdrawal import Withdrawals

REMEMBERED: Final = 1000
"""Rounds of which no member works any more; late executions are found to be of them."""

ENDING: Final = (OrderStatus.FILLED, OrderStatus.REJECTED)
"""With such a member a round is over."""

MOST_MEMBERS: Final = 100
"""With so many in one round those are forgotten that are gone."""


class OcoGroups:
    """Watches the members of every group. Its rounds are in *journal*, as plans of their own kind:
    each is written before anything that came of it is told.
    """

    log = Logger()

    def __init__(
        self,
        blotter: Blotter,
        withdrawals: Withdrawals,
        alarm: IAlarm,
        journal: IJournal,
        now: WallClock,
    ) -> None:
        self._blotter = blotter
        self._alarm = alarm
        self._journal = journal
        self._now = now
        self._withdrawals = withdrawals
        self._rounds: OrderedDict[str, Round] = OrderedDict()
        self._round_of: dict[tuple[str, str], Round] = {}
        self._newest: dict[str, Round] = {}
        self._kept: dict[str, bytes] = {}

    def restore(self) -> None:
        """Read the rounds of the last process. Raises ``ValueError`` if one cannot be read."""
        for state in self._journal.plans():
            if state.plan_id.startswith(OCO_PLANS):
                try:
                    self._add(decode(state.body))
                except msgspec.DecodeError as error:
                    raise ValueError(
                        f"the OCO round {state.plan_id} in the journal cannot be read: {error}"
                    ) from error
                self._kept[state.plan_id] = state.body

    def on_order(self, order: Order) -> Deferred[None] | None:
        """A member changed; *order* carries its links. Fires when what can be done at once about
        the others is done.
        """
        group = order.oco_group_id
        if group is None:
            return None
        name = self._name(order)
        found = self._round_of.get((group, name)) or self._joined(group, name, order)
        if found is None:
            return None
        if order.status in ENDING and not found.over and self._newest.get(group) is found:
            self._gather(found, order, sized=True)
        self._take(found, name, order)
        return self._check(found)

    def found(self, order: Order) -> None:
        """*order* is so, whether an event told of it or not."""
        try:
            work = self.on_order(order)
        except Exception:  # a defect of ours must not stop whoever found it
            self.log.failure("a member of an OCO group was not taken in: {order}", order=order)
            return
        if work is not None:
            logged(work, self.log, "withdrawing members of an OCO group")

    def resume(self) -> None:
        """The broker was asked how things stand: all is compared, and tried again."""
        for order in self._blotter.working():
            if order.oco_group_id is not None:
                self.found(order)
        self._withdrawals.retry()

    def stop(self) -> None:
        """Do nothing more."""
        self._withdrawals.stop()

    # -- rounds

    def _joined(self, group: str, name: str, order: Order) -> Round | None:
        """The round that *order* now belongs to, if there is one or it begins one."""
        matters = order.filled_quantity or order.status is OrderStatus.REJECTED
        if order.status.is_terminal and not matters:
            return None
        newest = self._newest.get(group)
        if newest is not None and self._is_of(newest, order):
            self._thin_out(newest)
            newest.add(name, sized=True)
            self._round_of[group, name] = newest
            return newest
        return self._begun(group, name, order) if matters else None

    def _is_of(self, one: Round, order: Order) -> bool:
        """Whether *order* belongs to *one*: something is left in it, or *order* was sent before it
        began, and is told of only now.
        """
        if not one.over:
            return self._is_open(one)
        links = self._blotter.links_of(order.id)
        sent = None if links is None else links.since
        return sent is not None and one.began is not None and sent < one.began

    def _thin_out(self, one: Round) -> None:
        """Those that ended without having executed are not needed for ever."""
        if len(one.members) < MOST_MEMBERS:
            return
        for order in self._orders(one):
            name = self._name(order)
            if order.status.is_terminal and name in one.members and not one.members[name].executed:
                del one.members[name], self._round_of[one.group, name]

    def _begun(self, group: str, name: str, order: Order) -> Round:
        began = Round(
            id=f"{OCO_PLANS}{order.id}:{self._now().timestamp():.6f}",
            group=group,
            symbol=order.symbol,
            began=self._now(),
            members={name: Member()},
        )
        self._add(began)
        self._gather(began, order, sized=False)
        self._forget_oldest()
        return began

    def _gather(self, one: Round, order: Order, *, sized: bool) -> None:
        """Whoever may execute beside *order*, or did and is not told of yet, is of *one* as well:
        nobody knew of its end when they were sent.
        """
        rivals = self._rivals(one.group)
        names = [self._name(rival) for rival in rivals]
        names += map(_sent, self._blotter.expected_in_group(one.group))
        joining = [n for n in dict.fromkeys(names) if (one.group, n) not in self._round_of]
        for name in joining:
            one.add(name, sized=sized)
            self._round_of[one.group, name] = one
        joining.append(self._name(order))  # it may have two ids at the moment
        for rival in rivals:
            if rival.id != order.id and self._name(rival) in joining:
                self._take(one, self._name(rival), rival)

    def _rivals(self, group: str) -> list[Order]:
        """Those that ended come first: what took the place of one is what it is now."""
        blotter = self._blotter
        found = [
            *blotter.in_transit(group),
            *blotter.executed_untold(group),
            *blotter.working_in_group(group),
        ]
        return sorted(found, key=lambda order: not order.status.is_terminal)

    def _take(self, one: Round, name: str, order: Order) -> None:
        if one.take(name, order):
            self._double_exit(one, name)

    def _add(self, one: Round) -> None:
        self._rounds[one.id] = self._newest[one.group] = one
        for name in one.members:
            self._round_of[one.group, name] = one

    def _forget_oldest(self) -> None:
        """Of the rounds that no order of works any more the newest are kept."""
        for one in list(self._rounds.values()):
            if len(self._rounds) <= REMEMBERED:
                return
            if not self._is_open(one):
                self._forget(one)

    def _forget(self, one: Round) -> None:
        del self._rounds[one.id]
        for name in one.members:
            self._round_of.pop((one.group, name), None)
        if self._newest.get(one.group) is one:
            del self._newest[one.group]
        body = self._kept.pop(one.id, None)
        if body is not None:
            self._journal.keep(self._state(one, body, over=True))

    def _is_open(self, one: Round) -> bool:
        """Whether a member works, or may turn up yet."""
        if any(not order.status.is_terminal for order in self._orders(one)):
            return True
        names = {self._name(order) for order in self._blotter.in_transit(one.group)}
        names.update(map(_sent, self._blotter.expected_in_group(one.group)))
        return not names.isdisjoint(one.members)

    def _orders(self, one: Round) -> list[Order]:
        known = (self._blotter.order(m.order_id) for m in one.members.values() if m.order_id)
        return [order for order in known if order is not None]

    def _name(self, order: Order) -> str:
        """What stays when the broker gives *order* a new id."""
        links = self._blotter.links_of(order.id)
        return (order.client_order_id or order.id) if links is None else _sent(links)

    # -- what is to be done

    def _check(self, one: Round) -> Deferred[None] | None:
        """Compare all members with what may remain of them."""
        recorded = self._keep(one)
        work = []
        for order in self._orders(one):
            left = one.excess(order)
            if left is None:
                self._withdrawals.end(order.id)
            else:
                work.append(self._withdrawals.withdraw(order, one.group, left, recorded))
        begun = [each for each in work if each is not None]
        if not begun:
            return None
        return gatherResults(begun, consumeErrors=True).addCallback(lambda _done: None)

    def _keep(self, one: Round) -> Deferred[None] | None:
        """Fires when *one* is durable; ``None`` if it is as it was."""
        body = encode(one)
        if self._kept.get(one.id) == body:
            return None
        self._kept[one.id] = body
        return self._journal.keep(self._state(one, body, over=False))

    def _state(self, one: Round, body: bytes, *, over: bool) -> PlanState:
        return PlanState(plan_id=one.id, at=self._now(), over=over, body=body)

    def _double_exit(self, one: Round, name: str) -> None:
        names = [each for each, member in one.members.items() if member.executed and each != name]
        first = one.first if one.first in names else names[0]
        assert first is not None
        self._alarm.raise_alert(
            AlertCode.OCO_DOUBLE_EXIT,
            f"Both orders of OCO group {one.group} filled: double-exit on {one.symbol}",
            {
                "oco_group_id": one.group,
                "symbol": one.symbol,
                "first_fill": _fill(one.members[first]),
                "second_fill": _fill(one.members[name]),
                "total_exit_quantity": one.executed,
            },
        )


def _sent(links: Links) -> str:
    """What an attempt is called, and no other ever was."""
    return links.correlation_id or links.client_order_id


def _fill(member: Member) -> dict[str, Any]:
    return {
        "order_id": member.order_id,
        "quantity": member.executed,
        "side": "" if member.side is None else member.side.value.capitalize(),
    }
