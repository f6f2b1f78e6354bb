"""What the account shows of orders and executions when it is asked.

History is asked for symbol by symbol: of those that orders were sent in, that are streamed, and of
what is held. What was traded elsewhere in other symbols is not looked for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ....errors import OrderNotFound
from ....model.account import Trade, TradeQuery
from ....model.limits import Lane
from ....model.order import Order, OrderQuery
from .. import paging
from ..showing import ended, shown
from ..times import number_of
from . import ids
from .decoding import trade_from
from .finding import Finding
from .instruments import Instruments
from .kin import Kin
from .rest import MOST_ORDERS, MOST_TRADES, Rest
from .stops import Stops

NEAR: Final = timedelta(seconds=2)


class Records:
    """Asks *rest*; *kin* learns of what is seen, and *learned* is called then."""

    def __init__(
        self,
        rest: Rest,
        kin: Kin,
        finding: Finding,
        instruments: Instruments,
        stops: Stops,
        learned: Callable[[], None],
    ) -> None:
        self._rest = rest
        self._kin = kin
        self._finding = finding
        self._instruments = instruments
        self._stops = stops
        self._learned = learned

    async def open_orders(self, lane: Lane = Lane.QUERY) -> list[Order]:
        """All that work, in all symbols; exits that wait for their entry among them."""
        orders = await self._rest.open_orders(lane)
        self._kin.learn_all(orders)
        if any(ids.is_beside(order.name) for order in orders):
            self._kin.learn_lists(await self._rest.open_lists(lane))
        self._learned()
        working = [
            order for order in shown(orders, self._kin.decoded) if not order.status.is_terminal
        ]
        self._stops.saw_all(working)
        for order in working:
            self._finding.sightings.seen(order)
        return working

    async def closed_orders(self, query: OrderQuery) -> list[Order]:
        """Those that ended, created since then, newest first."""
        if query.client_order_id is not None:
            return await ended(self._finding.by_client_id(query.client_order_id))
        since = None if query.since is None else query.since - NEAR
        found: list[Order] = []
        for symbol in await self._symbols(query.symbol):
            listed = await paging.history(
                lambda asked, symbol=symbol: self._rest.orders(symbol, asked),  # type: ignore[misc]  # bound at once
                lambda order: order.order_id,
                lambda order: order.time or order.update_time or 0,
                MOST_ORDERS,
                since,
            )
            self._kin.learn_all(listed)
            found += [
                order for order in shown(listed, self._kin.decoded) if order.status.is_terminal
            ]
        return sorted(found, key=lambda order: order.created_at, reverse=True)

    async def trades(self, query: TradeQuery) -> list[Trade]:
        """Executions, oldest first."""
        if query.order_id is not None:
            return await self._of_order(query.order_id)
        since = None if query.since is None else query.since - NEAR
        found: list[Trade] = []
        for symbol in await self._symbols(query.symbol):
            listed = await paging.history(
                lambda asked, symbol=symbol: self._rest.trades(symbol, asked),  # type: ignore[misc]  # bound at once
                lambda trade: trade.id,
                lambda trade: trade.time,
                MOST_TRADES,
                since,
            )
            earliest = 0 if since is None else number_of(since)
            found += [trade_from(trade) for trade in listed if trade.time >= earliest]
        return sorted(found, key=lambda trade: trade.timestamp)

    async def _of_order(self, order_id: str) -> list[Trade]:
        try:
            asked = ids.parse(order_id)
        except OrderNotFound:
            return []
        query = (("orderId", str(asked.number)),)
        return [trade_from(trade) for trade in await self._rest.trades(asked.symbol, query)]

    async def _symbols(self, named: str | None) -> tuple[str, ...]:
        if named is not None:
            return () if self._instruments.symbol(named) is None else (named,)
        account = await self._rest.account()
        return self._instruments.concerned(balance.asset for balance in account.assets)
