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
    OrderDenied,
    OrderNotModifiable,
    OrderRejected,
    SymbolNotFound,
)
from ...model.enums import OrderStatus
from ...model.limits import Lane
from ...model.order import Order, OrderRequest
from ..link.account_watch import AccountWatch
from . import encoding, rules, wire
from .endings import Endings
from .finding import Finding, check_id
from .instruments import Instruments
from .legs import Legs
from .refusals import is_triggered, of_exit
from .replacing import PAUSES_SECONDS
from .rest import Rest
from .statuses import REPLACED, TOO_EARLY

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
        """The order as Alpaca took it; what is urgent is an exit."""
        if lane is Lane.EMERGENCY:
            return await self._exit(request)
        kind, shown = self._kind(request), self._symbols.shown(request.symbol)
        rules.check(request, kind, shown)
        asset = self._instruments.asset(shown)
        if asset is None or not rules.is_allowed(request, asset, kind):  # that may be over
            asset = await self._asked_for(shown)
        if asset is not None:
            rules.check_asset(request, asset, kind)
        return await self.send(request, lane)

    async def _exit(self, request: OrderRequest) -> Order:
        """It never opens the other side, and does not fail for a digit, or because the market is
        beyond its stop already: then it goes on as if that had been triggered.
        """
        kind = self._kind(request)
        request = replace(rules.on_steps(request, kind), reduce_only=True)
        if request.tif not in rules.RULES[kind].times:
            request = replace(request, time_in_force=None)  # a day is better than none
        try:
            return await self.send(request, Lane.EMERGENCY)
        except OrderRejected as refusal:
            if request.stop_price is None or not is_triggered(refusal):
                raise of_exit(refusal) from refusal
        self.log.warn(
            "the market is beyond stop {stop} of {symbol}: it is sent as triggered",
            stop=request.stop_price,
            symbol=request.symbol,
        )
        request = encoding.triggered(request, kind, self.price_step(request.symbol))
        try:
            return await self.send(request, Lane.EMERGENCY)
        except OrderRejected as refusal:
            raise of_exit(refusal) from refusal

    def _kind(self, request: OrderRequest) -> rules.Kind:
        return rules.kind_of(request.quantity, is_crypto=self._symbols.is_crypto(request.symbol))

    async def send(self, request: OrderRequest, lane: Lane) -> Order:
        """*request* as it is, past what is certain to be refused."""
        kind = self._kind(request)
        rules.check(request, kind, self._symbols.shown(request.symbol))
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
