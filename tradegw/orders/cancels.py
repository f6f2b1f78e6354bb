"""Cancelling working orders, for their clients.

As with new orders there are three outcomes. Where the answer is missing, the order itself is looked
at until it shows what became of it; the client waits for that as long as for any order, and is then
told that it is not known.
"""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import DeferredSemaphore, gatherResults
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError, OrderNotModifiable, leaves_doubt
from ..interfaces import IExits
from ..model.enums import OrderStatus
from ..model.journal import Intent
from ..model.order import CancelAllResult, CancelResult, Order, Unresolved
from .blotter import Blotter
from .entry import Entry
from .line import Line
from .patience import Patience
from .record import Record
from .watch import Watch

MOST_AT_ONCE: Final = 10
"""Cancels under way at once when all orders are cancelled."""


class Cancels:
    """Cancels orders; their clients wait as *patience* says."""

    log = Logger()

    def __init__(
        self,
        line: Line,
        entry: Entry,
        blotter: Blotter,
        exits: IExits,
        record: Record,
        watch: Watch,
        patience: Patience,
    ) -> None:
        self._line = line
        self._entry = entry
        self._blotter = blotter
        self._exits = exits
        self._record = record
        self._watch = watch
        self._patience = patience

    @as_deferred
    async def cancel(self, order_id: str) -> CancelResult:
        """Cancel a working order."""
        order_id = self._watch.order_id(order_id)
        self._exits.waive(order_id)
        cancelled = await self._patience.within(self._cancel(order_id))
        if cancelled is None:
            known = self._watch.as_known(order_id)
            return CancelResult(success=False, order=known, outcome=Unresolved.UNKNOWN)
        return CancelResult(success=True, order=cancelled)

    @as_deferred
    async def cancel_all(self, symbol: str | None) -> CancelAllResult:
        """Cancel all working orders (of *symbol*); the failures are counted and named."""
        working = await self._line.ask(self._line.broker.open_orders, always=True)
        chosen = [order.id for order in working if symbol in (None, order.symbol)]
        for order_id in chosen:  # all first, so that no leg is renewed between two cancels
            self._exits.waive(order_id)
        at_once = DeferredSemaphore(MOST_AT_ONCE)
        done = await gatherResults([at_once.run(self._is_cancelled, one) for one in chosen])
        failed = [one for one, gone in zip(chosen, done, strict=True) if not gone]
        return CancelAllResult(
            cancelled_count=len(chosen) - len(failed),
            failed_count=len(failed),
            failed_order_ids=tuple(failed) or None,
        )

    @as_deferred
    async def _is_cancelled(self, order_id: str) -> bool:
        try:
            return await self._patience.within(self._cancel(order_id)) is not None
        except GatewayError as error:
            known = self._blotter.order(order_id)
            if known is not None and known.status is OrderStatus.CANCELLED:
                return True  # with its sibling or its entry, a moment ago
            self.log.warn(
                "order {order_id} not cancelled: {reason}", order_id=order_id, reason=error.message
            )
            return False

    @as_deferred
    async def _cancel(self, order_id: str) -> Order:
        """The cancelled order; it was waived before."""
        intent = self._record.cancel(order_id)
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
