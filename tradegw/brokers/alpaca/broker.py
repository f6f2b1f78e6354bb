"""Alpaca as a broker: its parts put together, and asked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

from msgspec.structs import replace as with_changes
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from ...errors import GatewayError, InvalidRequest, NotSent, ProviderError, leaves_doubt
from ...interfaces import IBroker
from ...model.account import Account, Position, Trade, TradeQuery
from ...model.enums import OrderType, PositionMode
from ...model.events import OrderEvent
from ...model.identifiers import ClientOrderIdRule
from ...model.limits import Lane, LimitsStatus
from ...model.market import Bar, BarQuery, Capabilities, Instrument, Quote, RateLimits
from ...model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ..budget import Budget
from ..link.session import Session
from ..registry import BrokerParts
from . import access, limits, wire
from .aftermath import Aftermath
from .closes import Closes
from .coins import Coins
from .config import AlpacaSettings
from .counted import Counted
from .endings import Endings
from .finding import Finding
from .instruments import ASSET_CLASSES, Instruments
from .kin import Kin
from .legs import Legs
from .market_data import MarketData
from .opening import Opening
from .orders import Orders
from .prices import PROVIDER, TIMEFRAMES
from .readiness import Readiness
from .records import Records
from .replacing import Replacing
from .streams import Prices, account_stream
from .symbols import Symbols
from .updates import Updates, trade_event

T = TypeVar("T")
Work: TypeAlias = Callable[[], Coroutine[Deferred[Any], Any, T]]

FEATURES: Final = ("bracket_orders", "oco", "trailing_stop", "get_quote", "short_selling")
ID_CHARACTER: Final = r"[ -}]"
"""Without the tilde, which marks the ids of orders that took the place of others."""


@implementer(IBroker)
class AlpacaBroker(MultiService):
    """One account, paper or live."""

    log = Logger()
    provider = PROVIDER
    client_order_ids = ClientOrderIdRule(character=ID_CHARACTER)
    exits_hold_quantity = True

    def __init__(self, own: AlpacaSettings, parts: BrokerParts) -> None:
        super().__init__()
        self.platform = parts.settings.platform
        self.account_name = str(parts.settings.platform)
        self._own = own
        self._parts = parts
        now, clock, listener = parts.now, parts.clock, parts.listener
        self._budget = Budget(
            limits.RULES, clock, parts.seconds, now, parts.memory, listener.on_event
        )
        self._rest = rest = access.rest(own, parts, self._budget)
        self._instruments = instruments = Instruments(Symbols())
        self._ready = Readiness(rest, instruments, parts.memory)
        self._endings = Endings(clock)
        kin = Kin(instruments.symbols)
        finding = Finding(rest, kin)
        self._finding = finding
        coins = Coins(
            lambda symbol: self._records.held(symbol),  # noqa: PLW0108  (made below)
            self._tell,
            clock,
            Counted(parts.memory, now),
        )
        self._legs = legs = Legs(lambda order: self._updates.found(order))  # noqa: PLW0108  (below)
        self._records = Records(rest, finding, instruments, legs, coins, now, clock)
        self._aftermath = Aftermath(
            self._records.positions, self._records.account, listener, now, clock
        )
        self._market = MarketData(rest, instruments, own.feed, now)
        self._updates = Updates(
            kin, listener, now, self._heard, self._did, legs.is_dormant, legs.fill
        )
        self._coins = coins
        self._opening = Opening(rest, instruments, now, clock)
        self._prices = Prices(own, parts, instruments, instruments.symbols.is_crypto)
        stream = account_stream(own, parts, self._updates.told, self._aftermath.forget)
        self._session = Session(parts, stream, self._prices.streams, is_open=self._opening.is_open)
        self._prices.follow(self._session)
        self._watch = watch = self._session.liveness.account
        self._orders = Orders(rest, finding, instruments, legs, self._endings, watch, clock)
        self._closes = Closes(rest, self._orders, instruments.symbols)
        self._replacing = Replacing(rest, finding, watch, self._orders.price_step, now, clock)
        for service in (self._session, self._prices, self._opening):
            service.setServiceParent(self)

    def startService(self) -> None:
        for warning in self._own.warnings:
            self.log.warn("{warning}", warning=warning)
        super().startService()

    def stopService(self) -> Deferred[Any]:
        self._aftermath.stop()
        return maybeDeferred(super().stopService).addBoth(self._let_go)

    def _let_go(self, result: T) -> T:
        self._budget.stop()
        self._rest.close()
        return result

    # -- what is known without asking

    def capabilities(self) -> Capabilities:
        return Capabilities(
            supported_asset_classes=ASSET_CLASSES,
            supported_order_types=tuple(OrderType),
            position_mode=PositionMode.NETTING,
            features=FEATURES,
            rate_limits=RateLimits(requests_per_minute=limits.PER_MINUTE),
        )

    def manages_exits(self, request: OrderRequest) -> bool:
        return self._orders.manages_exits(request)

    def instrument(self, symbol: str) -> Instrument | None:
        return self._instruments.instrument(self._instruments.symbols.shown(symbol))

    def limits(self) -> LimitsStatus:
        return self._budget.status()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        self._watch.missed(order_ids)

    # -- orders

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        if not self._orders.manages_exits(request):  # the gateway keeps them
            request = with_changes(request, stop_loss=None, take_profit=None, trailing_stop=None)
        return self._begun(lambda: self._orders.submit(request, lane))

    def cancel(self, order_id: str) -> Deferred[Order]:
        return _started(lambda: self._orders.cancel(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return _started(lambda: self._replacing.replace(order_id, change))

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        return self._begun(lambda: self._closes.close(position, request, client_order_id))

    def order(self, order_id: str) -> Deferred[Order]:
        return self._asked(lambda: self._finding.look_up(order_id))

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return self._asked(lambda: self._finding.by_client_id(client_order_id))

    # -- how things stand

    def open_orders(self, lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return self._asked(lambda: self._records.open_orders(lane))

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._asked(lambda: self._records.closed_orders(query))

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return self._asked(lambda: self._records.trades(query))

    def positions(self, lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return self._asked(lambda: self._positions(lane))

    async def _positions(self, lane: Lane) -> list[Position]:
        held = await self._records.positions(lane)
        self._aftermath.saw(held)
        return held

    def account(self) -> Deferred[Account]:
        return self._asked(self._records.account)

    # -- prices

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._asked(lambda: self._market.quote(symbol))

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return self._asked(lambda: self._bars(symbol, query))

    async def _bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        if query.timeframe not in TIMEFRAMES:
            raise InvalidRequest(f"Alpaca has no bars of {query.timeframe}", "timeframe")
        return await self._market.bars(symbol, query)

    def ping(self) -> Deferred[None]:
        return self._opening.ask()

    # -- what comes

    def _heard(self, update: wire.Update, order: Order) -> None:
        self._watch.mentioned(order.id)
        self._legs.heard(update.order)
        self._endings.heard(order, update.event)

    def _did(self, event: OrderEvent, trade: Trade | None) -> None:
        if self._instruments.symbols.is_crypto(event.order.symbol):
            self._coins.take(event, trade)
            return
        self._tell(event)
        if trade is not None:
            self._tell(trade)

    def _tell(self, news: OrderEvent | Trade) -> None:
        if isinstance(news, Trade):
            self._parts.listener.on_event(trade_event(news))
            self._aftermath.executed()
        else:
            self._parts.listener.on_event(news)

    # -- how it is done

    def _asked(self, work: Work[T]) -> Deferred[T]:
        """*work*, once it is sure whose account it is."""

        async def whole() -> T:
            await self._ready.sure()
            return await work()

        return _started(whole)

    def _begun(self, work: Work[T]) -> Deferred[T]:
        """As :meth:`_asked`; if that cannot be found out, nothing was sent."""

        async def whole() -> T:
            try:
                await self._ready.sure()
            except GatewayError as error:
                if leaves_doubt(error):
                    raise NotSent(f"Nothing was sent: {error.message}") from error
                raise
            return await work()

        return _started(whole)


def _started(work: Work[T]) -> Deferred[T]:
    """*work*, which fails with ``GatewayError`` alone: what cannot be told leaves doubt."""

    async def whole() -> T:
        try:
            return await work()
        except ValueError as error:
            raise ProviderError(f"Alpaca's answer cannot be told: {error}", PROVIDER) from error

    return Deferred.fromCoroutine(whole())
