"""Closing positions, one or all."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, PositionNotFound
from ..model.account import Position
from ..model.enums import OrderType
from ..model.journal import IntentKind
from ..model.order import ClosePositionRequest, OrderHandle, OrderRequest
from . import answers
from .attempt import Attempt
from .blotter import Blotter
from .dispatch import Dispatch
from .gate import Gate
from .intents import Intents
from .line import Line
from .reads import Reads

WHOLE: Final = ClosePositionRequest()
"""All of a position, at market."""


class Closing:
    """Sends closing orders. The very same that is repeated while the first still works, or while
    its outcome is not known, gets that one again, unless it is of a part and under a key of its
    own; one that finds nothing to close says so. What other orders close already is not closed
    twice where the trading state wants that (:meth:`.Gate.closable`).
    """

    log = Logger()

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        reads: Reads,
        intents: Intents,
        dispatch: Dispatch,
        gate: Gate,
    ) -> None:
        self._gate = gate
        self._line = line
        self._blotter = blotter
        self._reads = reads
        self._intents = intents
        self._dispatch = dispatch
        self._closing: dict[str, Attempt] = {}
        """By digest."""

    @as_deferred
    async def close(
        self, position_id: str, request: ClosePositionRequest, key: str | None = None
    ) -> OrderHandle:
        """Close a position, or ``request.quantity`` of it."""
        request = _simplest(request)
        digest = _digest(position_id, request)
        if key is not None:
            first = self._intents.same_as(None, key, digest)
            if first is not None:
                return await self._dispatch.outcome(first)
        position = await self._reads.position(position_id, always=True)
        return await self._send(position, request, key, digest)

    @as_deferred
    async def close_all(self, symbol: str | None) -> list[OrderHandle]:
        """Close all positions (of *symbol*); a failure is raised when all have been tried."""
        handles: list[OrderHandle] = []
        failure: GatewayError | None = None
        for position in await self._reads.positions(symbol, always=True):
            try:
                handles.append(await self._send(position, WHOLE))
            except PositionNotFound:
                continue  # it closed by itself meanwhile
            except GatewayError as error:
                failure = error
        if failure is not None:
            raise failure
        return handles

    @as_deferred
    async def _send(
        self,
        position: Position,
        request: ClosePositionRequest,
        key: str | None = None,
        digest: str = "",
    ) -> OrderHandle:
        if key is not None:  # the same may have come while the position was looked up
            first = self._intents.same_as(None, key, digest)
            if first is not None:
                return await self._dispatch.outcome(first)
        is_another = key is not None and request.quantity is not None
        if not is_another and (first := self._under_way(position, request)) is not None:
            return await self._dispatch.outcome(first)
        digest = digest or _digest(position.id, request)
        quantity = self._gate.closable(position, request)
        attempt = self._attempt(position, request, quantity, key, digest)
        self._gate.check_close(position, request, attempt)
        self._closing[digest] = attempt
        sent_as, broker = attempt.links.client_order_id, self._line.broker
        sent = request if quantity == position.quantity else replace(request, quantity=quantity)
        handle = await self._dispatch.send(
            attempt,
            lambda: broker.close(position, sent, sent_as),
            check=lambda: self._gate.check_close(position, request, attempt),
            urgent=True,
        )
        self.log.info(
            "position {position_id} is being closed by order {order_id}",
            position_id=position.id,
            order_id=handle.id,
            correlation_id=handle.correlation_id,
        )
        return handle

    def _attempt(
        self,
        position: Position,
        request: ClosePositionRequest,
        quantity: Decimal,
        key: str | None,
        digest: str,
    ) -> Attempt:
        return self._intents.attempt(
            IntentKind.CLOSE,
            _as_order(position, request, quantity),
            self._line.broker.client_order_ids,
            digest=digest,
            symbol=position.symbol,
            idempotency_key=key,
            target=position.id,
        )

    def restore(self, attempt: Attempt) -> None:
        """A close that was under way, or worked, before the restart."""
        self._closing[attempt.intent.digest] = attempt

    def _under_way(self, position: Position, request: ClosePositionRequest) -> Attempt | None:
        """The attempt at the same that works already, or may."""
        self._closing = {
            digest: attempt
            for digest, attempt in self._closing.items()
            if not attempt.is_settled or self._works(attempt)
        }
        names = (position.id, position.symbol)  # a netted one is found by either
        found = (self._closing.get(_digest(name, request)) for name in names)
        return next((attempt for attempt in found if attempt is not None), None)

    def _works(self, attempt: Attempt) -> bool:
        order = None if attempt.order_id is None else self._blotter.order(attempt.order_id)
        return order is not None and not order.status.is_terminal


def _simplest(request: ClosePositionRequest) -> ClosePositionRequest:
    """*request* as it is when nothing is said that goes without saying."""
    at_market = request.order_type is OrderType.MARKET
    return replace(request, order_type=None) if at_market else request


def _digest(position_id: str, request: ClosePositionRequest) -> str:
    return answers.digest("close", position_id, request)


def _as_order(position: Position, request: ClosePositionRequest, quantity: Decimal) -> OrderRequest:
    """The order that closes."""
    return OrderRequest(
        symbol=position.symbol,
        side=position.side.closing,
        quantity=quantity,
        order_type=request.order_type or OrderType.MARKET,
        limit_price=request.limit_price,
        position_id=position.id,
        reduce_only=True,
    )
