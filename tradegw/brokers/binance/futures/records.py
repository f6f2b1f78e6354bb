"""What the account shows of orders and executions when it is asked, symbol by symbol.

Both services are asked, and what an order became is told as the order. What was traded elsewhere in
symbols that were never used from here, and of which nothing is held, is not looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from twisted.logger import Logger

from ....errors import OrderNotFound, ProviderError
from ....model.account import Trade, TradeQuery
from ....model.limits import Lane
from ....model.order import Order, OrderQuery
from ..showing import ended, shown
from ..times import number_of
from . import decoding, ids, wire
from .children import Children
from .finding import Finding
from .history import History
from .ids import OrderId
from .instruments import Instruments
from .lineage import Lineage
from .rest import MOST_ALGOS, MOST_ORDERS, MOST_TRADES, Rest
from .statuses import FINISHED

NEAR: Final = timedelta(seconds=2)


class Records:
    """Asks *rest*; *children* learn of what is seen."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        children: Children,
        lineage: Lineage,
        finding: Finding,
        instruments: Instruments,
        history: History,
    ) -> None:
        self._rest = rest
        self._lineage = lineage
        self._children = children
        self._finding = finding
        self._instruments = instruments
        self._history = history

    async def open_orders(self, lane: Lane = Lane.QUERY) -> list[Order]:
        """All that work, in all symbols."""
        algos = await self._rest.open_algos(lane)
        orders = await self._rest.open_orders(lane)  # what was triggered meanwhile is here
        self._children.learn_all(algos)
        await self._lineage.settle((order.symbol, order.order_id) for order in orders)
        found = shown(orders, self._children.told)
        there = {order.id for order in found}
        for algo in algos:
            order_id = str(OrderId(algo.symbol, algo.algo_id, waits=True))
            order = None if order_id in there else await self._stands(algo)
            found += [] if order is None else [order]
        for order in found:
            self._instruments.use(order.symbol)
            self._finding.sightings.seen(order)
        return [order for order in found if not order.status.is_terminal]

    async def _stands(self, algo: wire.Algo) -> Order | None:
        """How *algo* stands, whose child may have ended already."""
        known = self._children.algo(algo.algo_id) or algo
        try:
            if known.algo_status == FINISHED and not self._finding.is_open_what_it_became(known):
                return decoding.waiting_from(known)  # nothing more is to be found out
            return await self._finding.whole(known)
        except (ValueError, ProviderError) as error:
            self.log.warn("an order is not shown: {reason}", reason=str(error))
            return None

    async def closed_orders(self, query: OrderQuery) -> list[Order]:
        """Those that ended, created since then, newest first."""
        if query.client_order_id is not None:
            return await ended(self._finding.by_client_id(query.client_order_id))
        since = None if query.since is None else query.since - NEAR
        found: list[Order] = []
        for symbol in self._symbols(query.symbol):
            found += await self._closed_in(symbol, since)
        return sorted(found, key=lambda order: order.created_at, reverse=True)

    async def _closed_in(self, symbol: str, since: datetime | None) -> list[Order]:
        algos = await self._history.read(
            lambda asked: self._rest.algos(symbol, asked),
            lambda algo: algo.algo_id,
            lambda algo: algo.create_time,
            MOST_ALGOS,
            since,
        )
        self._children.learn_all(algos)
        orders = await self._history.read(
            lambda asked: self._rest.orders(symbol, asked),
            lambda order: order.order_id,
            lambda order: order.time or order.update_time or 0,
            MOST_ORDERS,
            since,
        )
        await self._lineage.settle((symbol, order.order_id) for order in orders)
        found = {order.id: order for order in shown(orders, self._children.told)}
        for algo in algos:
            order_id = str(OrderId(algo.symbol, algo.algo_id, waits=True))
            ended = None if order_id in found else await self._stands(algo)
            if ended is not None:
                found[order_id] = ended
        return [order for order in found.values() if order.status.is_terminal]

    async def trades(self, query: TradeQuery) -> list[Trade]:
        """Executions, oldest first."""
        if query.order_id is not None:
            return await self._of_order(query.order_id)
        since = None if query.since is None else query.since - NEAR
        found: list[Trade] = []
        for symbol in self._symbols(query.symbol):
            listed = await self._history.read(
                lambda asked, symbol=symbol: self._rest.trades(symbol, asked),  # type: ignore[misc]  # bound at once
                lambda trade: trade.id,
                lambda trade: trade.time,
                MOST_TRADES,
                since,
            )
            earliest = 0 if since is None else number_of(since)
            found += await self._named([each for each in listed if each.time >= earliest])
        return sorted(found, key=lambda trade: trade.timestamp)

    async def _of_order(self, order_id: str) -> list[Trade]:
        try:
            asked = ids.parse(order_id)
            number = asked.number
            if asked.waits:
                algo = await self._finding.waiting(asked, Lane.QUERY)
                if algo.child is None:
                    return []
                number = algo.child
        except OrderNotFound:
            return []
        query = (("orderId", str(number)),)
        return await self._named(await self._rest.trades(asked.symbol, query))

    async def _named(self, trades: Iterable[wire.Trade]) -> list[Trade]:
        listed = list(trades)
        await self._lineage.settle((trade.symbol, trade.order_id) for trade in listed)
        return shown(
            listed,
            lambda trade: decoding.trade_from(
                trade, self._children.id_of(trade.symbol, trade.order_id)
            ),
        )

    def _symbols(self, named: str | None) -> tuple[str, ...]:
        if named is not None:
            return () if self._instruments.symbol(named) is None else (named,)
        return self._instruments.concerned()
