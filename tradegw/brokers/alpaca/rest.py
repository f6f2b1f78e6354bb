"""Alpaca's REST calls, one method each. What is asked for is answered, or an error of the gateway.

Only look-ups are repeated. What makes or changes an order is sent once: where its answer is missing
nobody knows what became of it, and the error says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeVar

import msgspec
from twisted.logger import Logger

from ...errors import ProviderError
from ...interfaces import WallClock
from ...model.limits import Lane
from ..call import Call, Reply, segment
from ..http import Http
from . import wire
from .encoding import encode
from .prices import PROVIDER
from .refusals import About, error_of
from .times import text_of

T = TypeVar("T")

Query = tuple[tuple[str, str], ...]

MOST_ORDERS: Final = 500
MOST_ACTIVITIES: Final = 100
MOST_BARS: Final = 10_000
LONG_SECONDS: Final = 18.0
"""For what may be long; whoever asks waits for 20 seconds."""

_LONGEST: Final = 64 * 2**20
_JSON: Final = (("Content-Type", "application/json"),)


class Rest:
    """The trading API behind *trading*, market data behind *data*."""

    log = Logger()

    def __init__(self, trading: Http, data: Http, now: WallClock) -> None:
        self._trading = trading
        self._data = data
        self._now = now

    # -- account

    async def account(self) -> wire.Account:
        return await self._get("/v2/account", wire.Account, About.ACCOUNT)

    async def positions(self, lane: Lane = Lane.QUERY) -> tuple[wire.Position, ...]:
        kind = tuple[wire.Position, ...]
        return await self._get("/v2/positions", kind, About.ACCOUNT, lane=lane)

    async def position(self, name: str) -> wire.Position:
        """Of a symbol without a slash."""
        path = f"/v2/positions/{segment(name)}"
        return await self._get(path, wire.Position, About.POSITION, name=name, lane=Lane.EMERGENCY)

    async def executions(self, query: Query) -> tuple[wire.Activity, ...]:
        """One page of fills."""
        path = "/v2/account/activities/FILL"
        return await self._get(path, tuple[wire.Activity, ...], About.ACCOUNT, query=query)

    # -- orders

    async def submit(self, order: wire.NewOrder, lane: Lane) -> wire.Order:
        call = Call(method="POST", path="/v2/orders", lane=lane, body=encode(order), headers=_JSON)
        return await self._asked(call, wire.Order, About.NEW_ORDER, order.symbol)

    async def replace(self, order_id: str, change: wire.Change) -> wire.Order:
        """The order that takes the place of *order_id*."""
        call = Call(
            method="PATCH",
            path=f"/v2/orders/{segment(order_id)}",
            lane=Lane.EMERGENCY,
            body=encode(change),
            headers=_JSON,
        )
        return await self._asked(call, wire.Order, About.CHANGE, order_id)

    async def cancel(self, order_id: str) -> None:
        """Ask for it; that is not to say that it is done."""
        call = Call(method="DELETE", path=f"/v2/orders/{segment(order_id)}", lane=Lane.EMERGENCY)
        await self._answer(self._trading, call, About.CHANGE, order_id)

    async def order(self, order_id: str, lane: Lane = Lane.QUERY) -> wire.Order:
        """With its legs."""
        path = f"/v2/orders/{segment(order_id)}"
        query = (("nested", "true"),)
        return await self._get(path, wire.Order, About.ORDER, query=query, name=order_id, lane=lane)

    async def order_by_client_id(self, client_order_id: str) -> wire.Order:
        path = "/v2/orders:by_client_order_id"
        query = (("client_order_id", client_order_id), ("nested", "true"))
        return await self._get(path, wire.Order, About.ORDER, query=query, name=client_order_id)

    async def orders(
        self,
        status: str,
        *,
        nested: bool = False,
        after: datetime | None = None,
        until: str | None = None,
        symbol: str | None = None,
        lane: Lane = Lane.QUERY,
    ) -> tuple[wire.Order, ...]:
        """One page of orders, newest first; *until* as an earlier page has it."""
        query: list[tuple[str, str]] = [
            ("status", status),
            ("limit", str(MOST_ORDERS)),
            ("direction", "desc"),
            ("nested", "true" if nested else "false"),
        ]
        if after is not None:
            query.append(("after", text_of(after)))
        if until is not None:
            query.append(("until", until))
        if symbol is not None:
            query.append(("symbols", symbol))
        kind = tuple[wire.Order, ...]
        return await self._get("/v2/orders", kind, About.ACCOUNT, query=tuple(query), lane=lane)

    # -- what can be traded, and when

    async def asset(self, symbol: str) -> wire.Asset:
        path = f"/v2/assets/{segment(symbol)}"
        return await self._get(path, wire.Asset, About.SYMBOL, name=symbol, lane=Lane.ENTRY)

    async def pairs(self) -> tuple[wire.Asset, ...]:
        """All of crypto that can be traded."""
        query = (("status", "active"), ("asset_class", "crypto"))
        return await self._get("/v2/assets", tuple[wire.Asset, ...], About.ACCOUNT, query=query)

    async def clock(self) -> wire.Clock:
        return await self._get("/v2/clock", wire.Clock, About.ACCOUNT)

    # -- market data

    async def stock_snapshot(self, symbol: str, feed: str) -> wire.Snapshot:
        path = f"/v2/stocks/{segment(symbol)}/snapshot"
        query = (("feed", feed),)
        return await self._price(path, wire.Snapshot, query, symbol)

    async def crypto_snapshots(self, symbol: str) -> wire.Snapshots:
        path = "/v1beta3/crypto/us/snapshots"
        return await self._price(path, wire.Snapshots, (("symbols", symbol),), symbol)

    async def stock_bars(self, symbol: str, query: Query) -> wire.BarPage:
        return await self._price(
            "/v2/stocks/bars", wire.BarPage, (("symbols", symbol), *query), symbol
        )

    async def crypto_bars(self, symbol: str, query: Query) -> wire.BarPage:
        path = "/v1beta3/crypto/us/bars"
        return await self._price(path, wire.BarPage, (("symbols", symbol), *query), symbol)

    def close(self) -> None:
        """Drop the connections."""
        self._trading.close()
        self._data.close()

    # -- how it is done

    async def _price(self, path: str, kind: type[T], query: Query, symbol: str) -> T:
        call = Call(
            method="GET",
            path=path,
            lane=Lane.DATA,
            query=query,
            repeatable=True,
            deadline=LONG_SECONDS,
            max_bytes=_LONGEST,
        )
        return _read(await self._answer(self._data, call, About.SYMBOL, symbol), kind)

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
            method="GET", path=path, lane=lane, query=query, repeatable=True, max_bytes=_LONGEST
        )
        return await self._asked(call, kind, about, name)

    async def _asked(self, call: Call, kind: type[T], about: About, name: str) -> T:
        return _read(await self._answer(self._trading, call, about, name), kind)

    async def _answer(self, http: Http, call: Call, about: About, name: str) -> Reply:
        reply = await http.send(call)
        if 200 <= reply.status < 300:
            return reply
        error = error_of(reply.status, reply.body, reply.headers, about, name, self._now())
        self.log.info(
            "Alpaca answered {method} {path} with {status}: {reason}",
            method=call.method,
            path=call.path,
            status=reply.status,
            reason=error.message,
            request_id=reply.headers.get("x-request-id"),
        )
        raise error


def _read(reply: Reply, kind: type[T]) -> T:
    """An answer that cannot be read leaves doubt: it may have been done."""
    try:
        return wire.read(reply.body, kind)
    except msgspec.DecodeError as error:
        raise ProviderError(f"Alpaca's answer cannot be read: {error}", PROVIDER) from error
