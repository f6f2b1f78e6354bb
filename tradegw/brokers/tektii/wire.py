"""What the engine sends and takes, under its own names.

Numbers come as texts or as JSON numbers, and become decimals by their text either way. Words are
exact: one that is unknown makes the message unreadable, as a negative or fractional time does.
Members that are not known are ignored.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

T = TypeVar("T")

LAST_MS = 253_402_300_799_999
"""The end of the year 9999; no later time can be told."""

Ms: TypeAlias = Annotated[int, Meta(ge=0, le=LAST_MS)]
"""Unix milliseconds."""

Side: TypeAlias = Literal["buy", "sell"]
OrderType: TypeAlias = Literal["market", "limit", "stop", "stop_limit"]
Status: TypeAlias = Literal["open", "partially_filled", "filled", "cancelled", "rejected"]
TimeInForce: TypeAlias = Literal["gtc", "ioc"]


class NewOrder(Struct, frozen=True, kw_only=True):
    """What an order is asked for with; every member is written."""

    symbol: str
    side: Side
    order_type: OrderType
    quantity: str
    limit_price: str | None = None
    stop_price: str | None = None
    client_order_id: str | None = None
    position_id: str | None = None
    reduce_only: bool = False
    time_in_force: TimeInForce = "gtc"


class OrderHandle(Struct, frozen=True, kw_only=True):
    """The answer to it."""

    id: str
    status: Status
    client_order_id: str | None = None


class Order(Struct, frozen=True, kw_only=True):
    """An order. ``price`` is a limit's limit, else the stop; that it only reduces is not said."""

    id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    filled_quantity: Decimal
    status: Status
    created_at: Ms
    price: Decimal = Decimal(0)
    client_order_id: str | None = None
    average_fill_price: Decimal | None = None
    limit_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    position_id: str | None = None
    executed_at: Ms | None = None
    cancelled_at: Ms | None = None
    rejected_at: Ms | None = None
    reject_reason: str | None = None

    @property
    def latest(self) -> int:
        """The latest of its times."""
        times = (self.created_at, self.executed_at, self.cancelled_at, self.rejected_at)
        return max(time for time in times if time is not None)


class Trade(Struct, frozen=True, kw_only=True):
    """An execution."""

    id: str
    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    timestamp: Ms
    commission: Decimal = Decimal(0)
    position_id: str | None = None
    base_price: Decimal | None = None
    slippage_bps: Decimal | None = None
    realized_pnl: Decimal | None = None
    liquidation: bool | None = None


class Position(Struct, frozen=True, kw_only=True):
    """What is open under one id, or was if its quantity is 0."""

    id: str
    symbol: str
    side: Literal["long", "short"]
    quantity: Decimal
    avg_entry_price: Decimal
    current_price: Decimal
    unrealized_pnl: Decimal


class Account(Struct, frozen=True, kw_only=True):
    """The money, in dollars."""

    balance: Decimal
    equity: Decimal
    unrealized_pnl: Decimal
    margin_used: Decimal
    margin_available: Decimal
    realized_pnl: Decimal | None = None
    total_commission: Decimal | None = None


class Quote(Struct, frozen=True, kw_only=True):
    """Best bid and ask."""

    symbol: str
    bid: Decimal
    ask: Decimal
    timestamp: Ms


class Bar(Struct, frozen=True, kw_only=True):
    """A bar; *timestamp* is its start. A volume that is no number is ``null``."""

    timestamp: Ms
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None


class Orders(Struct, frozen=True):
    """A list."""

    orders: tuple[Order, ...]


class Trades(Struct, frozen=True):
    """A list."""

    trades: tuple[Trade, ...]


class Positions(Struct, frozen=True):
    """A list."""

    positions: tuple[Position, ...]


class Bars(Struct, frozen=True):
    """A list, oldest first."""

    bars: tuple[Bar, ...]


def read(text: bytes, kind: type[T]) -> T:
    """*text* as a *kind*; raises ``msgspec.DecodeError`` or ``UnicodeDecodeError``."""
    return msgspec.json.decode(text, type=kind)
