"""The external engine as a broker: its parts put together, and asked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar
from uuid import uuid4

from msgspec.structs import replace
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from ...errors import InternalError, NotSent, ProviderError
from ...interfaces import IEventSink, IPacedBroker, IPacing, Settled, Time
from ...model.account import Account, Position, Trade, TradeQuery
from ...model.backtest import BacktestStatus
from ...model.enums import AssetClass, PositionMode
from ...model.identifiers import ClientOrderIdRule, growing_id
from ...model.limits import Lane, LimitsStatus
from ...model.market import Bar, BarQuery, Capabilities, Instrument, Quote
from ...model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ..budget import Budget, Rules
from ..call import Call
from ..http import Http, Sign, Site
from ..registry import BrokerParts
from . import decoding
from .config import TektiiSettings
from .encoding import TYPES
from .history import History
from .holdings import Holdings
from .kin import Kin
from .news import News
from .orders import Orders
from .polling import Polling
from .refusals import PROVIDER
from .replacing import Replacing
from .rest import Rest
from .run import Run
from .times import SimulatedTime

T = TypeVar("T")
Work: TypeAlias = Callable[[], Coroutine[Deferred[Any], Any, T]]

CLASSES: Final = (AssetClass.STOCK, AssetClass.CRYPTO, AssetClass.FOREX)
FEATURES: Final = (
    "hedging",
    "reduce_only",
    "short_selling",
    "leverage",
    "bracket_orders",
    "oco",
)


@implementer(IPacedBroker)
class TektiiBroker(MultiService):
    """One engine, and its one run."""

    log = Logger()
    provider = PROVIDER
    client_order_ids = ClientOrderIdRule(unique=False)
    exits_hold_quantity = False

    def __init__(self, own: TektiiSettings, parts: BrokerParts) -> None:
        super().__init__()
        self.platform = parts.settings.platform
        self.account_name = f"tektii:{uuid4()}"  # whatever an engine did before is another's
        self._own = own
        self._parts = parts
        self._clock = SimulatedTime()
        self._budget = Budget(
            Rules(name="The engine"),
            parts.clock,
            parts.seconds,
            parts.now,
            parts.memory,
            parts.listener.on_event,
        )
        site = Site(name="The engine", base=own.rest, sign=_signer(own), random=parts.random)
        self._rest = rest = Rest(Http(site, self._budget, parts.dial, parts.clock))
        kin, self._holdings = Kin(), Holdings()
        polling = Polling(self.order, parts.clock)
        self._orders = Orders(rest, kin, polling, self._clock)
        self._replacing = Replacing(self._orders, parts.listener.on_event)
        self._history = History(rest, self._clock)
        news = News(self._clock, kin, self._holdings)
        self._run = Run(own, parts, self._clock, news, polling.before, polling.told)
        self.pacing: IPacing = self._run.pacing
        self.over = self._run.over
        self.time = Time(clock=parts.clock, now=self._clock.now, seconds=parts.seconds)

    def startService(self) -> None:
        for warning in self._own.warnings:
            self.log.warn("{warning}", warning=warning)
        super().startService()
        self._parts.listener.on_session(self._run.session)
        self._parts.listener.on_link_up().addErrback(
            lambda failure: self.log.failure("asking the engine how things stand", failure)
        )

    def stopService(self) -> Deferred[Any]:
        self._run.stop()
        return maybeDeferred(super().stopService).addBoth(self._let_go)

    def _let_go(self, result: T) -> T:
        self._budget.stop()
        self._rest.close()
        return result

    # -- a run that is paced

    def sink(self, sink: IEventSink) -> IEventSink:
        return self._run.sink(sink)

    def new_id(self) -> str:
        return growing_id(self._parts.now())

    def on_assembled(self, settled: Settled) -> None:
        self._run.settle_with(settled)

    def status(self) -> BacktestStatus:
        return self._run.status()

    def report(self) -> dict[str, Any]:
        return self._run.report()

    # -- what is known without asking

    def capabilities(self) -> Capabilities:
        return Capabilities(
            supported_asset_classes=CLASSES,
            supported_order_types=tuple(TYPES),
            position_mode=PositionMode.HEDGING,
            features=FEATURES,
        )

    def manages_exits(self, request: OrderRequest) -> bool:  # noqa: ARG002  (it never does)
        return False

    def instrument(self, symbol: str) -> Instrument | None:  # noqa: ARG002  (nothing is known)
        return None

    def limits(self) -> LimitsStatus:
        return self._budget.status()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        """The engine's frames come in order or not at all: there is nothing to be done."""

    # -- orders

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        return _started(lambda: self._orders.submit(request, lane))

    def cancel(self, order_id: str) -> Deferred[Order]:
        return _started(lambda: self._orders.cancel(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return _started(lambda: self._replacing.replace(order_id, change))

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        return _started(lambda: self._orders.close(position, request, client_order_id))

    def order(self, order_id: str) -> Deferred[Order]:
        return _asked(lambda: self._orders.order(order_id))

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return _asked(lambda: self._orders.by_client_id(client_order_id))

    # -- how things stand

    def open_orders(self, lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return _asked(lambda: self._orders.working(lane))

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return _asked(lambda: self._orders.closed(query))

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return _asked(lambda: self._trades(query))

    async def _trades(self, query: TradeQuery) -> list[Trade]:
        found = [
            decoding.trade_from(e) for e in await self._rest.trades(query.symbol, query.order_id)
        ]
        for trade in found:
            self._holdings.executed(trade, self._clock.now())
        wanted = query.order_id
        return [trade for trade in found if wanted in (None, trade.order_id)]

    def positions(self, lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return _asked(lambda: self._positions(lane))

    async def _positions(self, lane: Lane) -> list[Position]:
        await self._history.learn_time(self._own.symbols)
        return self._holdings.listed(await self._rest.positions(lane), self._clock.now())

    def account(self) -> Deferred[Account]:
        return _asked(self._account)

    async def _account(self) -> Account:
        return decoding.account_from(await self._rest.account())

    # -- prices

    def quote(self, symbol: str) -> Deferred[Quote]:
        return _asked(lambda: self._history.quote(symbol))

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        if query.limit == 0:
            return succeed([])
        return _asked(lambda: self._history.bars(symbol, query))

    def ping(self) -> Deferred[None]:
        return _asked(self._rest.health)


def _signer(own: TektiiSettings) -> Sign:
    """Shows the key, if there is one, with every call."""

    def sign(call: Call) -> Call:
        if own.key is None:
            return call
        shown = ("Authorization", f"Bearer {own.key.reveal()}")
        return replace(call, headers=(*call.headers, shown))

    return sign


def _started(work: Work[T]) -> Deferred[T]:
    """*work*, which fails with ``GatewayError`` alone: what cannot be told is as what cannot be
    read.
    """

    async def whole() -> T:
        try:
            return await work()
        except (ValueError, ArithmeticError) as error:
            raise InternalError(f"The engine's answer cannot be told: {error}") from error

    return Deferred.fromCoroutine(whole())


def _asked(work: Work[T]) -> Deferred[T]:
    """The same for what only asks: without an engine there is no answer, and that is all."""

    async def whole() -> T:
        try:
            return await work()
        except NotSent as error:
            raise ProviderError(error.message, PROVIDER) from error

    return _started(whole)
