"""The REST calls about spot's pairs, one method each. What is asked for is answered, or an error of
the gateway.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from ....errors import ProviderError
from ....model.limits import Lane
from ...call import Reply
from ..calling import Calling, Query, read_reply
from ..limits import WEIGHT, RateLimit
from ..refusals import PROVIDER, About
from ..wire import Kline, read
from . import wire
from .ids import OrderId
from .venue import Venue, Weight

T = TypeVar("T")

MOST_TRADES: Final = 1000
MOST_ORDERS: Final = 1000
_AMENDMENT: Final = 4


class Rest:
    """The calls of an account at *venue*, by *calls*."""

    def __init__(self, calls: Calling, venue: Venue) -> None:
        self._calls = calls
        self._venue = venue
        self._weights = venue.weights

    # -- what is known to everybody

    async def exchange_info(self) -> wire.ExchangeInfo:
        query = (("showPermissionSets", "false"),)
        kind = wire.ExchangeInfo
        return await self._calls.get("exchangeInfo", kind, 20, About.ACCOUNT, query=query)

    async def prices(self, lane: Lane = Lane.QUERY) -> dict[str, Decimal]:
        """The last one of every symbol."""
        kind = tuple[wire.Price, ...]
        found = await self._calls.get("ticker/price", kind, 4, About.ACCOUNT, lane=lane)
        return {each.symbol: each.price for each in found}

    async def ticker(self, symbol: str) -> wire.Ticker:
        return await self._of_symbol("ticker/24hr", wire.Ticker, symbol)

    async def klines(self, symbol: str, query: Query) -> tuple[Kline, ...]:
        return await self._of_symbol("klines", tuple[Kline, ...], symbol, query)

    async def _of_symbol(self, end: str, kind: type[T], symbol: str, query: Query = ()) -> T:
        asked = (("symbol", symbol), *query)
        return await self._calls.get(
            end, kind, 2, About.SYMBOL, query=asked, name=symbol, lane=Lane.DATA
        )

    # -- the account

    async def owner(self) -> wire.Account:
        """Whose keys they are, and what trading costs; its balances are those of spot."""
        query = (("omitZeroBalances", "true"),)
        return await self._calls.get("account", wire.Account, 20, About.ACCOUNT, query=query)

    async def account(self, lane: Lane = Lane.QUERY) -> wire.Account:
        query = () if self._venue.on_margin else (("omitZeroBalances", "true"),)
        weight = self._weights.account
        return await self._own("account", wire.Account, weight, query, lane)

    async def order_limits(self) -> tuple[RateLimit, ...]:
        """How many orders a margin account may make."""
        kind = tuple[RateLimit, ...]
        return await self._own("rateLimit/order", kind, self._weights.order_limits, ())

    async def trades(
        self, symbol: str, query: Query = (), lane: Lane = Lane.QUERY
    ) -> tuple[wire.Trade, ...]:
        """One page of executions, oldest first."""
        is_of_order = any(name == "orderId" for name, _value in query)
        weight = self._weights.trades_of_order if is_of_order else self._weights.trades
        asked = (("symbol", symbol), *query, ("limit", str(MOST_TRADES)))
        return await self._own("myTrades", tuple[wire.Trade, ...], weight, asked, lane)

    async def open_orders(self, lane: Lane = Lane.QUERY) -> tuple[wire.Order, ...]:
        """Of all symbols."""
        kind = tuple[wire.Order, ...]
        return await self._own("openOrders", kind, self._weights.open_orders, (), lane)

    async def open_lists(self, lane: Lane = Lane.QUERY) -> tuple[wire.OrderList, ...]:
        """Of all symbols."""
        kind = tuple[wire.OrderList, ...]
        return await self._own("openOrderList", kind, self._weights.open_lists, (), lane)

    async def orders(self, symbol: str, query: Query = ()) -> tuple[wire.Order, ...]:
        """One page of orders, working or not, oldest first."""
        asked = (("symbol", symbol), *query, ("limit", str(MOST_ORDERS)))
        return await self._own("allOrders", tuple[wire.Order, ...], self._weights.orders, asked)

    async def order(self, order_id: OrderId, lane: Lane = Lane.QUERY) -> wire.Order:
        return await self._one(_named(order_id), str(order_id), lane)

    async def order_by_client_id(self, symbol: str, client_order_id: str) -> wire.Order:
        query = (("symbol", symbol), ("origClientOrderId", client_order_id))
        return await self._one(query, client_order_id, Lane.QUERY)

    async def _one(self, query: Query, name: str, lane: Lane) -> wire.Order:
        return await self._calls.get(
            self._end("order"), wire.Order, self._weights.order, About.ORDER, query=query,
            name=name, lane=lane,
        )  # fmt: skip

    async def _own(
        self, end: str, kind: type[T], weight: Weight, query: Query, lane: Lane = Lane.QUERY
    ) -> T:
        return await self._calls.get(
            self._end(end), kind, weight, About.ACCOUNT, query=query, lane=lane
        )

    def _end(self, end: str) -> str:
        return f"{self._venue.prefix}/{end}"

    # -- what is done

    async def submit(self, query: Query, lane: Lane) -> wire.Order:
        return await self._made("order", wire.Order, query, 1, lane)

    async def submit_list(self, kind: str, query: Query, count: int, lane: Lane) -> wire.OrderList:
        """Several orders that depend on each other: ``oco``, ``opoco``."""
        return await self._made(f"{self._venue.lists}/{kind}", wire.OrderList, query, count, lane)

    async def _made(self, end: str, kind: type[T], query: Query, count: int, lane: Lane) -> T:
        weight = self._venue.costs(query, count)
        return await self._calls.do(
            "POST", self._end(end), kind, weight, About.NEW_ORDER, query=query, lane=lane
        )

    async def cancel(self, order_id: OrderId) -> wire.Order:
        """The order as it ended; of a list, all of it ends."""
        reply = await self._calls.done(
            "DELETE", self._end("order"), self._weights.cancel, About.CHANGE,
            query=_named(order_id), name=str(order_id),
        )  # fmt: skip
        return _cancelled(reply, order_id)

    async def amend(self, order_id: OrderId, query: Query) -> wire.Order:
        """The same order, of a smaller quantity."""
        amended = await self._calls.do(
            "PUT", self._end("order/amend/keepPriority"), wire.Amended, {WEIGHT: _AMENDMENT},
            About.CHANGE, query=(*_named(order_id), *query), name=str(order_id),
        )  # fmt: skip
        return amended.amended_order

    async def exchange(self, order_id: OrderId, query: Query) -> Reply:
        """Cancel an order and send another; whatever Binance answered, for two things are told."""
        whole = (*query, ("cancelOrderId", str(order_id.number)))
        weight = self._venue.costs(query, 1)
        end = self._end("order/cancelReplace")
        return await self._calls.attempt("POST", end, weight, whole, Lane.EMERGENCY)


def _named(order_id: OrderId) -> Query:
    return (("symbol", order_id.symbol), ("orderId", str(order_id.number)))


def _cancelled(reply: Reply, order_id: OrderId) -> wire.Order:
    """Of one order; of a list, the one that was meant."""
    try:
        listed = read(reply.body, wire.OrderList)
    except msgspec.DecodeError:
        return read_reply(reply, wire.Order)
    if not listed.order_reports:
        return read_reply(reply, wire.Order)
    for each in listed.order_reports:
        if each.order_id == order_id.number:
            return each
    raise ProviderError("Binance's answer does not tell of the order", PROVIDER)
