"""Binance spot as a broker: its parts put together, and asked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from ....deferreds import as_deferred
from ....errors import (
    GatewayError,
    InvalidValue,
    NotSent,
    OrderRejected,
    ProviderError,
    leaves_doubt,
)
from ....interfaces import IBroker
from ....model.account import Account, Position, Trade, TradeQuery
from ....model.enums import AssetClass, PositionMode
from ....model.limits import Lane, LimitsStatus
from ....model.market import Bar, BarQuery, Capabilities, Instrument, Quote, RateLimits
from ....model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ...budget import Budget
from ...clock import BrokerClock, alarm
from ...link.session import Session
from ...registry import BrokerParts
from .. import access, limits
from ..config import BinanceSettings
from ..refusals import PROVIDER
from ..signing import Signer
from ..timing import TIMES, Timekeeper
from . import ids, rules, wire
from .acceptance import Acceptance
from .aftermath import Aftermath
from .brackets import Brackets
from .finding import Finding
from .holdings import Holdings
from .instruments import Instruments
from .kin import Kin
from .market_data import MarketData
from .orders import Orders
from .readiness import Readiness
from .records import Records
from .replacing import Replacing
from .rest import Rest
from .statuses import FILLS
from .stops import Stops
from .streams import AccountStream, Heard, Prices
from .updates import Updates

T = TypeVar("T")
Work: TypeAlias = Callable[[], Coroutine[Deferred[Any], Any, T]]

FEATURES: Final = ("bracket_orders", "oco", "get_quote")
CLOCKS_APART: Final = timedelta(seconds=1)


@implementer(IBroker)
class SpotBroker(MultiService):
    """One account, on the testnet or live."""

    log = Logger()
    provider = PROVIDER
    client_order_ids = ids.CLIENT_IDS
    exits_hold_quantity = True

    def __init__(self, own: BinanceSettings, parts: BrokerParts) -> None:
        super().__init__()
        self.platform = parts.settings.platform
        self.account_name = str(parts.settings.platform)
        self._own = own
        self._parts = parts
        clock, listener = parts.clock, parts.listener
        time = BrokerClock(parts.now, parts.seconds, CLOCKS_APART, alarm(listener, parts.now))
        meter = limits.Meter(time.now)
        self._budget = Budget(
            limits.RULES, clock, parts.seconds, parts.now, parts.memory, listener.on_event
        )
        signer = Signer(own.api_key, own.key, time.now, own.product.prefix)
        http = access.http(own, parts, self._budget, signer, meter)
        self._rest = rest = Rest(http, own.product.prefix, self._resync)
        self._timing = Timekeeper(as_deferred(rest.time), time, clock)
        self._prices = Prices(own, parts)
        instruments = Instruments(parts.memory, self._prices.wanted.symbols)
        self._instruments = instruments
        self._ready = Readiness(rest, instruments, meter, parts.memory, clock)
        kin = Kin()
        self._holdings = Holdings(rest, instruments, own.currency, parts.now)
        self._aftermath = Aftermath(self._holdings, listener, parts.now, clock)
        self._updates = Updates(kin, listener, self._heard, self._aftermath.moved)
        heard = Heard(
            reported=self._reported,
            moved=self._aftermath.moved,
            gone=self._aftermath.forget,
        )
        self._account_stream = AccountStream(own, parts, signer, time, heard)
        self._session = Session(parts, self._account_stream.stream, self._prices.streams)
        self._prices.follow(self._session)
        self._watch = watch = self._session.liveness.account
        self._finding = finding = Finding(rest, kin, instruments, clock)
        self._stops = stops = Stops()
        self._brackets = Brackets(rest, kin, instruments, watch, stops)
        accepted = Acceptance(kin, finding, stops, self._updates.executed)
        self._orders = Orders(rest, accepted, instruments, self._brackets, watch)
        self._replacing = Replacing(rest, kin, finding, instruments, watch)
        self._records = Records(rest, kin, finding, instruments, self._updates.catch_up)
        self._market = MarketData(rest, instruments, time.now)
        for service in (self._timing, self._ready, self._session):
            service.setServiceParent(self)

    def startService(self) -> None:
        for warning in self._own.warnings:
            self.log.warn("{warning}", warning=warning)
        super().startService()

    def stopService(self) -> Deferred[Any]:
        self._aftermath.stop()
        return maybeDeferred(super().stopService).addBoth(self._let_go)

    def _let_go(self, result: T) -> T:
        self._account_stream.rotation.stop()
        self._prices.rotation.stop()
        self._budget.stop()
        self._rest.close()
        return result

    # -- what is known without asking

    def capabilities(self) -> Capabilities:
        return Capabilities(
            supported_asset_classes=(AssetClass.CRYPTO,),
            supported_order_types=rules.TYPES,
            position_mode=PositionMode.NETTING,
            features=FEATURES,
            rate_limits=RateLimits(requests_per_minute=limits.RULES.limits[0].capacity),
        )

    def manages_exits(self, request: OrderRequest) -> bool:
        return self._brackets.manages(request)

    def instrument(self, symbol: str) -> Instrument | None:
        return self._instruments.instrument(symbol)

    def limits(self) -> LimitsStatus:
        return self._budget.status()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        self._watch.missed(order_ids)

    # -- orders

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        return self._begun(lambda: self._judged(self._orders.submit(request, lane)))

    def cancel(self, order_id: str) -> Deferred[Order]:
        return _started(lambda: self._orders.cancel(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._begun(lambda: self._judged(self._replacing.replace(order_id, change)))

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        return self._begun(lambda: self._orders.close(position, request, client_order_id))

    def order(self, order_id: str) -> Deferred[Order]:
        return self._asked(lambda: self._finding.look_up(order_id))

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return self._asked(lambda: self._finding.by_client_id(client_order_id))

    # -- how things stand

    def open_orders(self, lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return self._asked(lambda: self._open_orders(lane))

    async def _open_orders(self, lane: Lane) -> list[Order]:
        working = await self._records.open_orders(lane)
        self._stops.saw_all(working)
        return working

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._asked(lambda: self._records.closed_orders(query))

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return self._asked(lambda: self._records.trades(query))

    def positions(self, lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return self._asked(lambda: self._positions(lane))

    async def _positions(self, lane: Lane) -> list[Position]:
        held = await self._holdings.positions(lane)
        self._aftermath.saw(held)
        return held

    def account(self) -> Deferred[Account]:
        return self._asked(self._holdings.account)

    # -- prices

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._asked(lambda: self._market.quote(symbol))

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return self._asked(lambda: self._market.bars(symbol, query))

    def ping(self) -> Deferred[None]:
        return self._timing.ask()

    # -- what comes

    def _reported(self, report: wire.Report) -> None:
        if report.x in FILLS:
            self._holdings.executed(report.s)
        self._updates.told(report)

    def _heard(self, order: Order) -> None:
        self._watch.mentioned(order.id)
        self._stops.saw(order)

    # -- how it is done

    def _resync(self) -> Deferred[None]:
        return self._timing.ask(TIMES)

    async def _judged(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        """What was refused by a rule of a symbol may show that it changed."""
        try:
            return await work
        except (OrderRejected, InvalidValue) as error:
            if not isinstance(error, OrderRejected) or "ilter" in error.message:
                self._ready.renew()
            raise

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
            raise ProviderError(f"Binance's answer cannot be told: {error}", PROVIDER) from error

    return Deferred.fromCoroutine(whole())
