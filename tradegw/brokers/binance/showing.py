"""What is shown of orders and executions that are listed or looked up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from twisted.logger import Logger

from ...errors import OrderNotFound
from ...model.order import Order

T = TypeVar("T")
U = TypeVar("U")

_log = Logger()


def shown(listed: Iterable[T], tell: Callable[[T], U]) -> list[U]:
    """Each of those *listed* as the gateway has it. One of which *tell* raises ``ValueError``
    spoils none of the others.
    """
    found = []
    for each in listed:
        try:
            found.append(tell(each))
        except ValueError as error:
            _log.warn("an order is not shown: {reason}", reason=str(error))
    return found


async def ended(look_up: Awaitable[Order]) -> list[Order]:
    """The one order that is looked up, if there is one and it has ended."""
    try:
        order = await look_up
    except OrderNotFound:
        return []
    return [order] if order.status.is_terminal else []
