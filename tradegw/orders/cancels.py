"""Cancelling working orders, for their clients.

As with new orders there are three outcomes. Where the answer is missing, the order itself is looked
at until it shows what became of it; the client waits for that as long as for any order, and is then
told that it is not known.
"""

from __future__ import annotations

from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError, OrderNotModifiable, leaves_doubt
from ..interfaces import IExits
from ..model.enums import OrderStatus
from ..model.journal import Intent
from ..model.order import CancelResult, Order, Unresolved
from .entry import Entry
from .patience import Patience
from .record import Record
from .watch import Watch


class Cancels:
    """Cancels orders; their clients wait as *patience* says."""

    log = Logger()

    def __init__(
        self,
        entry: Entry,
        exits: IExits,
        record: Record,
        watch: Watch,
        patience: Patience,
    ) -> None:
        self._entry = entry
        self._exits = exits
        self._record = record
        self._watch = watch
        self._patience = patience

    @as_deferred
    async def cancel(self, order_id: str) -> CancelResult:
        """Cancel a working order."""
        order_id = self._exits.current(self._watch.order_id(order_id))
        cancelled = await self._patience.within(self.carry_out(self.begin(order_id), order_id))
        if cancelled is None:
            known = self._watch.as_known(order_id)
            return CancelResult(success=False, order=known, outcome=Unresolved.UNKNOWN)
        return CancelResult(success=True, order=cancelled)

    def begin(self, order_id: str) -> Intent:
        """The cancel is wanted: whatever happens now, it is found out whether it was done."""
        intent = self._record.cancel(order_id)
        self._exits.waive(order_id)
        return intent

    @as_deferred
    async def carry_out(self, intent: Intent, order_id: str) -> Order:
        """The cancelled order; *intent* is what :meth:`begin` returned for it."""
        try:
            order = await self._asked(intent, order_id)
        except GatewayError as error:
            self._record.refused(intent, error)
            self._exits.keep(order_id)
            raise
        self._record.done(intent, order)
        return order

    @as_deferred
    async def _asked(self, intent: Intent, order_id: str) -> Order:
        try:
            return await self._entry.cancel_order(order_id)
        except GatewayError as error:
            if not leaves_doubt(error):
                raise
            self._record.doubt(intent, error)
        return await self._seen(order_id)

    @as_deferred
    async def _seen(self, order_id: str) -> Order:
        """The order once it shows that it ended; fails if it filled, or if it works on and on."""

        async def judge(order: Order) -> Order | None:
            if order.status.is_terminal and order.status is not OrderStatus.CANCELLED:
                raise OrderNotModifiable(order_id, f"it is {order.status.value}")
            is_ending = order.status in (OrderStatus.CANCELLED, OrderStatus.PENDING_CANCEL)
            return order if is_ending else None

        return await self._watch.until(order_id, "cancel", judge)

    def resume(self, intent: Intent) -> None:
        """Find out what became of *intent*, a cancel before the restart."""
        logged(self._resumed(intent), self.log, "finding out what became of a cancel")

    @as_deferred
    async def _resumed(self, intent: Intent) -> None:
        assert intent.target is not None
        try:
            self._record.done(intent, await self._seen(intent.target))
        except GatewayError as error:
            self._record.refused(intent, error)
            self._exits.keep(intent.target)
