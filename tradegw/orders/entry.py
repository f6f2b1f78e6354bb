"""The one way an order leaves the gateway.

Protection is remembered before the order is sent, so there is no moment at which an order is live
and its exits are unknown; and what belongs to the order is remembered under its client order id, so
that a fill that overtakes the broker's answer finds it.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace as with_changes
from twisted.logger import Logger
from zope.interface import implementer

from ..deferreds import as_deferred
from ..errors import GatewayError, InvalidRequest, leaves_doubt
from ..interfaces import IExits, IOrderEntry
from ..metrics.meters import Meters
from ..model.enums import OrderStatus
from ..model.order import (
    CancelAllResult,
    CancelResult,
    Order,
    OrderChange,
    OrderHandle,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ..model.protection import ExitsChange
from .blotter import Blotter, Links
from .line import Line


@implementer(IOrderEntry)
class Entry:
    """Submits, replaces and cancels.

    *seconds* tells monotonic time, *new_id* makes unique texts. Exits come with :meth:`guard_with`,
    since they in turn send their legs through here.
    """

    log = Logger()

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        meters: Meters,
        seconds: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._line = line
        self._broker = line.broker
        self._blotter = blotter
        self._meters = meters
        self._seconds = seconds
        self._new_id = new_id
        self._exits: IExits

    def guard_with(self, exits: IExits) -> None:
        """Attached exits are the business of *exits* from now on."""
        self._exits = exits

    def links(self, client_order_id: str | None = None, group: str | None = None) -> Links:
        """Links for a new order: a correlation id and, if need be, a client order id from it."""
        correlation_id = self._new_id()
        return Links(
            client_order_id=client_order_id or f"gw-{correlation_id}",
            correlation_id=correlation_id,
            oco_group_id=group,
        )

    @as_deferred
    async def submit(self, request: OrderRequest) -> OrderHandle:
        """Send *request* once; the handle of the order that the broker accepted."""
        self._line.check()
        links = self.links(request.client_order_id, request.oco_group_id)
        intent_id = links.correlation_id or links.client_order_id
        intent = with_changes(request, client_order_id=links.client_order_id)
        is_guarded = request.wants_exits and not self._broker.manages_exits(request)
        if is_guarded:
            self._exits.expect(intent_id, intent, request.client_order_id)
        self._blotter.expect(links)
        started = self._seconds()
        try:
            order = await self._line.ask(lambda: self._broker.submit(intent))
        except GatewayError as error:
            self._not_accepted(links, error)
            if not leaves_doubt(error):  # else it may have arrived, and stays expected
                self._blotter.forget(links)
                self._exits.forget(intent_id)
            raise
        finally:
            self._meters.submit_took(self._seconds() - started)
        order = self._blotter.accept(links, order)
        self._accepted(order, links)
        if is_guarded:
            legs = self._exits.accepted(intent_id, order)
            if legs is not None:
                await legs
        return OrderHandle(
            id=order.id,
            status=order.status,
            client_order_id=links.client_order_id,
            correlation_id=order.correlation_id,
        )

    def _accepted(self, order: Order, links: Links) -> None:
        self._meters.order_submitted()
        self.log.info(
            "order {order_id} accepted: {side} {quantity} {symbol} {order_type}",
            order_id=order.id,
            client_order_id=links.client_order_id,
            correlation_id=links.correlation_id,
            side=order.side.value,
            quantity=order.quantity,
            symbol=order.symbol,
            order_type=order.order_type.value,
        )

    def _not_accepted(self, links: Links, error: GatewayError) -> None:
        self.log.info(
            "order {client_order_id} not accepted: {reason}",
            client_order_id=links.client_order_id,
            correlation_id=links.correlation_id,
            reason=error.message,
        )

    @as_deferred
    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """Change a working order: at the broker first, then the exits that we guard."""
        exits = ExitsChange(stop_loss=change.stop_loss, take_profit=change.take_profit)
        ours = exits != ExitsChange() and await self._guards(order_id)
        if ours:
            change = with_changes(change, stop_loss=None, take_profit=None)
        if change == OrderChange():
            changed = Replaced(order=await self.look_up(order_id))
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
        order = await self.look_up(order_id)
        if order.parent_order_id is not None:
            raise InvalidRequest(f"Order {order_id} is itself an exit and has none", "stop_loss")
        return not self._broker.manages_exits(_with_exits(order))

    @as_deferred
    async def _replaced_at_broker(self, order_id: str, change: OrderChange) -> Replaced:
        self._exits.changing(order_id)
        try:
            changed = await self.replace_leg(order_id, change)
        except GatewayError as error:
            self._exits.unchanged(order_id, leaves_doubt(error))
            raise
        self._exits.replaced(order_id, changed.order)
        return changed

    @as_deferred
    async def replace_leg(self, order_id: str, change: OrderChange) -> Replaced:
        changed = await self._line.ask(lambda: self._broker.replace(order_id, change))
        previous_id = changed.previous_order_id
        if previous_id is None:
            return Replaced(order=self._blotter.apply(changed.order))
        order = self._blotter.renamed(previous_id, changed.order)
        return Replaced(order=order, previous_order_id=previous_id)

    @as_deferred
    async def cancel(self, order_id: str) -> CancelResult:
        """Cancel a working order for its client."""
        self._exits.waive(order_id)
        try:
            return CancelResult(success=True, order=await self.cancel_order(order_id))
        except GatewayError:
            self._exits.keep(order_id)
            raise

    @as_deferred
    async def cancel_all(self, symbol: str | None) -> CancelAllResult:
        """Cancel all working orders (of *symbol*); the failures are counted and named."""
        working = await self._line.ask(self._broker.open_orders, always=True)
        chosen = [order.id for order in working if symbol in (None, order.symbol)]
        for order_id in chosen:  # all first, so that no leg is renewed between two cancels
            self._exits.waive(order_id)
        failed = [order_id for order_id in chosen if not await self._is_cancelled(order_id)]
        return CancelAllResult(
            cancelled_count=len(chosen) - len(failed),
            failed_count=len(failed),
            failed_order_ids=tuple(failed) or None,
        )

    @as_deferred
    async def _is_cancelled(self, order_id: str) -> bool:
        try:
            await self.cancel_order(order_id)
        except GatewayError as error:
            known = self._blotter.order(order_id)
            if known is not None and known.status is OrderStatus.CANCELLED:
                return True  # with its sibling or its entry, a moment ago
            self._exits.keep(order_id)
            self.log.warn(
                "order {order_id} not cancelled: {reason}", order_id=order_id, reason=error.message
            )
            return False
        return True

    @as_deferred
    async def look_up(self, order_id: str) -> Order:
        order = await self._line.ask(lambda: self._broker.order(order_id), always=True)
        return self._blotter.apply(order)

    @as_deferred
    async def cancel_order(self, order_id: str) -> Order:
        order = await self._line.ask(lambda: self._broker.cancel(order_id), always=True)
        return self._blotter.apply(order)

    @as_deferred
    async def submit_leg(self, request: OrderRequest, parent_order_id: str) -> Order:
        assert request.client_order_id is not None
        links = Links(client_order_id=request.client_order_id, parent_order_id=parent_order_id)
        self._blotter.expect(links)
        try:
            order = await self._line.ask(lambda: self._broker.submit(request), always=True)
        except GatewayError as error:
            if not leaves_doubt(error):
                self._blotter.forget(links)
            raise
        return self._blotter.accept(links, order)

    @as_deferred
    async def find_leg(self, client_order_id: str) -> Order | None:
        query = OrderQuery(client_order_id=client_order_id)
        calls = (self._broker.open_orders, lambda: self._broker.closed_orders(query))
        for call in calls:  # in this order, for an order may end between the two
            for order in await self._line.ask(call, always=True):
                if order.client_order_id == client_order_id:
                    return self._blotter.apply(order)
        return None

    @as_deferred
    async def bracket_legs(self, symbol: str) -> list[Order]:
        working = await self._line.ask(self._broker.open_orders, always=True)
        return [o for o in working if o.symbol == symbol and o.parent_order_id is not None]


def _with_exits(order: Order) -> OrderRequest:
    """*order* as it would be asked for, with an exit attached."""
    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        order_type=order.order_type,
        stop_loss=order.limit_price or order.stop_price or order.quantity,
    )
