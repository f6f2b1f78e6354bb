"""What the brokers of all products have in common: how their crew is asked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from ...errors import GatewayError, NotSent, ProviderError, leaves_doubt
from ...interfaces import IBroker
from ...model.account import Account, Position, Trade, TradeQuery
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
from ..registry import BrokerParts
from .access import Access
from .crew import Crew
from .refusals import PROVIDER

T = TypeVar("T")
Work: TypeAlias = Callable[[], Coroutine[Deferred[Any], Any, T]]


@implementer(IBroker)
class BinanceBroker(MultiService):
    """One account of one product, reached by *access* and served by a *crew*."""

    log = Logger()
    provider = PROVIDER

    def __init__(self, parts: BrokerParts, access: Access, crew: Crew) -> None:
        super().__init__()
        self.platform = parts.settings.platform
        self.account_name = str(parts.settings.platform)
        self.client_order_ids = crew.client_order_ids
        self.exits_hold_quantity = crew.exits_hold_quantity
        self.crew = crew
        self._access = access
        self._watch = crew.session.liveness.account
        for service in (access.timing, crew.ready, crew.session):
            service.setServiceParent(self)

    def startService(self) -> None:
        for warning in self._access.own.warnings:
            self.log.warn("{warning}", warning=warning)
        super().startService()

    def stopService(self) -> Deferred[Any]:
        self.crew.aftermath.stop()
        return maybeDeferred(super().stopService).addBoth(self._let_go)

    def _let_go(self, result: T) -> T:
        for end in self.crew.ends:
            end()
        self._access.close()
        return result

    # -- what is known without asking

    def capabilities(self) -> Capabilities:
        return self.crew.capabilities

    def manages_exits(self, request: OrderRequest) -> bool:
        return self.crew.orders.manages(request)

    def instrument(self, symbol: str) -> Instrument | None:
        return self.crew.instruments.instrument(symbol)

    def limits(self) -> LimitsStatus:
        return self._access.budget.status()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        self._watch.missed(order_ids)

    # -- orders

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        return self._begun(lambda: self._judged(self.crew.orders.submit(request, lane)))

    def cancel(self, order_id: str) -> Deferred[Order]:
        return _started(lambda: self.crew.orders.cancel(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._begun(lambda: self._judged(self.crew.replacing.replace(order_id, change)))

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        orders = self.crew.orders
        return self._begun(lambda: self._judged(orders.close(position, request, client_order_id)))

    def order(self, order_id: str) -> Deferred[Order]:
        return self._asked(lambda: self.crew.finding.look_up(order_id))

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return self._asked(lambda: self.crew.finding.by_client_id(client_order_id))

    # -- how things stand

    def open_orders(self, lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return self._asked(lambda: self.crew.records.open_orders(lane))

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._asked(lambda: self.crew.records.closed_orders(query))

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return self._asked(lambda: self.crew.records.trades(query))

    def positions(self, lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return self._asked(lambda: self._positions(lane))

    async def _positions(self, lane: Lane) -> list[Position]:
        held = await self.crew.holdings.positions(lane)
        self.crew.aftermath.saw(held)
        return held

    def account(self) -> Deferred[Account]:
        return self._asked(self.crew.holdings.account)

    # -- prices

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._asked(lambda: self.crew.market.quote(symbol))

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return self._asked(lambda: self.crew.market.bars(symbol, query))

    def ping(self) -> Deferred[None]:
        return self._access.timing.ask()

    # -- how it is done

    async def _judged(self, work: Coroutine[Deferred[Any], Any, T]) -> T:
        """What was refused by a rule of a symbol may show that it changed."""
        try:
            return await work
        except GatewayError as error:
            self.crew.ready.judged(error)
            raise

    def _asked(self, work: Work[T]) -> Deferred[T]:
        """*work*, once it is sure that the account is as is believed."""

        async def whole() -> T:
            await self.crew.ready.sure()
            return await work()

        return _started(whole)

    def _begun(self, work: Work[T]) -> Deferred[T]:
        """As :meth:`_asked`; if that cannot be found out, nothing was sent."""

        async def whole() -> T:
            try:
                await self.crew.ready.sure()
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
