"""The mock broker: one account at the simulated exchange, with a feed that moves its prices."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeVar
from uuid import uuid4

from msgspec.structs import replace
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, execute, maybeDeferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from ...errors import (
    GatewayError,
    OrderNotFound,
    OrderRejected,
    PositionNotFound,
    SymbolNotFound,
)
from ...interfaces import IBroker
from ...model.account import Account, Position, Trade, TradeQuery
from ...model.enums import AssetClass, OrderType, PositionMode
from ...model.identifiers import ClientOrderIdRule, growing_id
from ...model.limits import Lane, LimitsStatus
from ...model.market import Bar, BarQuery, Capabilities, Instrument, Quote
from ...model.money import ONE
from ...model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ...simulator.exchange import Exchange
from ..registry import BrokerParts
from .account import KeptAccount
from .config import MockSettings
from .feed import PROVIDER, Feed
from .replay import TapeFeed
from .walking import WalkFeed
from .wanted import Wanted

T = TypeVar("T")

FEATURES: Final = ("bracket_orders", "oco", "trailing_stop", "short_selling")


@implementer(IBroker)
class MockBroker(MultiService):
    """Answers at once. :attr:`exchange` is the ledger of all that it did."""

    log = Logger()
    provider = PROVIDER
    client_order_ids = ClientOrderIdRule()

    def __init__(self, own: MockSettings, parts: BrokerParts) -> None:
        super().__init__()
        self.platform = parts.settings.platform
        self._own = own
        self._listener = parts.listener
        self._now = parts.now
        self._kept = kept = KeptAccount(parts.settings.state_dir, own.terms) if own.kept else None
        self.account_name = f"mock:{uuid4()}" if kept is None else kept.name
        self._terms = own.terms if kept is None else kept.terms(own.terms)
        self.exits_hold_quantity = self._terms.exits_hold_quantity or self._terms.one_exit
        self.exchange = Exchange(
            self._terms,
            lambda symbol: self._feed.instrument(symbol),  # noqa: PLW0108  (made below)
            lambda: growing_id(parts.now()),
            parts.listener.on_event,
            stamp=self._stamp,
            record=None if kept is None else kept.write,
        )
        feed = (TapeFeed if own.tapes else WalkFeed)(
            own,
            self.exchange,
            Wanted(parts.settings.subscriptions),
            parts.listener.on_event,
            parts.clock,
            parts.now,
        )
        feed.setServiceParent(self)
        self._feed: Feed = feed
        if kept is not None:
            kept.follow(self.exchange.state)
            if kept.contents.state is not None:
                self.exchange.restore(kept.contents.state)

    def startService(self) -> None:
        for warning in self._own.warnings:
            self.log.warn("{warning}", warning=warning)
        self._listener.on_link_up()
        super().startService()
        if self._kept is not None:
            self._go_on(self._kept)

    def stopService(self) -> Deferred[None]:
        return maybeDeferred(super().stopService).addBoth(self._let_go)

    def capabilities(self) -> Capabilities:
        leverage = self._terms.leverage
        return Capabilities(
            supported_asset_classes=(AssetClass.STOCK, AssetClass.CRYPTO, AssetClass.FOREX),
            supported_order_types=tuple(OrderType),
            position_mode=PositionMode.NETTING,
            features=FEATURES,
            max_leverage=leverage if leverage > ONE else None,
        )

    def manages_exits(self, request: OrderRequest) -> bool:
        is_ours = self._terms.native_brackets and request.trailing_stop is None
        return is_ours and request.wants_exits

    def instrument(self, symbol: str) -> Instrument | None:
        known = self._feed.instrument(symbol)
        return None if known is None else replace(known.rules, one_exit=self._terms.one_exit)

    def submit(self, request: OrderRequest, _lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        return execute(self._submit, request)

    def cancel(self, order_id: str) -> Deferred[Order]:
        return execute(lambda: self.exchange.cancel(order_id, self._feed.time))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return execute(
            lambda: Replaced(order=self.exchange.replace(order_id, change, self._feed.time))
        )

    def order(self, order_id: str) -> Deferred[Order]:
        return execute(self.exchange.order, order_id)

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return execute(self._bearing, client_order_id)

    def open_orders(self, _lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return succeed(self.exchange.open_orders())

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        orders = self.exchange.closed_orders()
        return succeed([o for o in orders if query.symbol in (None, o.symbol)])

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        trades = self.exchange.trades()
        return succeed([t for t in trades if query.symbol in (None, t.symbol)])

    def positions(self, _lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return succeed(self.exchange.positions())

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        return execute(self._close, position, request, client_order_id)

    def account(self) -> Deferred[Account]:
        return succeed(self.exchange.account())

    def quote(self, symbol: str) -> Deferred[Quote]:
        return execute(self._quote, symbol)

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return execute(self._feed.bars, symbol, query)

    def ping(self) -> Deferred[None]:
        return succeed(None)

    def limits(self) -> LimitsStatus:
        return LimitsStatus()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        """Never, but by the doing of ``chaos``: there is no stream that could fail."""

    def _go_on(self, kept: KeptAccount) -> None:
        """Say what the account holds, and have prices for all of it."""
        kept.sign()
        for warning in kept.contents.heading.differences(self._own.terms):
            self.log.warn("{warning}", warning=warning)
        orders, positions = self.exchange.open_orders(), self.exchange.positions()
        if kept.contents.state is not None:
            self.log.info(
                "the account {account} goes on with {orders} working orders and {positions} "
                "positions; MOCK_ACCOUNT=fresh opens another",
                account=kept.name,
                orders=len(orders),
                positions=len(positions),
            )
        symbols = [order.symbol for order in orders] + [held.symbol for held in positions]
        for symbol in dict.fromkeys(symbols):
            try:
                self._feed.reach(symbol)
            except GatewayError as refusal:
                self.log.warn("no prices: {reason}", symbol=symbol, reason=refusal.message)

    def _let_go(self, result: T) -> T:
        if self._kept is not None:
            self._kept.close()
        return result

    def _bearing(self, client_order_id: str) -> Order:
        order = self.exchange.order_by_client_id(client_order_id)
        if order is None:
            raise OrderNotFound(client_order_id)
        return order

    def _submit(self, request: OrderRequest) -> Order:
        full = self._feed.full(request.symbol)
        if full is not None:
            raise OrderRejected(full, "INVALID_SYMBOL")
        self._feed.reach(request.symbol)
        if request.trailing_stop is not None:  # the gateway keeps all exits of such an order
            request = replace(request, stop_loss=None, take_profit=None)
        return self.exchange.submit(request, self._feed.time)

    def _close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        held = self.exchange.position(position.symbol)
        if held is None:
            raise PositionNotFound(position.id)
        quantity = held.quantity if request.quantity is None else request.quantity
        order_type = request.order_type or OrderType.MARKET
        closing = OrderRequest(
            symbol=held.symbol,
            side=held.side.closing,
            quantity=min(quantity, held.quantity),
            order_type=order_type,
            limit_price=request.limit_price,
            reduce_only=True,
            position_id=held.id,
            client_order_id=client_order_id,
        )
        at_once = order_type is OrderType.MARKET
        return self.exchange.submit(closing, self._feed.time, at_once=at_once)

    def _quote(self, symbol: str) -> Quote:
        self._feed.reach(symbol)
        tick = self.exchange.last_tick(symbol)
        if tick is None:
            raise SymbolNotFound(symbol)
        return self._feed.quote(tick)

    def _stamp(self, _happened: datetime) -> datetime:
        return self._now()
