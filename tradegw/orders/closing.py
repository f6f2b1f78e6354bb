"""Closing positions, one or all."""

from __future__ import annotations

from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, PositionNotFound, leaves_doubt
from ..model.account import Position
from ..model.order import ClosePositionRequest, Order, OrderHandle
from .blotter import Blotter
from .entry import Entry
from .line import Line
from .reads import Reads


class Closing:
    """Sends closing orders. One that is repeated while the first still works gets that one again;
    one that finds nothing to close says so.
    """

    log = Logger()

    def __init__(self, line: Line, blotter: Blotter, reads: Reads, entry: Entry) -> None:
        self._line = line
        self._blotter = blotter
        self._reads = reads
        self._entry = entry
        self._closing: dict[str, str] = {}

    @as_deferred
    async def close(self, position_id: str, request: ClosePositionRequest) -> OrderHandle:
        """Close a position, or ``request.quantity`` of it."""
        return await self._send(await self._reads.position(position_id, always=True), request)

    @as_deferred
    async def close_all(self, symbol: str | None) -> list[OrderHandle]:
        """Close all positions (of *symbol*); a failure is raised when all have been tried."""
        handles: list[OrderHandle] = []
        failure: GatewayError | None = None
        for position in await self._reads.positions(symbol, always=True):
            try:
                handles.append(await self._send(position, ClosePositionRequest()))
            except PositionNotFound:
                continue  # it closed by itself meanwhile
            except GatewayError as error:
                failure = error
        if failure is not None:
            raise failure
        return handles

    @as_deferred
    async def _send(self, position: Position, request: ClosePositionRequest) -> OrderHandle:
        if (under_way := self._under_way(position, request)) is not None:
            return _handle(under_way)
        links = self._entry.links()
        self._blotter.expect(links)
        broker = self._line.broker
        try:
            order = await self._line.ask(
                lambda: broker.close(position, request, links.client_order_id), always=True
            )
        except GatewayError as error:
            if not leaves_doubt(error):
                self._blotter.forget(links)
            raise
        order = self._blotter.accept(links, order)
        self.log.info(
            "position {position_id} is being closed by order {order_id}",
            position_id=position.id,
            order_id=order.id,
            correlation_id=order.correlation_id,
        )
        if request == ClosePositionRequest():
            self._closing[position.id] = order.id
        return _handle(order)

    def _under_way(self, position: Position, request: ClosePositionRequest) -> Order | None:
        """The order that closes all of *position* already, if that is asked for again."""
        order_id = self._closing.get(position.id)
        if order_id is None or request != ClosePositionRequest():
            return None
        order = self._blotter.order(order_id)
        if order is not None and not order.status.is_terminal:
            return order
        del self._closing[position.id]
        return None


def _handle(order: Order) -> OrderHandle:
    return OrderHandle(
        id=order.id,
        status=order.status,
        client_order_id=order.client_order_id,
        correlation_id=order.correlation_id,
    )
