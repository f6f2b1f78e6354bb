"""Cancelling and replacing working orders, for their clients.

As with new orders there are three outcomes. Where the answer is missing, the order itself is looked
at until it shows what became of the request; the client waits for that as long as for any order,
and is then told that it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace as with_changes
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import (
    GatewayError,
    InvalidRequest,
    OrderNotFound,
    OrderNotModifiable,
    ProviderError,
    leaves_doubt,
)
from ..interfaces import IExits
from ..model.enums import OrderStatus
from ..model.journal import Intent, IntentKind
from ..model.order import (
    CancelAllResult,
    CancelResult,
    Order,
    OrderChange,
    OrderRequest,
    Replaced,
    Unresolved,
)
from ..model.protection import ExitsChange
from .blotter import Blotter
from .entry import Entry
from .gate import Gate
from .line import Line
from .patience import Patience
from .record import Record
from .resolution import ABSENT_SECONDS, pauses

T = TypeVar("T")

Judge: TypeAlias = Callable[[Order], Coroutine[Deferred[Any], Any, T | None]]
"""What an order as it is now says of a request to change it; ``None`` if nothing yet."""

MOST_AT_ONCE: Final = 10
"""Cancels under way at once when all orders are cancelled."""


class Changes:
    """Cancels and replaces orders that work; their clients wait as *patience* says."""

    log = Logger()

    def __init__(
        self,
        line: Line,
        entry: Entry,
        blotter: Blotter,
        gate: Gate,
        exits: IExits,
        record: Record,
        patience: Patience,
    ) -> None:
        self._line = line
        self._broker = line.broker
        self._entry = entry
        self._blotter = blotter
        self._gate = gate
        self._exits = exits
        self._record = record
        self._patience = patience
        self._clock = patience.clock
        self._stopped = False
        self._learned: Callable[[Order], object]

    def tell_with(self, learned: Callable[[Order], object]) -> None:
        """*learned* is told of what was found out by asking."""
        self._learned = learned

    def stop(self) -> None:
        """Find out no more; after a restart it goes on."""
        self._stopped = True

    # -- cancelling

    @as_deferred
    async def cancel(self, order_id: str) -> CancelResult:
        """Cancel a working order for its client."""
        self._exits.waive(order_id)
        cancelled = await self._patience.within(self._cancel(order_id))
        if cancelled is None:
            return CancelResult(
                success=False, order=self._as_known(order_id), outcome=Unresolved.UNKNOWN
            )
        return CancelResult(success=True, order=cancelled)

    @as_deferred
    async def cancel_all(self, symbol: str | None) -> CancelAllResult:
        """Cancel all working orders (of *symbol*); the failures are counted and named."""
        working = await self._line.ask(self._broker.open_orders, always=True)
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
            try:
                order = await self._entry.cancel_order(order_id)
            except GatewayError as error:
                if not leaves_doubt(error):
                    raise
                self._record.doubt(intent, error)
                order = await self._seen_cancelled(order_id)
        except GatewayError as error:
            self._record.refused(intent, error)
            self._exits.keep(order_id)
            raise
        self._record.done(intent, order)
        return order

    @as_deferred
    async def _seen_cancelled(self, order_id: str) -> Order:
        """The order once it shows that it ended; fails if it filled, or if it works on and on."""

        async def judge(order: Order) -> Order | None:
            if order.status.is_terminal and order.status is not OrderStatus.CANCELLED:
                raise OrderNotModifiable(order_id, f"it is {order.status.value}")
            is_ending = order.status in (OrderStatus.CANCELLED, OrderStatus.PENDING_CANCEL)
            return order if is_ending else None

        return await self._watched(order_id, "cancel", judge)

    # -- replacing

    @as_deferred
    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """Change a working order: at the broker first, then the exits that we guard."""
        changed = await self._patience.within(self._replace(order_id, change))
        if changed is None:
            return Replaced(order=self._as_known(order_id), outcome=Unresolved.UNKNOWN)
        return changed

    @as_deferred
    async def _replace(self, order_id: str, change: OrderChange) -> Replaced:
        exits = ExitsChange(stop_loss=change.stop_loss, take_profit=change.take_profit)
        order = await self._entry.look_up(order_id) if self._gate.is_restricted else None
        if order is not None:
            self._gate.check_change(order, change)
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
        return not self._broker.manages_exits(_with_exits(order))

    @as_deferred
    async def _replaced_at_broker(self, order_id: str, change: OrderChange) -> Replaced:
        self._exits.changing(order_id)
        intent: Intent | None = None
        try:
            intent = await self._record.change(order_id, change)
            changed = await self._changed(intent, order_id, change)
        except GatewayError as error:
            if intent is not None:
                self._record.refused(intent, error)
            self._exits.unchanged(order_id, in_doubt=False)
            raise
        self._record.done(intent, changed.order)
        self._exits.replaced(order_id, changed.order)
        return changed

    @as_deferred
    async def _changed(self, intent: Intent, order_id: str, change: OrderChange) -> Replaced:
        known = self._blotter.order(order_id)
        if known is not None:  # the state may be another by now
            self._gate.check_change(known, change)
        try:
            return await self._entry.replace_leg(order_id, change)
        except GatewayError as error:
            if not leaves_doubt(error):
                raise
            self._record.doubt(intent, error)
        return await self._seen_changed(order_id, change)

    @as_deferred
    async def _seen_changed(self, order_id: str, change: OrderChange) -> Replaced:
        """The order once it shows the change, maybe under another id."""

        async def judge(order: Order) -> Replaced | None:
            if _shows(order, change):
                return Replaced(order=order)
            if not order.status.is_terminal:
                return None
            successor = await self._successor(order)
            if successor is None:
                raise OrderNotModifiable(order_id, f"it is {order.status.value}")
            renamed = self._blotter.renamed(order_id, successor)
            self._learned(renamed)
            return Replaced(order=renamed, previous_order_id=order_id)

        return await self._watched(order_id, "change", judge)

    @as_deferred
    async def _successor(self, order: Order) -> Order | None:
        """The order that took the place of *order* under the same client order id."""
        links = self._blotter.links_of(order.id)
        sent_as = order.client_order_id if links is None else links.client_order_id
        if sent_as is None:
            return None
        found = await self._entry.find_leg(sent_as)
        return None if found is None or found.id == order.id else found

    # -- after a restart

    def resume(self, intent: Intent) -> None:
        """Find out what became of *intent*, a cancel or a change before the restart."""
        logged(self._resumed(intent), self.log, "finding out what became of a change")

    @as_deferred
    async def _resumed(self, intent: Intent) -> None:
        assert intent.target is not None
        is_change = intent.kind is IntentKind.REPLACE
        try:
            if is_change:
                self._exits.changing(intent.target)
                change = msgspec.json.decode(intent.body, type=OrderChange)
                order = (await self._seen_changed(intent.target, change)).order
            else:
                order = await self._seen_cancelled(intent.target)
        except GatewayError as error:
            self._record.refused(intent, error)
            if is_change:
                self._exits.unchanged(intent.target, in_doubt=False)
            return
        self._record.done(intent, order)
        if is_change:
            self._exits.replaced(intent.target, order)

    # -- what both need

    @as_deferred
    async def _watched(self, order_id: str, what: str, judge: Judge[T]) -> T:
        """Look at the order until *judge* knows, or until a lost request would have arrived."""
        began = self._clock.seconds()
        for pause in pauses():
            await deferLater(self._clock, pause)
            if self._stopped:
                break
            try:
                order = await self._looked_up(order_id)
            except OrderNotFound:
                raise
            except GatewayError:
                continue  # could not ask
            known = await judge(order)
            self._learned(order)
            if known is not None:
                return known
            if self._clock.seconds() - began >= ABSENT_SECONDS:
                break
        raise ProviderError(f"The {what} of order {order_id} never arrived", self._broker.provider)

    @as_deferred
    async def _looked_up(self, order_id: str) -> Order:
        try:
            return await self._entry.look_up(order_id)
        except OrderNotFound:
            known = self._blotter.order(order_id)
            if known is None or not known.status.is_terminal:
                raise
            return known

    def _as_known(self, order_id: str) -> Order:
        known = self._blotter.order(order_id)
        if known is None:
            raise ProviderError(
                f"What became of the request is not known yet; order {order_id} cannot be read",
                self._broker.provider,
            )
        return known


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
