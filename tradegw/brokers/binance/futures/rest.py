"""The REST calls of futures, one method each. What is asked for is answered, or an error."""

from __future__ import annotations

from typing import Final, TypeVar

from ....model.limits import Lane
from ..calling import Calling, Query
from ..limits import WEIGHT, futures_order
from ..refusals import About
from ..wire import Kline
from . import wire
from .ids import OrderId
from .venue import Venue

T = TypeVar("T")

MOST_TRADES: Final = 1000
MOST_ORDERS: Final = 1000
MOST_ALGOS: Final = 1000
MOST_INCOMES: Final = 100


class Rest:
    """The calls of *venue* by *calls*."""

    def __init__(self, calls: Calling, venue: Venue) -> None:
        self._calls = calls
        self._venue = venue

    # -- what is known to everybody

    async def exchange_info(self) -> wire.ExchangeInfo:
        return await self._calls.get("exchangeInfo", wire.ExchangeInfo, 1, About.ACCOUNT)

    async def best(self, symbol: str) -> wire.Best:
        return await self._one("ticker/bookTicker", wire.Best, 2, symbol)

    async def day(self, symbol: str) -> wire.Day:
        return await self._one("ticker/24hr", wire.Day, 1, symbol)

    async def klines(self, symbol: str, query: Query) -> tuple[Kline, ...]:
        asked = (("symbol", symbol), *query)
        return await self._calls.get(
            "klines",
            tuple[Kline, ...],
            5,
            About.SYMBOL,
            query=asked,
            name=symbol,
            lane=Lane.DATA,
        )

    # -- the account

    async def is_hedged(self) -> bool:
        found = await self._calls.get("positionSide/dual", wire.Dual, 30, About.ACCOUNT)
        return found.dual_side_position

    async def has_many_margins(self) -> bool:
        """Whether all assets together are the margin; there is no such thing on COIN-M."""
        if not self._venue.is_linear:
            return False
        found = await self._calls.get("multiAssetsMargin", wire.Multi, 30, About.ACCOUNT)
        return found.multi_assets_margin

    async def account(self) -> wire.Account:
        return await self._calls.get(self._venue.account, wire.Account, 5, About.ACCOUNT)

    async def balances(self) -> tuple[wire.Balance, ...]:
        """What there is of each asset, as rows that say whose it is."""
        kind = tuple[wire.Balance, ...]
        return await self._calls.get(self._venue.balances, kind, 5, About.ACCOUNT)

    async def positions(self, lane: Lane = Lane.QUERY) -> tuple[wire.Risk, ...]:
        kind = tuple[wire.Risk, ...]
        return await self._calls.get(self._venue.positions, kind, 5, About.ACCOUNT, lane=lane)

    async def configs(self) -> tuple[wire.Config, ...]:
        """How each symbol is traded (USD-M)."""
        return await self._calls.get("symbolConfig", tuple[wire.Config, ...], 5, About.ACCOUNT)

    async def trades(self, symbol: str, query: Query = ()) -> tuple[wire.Trade, ...]:
        """One page of executions, oldest first."""
        asked = (("symbol", symbol), *query, ("limit", str(MOST_TRADES)))
        kind = tuple[wire.Trade, ...]
        return await self._calls.get("userTrades", kind, 5, About.ACCOUNT, query=asked)

    async def fundings(self, since: int) -> tuple[wire.Income, ...]:
        """What was paid or received of funding since then, in milliseconds."""
        asked = (
            ("incomeType", "FUNDING_FEE"),
            ("startTime", str(since)),
            ("limit", str(MOST_INCOMES)),
        )
        kind = tuple[wire.Income, ...]
        return await self._calls.get("income", kind, 30, About.ACCOUNT, query=asked)

    # -- orders

    async def open_orders(self, lane: Lane = Lane.QUERY) -> tuple[wire.Order, ...]:
        """Of all symbols; those that wait for a price are not among them."""
        kind = tuple[wire.Order, ...]
        return await self._calls.get("openOrders", kind, 40, About.ACCOUNT, lane=lane)

    async def open_algos(self, lane: Lane = Lane.QUERY) -> tuple[wire.Algo, ...]:
        """Those that wait for a price, of all symbols."""
        kind = tuple[wire.Algo, ...]
        return await self._calls.get("openAlgoOrders", kind, 40, About.ACCOUNT, lane=lane)

    async def orders(self, symbol: str, query: Query = ()) -> tuple[wire.Order, ...]:
        """One page of orders, working or not, oldest first."""
        asked = (("symbol", symbol), *query, ("limit", str(MOST_ORDERS)))
        kind = tuple[wire.Order, ...]
        return await self._calls.get("allOrders", kind, 5, About.ACCOUNT, query=asked)

    async def algos(self, symbol: str, query: Query = ()) -> tuple[wire.Algo, ...]:
        """The same of those that wait for a price, or did."""
        asked = (("symbol", symbol), *query, ("limit", str(MOST_ALGOS)))
        kind = tuple[wire.Algo, ...]
        return await self._calls.get("allAlgoOrders", kind, 5, About.ACCOUNT, query=asked)

    async def order(self, order_id: OrderId, lane: Lane = Lane.QUERY) -> wire.Order:
        query = (("symbol", order_id.symbol), ("orderId", str(order_id.number)))
        return await self._calls.get(
            "order", wire.Order, 1, About.ORDER, query=query, name=str(order_id), lane=lane
        )

    async def order_by_client_id(self, symbol: str, client_order_id: str) -> wire.Order:
        query = (("symbol", symbol), ("origClientOrderId", client_order_id))
        return await self._calls.get(
            "order", wire.Order, 1, About.ORDER, query=query, name=client_order_id
        )

    async def algo(self, order_id: OrderId, lane: Lane = Lane.QUERY) -> wire.Algo:
        query = (("algoId", str(order_id.number)),)
        return await self._calls.get(
            "algoOrder", wire.Algo, 1, About.ORDER, query=query, name=str(order_id), lane=lane
        )

    async def algo_by_client_id(self, client_order_id: str) -> wire.Algo:
        query = (("clientAlgoId", client_order_id),)
        return await self._calls.get(
            "algoOrder", wire.Algo, 1, About.ORDER, query=query, name=client_order_id
        )

    # -- what is done

    async def submit(self, query: Query, lane: Lane) -> wire.Order:
        return await self._calls.do(
            "POST", "order", wire.Order, futures_order(), About.NEW_ORDER, query=query, lane=lane
        )

    async def submit_algo(self, query: Query, lane: Lane) -> wire.Algo:
        return await self._calls.do(
            "POST", "algoOrder", wire.Algo, futures_order(), About.NEW_ORDER, query=query, lane=lane
        )

    async def cancel(self, order_id: OrderId) -> wire.Order:
        query = (("symbol", order_id.symbol), ("orderId", str(order_id.number)))
        return await self._calls.do(
            "DELETE", "order", wire.Order, {WEIGHT: 1}, About.CHANGE, query=query,
            name=str(order_id),
        )  # fmt: skip

    async def cancel_algo(self, order_id: OrderId) -> None:
        query = (("algoId", str(order_id.number)),)
        await self._calls.do(
            "DELETE", "algoOrder", wire.AlgoDone, {WEIGHT: 1}, About.CHANGE, query=query,
            name=str(order_id),
        )  # fmt: skip

    async def amend(self, order_id: OrderId, query: Query) -> wire.Order:
        """Quantity and price of a limit order."""
        return await self._calls.do(
            "PUT", "order", wire.Order, futures_order(), About.CHANGE, query=query,
            name=str(order_id),
        )  # fmt: skip

    async def set_leverage(self, symbol: str, leverage: int, lane: Lane) -> None:
        query = (("symbol", symbol), ("leverage", str(leverage)))
        await self._set("leverage", query, lane)

    async def set_margin_type(self, symbol: str, margin_type: str, lane: Lane) -> None:
        query = (("symbol", symbol), ("marginType", margin_type))
        await self._set("marginType", query, lane)

    # -- the key of the account's stream

    async def listen_key(self) -> str:
        """The one there is, or a new one; it holds for an hour from now."""
        found = await self._key("POST", wire.ListenKey)
        return found.listen_key

    async def keep_listen_key(self) -> None:
        """It holds for another hour. Fails with ``InvalidRequest`` if it is gone."""
        await self._key("PUT", wire.Done)

    # -- how it is done

    async def _key(self, method: str, kind: type[T]) -> T:
        return await self._calls.do(
            method, "listenKey", kind, {WEIGHT: 1}, About.ACCOUNT, lane=Lane.QUERY
        )

    async def _set(self, end: str, query: Query, lane: Lane) -> None:
        await self._calls.do(
            "POST", end, wire.Done, {WEIGHT: 1}, About.NEW_ORDER, query=query, lane=lane
        )

    async def _one(self, end: str, kind: type[T], weight: int, symbol: str) -> T:
        """On COIN-M one of a symbol comes as a list of one."""
        query = (("symbol", symbol),)
        found: T | tuple[T, ...] = await self._calls.get(
            end,
            kind | tuple[kind, ...],  # type: ignore[arg-type,valid-type]  # msgspec reads unions
            weight,
            About.SYMBOL,
            query=query,
            name=symbol,
            lane=Lane.DATA,
        )
        return found[0] if isinstance(found, tuple) else found
