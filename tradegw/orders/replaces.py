"""Changing working orders, for their clients; with three outcomes, as ``cancels`` has."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace as with_changes
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError, InvalidRequest, OrderDenied, OrderNotModifiable, leaves_doubt
from ..interfaces import IExits
from ..model.journal import Intent
from ..model.order import Order, OrderChange, OrderRequest, Replaced, Unresolved
from ..model.protection import ExitsChange
from .blotter import Blotter
from .change import Change, without_exits
from .entry import Entry
from .gate import Gate
from .patience import Patience
from .record import Record
from .watch import Watch

TIMES: Final = 2
"""So often an order that ended must be seen without a successor."""


class Replaces:
    """Changes orders; their clients wait as *patience* says."""

    log = Logger()

    def __init__(
        self,
        entry: Entry,
        blotter: Blotter,
        gate: Gate,
        exits: IExits,
        record: Record,
        watch: Watch,
        patience: Patience,
    ) -> None:
        self._entry = entry
        self._blotter = blotter
        self._gate = gate
        self._exits = exits
        self._record = record
        self._watch = watch
        self._patience = patience
        self._resuming: set[str] = set()
        """Orders whose exits no client has changed since they were to be by an earlier process."""

    @as_deferred
    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """Change a working order: at the broker first, then the exits that we guard.

        Fails if nothing was done. Where only a part of it could be, the order shows which.
        """
        order_id = self._exits.current(self._watch.order_id(order_id))
        changed = await self._patience.within(self._replace(order_id, change))
        if changed is None:
            return Replaced(order=self._watch.as_known(order_id), outcome=Unresolved.UNKNOWN)
        return changed

    @as_deferred
    async def _replace(self, order_id: str, change: OrderChange) -> Replaced:
        exits = change.exits
        self._exits.check(order_id, change)
        if self._gate.is_restricted:
            self._gate.check_change(await self._entry.look_up(order_id), change)
        is_ours = exits != ExitsChange() and await self._guards(order_id)
        if exits.trail is not None and not is_ours:
            raise OrderDenied("The broker itself keeps the exits of this order", "UNSUPPORTED")
        if is_ours:
            self._resuming.discard(order_id)
            if without_exits(change) == OrderChange():
                return await self._only_exits(order_id, exits)
        elif change == OrderChange():
            return Replaced(order=await self._entry.look_up(order_id))
        known = self._blotter.order(order_id) or await self._entry.look_up(order_id)
        return await self._written(order_id, Change.of(change, known, guarded=is_ours))

    @as_deferred
    async def _only_exits(self, order_id: str, exits: ExitsChange) -> Replaced:
        before = Replaced(order=await self._entry.look_up(order_id))
        changed, undone = await self._repriced(before, exits)
        if undone is not None and changed == before:
            raise undone
        return changed

    @as_deferred
    async def _repriced(
        self, changed: Replaced, exits: ExitsChange
    ) -> tuple[Replaced, GatewayError | None]:
        """Move the exits that we guard, one kind after the other; the order as it is after that,
        and why the rest was not done.
        """
        for each in (
            ExitsChange(stop_loss=exits.stop_loss),
            ExitsChange(take_profit=exits.take_profit),
            ExitsChange(
                trailing_distance=exits.trailing_distance, trailing_type=exits.trailing_type
            ),
        ):
            if each == ExitsChange():
                continue
            try:
                await self._exits.reprice(changed.order, each)
            except GatewayError as error:
                return changed, error
            changed = with_changes(changed, order=self._blotter.note(changed.order, each))
        return changed, None

    @as_deferred
    async def _guards(self, order_id: str) -> bool:
        """Whether the exits of an order are ours to keep, and not the broker's."""
        if self._exits.guards(order_id):
            return True
        if self._exits.leaves_to_broker(order_id):
            return False
        order = await self._entry.look_up(order_id)
        if order.parent_order_id is not None:
            raise InvalidRequest(f"Order {order_id} is itself an exit and has none", "stop_loss")
        return not self._entry.broker.manages_exits(_with_exits(order))

    @as_deferred
    async def _written(self, order_id: str, change: Change) -> Replaced:
        """Do *change*, the broker's part first. It is recorded as a whole: should the gateway end
        in between, the next one does the rest.
        """
        intent = await self._record.change(order_id, change)
        self._exits.changing(order_id)
        try:
            changed = await self._asked(intent, order_id, change)
        except GatewayError as error:
            self._record.refused(intent, error)
            self._exits.unchanged(order_id, in_doubt=False)
            raise
        return await self._finished(intent, order_id, changed, change, change.exits)

    @as_deferred
    async def _finished(
        self,
        intent: Intent,
        order_id: str,
        changed: Replaced,
        change: Change,
        exits: ExitsChange,
    ) -> Replaced:
        """The broker's part of *change* is done, now *exits* are. Where they cannot be moved the
        order is told as it is then: no refusal may say that nothing was done.
        """
        # An event may have overtaken the answer: the exits are told how it is now.
        now = self._blotter.order(changed.order.id) or changed.order
        self._exits.replaced(order_id, now, native=change.is_native)
        changed, undone = await self._repriced(changed, exits)
        self._record.done(intent, changed.order, undone)
        if undone is None:
            return changed
        self.log.warn(
            "order {order_id} was changed, but not (all) its exits: {reason}",
            order_id=changed.order.id,
            correlation_id=intent.id,
            reason=undone.message,
        )
        return with_changes(changed, outcome=Unresolved.UNKNOWN if leaves_doubt(undone) else None)

    @as_deferred
    async def _asked(self, intent: Intent, order_id: str, change: Change) -> Replaced:
        at_broker = change.at_broker
        if self._gate.is_restricted:  # the trading state may be another by now
            known = self._blotter.order(order_id) or await self._entry.look_up(order_id)
            self._gate.check_change(known, at_broker)
        with self._gate.changing(order_id, at_broker), self._blotter.transit(order_id):
            try:
                return await self._entry.replace_leg(order_id, at_broker)
            except GatewayError as error:
                if not leaves_doubt(error):
                    raise
                self._record.doubt(intent, error)
            return await self._seen(order_id, change)

    @as_deferred
    async def _seen(self, order_id: str, change: Change) -> Replaced:
        """The order once it shows the change, maybe under another id."""
        alone = 0

        async def judge(order: Order) -> Replaced | None:
            nonlocal alone
            if change.shows_in(order):
                return Replaced(order=order)
            if not order.status.is_terminal:
                return None
            successor = await self._successor(order)
            if successor is not None:
                return self._entry.renamed(order_id, successor)
            alone += 1
            if alone < TIMES:
                return None  # what took its place may not be listed yet
            raise OrderNotModifiable(order_id, f"it is {order.status.value}")

        return await self._watch.until(order_id, "change", judge)

    @as_deferred
    async def _successor(self, order: Order) -> Order | None:
        """The order that took the place of *order* under the same client order id.

        Fails with another error than ``OrderNotModifiable`` if that could not be asked.
        """
        links = self._blotter.links_of(order.id)
        sent_as = order.client_order_id if links is None else links.client_order_id
        if sent_as is None:
            return None
        found = await self._entry.find_leg(sent_as, None)
        return None if found is None or found.id == order.id else found

    def resume(self, intent: Intent) -> None:
        """Find out what became of *intent*, a change before the restart."""
        assert intent.target is not None
        self._resuming.add(intent.target)
        work = self._resumed(intent, intent.target)
        logged(work, self.log, "finding out what became of a change")

    @as_deferred
    async def _resumed(self, intent: Intent, order_id: str) -> None:
        self._exits.changing(order_id)
        try:
            change = msgspec.json.decode(intent.body, type=Change)
            with self._blotter.transit(order_id):
                changed = await self._seen(order_id, change)
        except GatewayError as error:
            self._record.refused(intent, error)
            self._exits.unchanged(order_id, in_doubt=False)
            return
        exits = change.exits if order_id in self._resuming else ExitsChange()
        await self._finished(intent, order_id, changed, change, exits)


def _with_exits(order: Order) -> OrderRequest:
    """*order* as it would be asked for, with an exit attached."""
    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        order_type=order.order_type,
        stop_loss=order.limit_price or order.stop_price or order.quantity,
    )
