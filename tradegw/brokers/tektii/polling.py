"""Not every engine tells what happens to orders: those on which exits depend are looked at.

Once one was told of, that engine tells, and nothing is asked any more. Until then each order that
matters is asked for at the next candle of its symbol, before that goes on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ...deferreds import as_deferred, deadline
from ...errors import GatewayError
from ...model.enums import OrderEventKind, OrderStatus
from ...model.events import CandleEvent, Event, OrderEvent
from ...model.limits import Lane
from ...model.order import Order, OrderRequest

SECONDS: Final = 2.0
"""The engine waits for five."""

MOST_ASKED: Final = 100

Ask: TypeAlias = Callable[[str], Deferred[Order]]

_KINDS: Final = {
    OrderStatus.OPEN: OrderEventKind.CREATED,
    OrderStatus.PARTIALLY_FILLED: OrderEventKind.PARTIALLY_FILLED,
    OrderStatus.FILLED: OrderEventKind.FILLED,
    OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
}


class _Silent(Struct):
    symbol: str
    seen: Order


class Polling:
    """Uses *ask* to look an order up."""

    log = Logger()

    def __init__(self, ask: Ask, clock: IReactorTime) -> None:
        self._ask = ask
        self._clock = clock
        self._silent: OrderedDict[str, _Silent] = OrderedDict()
        self._is_told = False

    def accepted(self, request: OrderRequest, lane: Lane, order: Order) -> None:
        """The engine took *request* as *order*; whether that matters is seen by what it wants."""
        is_leg = lane is Lane.EMERGENCY
        if self._is_told or not (is_leg or request.wants_exits or request.oco_group_id):
            return
        self._silent[order.id] = _Silent(order.symbol, order)
        if len(self._silent) > MOST_ASKED:
            self._silent.popitem(last=False)

    def told(self) -> None:
        """The engine told of an order, of its own accord."""
        self._is_told = True
        self._silent.clear()

    def before(self, candle: CandleEvent) -> Deferred[list[Event]] | None:
        """What happened to orders of the candle's symbol and was not told; if there are any."""
        if not self._silent:
            return None
        symbol = candle.bar.symbol
        asked = [order_id for order_id, one in self._silent.items() if one.symbol == symbol]
        return self._found(asked) if asked else None

    @as_deferred
    async def _found(self, order_ids: list[str]) -> list[Event]:
        looks = [self._look(order_id) for order_id in order_ids]
        found = await gatherResults(looks)
        return [event for event in found if event is not None]

    @as_deferred
    async def _look(self, order_id: str) -> Event | None:
        try:
            order = await deadline(self._ask(order_id), SECONDS, self._clock)
        except (GatewayError, TimeoutError) as error:
            self.log.warn("{order_id} was not looked up: {reason}", order_id=order_id, reason=error)
            return None
        silent = self._silent.get(order_id)
        if silent is None:  # it was told of meanwhile
            return None
        before, silent.seen = silent.seen, order
        if order.status.is_terminal:
            del self._silent[order_id]
        elif (before.status, before.filled_quantity) == (order.status, order.filled_quantity):
            return None
        return OrderEvent(timestamp=order.updated_at, event=_KINDS[order.status], order=order)
