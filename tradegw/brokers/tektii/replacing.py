"""Changing an order: the engine cannot, so it is cancelled, and what is left of it sent anew.

A replacement that is refused must not leave nothing: the order is sent once more as it was. That
it has another id then is told as an event, so that whoever keeps its exits finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from ...errors import (
    GatewayError,
    OrderNotModifiable,
    ProviderError,
    UnsupportedOperation,
    leaves_doubt,
)
from ...model.enums import AlertCode, OrderEventKind
from ...model.events import AlertEvent, Event, OrderEvent
from ...model.limits import Lane
from ...model.money import ZERO
from ...model.order import Order, OrderChange, OrderRequest, Replaced
from .asked import Asked
from .orders import Orders
from .refusals import PROVIDER

_OWN: Final = ("limit_price", "stop_price", "quantity")


class Replacing:
    """Speaks through *orders*; *tell* hears what nobody asked for."""

    log = Logger()

    def __init__(self, orders: Orders, tell: Callable[[Event], object]) -> None:
        self._orders = orders
        self._tell = tell

    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """The order in the place of the old one; nothing is done where nothing changes."""
        if change.trailing_distance is not None:
            raise UnsupportedOperation("a trailing stop", PROVIDER)
        before = await self._orders.order(order_id, Lane.EMERGENCY)
        if before.status.is_terminal:
            raise OrderNotModifiable(order_id, f"it is {before.status.value}")
        if not _changes(before, change):
            return Replaced(order=before)
        _left(before, change)
        before = await self._cancelled(before)
        self._orders.kin.succeeding(before)
        try:
            order = await self._sent(before, change)
        except GatewayError as error:
            if not leaves_doubt(error):  # else it may turn up yet
                self._orders.kin.succeeded(before)
            raise
        self._orders.kin.succeeded(before)
        return Replaced(order=order, previous_order_id=order_id)

    async def _cancelled(self, order: Order) -> Order:
        """What *order* was at its end; an exit of which that is not known may be gone."""
        try:
            return await self._orders.cancel(order.id)
        except GatewayError as error:
            if leaves_doubt(error):
                self._gone(order, "may be gone", error)
            raise

    async def _sent(self, before: Order, change: OrderChange) -> Order:
        kin = self._orders.kin
        asked = kin.asked(before)
        wanted = as_request(before, change, asked)
        try:
            return kin.heir(before, await self._orders.submit(wanted, Lane.EMERGENCY))
        except GatewayError as error:
            if leaves_doubt(error):
                raise
            raise await self._restored(before, asked, error) from error

    async def _restored(self, before: Order, asked: Asked, refusal: GatewayError) -> GatewayError:
        """What to answer after *refusal*, when the old order was sent once more, or could not."""
        request = as_request(before, OrderChange(), asked)
        try:
            sent = await self._orders.submit(request, Lane.EMERGENCY)
        except GatewayError as error:
            self._gone(before, "is gone", error)
            return ProviderError(
                f"The change was refused ({refusal.message}), and the order could not be sent again"
                f" as it was ({error.message})",
                PROVIDER,
            )
        order = self._orders.kin.heir(before, sent)
        self.log.warn(
            "a change of {order_id} was refused; it rests again as {new_id}",
            order_id=before.id,
            new_id=order.id,
            reason=refusal.message,
        )
        self._tell(
            OrderEvent(timestamp=order.updated_at, event=OrderEventKind.CREATED, order=order)
        )
        return OrderNotModifiable(before.id, f"{refusal.message}; it rests again as {order.id}")

    def _gone(self, order: Order, how: str, error: GatewayError) -> None:
        """It was cancelled to be changed, and now there is none; an exit leaves its position so."""
        self.log.error(
            "{order_id} was to be changed, and {how}: {reason}",
            order_id=order.id,
            how=how,
            reason=error.message,
        )
        if order.reduce_only:
            self._tell(
                AlertEvent(
                    timestamp=order.updated_at,
                    code=AlertCode.POSITION_UNPROTECTED,
                    message=f"An exit of {order.symbol} was cancelled to be changed, and {how}",
                    details={
                        "order_id": order.id,
                        "symbol": order.symbol,
                        "position_id": order.position_id,
                        "reason": error.message,
                    },
                )
            )


def _changes(order: Order, change: OrderChange) -> bool:
    return any(getattr(change, name) not in (None, getattr(order, name)) for name in _OWN)


def _left(order: Order, change: OrderChange) -> None:
    """Raise ``OrderNotModifiable`` if nothing would be left of *order*."""
    wanted = order.quantity if change.quantity is None else change.quantity
    if wanted - order.filled_quantity <= ZERO:
        raise OrderNotModifiable(order.id, f"{order.filled_quantity} of it were executed already")


def as_request(order: Order, change: OrderChange, asked: Asked) -> OrderRequest:
    """What is left of *order*, changed, and else as it was *asked* for; raises
    ``OrderNotModifiable`` if that is nothing.
    """
    _left(order, change)
    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        quantity=(change.quantity or order.quantity) - order.filled_quantity,
        order_type=order.order_type,
        limit_price=change.limit_price or order.limit_price,
        stop_price=change.stop_price or order.stop_price,
        stop_loss=asked.stop_loss,
        take_profit=asked.take_profit,
        position_id=asked.position_id,
        reduce_only=asked.reduce_only,
        client_order_id=order.client_order_id,
        time_in_force=order.time_in_force,
    )
