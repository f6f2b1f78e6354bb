"""Making orders, ending them, and finding them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from twisted.logger import Logger

from ...errors import (
    GatewayError,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    leaves_doubt,
)
from ...model.account import Position
from ...model.enums import TERMINAL_STATUSES, WORKING_STATUSES, OrderStatus, OrderType
from ...model.limits import Lane
from ...model.money import ZERO
from ...model.order import ClosePositionRequest, Order, OrderQuery, OrderRequest
from . import decoding, encoding, rules, wire
from .asked import Asked
from .kin import Kin
from .polling import Polling
from .refusals import PROVIDER
from .rest import MOST, Rest
from .times import SimulatedTime

_OPEN: Final = frozenset({OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})
_WORKING: Final = ("open", "partially_filled")
_OVER: Final = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED})


class Orders:
    """Speaks to *rest*; what the engine does not say of an order is known to *kin*."""

    log = Logger()

    def __init__(self, rest: Rest, kin: Kin, polling: Polling, time: SimulatedTime) -> None:
        self._rest = rest
        self.kin = kin
        self._polling = polling
        self._time = time

    # -- new ones

    async def submit(self, request: OrderRequest, lane: Lane) -> Order:
        """The order as the engine took it; one that it rejected at once is ``OrderRejected``."""
        rules.check(request)
        asked = self.kin.remembered.sending(request)
        handle = await self._rest.submit(encoding.new_order(request), lane)
        self.kin.remembered.accepted(handle.id, asked)
        if handle.status == "rejected":
            raise await self._rejected(handle.id)
        order = await self._taken(request, handle, asked)
        self._polling.accepted(request, lane, order)
        return order

    async def _taken(self, request: OrderRequest, handle: wire.OrderHandle, asked: Asked) -> Order:
        """The order of *handle*: as it was asked for if it rests, else as the engine shows it."""
        if handle.status != "open" or not self._time.is_known:
            try:
                return await self.order(handle.id, Lane.EMERGENCY)
            except (GatewayError, ValueError, ArithmeticError) as error:
                self.log.warn(
                    "{order_id} was taken, that is certain; how it stands is not: {reason}",
                    order_id=handle.id,
                    reason=str(error),
                )
        now = self._time.now()
        order = Order(
            id=handle.id,
            client_order_id=handle.client_order_id or request.client_order_id,
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            quantity=request.quantity,
            filled_quantity=ZERO,
            remaining_quantity=request.quantity,
            status=OrderStatus.OPEN,
            time_in_force=request.tif,
            created_at=now,
            updated_at=now,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            position_id=request.position_id,
            reduce_only=asked.reduce_only or None,
            stop_loss=asked.stop_loss,
            take_profit=asked.take_profit,
        )
        return self.kin.whole(order)

    async def _rejected(self, order_id: str) -> OrderRejected:
        """Why, if the engine says it."""
        try:
            shown = await self._rest.order(order_id, Lane.EMERGENCY)
        except GatewayError:
            return OrderRejected("The engine rejected the order", None)
        text = shown.reject_reason or "it gave no reason"
        reason = decoding.reason_of(shown.reject_reason)
        message = f"The engine rejected the order: {text}"
        return OrderRejected(message, reason.value, {"order_id": order_id, "reject_reason": text})

    async def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        """Of *position*, as much as is asked for and there; at market unless a limit is named."""
        wanted = position.quantity if request.quantity is None else request.quantity
        order = OrderRequest(
            symbol=position.symbol,
            side=position.side.closing,
            quantity=min(wanted, position.quantity),
            order_type=request.order_type or OrderType.MARKET,
            limit_price=request.limit_price,
            position_id=position.id,
            reduce_only=True,
            client_order_id=client_order_id,
        )
        return await self.submit(order, Lane.EMERGENCY)

    # -- ending them

    async def cancel(self, order_id: str) -> Order:
        """The order as it ended; ``OrderNotModifiable`` if it had ended by itself."""
        try:
            await self._rest.cancel(order_id)
        except OrderRejected as refusal:
            order = await self._as_it_is(order_id)
            if order is not None and order.status.is_terminal:
                raise OrderNotModifiable(order_id, f"it is {order.status.value}") from refusal
            raise
        try:
            order = await self.order(order_id, Lane.EMERGENCY)
        except GatewayError as error:
            if not leaves_doubt(error):
                raise
            order = await self.order(order_id, Lane.EMERGENCY)  # to look twice does no harm
        if order.status.is_terminal and order.status is not OrderStatus.CANCELLED:
            raise OrderNotModifiable(order_id, f"it is {order.status.value}")
        return order

    async def _as_it_is(self, order_id: str) -> Order | None:
        try:
            return await self.order(order_id, Lane.EMERGENCY)
        except GatewayError:
            return None

    # -- finding them

    async def order(self, order_id: str, lane: Lane = Lane.QUERY) -> Order:
        """Working or not."""
        return self._decoded(await self._rest.order(order_id, lane))

    async def by_client_id(self, client_order_id: str) -> Order:
        """The newest of that name, of all that the engine lists."""
        listed = await self._rest.orders((), Lane.EMERGENCY)
        named = [each for each in listed if each.client_order_id == client_order_id]
        if named:
            return self._decoded(max(reversed(named), key=_newness))
        if len(listed) >= MOST:
            raise ProviderError("The engine's list of orders is cut off", PROVIDER)
        raise OrderNotFound(client_order_id)

    async def working(self, lane: Lane) -> list[Order]:
        """All that work."""
        return self._of(await self._rest.orders(_OPEN, lane), WORKING_STATUSES)

    async def closed(self, query: OrderQuery) -> list[Order]:
        """All that ended; others filter them by *query*."""
        wanted = _OVER & query.status if query.status else _OVER
        return self._of(await self._rest.orders(wanted or _OVER), TERMINAL_STATUSES)

    def _of(self, listed: Iterable[wire.Order], statuses: frozenset[OrderStatus]) -> list[Order]:
        orders = (self._decoded(each) for each in listed)
        return [order for order in orders if order.status in statuses]

    def _decoded(self, shown: wire.Order) -> Order:
        order = self.kin.decoded(shown)
        self._time.saw(shown.latest)
        return order


def _newness(order: wire.Order) -> tuple[int, bool]:
    """Time may stand still between two orders; then the one that works is the newer one."""
    return order.created_at, order.status in _WORKING
