"""Changing working orders, for their clients; with three outcomes, as ``cancels`` has."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace as with_changes
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError, InvalidRequest, OrderNotModifiable, leaves_doubt
from ..interfaces import IExits
from ..model.journal import Intent
from ..model.order import Order, OrderChange, OrderRequest, Replaced, Unresolved
from ..model.protection import ExitsChange
from .blotter import Blotter
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

    @as_deferred
    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """Change a working order: at the broker first, then the exits that we guard."""
        order_id = self._watch.order_id(order_id)
        changed = await self._patience.within(self._replace(order_id, change))
        if changed is None:
            return Replaced(order=self._watch.as_known(order_id), outcome=Unresolved.UNKNOWN)
        return changed

    @as_deferred
    async def _replace(self, order_id: str, change: OrderChange) -> Replaced:
        exits = ExitsChange(stop_loss=change.stop_loss, take_profit=change.take_profit)
        if self._gate.is_restricted:
            self._gate.check_change(await self._entry.look_up(order_id), change)
        ours = exits != ExitsChange() and await self._guards(order_id)
        if ours:
            change = with_changes(change, stop_loss=None, take_profit=None)
        if change == OrderChange():
            changed = Replaced(order=await self._entry.look_up(order_id))
        else:
            changed = await self._replaced_at_broker(order_id, change)
        if ours:
            await self._exits.reprice(changed.order, exits)
            changed = with_changes(changed, order=self._blotter.note(changed.order, exits))
        return changed

    @as_deferred
    async def _guards(self, order_id: str) -> bool:
        """Whether the exits of an order are ours to keep, and not the broker's."""
        if self._exits.guards(order_id):
            return True
        order = await self._entry.look_up(order_id)
        if order.parent_order_id is not None:
            raise InvalidRequest(f"Order {order_id} is itself an exit and has none", "stop_loss")
        return not self._entry.broker.manages_exits(_with_exits(order))

    @as_deferred
    async def _replaced_at_broker(self, order_id: str, change: OrderChange) -> Replaced:
        intent = await self._record.change(order_id, change)
        self._exits.changing(order_id)
        try:
            changed = await self._asked(intent, order_id, change)
        except GatewayError as error:
            self._record.refused(intent, error)
            self._exits.unchanged(order_id, in_doubt=False)
            raise
        self._done(intent, order_id, changed.order)
        return changed

    def _done(self, intent: Intent, order_id: str, order: Order) -> None:
        """An event may have overtaken the answer *order*: the exits are told how it is now."""
        self._record.done(intent, order)
        self._exits.replaced(order_id, self._blotter.order(order.id) or order)

    @as_deferred
    async def _asked(self, intent: Intent, order_id: str, change: OrderChange) -> Replaced:
        if self._gate.is_restricted:  # the trading state may be another by now
            known = self._blotter.order(order_id) or await self._entry.look_up(order_id)
            self._gate.check_change(known, change)
        with self._gate.changing(order_id, change), self._blotter.transit(order_id):
            try:
                return await self._entry.replace_leg(order_id, change)
            except GatewayError as error:
                if not leaves_doubt(error):
                    raise
                self._record.doubt(intent, error)
            return await self._seen(order_id, change)

    @as_deferred
    async def _seen(self, order_id: str, change: OrderChange) -> Replaced:
        """The order once it shows the change, maybe under another id."""
        alone = 0

        async def judge(order: Order) -> Replaced | None:
            nonlocal alone
            if _shows(order, change):
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
        logged(self._resumed(intent), self.log, "finding out what became of a change")

    @as_deferred
    async def _resumed(self, intent: Intent) -> None:
        assert intent.target is not None
        self._exits.changing(intent.target)
        try:
            change = msgspec.json.decode(intent.body, type=OrderChange)
            with self._blotter.transit(intent.target):
                changed = await self._seen(intent.target, change)
        except GatewayError as error:
            self._record.refused(intent, error)
            self._exits.unchanged(intent.target, in_doubt=False)
            return
        self._done(intent, intent.target, changed.order)


def _shows(order: Order, change: OrderChange) -> bool:
    """Whether *order* is as *change* wants it."""
    return all(
        getattr(change, name) in (None, getattr(order, name)) for name in change.__struct_fields__
    )


def _with_exits(order: Order) -> OrderRequest:
    """*order* as it would be asked for, with an exit attached."""
    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        order_type=order.order_type,
        stop_loss=order.limit_price or order.stop_price or order.quantity,
    )
