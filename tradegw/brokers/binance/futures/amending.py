"""Changing orders in place: ordinary limit orders, and nothing else.

Whoever wants another stop cancels the one and sends the other; the gateway does that itself for its
exits. Here nothing pretends to.
"""

from __future__ import annotations

from msgspec.structs import replace
from twisted.logger import Logger

from ....errors import InvalidRequest, OrderNotModifiable, OrderRejected, UnsupportedOperation
from ....model.enums import OrderStatus, OrderType
from ....model.limits import Lane
from ....model.order import Order, OrderChange, Replaced
from ...link.account_watch import AccountWatch
from ..filters import check_span
from ..refusals import PROVIDER
from . import encoding, ids
from .children import Children
from .finding import Finding
from .instruments import Instruments
from .rest import Rest


class Amending:
    """Speaks to *rest*; the *watch* expects an echo."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        children: Children,
        finding: Finding,
        instruments: Instruments,
        watch: AccountWatch,
    ) -> None:
        self._rest = rest
        self._children = children
        self._finding = finding
        self._instruments = instruments
        self._watch = watch

    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """The order as it goes on, under the same id."""
        asked = ids.parse(order_id)
        if change.exits.stop_loss is not None or change.exits.take_profit is not None:
            raise UnsupportedOperation("changing exits that wait for their entry", PROVIDER)
        if asked.waits or self._children.parent(asked.symbol, asked.number) is not None:
            raise UnsupportedOperation("changing an order that waits for a price", PROVIDER)
        if change.stop_price is not None or change.trailing_distance is not None:
            raise UnsupportedOperation("changing what a limit order does not have", PROVIDER)
        order = self._children.told(await self._finding.ordinary(asked, Lane.EMERGENCY))
        if order.status.is_terminal or order.status is OrderStatus.PENDING_CANCEL:
            raise OrderNotModifiable(order.id, f"it is {order.status.value}")
        if order.order_type is not OrderType.LIMIT or order.limit_price is None:
            raise UnsupportedOperation("changing orders that are not LIMIT", PROVIDER)
        quantity = change.quantity or order.quantity
        price = change.limit_price or order.limit_price
        if (quantity, price) == (order.quantity, order.limit_price):
            return Replaced(order=order)
        if quantity <= order.filled_quantity:  # Binance would cancel it
            raise OrderNotModifiable(order.id, "so much of it has executed")
        limits = self._instruments.filters(order.symbol)
        if limits is not None:
            check_span("quantity", quantity, limits.lot)
            check_span("limit_price", price, limits.price)
        since = self._watch.mark()
        try:
            amended = await self._rest.amend(
                asked, encoding.changed(order, quantity, price, asked.number)
            )
        except InvalidRequest as error:
            raise OrderNotModifiable(order.id, error.message) from error
        self._watch.expect(order.id, since)
        return Replaced(order=self._standing(order, self._children.told(amended)))

    def _standing(self, order: Order, changed: Order) -> Order:
        """One that would take, or has executed so much meanwhile, is cancelled by a change."""
        if changed.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED):
            self.log.error("order {order_id} was cancelled by its change", order_id=order.id)
            raise OrderRejected(
                f"Order {order.id} was cancelled by the change", None, {"cancelled": True}
            )
        return replace(changed, created_at=order.created_at)
