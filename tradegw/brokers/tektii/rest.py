"""The engine's REST: one short method for each call."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, TypeAlias, TypeVar

import msgspec
from twisted.logger import Logger

from ...errors import GatewayError, InternalError, InvalidRequest, OrderRejected
from ...model.enums import OrderStatus, Timeframe
from ...model.limits import Lane
from ..call import MEBIBYTE, Call, Reply, segment
from ..http import Http
from . import wire
from .refusals import About, error_of

T = TypeVar("T")
Query: TypeAlias = tuple[tuple[str, str], ...]

BASE: Final = "/api/v1"
MOST: Final = 10_000
"""Orders, or bars, in one answer."""

SECONDS: Final = 15.0
_LONGEST: Final = 32 * MEBIBYTE
_JSON: Final = (("content-type", "application/json"),)


class Rest:
    """Speaks to the engine through *http*; nothing is sent twice. Fails with ``GatewayError``."""

    log = Logger()

    def __init__(self, http: Http) -> None:
        self._http = http
        self._takes_words = True

    # -- orders

    async def submit(self, order: wire.NewOrder, lane: Lane) -> wire.OrderHandle:
        """Refused or rejected orders are ``OrderRejected``."""
        call = Call(
            method="POST",
            path=f"{BASE}/orders",
            lane=lane,
            body=msgspec.json.encode(order),
            headers=_JSON,
            deadline=SECONDS,
        )
        return await self._read(call, wire.OrderHandle, About.NEW_ORDER, order.symbol)

    async def order(self, order_id: str, lane: Lane = Lane.QUERY) -> wire.Order:
        path = f"{BASE}/orders/{segment(order_id)}"
        return await self._get(path, wire.Order, About.ORDER, name=order_id, lane=lane)

    async def cancel(self, order_id: str) -> None:
        """Whatever the body of the answer says."""
        path = f"{BASE}/orders/{segment(order_id)}"
        call = Call(method="DELETE", path=path, lane=Lane.EMERGENCY, deadline=SECONDS)
        await self._answer(call, About.ENDING, order_id)

    async def orders(
        self, statuses: Collection[OrderStatus], lane: Lane = Lane.QUERY
    ) -> tuple[wire.Order, ...]:
        """Those of *statuses*, or all; and others, where the engine knows another filter."""
        whole: Query = (("limit", str(MOST)),)
        if not statuses or not self._takes_words:
            return await self._orders(whole, lane)
        words = ",".join(status.value for status in OrderStatus if status in statuses)
        try:
            return await self._orders((("status", words), *whole), lane)
        except (InvalidRequest, OrderRejected) as refusal:
            self.log.info("the engine filters no orders: {reason}", reason=refusal.message)
            found = await self._orders(whole, lane)
            self._takes_words = False  # so it is an engine of the other generation
            return found

    async def _orders(self, query: Query, lane: Lane) -> tuple[wire.Order, ...]:
        path = f"{BASE}/orders"
        return (await self._get(path, wire.Orders, About.ACCOUNT, query=query, lane=lane)).orders

    # -- what came of them

    async def trades(self, symbol: str | None, order_id: str | None) -> tuple[wire.Trade, ...]:
        """Those of a symbol and an order, or more: not every engine heeds that."""
        named = (("symbol", symbol), ("order_id", order_id))
        query = tuple((name, value) for name, value in named if value is not None)
        return (await self._get(f"{BASE}/trades", wire.Trades, About.ACCOUNT, query=query)).trades

    async def positions(self, lane: Lane = Lane.QUERY) -> tuple[wire.Position, ...]:
        path = f"{BASE}/positions"
        return (await self._get(path, wire.Positions, About.ACCOUNT, lane=lane)).positions

    async def account(self) -> wire.Account:
        return await self._get(f"{BASE}/account", wire.Account, About.ACCOUNT)

    # -- prices

    async def quote(self, symbol: str) -> wire.Quote:
        query = (("symbol", symbol),)
        return await self._get(
            f"{BASE}/quote", wire.Quote, About.PRICES, query=query, name=symbol, lane=Lane.DATA
        )

    async def bars(self, symbol: str, timeframe: Timeframe, count: int) -> tuple[wire.Bar, ...]:
        query = (("symbol", symbol), ("timeframe", timeframe.value), ("count", str(count)))
        path = f"{BASE}/bars"
        found = await self._get(
            path, wire.Bars, About.PRICES, query=query, name=symbol, lane=Lane.DATA
        )
        return found.bars

    async def health(self) -> None:
        """Any 2xx will do."""
        call = Call(method="GET", path="/health", lane=Lane.QUERY, deadline=SECONDS)
        await self._answer(call, About.ACCOUNT, "")

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()

    # -- how it is done

    async def _get(
        self,
        path: str,
        kind: type[T],
        about: About,
        *,
        query: Query = (),
        name: str = "",
        lane: Lane = Lane.QUERY,
    ) -> T:
        call = Call(
            method="GET", path=path, lane=lane, query=query, deadline=SECONDS, max_bytes=_LONGEST
        )
        return await self._read(call, kind, about, name)

    async def _read(self, call: Call, kind: type[T], about: About, name: str) -> T:
        reply = await self._answer(call, about, name)
        try:
            return wire.read(reply.body, kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InternalError(f"The engine's answer cannot be read: {error}") from error

    async def _answer(self, call: Call, about: About, name: str) -> Reply:
        reply = await self._http.send(call)
        if 200 <= reply.status < 300:
            return reply
        error: GatewayError = error_of(reply.status, reply.body, reply.headers, about, name)
        self.log.info(
            "the engine answered {method} {path} with {status}: {reason}",
            method=call.method,
            path=call.path,
            status=reply.status,
            reason=error.message,
        )
        raise error
