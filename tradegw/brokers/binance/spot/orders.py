"""Making orders, and ending them. What makes an order is sent once."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace
from twisted.logger import Logger

from ....errors import (
    OrderDenied,
    OrderNotModifiable,
)
from ....model.account import Position
from ....model.enums import OrderType
from ....model.limits import Lane
from ....model.money import ZERO
from ....model.order import ClosePositionRequest, Order, OrderRequest
from ...link.account_watch import AccountWatch
from ..cancelling import not_cancelled
from ..filters import Filters
from ..requests import on_steps
from . import encoding, ids, rules, wire
from .acceptance import Acceptance
from .brackets import Brackets
from .closes import Closes
from .ids import OrderId
from .instruments import Instruments
from .rest import Rest
from .venue import Venue


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
        venue: Venue,
    ) -> None:
        self._rest = rest
        self._venue = venue
        self._closes = Closes(rest, instruments, on_margin=venue.on_margin)
        self.manages = brackets.manages
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
            rules.check(request, on_margin=self._venue.on_margin)
            return await self._made(asked, request, lane)
        rules.check(request, on_margin=self._venue.on_margin)
        rules.check_symbol(
            asked,
            symbol,
            limits,
            on_margin=self._venue.on_margin,
            fee=self._instruments.most_fee,
        )
        with self._stops.place(asked, limits.most_stops):
            await self._closes.check(asked, symbol, limits)
            return await self._made(asked, request, lane)

    async def _made(self, asked: OrderRequest, request: OrderRequest, lane: Lane) -> Order:
        """*request* is sent, with what of *asked* the exchange keeps."""
        request = self._finding.sent(request)
        is_managed = self._brackets.manages(request)
        if is_managed and request.order_type is not OrderType.MARKET:
            return self._accepted(await self._brackets.submit(request, lane))
        entry = await self._sent(request, lane)
        order = self._accepted(entry)
        self._stops.expect(order, asked)
        if is_managed:
            self._brackets.follow(request, entry)
        return order

    async def _sent(self, request: OrderRequest, lane: Lane) -> wire.Order:
        since = self._watch.mark()
        reduces = lane is Lane.EMERGENCY or request.reduce_only
        effect = self._venue.reducing if reduces else self._venue.opening
        order = await self._rest.submit(encoding.new_order(request, effect), lane)
        self._watch.expect(str(OrderId(order.symbol, order.order_id)), since)
        return order

    async def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        """At most as much as *request* says; what is less than a step stays."""
        closing = await self._closes.order(position, request, client_order_id)
        closing = self._finding.sent(closing)
        return self._accepted(await self._sent(closing, Lane.EMERGENCY))

    # -- ending them

    async def cancel(self, order_id: str) -> Order:
        """The order as it ended. Binance's "unknown" is no more than a hint, and is looked into."""
        asked = ids.parse(order_id)
        since = self._watch.mark()
        try:
            ended = await self._rest.cancel(asked)
        except OrderNotModifiable:
            return await not_cancelled(self._finding.look_up(str(asked), Lane.EMERGENCY))
        self._watch.expect(order_id, since)
        return self._kin.decoded(ended)


def exit_of(request: OrderRequest, symbol: wire.Symbol, limits: Filters) -> OrderRequest:
    """An exit of ours as the exchange takes it: rounded, for whatever time it gives, and as a
    stop-limit where it has no plain stops in *symbol*.
    """
    side, kind = request.side, request.order_type
    request = on_steps(request, limits)
    names = symbol.order_types
    if kind is OrderType.STOP and "STOP_LOSS" not in names and "STOP_LOSS_LIMIT" in names:
        far: Decimal = encoding.stop_limit(side, request.stop_price or ZERO, limits)
        return replace(request, order_type=OrderType.STOP_LIMIT, limit_price=far)
    return request
