"""Making orders, and ending them.

What makes an order is sent once. What must be looked up before that is no part of it: where that
fails, nothing was sent.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ...errors import (
    GatewayError,
    NotSent,
    OrderDenied,
    OrderNotModifiable,
    PositionNotFound,
    SymbolNotFound,
    leaves_doubt,
)
from ...model.account import Position
from ...model.enums import OrderStatus, OrderType, PositionSide
from ...model.limits import Lane
from ...model.money import ZERO
from ...model.order import ClosePositionRequest, Order, OrderRequest
from ..account_watch import AccountWatch
from . import encoding, rules, wire
from .endings import Endings
from .finding import Finding, check_id
from .instruments import Instruments
from .legs import Legs
from .replacing import PAUSES_SECONDS
from .rest import Rest
from .statuses import REPLACED, TOO_EARLY
from .symbols import plain

CANCEL_SECONDS: Final = 2.0
"""How long a cancel is waited for; after that it is told to be pending."""


class Orders:
    """Speaks to *rest*; *legs* learn of exits sent with orders, the *watch* expects echoes."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        finding: Finding,
        instruments: Instruments,
        legs: Legs,
        endings: Endings,
        watch: AccountWatch,
        clock: IReactorTime,
    ) -> None:
        self._rest = rest
        self._kin = finding.kin
        self._finding = finding
        self._instruments = instruments
        self._symbols = instruments.symbols
        self._legs = legs
        self._endings = endings
        self._watch = watch
        self._clock = clock

    # -- new ones

    def manages_exits(self, request: OrderRequest) -> bool:
        """Whether *request* leaves with its exits."""
        return rules.is_bracket(request, self._kind(request))

    async def submit(self, request: OrderRequest, lane: Lane) -> Order:
        """The order as Alpaca took it."""
        shown = self._symbols.shown(request.symbol)
        kind = self._kind(request)
        if lane is Lane.EMERGENCY:
            request = rules.on_steps(request, kind)
            if request.tif not in rules.RULES[kind].times:
                request = replace(request, time_in_force=None)  # a day is better than none
        rules.check(request, kind, shown)
        asset = self._instruments.asset(shown)
        if asset is None and lane is not Lane.EMERGENCY:
            asset = await self._asked_for(shown)
        if asset is not None:
            rules.check_asset(request, asset, kind)
        return await self._sent(request, kind, lane)

    async def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        """Close what is still open of *position*, at most as much as *request* says.

        Not by Alpaca's own call for that: it takes no client order id, so that nobody could say
        what became of one whose answer is missing.
        """
        held = await self._held(position)
        wanted = held if request.quantity is None else min(request.quantity, held)
        closing = OrderRequest(
            symbol=self._symbols.shown(position.symbol),
            side=position.side.closing,
            quantity=wanted,
            order_type=request.order_type or OrderType.MARKET,
            limit_price=request.limit_price,
            reduce_only=True,
            client_order_id=client_order_id,
        )
        rules.check(closing, self._kind(closing), closing.symbol)
        return await self._sent(closing, self._kind(closing), Lane.EMERGENCY)

    def _kind(self, request: OrderRequest) -> rules.Kind:
        return rules.kind_of(request.quantity, is_crypto=self._symbols.is_crypto(request.symbol))

    async def _sent(self, request: OrderRequest, kind: rules.Kind, lane: Lane) -> Order:
        body = encoding.new_order(request, kind, self.price_step(request.symbol))
        since = self._watch.mark()
        order = await self._rest.submit(body, lane)
        self._kin.learn(order)
        self._clock.callLater(0, self._legs.expect, order)  # when whoever asked knows the entry
        self._watch.expect(order.id, since)
        return self._kin.decoded(order)

    async def _asked_for(self, symbol: str) -> wire.Asset | None:
        """What Alpaca knows of *symbol*; nothing if it cannot say now: it will judge the order."""
        try:
            asset = await self._rest.asset(symbol)
        except SymbolNotFound:
            raise OrderDenied(f"Alpaca does not know {symbol}", "INVALID_SYMBOL") from None
        except GatewayError as error:
            self.log.info("{symbol} is ordered unseen: {reason}", symbol=symbol, reason=str(error))
            return None
        self._instruments.learn(asset)
        return asset

    async def _held(self, position: Position) -> Decimal:
        try:
            held = (await self._rest.position(plain(position.symbol))).qty
        except PositionNotFound:
            raise PositionNotFound(position.id) from None
        except GatewayError as error:
            if leaves_doubt(error):
                raise NotSent(f"What is open could not be asked: {error.message}") from error
            raise
        is_long = position.side is PositionSide.LONG
        if held == ZERO or (held > ZERO) is not is_long:
            raise PositionNotFound(position.id)
        return abs(held)

    def price_step(self, symbol: str) -> Decimal | None:
        """Of a pair; none of a stock."""
        if not self._symbols.is_crypto(symbol):
            return None
        known = self._instruments.instrument(self._symbols.shown(symbol))
        return None if known is None else known.price_step

    # -- ending them

    async def cancel(self, order_id: str) -> Order:
        """The order as it ended; or as it is, if that takes long."""
        check_id(order_id)
        for pause in (*PAUSES_SECONDS, None):
            try:
                return await self._cancelled(order_id)
            except OrderNotModifiable:
                order = await self._rest.order(order_id, Lane.EMERGENCY)
                self._kin.learn(order)
                if order.status == "pending_cancel":
                    return self._kin.decoded(order)
                if order.status == REPLACED and order.replaced_by is not None:
                    order_id = order.replaced_by
                elif order.status not in TOO_EARLY or pause is None:
                    raise
                else:
                    await deferLater(self._clock, pause)
        raise OrderNotModifiable(order_id, "it is being replaced again and again")

    async def _cancelled(self, order_id: str) -> Order:
        since = self._watch.mark()
        ended = self._endings.of(order_id, CANCEL_SECONDS)
        try:
            await self._rest.cancel(order_id)
        except GatewayError:
            ended.cancel()
            raise
        self._watch.expect(order_id, since)
        order = await ended
        if order is None:
            order = await self._finding.look_up(order_id, Lane.EMERGENCY)
        if order.status.is_terminal and order.status is not OrderStatus.CANCELLED:
            raise OrderNotModifiable(order_id, f"it is {order.status.value}")
        return order
