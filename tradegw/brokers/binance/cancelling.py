"""What is told of an order that Binance did not cancel."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NoReturn

from ...errors import GatewayError, OrderNotModifiable, ProviderError, leaves_doubt
from ...model.order import Order
from .refusals import PROVIDER


async def not_cancelled(found: Awaitable[Order]) -> NoReturn:
    """Fails by how the order stands, for Binance's "unknown" is no more than a hint."""
    try:
        order = await found
    except GatewayError as error:
        if leaves_doubt(error):
            raise ProviderError(error.message, PROVIDER) from error
        raise
    if order.status.is_terminal:
        raise OrderNotModifiable(order.id, f"it is {order.status.value}")
    raise ProviderError(f"Binance did not cancel order {order.id}, which works", PROVIDER)
