"""What clients ask: answered by the broker, linked, filtered and sorted here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from ..deferreds import as_deferred, deadline
from ..errors import OrderNotFound, PositionNotFound
from ..interfaces import IEnquiry, IJournal, WallClock
from ..model.account import Account, Position, Trade, TradeQuery
from ..model.enums import OrderStatus, PositionMode
from ..model.limits import Lane, LimitsStatus
from ..model.market import Bar, BarQuery, Capabilities, ConnectionStatus, Quote
from ..model.order import Order, OrderQuery
from . import filters
from .attempt import Attempt
from .blotter import Blotter
from .intents import Intents
from .line import Line
from .restoring import told_order
from .spelling import respelt, shown
from .wanted import order_of

STATUS_SECONDS: Final = 5.0


@implementer(IEnquiry)
class Reads:
    """The authority is the broker; the blotter adds what only the gateway knows.

    *seconds* tells monotonic time. What is asked ``always`` passes an open breaker: it is needed to
    lower risk.
    """

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        intents: Intents,
        journal: IJournal,
        clock: IReactorTime,
        seconds: Callable[[], float],
        now: WallClock,
    ) -> None:
        self._line = line
        self._broker = line.broker
        self._blotter = blotter
        self._intents = intents
        self._journal = journal
        self._clock = clock
        self._seconds = seconds
        self._now = now

    @as_deferred
    async def open_orders(self, query: OrderQuery) -> list[Order]:
        query = respelt(self._broker, query)
        orders = await self._line.ask(self._broker.open_orders)
        if query.status and any(status.is_terminal for status in query.status):
            orders = orders + await self._closed(query)
        return filters.open_orders(self._linked(orders), query)

    @as_deferred
    async def order_history(self, query: OrderQuery) -> list[Order]:
        query = respelt(self._broker, query)
        working: list[Order] = []
        if query.status and not all(status.is_terminal for status in query.status):
            working = await self._line.ask(self._broker.open_orders)  # first: it may end meanwhile
        return filters.order_history(self._linked(working + await self._closed(query)), query)

    def _closed(self, query: OrderQuery) -> Deferred[list[Order]]:
        if query.oco_group_id is not None:  # unknown to the broker, so its newest few may not do
            query = replace(query, limit=None)
        return self._line.ask(lambda: self._broker.closed_orders(query))

    def _linked(self, orders: list[Order]) -> list[Order]:
        """With links; an order that ended between two calls is taken once, as it ended."""
        return [self._blotter.linked(order) for order in {o.id: o for o in orders}.values()]

    @as_deferred
    async def order(self, order_id: str) -> Order:
        attempt = self._intents.by_id(order_id)
        if attempt is not None and attempt.order_id is not None:
            order_id = attempt.order_id
        elif attempt is not None:
            return self._without_order(attempt)
        try:
            return self._blotter.linked(await self._line.ask(lambda: self._broker.order(order_id)))
        except OrderNotFound:
            remembered = self._remembered(order_id)
            if remembered is None:
                raise
            return remembered

    def _without_order(self, attempt: Attempt) -> Order:
        """How an attempt stands that led to no order, or to none that is known yet."""
        told = self._blotter.told(attempt.intent.id) or self._remembered(attempt.intent.id)
        if told is not None:
            return told
        if attempt.is_settled:
            raise OrderNotFound(attempt.intent.id)
        return order_of(attempt.intent, OrderStatus.PENDING, attempt.intent.at)

    def _remembered(self, order_id: str) -> Order | None:
        """An order that is over, and that the broker shows no more."""
        known = self._blotter.told(order_id)
        if known is None:
            state = self._journal.order(order_id)
            known = None if state is None else told_order(state)[0]
        return known if known is not None and known.status.is_terminal else None

    @as_deferred
    async def trades(self, query: TradeQuery) -> list[Trade]:
        query = respelt(self._broker, query)
        found = await self._line.ask(lambda: self._broker.trades(query))
        return filters.trades(found, query)

    @as_deferred
    async def positions(self, symbol: str | None, *, always: bool = False) -> list[Position]:
        found = await self._line.ask(lambda: self._broker.positions(_lane(always)), always=always)
        wanted = None if symbol is None else shown(self._broker, symbol)
        return [position for position in found if wanted in (None, position.symbol)]

    @as_deferred
    async def position(self, position_id: str, *, always: bool = False) -> Position:
        netting = self.capabilities().position_mode is PositionMode.NETTING
        symbol = shown(self._broker, position_id)
        asked = self._line.ask(lambda: self._broker.positions(_lane(always)), always=always)
        for position in await asked:
            if position.id == position_id or (netting and position.symbol == symbol):
                return position
        raise PositionNotFound(position_id)

    def account(self) -> Deferred[Account]:
        return self._line.ask(self._broker.account)

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._line.ask(lambda: self._broker.quote(symbol))

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        if query.limit == 0:
            return succeed([])
        if query.limit is not None:
            query = replace(query, limit=min(query.limit, filters.MAX_BARS))
        return self._line.ask(lambda: self._broker.bars(symbol, query))

    def capabilities(self) -> Capabilities:
        return self._broker.capabilities()

    def limits(self) -> LimitsStatus:
        return self._broker.limits()

    @as_deferred
    async def status(self) -> ConnectionStatus:
        started = self._seconds()
        try:
            await deadline(self._broker.ping(), STATUS_SECONDS, self._clock)
            connected = True
        except Exception:  # whatever it was, the broker did not answer
            connected = False
        return ConnectionStatus(
            connected=connected,
            latency_ms=max(0, round((self._seconds() - started) * 1000)),
            last_heartbeat=self._now(),
        )


def _lane(always: bool) -> Lane:
    """What is asked whatever the breaker says is asked to lower risk."""
    return Lane.EMERGENCY if always else Lane.QUERY
