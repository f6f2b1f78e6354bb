"""Closing positions, one or all."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from twisted.internet.defer import gatherResults
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError, PositionNotFound
from ..model.account import Position
from ..model.enums import OrderStatus, OrderType, PositionSide
from ..model.journal import IntentKind
from ..model.money import plain
from ..model.order import ClosePositionRequest, Order, OrderHandle, OrderRequest
from . import answers
from .attempt import Attempt
from .blotter import Blotter
from .clearing import Clearing
from .dispatch import Dispatch
from .gate import Gate
from .intents import Intents
from .line import Line
from .wanted import request_of

WHOLE: Final = ClosePositionRequest()
"""All of a position, at market."""


class Closing:
    """Sends closing orders. The very same that is repeated while the first still works, or while
    its outcome is not known, gets that one again, unless it is of a part and under a key of its
    own; one that finds nothing to close says so. What other orders close already is not closed
    twice where the trading state wants that (:meth:`tradegw.orders.gate.Gate.closable`).

    *clearing* lets them out. *suspect* hears of what should be closed and is not.
    """

    log = Logger()

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        intents: Intents,
        dispatch: Dispatch,
        gate: Gate,
        clearing: Clearing,
        suspect: Callable[[str], object],
    ) -> None:
        self._gate = gate
        self._clearing = clearing
        self._suspect = suspect
        self._line = line
        self._blotter = blotter
        self._reads = clearing.reads
        self._intents = intents
        self._dispatch = dispatch
        self._closing: dict[str, Attempt] = {}
        """By digest."""
        self._whole: dict[str, Position] = {}
        """What is to be closed whole, by the intents."""

    @as_deferred
    async def close(
        self,
        position_id: str,
        request: ClosePositionRequest,
        key: str | None = None,
        side: PositionSide | None = None,
    ) -> OrderHandle:
        """Close a position, or ``request.quantity`` of it; only if it is on *side*, if given."""
        request = _simplest(request)
        digest = _digest(position_id, request)
        if key is not None:
            first = self._intents.same_as(None, key, digest)
            if first is not None:
                return await self._dispatch.outcome(first)
        position = await self._reads.position(position_id, always=True)
        if side not in (None, position.side):
            raise PositionNotFound(position_id)
        return await self._send(position, request, key, digest)

    @as_deferred
    async def close_all(self, symbol: str | None) -> list[OrderHandle]:
        """Close all positions (of *symbol*); a failure is raised when all have been tried."""
        positions = await self._reads.positions(symbol, always=True)
        # All are written down first: none waits for what becomes of another.
        ends = await gatherResults([self._end(one) for one in positions], consumeErrors=True)
        failures = [end for end in ends if isinstance(end, GatewayError)]
        if failures:
            raise failures[-1]
        return [end for end in ends if isinstance(end, OrderHandle)]

    @as_deferred
    async def _end(self, position: Position) -> OrderHandle | GatewayError | None:
        """What became of the close of all of *position*; nothing if it closed by itself."""
        try:
            return await self._send(position, WHOLE)
        except PositionNotFound:
            return None
        except GatewayError as error:
            return error

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
        if request.quantity is None:
            self._whole[attempt.intent.id] = position
        sent_as, broker = attempt.links.client_order_id, self._line.broker
        sent = request if quantity == position.quantity else replace(request, quantity=quantity)
        passage = self._clearing.passage(attempt.intent.id, position, sent)
        handle = await self._dispatch.send(
            attempt,
            lambda: broker.close(passage.position, passage.request, sent_as),
            check=lambda: self._gate.check_close(passage.position, request, attempt),
            passage=passage,
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
        if attempt.intent.target is not None:
            self._clearing.exits.expect_close(attempt.intent.id, attempt.intent.target)

    def is_closing(self, position_id: str) -> bool:
        """Whether a close at market of (part of) that position, which may also be named by its
        symbol, works at the broker, or may: one of an earlier process too.
        """
        self._forget_ended()
        return any(
            position_id in (attempt.intent.target, attempt.intent.symbol)
            and request_of(attempt.intent).order_type is OrderType.MARKET
            for attempt in self._closing.values()
        )

    def on_order(self, order: Order) -> None:
        """If *order* closed all of a position, it is verified that nothing is left."""
        if not order.status.is_terminal:
            return
        closed = self._whole.pop(order.correlation_id or "", None)
        if closed is not None and order.status is OrderStatus.FILLED:
            logged(self._verify(closed), self.log, "verifying that a position is closed")

    @as_deferred
    async def _verify(self, closed: Position) -> None:
        """If anything is left, or nobody can say, whoever compares everything looks at it."""
        try:
            left = await self._reads.position(closed.id, always=True)
        except PositionNotFound:
            return
        except GatewayError as error:
            self._suspect(f"whether {closed.id} is closed could not be asked: {error.message}")
            return
        if left.side is closed.side:
            self._suspect(f"{closed.id} was closed, and {plain(left.quantity)} are left")

    def _under_way(self, position: Position, request: ClosePositionRequest) -> Attempt | None:
        """The attempt at the same that works already, or may."""
        self._forget_ended()
        names = (position.id, position.symbol)  # a netted one is found by either
        found = (self._closing.get(_digest(name, request)) for name in names)
        return next((attempt for attempt in found if attempt is not None), None)

    def _forget_ended(self) -> None:
        self._closing = {
            digest: attempt
            for digest, attempt in self._closing.items()
            if not attempt.is_settled or self._works(attempt)
        }
        ids = {attempt.intent.id for attempt in self._closing.values()}
        self._whole = {name: self._whole[name] for name in self._whole.keys() & ids}

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
