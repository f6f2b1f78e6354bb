"""Spot's REST calls, one method each. What is asked for is answered, or an error of the gateway.

Only look-ups are repeated. What makes or changes an order is sent once, unless Binance refused its
time: then nothing was done, and it is sent again with the right one, once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from twisted.logger import Logger

from ....errors import ProviderError
from ....model.limits import Lane
from ...call import Call, Reply
from ...http import Http
from .. import limits
from ..limits import WEIGHT
from ..refusals import BAD_TIME, PROVIDER, About, error_of, said_by
from . import wire
from .encoding import Query
from .ids import OrderId

T = TypeVar("T")

MOST_TRADES: Final = 1000
MOST_ORDERS: Final = 1000
MOST_BARS: Final = 1000
LONG_SECONDS: Final = 18.0
"""For what may be long; whoever asks waits for 20 seconds."""

_LONGEST: Final = 64 * 2**20


class Rest:
    """The calls below *prefix* by *http*; *resync* finds out what Binance's time is."""

    log = Logger()

    def __init__(self, http: Http, prefix: str, resync: Callable[[], Awaitable[None]]) -> None:
        self._http = http
        self._prefix = prefix
        self._resync = resync

    # -- what is known to everybody

    async def time(self) -> int:
        """In milliseconds."""
        return (await self._get("time", wire.Time, 1, About.ACCOUNT)).server_time

    async def exchange_info(self) -> wire.ExchangeInfo:
        query = (("showPermissionSets", "false"),)
        return await self._get("exchangeInfo", wire.ExchangeInfo, 20, About.ACCOUNT, query=query)

    async def prices(self, lane: Lane = Lane.QUERY) -> dict[str, Decimal]:
        """The last one of every symbol."""
        kind = tuple[wire.Price, ...]
        found = await self._get("ticker/price", kind, 4, About.ACCOUNT, lane=lane)
        return {each.symbol: each.price for each in found}

    async def ticker(self, symbol: str) -> wire.Ticker:
        query = (("symbol", symbol),)
        return await self._get(
            "ticker/24hr", wire.Ticker, 2, About.SYMBOL, query=query, name=symbol, lane=Lane.DATA
        )

    async def klines(self, symbol: str, query: Query) -> tuple[wire.Kline, ...]:
        return await self._get(
            "klines",
            tuple[wire.Kline, ...],
            2,
            About.SYMBOL,
            query=(("symbol", symbol), *query),
            name=symbol,
            lane=Lane.DATA,
        )

    # -- the account

    async def account(self, lane: Lane = Lane.QUERY) -> wire.Account:
        query = (("omitZeroBalances", "true"),)
        return await self._get("account", wire.Account, 20, About.ACCOUNT, query=query, lane=lane)

    async def trades(
        self, symbol: str, query: Query = (), lane: Lane = Lane.QUERY
    ) -> tuple[wire.Trade, ...]:
        """One page of executions, oldest first."""
        weight = 5 if any(name == "orderId" for name, _value in query) else 20
        asked = (("symbol", symbol), *query, ("limit", str(MOST_TRADES)))
        return await self._get(
            "myTrades", tuple[wire.Trade, ...], weight, About.ACCOUNT, query=asked, lane=lane
        )

    async def open_orders(self, lane: Lane = Lane.QUERY) -> tuple[wire.Order, ...]:
        """Of all symbols."""
        kind = tuple[wire.Order, ...]
        return await self._get("openOrders", kind, 80, About.ACCOUNT, lane=lane)

    async def open_lists(self, lane: Lane = Lane.QUERY) -> tuple[wire.OrderList, ...]:
        """Of all symbols."""
        kind = tuple[wire.OrderList, ...]
        return await self._get("openOrderList", kind, 6, About.ACCOUNT, lane=lane)

    async def orders(self, symbol: str, query: Query = ()) -> tuple[wire.Order, ...]:
        """One page of orders, working or not, oldest first."""
        asked = (("symbol", symbol), *query, ("limit", str(MOST_ORDERS)))
        return await self._get("allOrders", tuple[wire.Order, ...], 20, About.ACCOUNT, query=asked)

    async def order(self, order_id: OrderId, lane: Lane = Lane.QUERY) -> wire.Order:
        query = (("symbol", order_id.symbol), ("orderId", str(order_id.number)))
        return await self._get(
            "order", wire.Order, 4, About.ORDER, query=query, name=str(order_id), lane=lane
        )

    async def order_by_client_id(self, symbol: str, client_order_id: str) -> wire.Order:
        query = (("symbol", symbol), ("origClientOrderId", client_order_id))
        return await self._get(
            "order", wire.Order, 4, About.ORDER, query=query, name=client_order_id
        )

    # -- what is done

    async def submit(self, query: Query, lane: Lane) -> wire.Order:
        call = self._call("POST", "order", query, lane, limits.orders())
        return await self._asked(call, wire.Order, About.NEW_ORDER)

    async def submit_list(self, kind: str, query: Query, count: int, lane: Lane) -> wire.OrderList:
        """Several orders that depend on each other: ``oco``, ``opoco``."""
        call = self._call("POST", f"orderList/{kind}", query, lane, limits.orders(count))
        return await self._asked(call, wire.OrderList, About.NEW_ORDER)

    async def cancel(self, order_id: OrderId) -> wire.Order:
        """The order as it ended; of a list, all of it ends."""
        query = (("symbol", order_id.symbol), ("orderId", str(order_id.number)))
        path = f"{self._prefix}/order"
        weights = {WEIGHT: 1}
        call = Call(method="DELETE", path=path, lane=Lane.EMERGENCY, query=query, weight=weights)
        reply = await self._reply(call)
        if reply.status < 300:
            return self._canceled(reply, order_id)
        raise self._refusal(call, reply, About.CHANGE, str(order_id))

    async def amend(self, order_id: OrderId, query: Query) -> wire.Order:
        """The same order, of a smaller quantity."""
        path = f"{self._prefix}/order/amend/keepPriority"
        whole = (("symbol", order_id.symbol), ("orderId", str(order_id.number)), *query)
        call = Call(method="PUT", path=path, lane=Lane.EMERGENCY, query=whole, weight={WEIGHT: 4})
        amended = await self._asked(call, wire.Amended, About.CHANGE, str(order_id))
        return amended.amended_order

    async def exchange(self, order_id: OrderId, query: Query) -> Reply:
        """Cancel an order and send another; whatever Binance answered, for two things are told."""
        whole = (*query, ("cancelOrderId", str(order_id.number)))
        return await self._reply(
            self._call("POST", "order/cancelReplace", whole, Lane.EMERGENCY, limits.orders())
        )

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()

    # -- how it is done

    def _call(
        self, method: str, end: str, query: Query, lane: Lane, weight: Mapping[str, int]
    ) -> Call:
        path = f"{self._prefix}/{end}"
        return Call(method=method, path=path, lane=lane, query=query, weight=weight)

    async def _get(
        self,
        end: str,
        kind: type[T],
        weight: int,
        about: About,
        *,
        query: Query = (),
        name: str = "",
        lane: Lane = Lane.QUERY,
    ) -> T:
        call = Call(
            method="GET",
            path=f"{self._prefix}/{end}",
            lane=lane,
            query=query,
            weight={WEIGHT: weight},
            repeatable=True,
            deadline=LONG_SECONDS,
            max_bytes=_LONGEST,
        )
        return await self._asked(call, kind, about, name)

    async def _asked(self, call: Call, kind: type[T], about: About, name: str = "") -> T:
        reply = await self._reply(call)
        if not 200 <= reply.status < 300:
            raise self._refusal(call, reply, about, name)
        return read_reply(reply, kind)

    async def _reply(self, call: Call) -> Reply:
        reply = await self._http.send(call)
        said = said_by(reply.body) if reply.status >= 400 else None
        if said is None or said.code != BAD_TIME:
            return reply
        self.log.warn("Binance refused our time: {text}", text=said.msg[:200])
        await self._resync()
        return await self._http.send(call)

    def _refusal(self, call: Call, reply: Reply, about: About, name: str) -> Exception:
        error = error_of(reply.status, reply.body, about, name)
        self.log.info(
            "Binance answered {method} {path} with {status}: {reason}",
            method=call.method,
            path=call.path,
            status=reply.status,
            reason=error.message,
        )
        return error

    def _canceled(self, reply: Reply, order_id: OrderId) -> wire.Order:
        """Of one order; of a list, the one that was meant."""
        try:
            listed = wire.read(reply.body, wire.OrderList)
        except msgspec.DecodeError:
            return read_reply(reply, wire.Order)
        if not listed.order_reports:
            return read_reply(reply, wire.Order)
        for each in listed.order_reports:
            if each.order_id == order_id.number:
                return each
        raise ProviderError("Binance's answer does not tell of the order", PROVIDER)


def read_reply(reply: Reply, kind: type[T]) -> T:
    """An answer that cannot be read leaves doubt: it may have been done."""
    try:
        return wire.read(reply.body, kind)
    except msgspec.DecodeError as error:
        raise ProviderError(f"Binance's answer cannot be read: {error}", PROVIDER) from error
