"""Binance's futures as a broker: its parts put together, and asked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar

from msgspec.structs import replace as with_changes
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from ....deferreds import as_deferred
from ....errors import GatewayError, InvalidValue, NotSent, ProviderError, leaves_doubt
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
from ..calling import Calling
from ..config import BinanceSettings
from ..refusals import PROVIDER
from ..signing import Signer
from ..timing import TIMES, Timekeeper
from . import ids, rules
from .account_stream import Ears
from .aftermath import Aftermath
from .amending import Amending
from .children import Children
from .finding import Finding
from .funding import Fundings
from .holdings import Holdings
from .instruments import Instruments
from .leverage import Leverages
from .lineage import Lineage
from .market_data import MarketData
from .orders import Manner, Orders
from .prices import Prices
from .private import PrivateStream
from .readiness import Readiness
from .records import Records
from .refusals import error_of
from .rest import Rest
from .updates import Updates
from .venue import VENUES

T = TypeVar("T")
Work: TypeAlias = Callable[[], Coroutine[Deferred[Any], Any, T]]

FEATURES: Final = ("get_quote", "reduce_only", "leverage", "margin_mode")
CLOCKS_APART: Final = timedelta(seconds=1)


@implementer(IBroker)
class FuturesBroker(MultiService):
    """One account of USD-M or COIN-M, on the testnet or live."""

    log = Logger()
    provider = PROVIDER
    client_order_ids = ids.CLIENT_IDS
    exits_hold_quantity = False

    def __init__(self, own: BinanceSettings, parts: BrokerParts) -> None:
        super().__init__()
        self.platform = parts.settings.platform
        self.account_name = str(parts.settings.platform)
        self._own = own
        clock, listener, memory = parts.clock, parts.listener, parts.memory
        venue = VENUES[own.product.name]
        time = BrokerClock(parts.now, parts.seconds, CLOCKS_APART, alarm(listener, parts.now))
        meter = limits.Meter(time.now, limits.FUTURES)
        self._budget = Budget(
            limits.FUTURES, clock, parts.seconds, parts.now, memory, listener.on_event
        )
        signer = Signer(own.api_key, own.key, time.now, own.product.prefix)
        http = access.http(own, parts, self._budget, signer, meter)
        calls = Calling(http, own.product.prefix, error_of, self._resync)
        self._rest = rest = Rest(calls, venue)
        self._timing = Timekeeper(as_deferred(rest.time), time, clock)
        self._prices = Prices(own.streams, venue, parts)
        self._instruments = instruments = Instruments(memory, self._prices.wanted.symbols)
        leverages = Leverages(rest, venue)
        self._ready = Readiness(rest, instruments, leverages, meter, clock, hedging=own.hedging)
        self._children = children = Children()
        self._finding = finding = Finding(rest, children, instruments, clock, time.now)
        lineage = Lineage(rest, children, finding, memory)
        self._holdings = holdings = Holdings(
            rest, venue, instruments, leverages, own.currency, parts.now
        )
        holdings.hedging, self._ready.is_many = own.hedging, holdings.add_up
        fundings = Fundings(rest, listener, clock, lambda: holdings.currency)
        self._aftermath = Aftermath(holdings, fundings, listener, parts.now, clock)
        self._updates = Updates(children, lineage, finding, listener, clock, self._heard)
        ears = Ears(
            ordered=self._updates.told,
            waited=self._updates.waiting_told,
            moved=self._aftermath.moved,
            warned=self._aftermath.warned,
            configured=leverages.told,
            ending=lambda: None,
            odd=listener.on_suspicion,
            opened=lambda: None,
            gone=self._aftermath.forget,
        )
        self._private = PrivateStream(own, parts, venue, rest, self._ready, ears)
        self._session = Session(parts, self._private.stream, self._prices.streams)
        self._prices.follow(self._session)
        self._watch = watch = self._session.liveness.account
        manner = Manner(
            is_linear=venue.is_linear, hedging=own.hedging, is_strange=self._ready.doubt
        )
        self._orders = Orders(rest, children, finding, instruments, leverages, watch, manner)
        self._amending = Amending(rest, children, finding, instruments, watch)
        self._records = Records(rest, children, lineage, finding, instruments)
        self._market = MarketData(rest, instruments, time.now)
        for service in (self._timing, self._ready, self._session):
            service.setServiceParent(self)

    def startService(self) -> None:
        for warning in self._own.warnings:
            self.log.warn("{warning}", warning=warning)
        super().startService()

    def stopService(self) -> Deferred[Any]:
        self._aftermath.stop()
        self._private.stop()
        return maybeDeferred(super().stopService).addBoth(self._let_go)

    def _let_go(self, result: T) -> T:
        self._private.stop()
        self._prices.stop()
        self._budget.stop()
        self._rest.close()
        return result

    # -- what is known without asking

    def capabilities(self) -> Capabilities:
        mode = PositionMode.HEDGING if self._own.hedging else PositionMode.NETTING
        return Capabilities(
            supported_asset_classes=(AssetClass.CRYPTO, AssetClass.FUTURES),
            supported_order_types=rules.TYPES,
            position_mode=mode,
            features=FEATURES,
            rate_limits=RateLimits(requests_per_minute=limits.FUTURES.limits[0].capacity),
        )

    def manages_exits(self, request: OrderRequest) -> bool:  # noqa: ARG002  (it keeps none)
        return False

    def instrument(self, symbol: str) -> Instrument | None:
        return self._instruments.instrument(symbol)

    def limits(self) -> LimitsStatus:
        return self._budget.status()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        self._watch.missed(order_ids)

    # -- orders

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        plain = with_changes(request, stop_loss=None, take_profit=None, trailing_stop=None)
        return self._begun(lambda: self._judged(self._orders.submit(plain, lane)))

    def cancel(self, order_id: str) -> Deferred[Order]:
        return _started(lambda: self._orders.cancel(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._begun(lambda: self._judged(self._amending.replace(order_id, change)))

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
        return self._asked(lambda: self._records.open_orders(lane))

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

    def _heard(self, order: Order) -> None:
        self._watch.mentioned(order.id)

    # -- how it is done

    def _resync(self) -> Deferred[None]:
        return self._timing.ask(TIMES)

    async def _judged(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        """What was refused by a rule of a symbol may show that it changed."""
        try:
            return await work
        except InvalidValue:
            self._ready.renew()
            raise

    def _asked(self, work: Work[T]) -> Deferred[T]:
        """*work*, once it is sure that the account is as is believed."""

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
