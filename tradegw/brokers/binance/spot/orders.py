"""Making orders, and ending them. What makes an order is sent once."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace
from twisted.logger import Logger

from ....errors import (
    GatewayError,
    NotSent,
    OrderDenied,
    OrderNotModifiable,
    PositionNotFound,
    ProviderError,
    leaves_doubt,
)
from ....model.account import Position
from ....model.enums import OrderType
from ....model.limits import Lane
from ....model.money import ZERO, plain
from ....model.order import ClosePositionRequest, Order, OrderRequest
from ...link.account_watch import AccountWatch
from ..refusals import PROVIDER
from . import encoding, filters, ids, rules, wire
from .acceptance import Acceptance
from .brackets import Brackets
from .filters import Filters
from .ids import OrderId
from .instruments import Instruments
from .rest import Rest


class Orders:
    """Speaks to *rest*; *acceptance* takes what it answers, and the *watch* expects echoes."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        acceptance: Acceptance,
        instruments: Instruments,
        brackets: Brackets,
        watch: AccountWatch,
    ) -> None:
        self._rest = rest
        self._kin = acceptance.kin
        self._finding = acceptance.finding
        self._stops = acceptance.stops
        self._accepted = acceptance.take
        self._instruments = instruments
        self._brackets = brackets
        self._watch = watch

    # -- new ones

    async def submit(self, asked: OrderRequest, lane: Lane) -> Order:
        """The order as Binance took it; with its exits, if the exchange keeps those."""
        request = asked
        if not self._brackets.manages(asked):  # the gateway keeps them
            request = replace(asked, stop_loss=None, take_profit=None, trailing_stop=None)
        symbol = self._instruments.symbol(request.symbol)
        limits = self._instruments.filters(request.symbol)
        if symbol is None or limits is None:
            raise OrderDenied(f"Binance does not trade {request.symbol}", "INVALID_SYMBOL")
        if lane is Lane.EMERGENCY:
            request = exit_of(request, symbol, limits)
            rules.check(request)
        else:
            rules.check(request)
            rules.check_symbol(asked, symbol, limits)
            self._stops.check(asked, limits.most_stops)
        request = self._finding.sent(request)
        if not self._brackets.manages(request):
            order = self._accepted(await self._sent(request, lane))
            self._stops.expect(order, asked)
            return order
        if request.order_type is not OrderType.MARKET:
            return self._accepted(await self._brackets.submit(request, lane))
        entry = await self._sent(request, lane)
        self._brackets.follow(request, entry)
        return self._accepted(entry)

    async def _sent(self, request: OrderRequest, lane: Lane) -> wire.Order:
        since = self._watch.mark()
        order = await self._rest.submit(encoding.new_order(request), lane)
        self._watch.expect(str(OrderId(order.symbol, order.order_id)), since)
        return order

    async def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        """Sell what is free of *position*, at most as much as *request* says; what the exchange
        does not sell, being less than its step, stays.
        """
        symbol, limits = (
            self._instruments.symbol(position.symbol),
            self._instruments.filters(position.symbol),
        )
        if symbol is None or limits is None:
            raise PositionNotFound(position.id)
        balance = await self._balance(symbol.base_asset)
        if balance.total <= ZERO:
            raise PositionNotFound(position.id)
        wanted = balance.total if request.quantity is None else request.quantity
        quantity = limits.lot.floor(min(wanted, balance.free))
        if quantity <= ZERO or quantity < limits.lot.least:
            held, least = plain(balance.locked), plain(limits.lot.least)
            raise OrderDenied(
                f"{plain(balance.free)} {balance.asset} is free ({held} is held by working orders),"
                f" and at least {least} can be sold",
                "INSUFFICIENT_FUNDS",
            )
        closing = OrderRequest(
            symbol=position.symbol,
            side=position.side.closing,
            quantity=quantity,
            order_type=request.order_type or OrderType.MARKET,
            limit_price=request.limit_price,
            reduce_only=True,
            client_order_id=client_order_id,
        )
        closing = self._finding.sent(closing)
        return self._accepted(await self._sent(closing, Lane.EMERGENCY))

    async def _balance(self, asset: str) -> wire.Balance:
        try:
            account = await self._rest.account(Lane.EMERGENCY)
        except GatewayError as error:
            if leaves_doubt(error):
                raise NotSent(f"What is held could not be asked: {error.message}") from error
            raise
        found = (balance for balance in account.balances if balance.asset == asset)
        return next(found, wire.Balance(asset=asset))

    # -- ending them

    async def cancel(self, order_id: str) -> Order:
        """The order as it ended. Binance's "unknown" is no more than a hint, and is looked into."""
        asked = ids.parse(order_id)
        since = self._watch.mark()
        try:
            ended = await self._rest.cancel(asked)
        except OrderNotModifiable:
            return await self._not_cancelled(asked)
        self._watch.expect(order_id, since)
        return self._kin.decoded(ended)

    async def _not_cancelled(self, asked: OrderId) -> Order:
        try:
            order = self._kin.decoded(await self._finding.shown(asked, Lane.EMERGENCY))
        except GatewayError as error:
            if leaves_doubt(error):
                raise ProviderError(error.message, PROVIDER) from error
            raise
        if order.status.is_terminal:
            raise OrderNotModifiable(order.id, f"it is {order.status.value}")
        raise ProviderError(f"Binance did not cancel order {order.id}, which works", PROVIDER)


def exit_of(request: OrderRequest, symbol: wire.Symbol, limits: Filters) -> OrderRequest:
    """An exit of ours as the exchange takes it: rounded, for whatever time it gives, and as a
    stop-limit where it has no plain stops in *symbol*.
    """
    limit, stop = request.limit_price, request.stop_price
    side, kind = request.side, request.order_type
    request = replace(
        request,
        quantity=limits.lot.floor(request.quantity),
        limit_price=_priced(limits, request, limit, OrderType.LIMIT),
        stop_price=_priced(limits, request, stop, OrderType.STOP),
        time_in_force=request.time_in_force if request.time_in_force in rules.TIMES else None,
    )
    names = symbol.order_types
    if kind is OrderType.STOP and "STOP_LOSS" not in names and "STOP_LOSS_LIMIT" in names:
        far: Decimal = encoding.stop_limit(side, request.stop_price or ZERO, limits)
        return replace(request, order_type=OrderType.STOP_LIMIT, limit_price=far)
    return request


def _priced(
    limits: Filters, request: OrderRequest, price: Decimal | None, kind: OrderType
) -> Decimal | None:
    return None if price is None else filters.exit_price(limits, request.side, kind, price)
