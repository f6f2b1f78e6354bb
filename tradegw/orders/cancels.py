"""Cancelling working orders, for their clients.

As with new orders there are three outcomes. Where the answer is missing, the order itself is looked
at until it shows what became of it; the client waits for that as long as for any order, and is then
told that it is not known.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, TypeAlias

from twisted.internet.defer import DeferredSemaphore, gatherResults
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError, OrderNotModifiable, leaves_doubt
from ..interfaces import IExits
from ..model.enums import OrderStatus, OrderType
from ..model.journal import Intent, IntentKind
from ..model.order import CancelAllResult, CancelResult, Order, Unresolved
from .attempt import Attempt
from .blotter import Blotter
from .dispatch import Dispatch
from .entry import Entry
from .intents import Intents, request_of
from .line import Line
from .patience import Patience
from .record import Record
from .watch import Watch

MOST_AT_ONCE: Final = 10
"""Cancels under way at once when all orders are cancelled."""

End: TypeAlias = tuple[str, bool]
"""An order, and whether it was cancelled."""


class Cancels:
    """Cancels orders; their clients wait as *patience* says."""

    log = Logger()

    def __init__(
        self,
        line: Line,
        entry: Entry,
        blotter: Blotter,
        intents: Intents,
        dispatch: Dispatch,
        exits: IExits,
        record: Record,
        watch: Watch,
        patience: Patience,
    ) -> None:
        self._line = line
        self._entry = entry
        self._blotter = blotter
        self._intents = intents
        self._dispatch = dispatch
        self._exits = exits
        self._record = record
        self._watch = watch
        self._patience = patience

    @as_deferred
    async def cancel(self, order_id: str) -> CancelResult:
        """Cancel a working order."""
        order_id = self._watch.order_id(order_id)
        cancelled = await self._patience.within(self._cancel(self._begin(order_id), order_id))
        if cancelled is None:
            known = self._watch.as_known(order_id)
            return CancelResult(success=False, order=known, outcome=Unresolved.UNKNOWN)
        return CancelResult(success=True, order=cancelled)

    @as_deferred
    async def cancel_all(self, symbol: str | None) -> CancelAllResult:
        """Cancel all working orders (of *symbol*), and those on their way to the broker when they
        turn up; the failures are counted and named, by its handle what may still turn up.
        """
        on_the_way = [one for one in self._intents.under_way() if _would_rest(one, symbol)]
        working = await self._line.ask(self._line.broker.open_orders, always=True)
        chosen = [order.id for order in working if symbol in (None, order.symbol)]
        # All are written down first: no leg is renewed between two cancels, nor given up for ever
        # if the process ends before its own.
        begun = {order_id: self._begin(order_id) for order_id in chosen}
        at_once = DeferredSemaphore(MOST_AT_ONCE)
        ends = [at_once.run(self._end, begun[order_id], order_id) for order_id in begun]
        ends += [self._end_later(attempt, begun.keys(), at_once) for attempt in on_the_way]
        done = [end for end in await gatherResults(ends) if end is not None]
        failed = tuple(order_id for order_id, is_cancelled in done if not is_cancelled)
        return CancelAllResult(
            cancelled_count=len(done) - len(failed),
            failed_count=len(failed),
            failed_order_ids=failed or None,
        )

    @as_deferred
    async def _end_later(
        self, attempt: Attempt, begun: Collection[str], at_once: DeferredSemaphore
    ) -> End | None:
        """Cancel the order of *attempt* once it is known, unless that is *begun* already."""
        try:
            handle = await self._dispatch.outcome(attempt)
        except GatewayError:
            return None  # there is no such order
        if handle.outcome is Unresolved.UNKNOWN:
            return handle.id, False
        known = self._blotter.order(handle.id)
        if handle.id in begun or known is None or known.status.is_terminal:
            return None
        end: End = await at_once.run(self._end, self._begin(handle.id), handle.id)
        return end

    @as_deferred
    async def _end(self, intent: Intent, order_id: str) -> End:
        return order_id, await self._is_cancelled(intent, order_id)

    @as_deferred
    async def _is_cancelled(self, intent: Intent, order_id: str) -> bool:
        try:
            return await self._patience.within(self._cancel(intent, order_id)) is not None
        except GatewayError as error:
            known = self._blotter.order(order_id)
            if known is not None and known.status is OrderStatus.CANCELLED:
                return True  # with its sibling or its entry, a moment ago
            self.log.warn(
                "order {order_id} not cancelled: {reason}", order_id=order_id, reason=error.message
            )
            return False

    def _begin(self, order_id: str) -> Intent:
        """The cancel is wanted: whatever happens now, it is found out whether it was done."""
        intent = self._record.cancel(order_id)
        self._exits.waive(order_id)
        return intent

    @as_deferred
    async def _cancel(self, intent: Intent, order_id: str) -> Order:
        """The cancelled order; it was begun before."""
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


def _would_rest(attempt: Attempt, symbol: str | None) -> bool:
    """Whether it is on its way to the broker with an order of *symbol* that is to be cancelled.

    What closes a position at market is not: it lowers risk, and does not rest. Nor is an exit leg,
    which protects what has filled.
    """
    kind = attempt.intent.kind
    if attempt.settling or symbol not in (None, attempt.intent.symbol):
        return False
    if kind is IntentKind.CLOSE:
        return request_of(attempt.intent).order_type is not OrderType.MARKET
    return kind is IntentKind.SUBMIT
