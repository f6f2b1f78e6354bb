"""Who answers what is asked of a broker of Binance; the products have theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct

from ...model.account import Account, Position, Trade, TradeQuery
from ...model.identifiers import ClientOrderIdRule
from ...model.limits import Lane
from ...model.market import Bar, BarQuery, Capabilities, Instrument, Quote
from ...model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ..link.session import Session
from .readiness import Readiness


class Orders(Protocol):
    """Makes orders, and ends them."""

    def manages(self, request: OrderRequest) -> bool: ...
    async def submit(self, asked: OrderRequest, lane: Lane) -> Order: ...
    async def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order: ...
    async def cancel(self, order_id: str) -> Order: ...


class Replacing(Protocol):
    """Changes them."""

    async def replace(self, order_id: str, change: OrderChange) -> Replaced: ...


class Finding(Protocol):
    """Finds one."""

    async def look_up(self, order_id: str) -> Order: ...
    async def by_client_id(self, client_order_id: str) -> Order: ...


class Records(Protocol):
    """Lists them."""

    async def open_orders(self, lane: Lane) -> list[Order]: ...
    async def closed_orders(self, query: OrderQuery) -> list[Order]: ...
    async def trades(self, query: TradeQuery) -> list[Trade]: ...


class Holdings(Protocol):
    """Knows what is held."""

    async def positions(self, lane: Lane) -> list[Position]: ...
    async def account(self) -> Account: ...


class Aftermath(Protocol):
    """Tells what changes of it."""

    def saw(self, positions: Iterable[Position]) -> None: ...
    def stop(self) -> None: ...


class Instruments(Protocol):
    """Knows what can be traded."""

    def instrument(self, name: str) -> Instrument | None: ...


class Market(Protocol):
    """Knows prices."""

    async def quote(self, symbol: str) -> Quote: ...
    async def bars(self, symbol: str, query: BarQuery) -> list[Bar]: ...


class Crew(Struct, frozen=True, kw_only=True):
    """All of them; ``ends`` are to be called when the streams are over."""

    capabilities: Capabilities
    client_order_ids: ClientOrderIdRule
    exits_hold_quantity: bool
    session: Session
    ready: Readiness
    orders: Orders
    replacing: Replacing
    finding: Finding
    records: Records
    holdings: Holdings
    aftermath: Aftermath
    instruments: Instruments
    market: Market
    ends: tuple[Callable[[], None], ...] = ()
