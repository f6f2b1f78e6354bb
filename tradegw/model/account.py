"""The account, its positions and its trades, as the broker sees them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from .enums import MarginMode, PositionSide, Side


class Account(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Money of the account, in ``currency``. ``equity`` is balance plus unrealised P&L."""

    balance: Decimal
    equity: Decimal
    margin_used: Decimal
    margin_available: Decimal
    unrealized_pnl: Decimal
    currency: str
    realized_pnl: Decimal | None = None
    total_commission: Decimal | None = None


class Position(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An open position; ``quantity`` is never negative, ``side`` says which way. ``interest`` is
    what of it is owed for what was borrowed, in kind.
    """

    id: str
    symbol: str
    side: PositionSide
    quantity: Decimal
    average_entry_price: Decimal
    current_price: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    opened_at: datetime
    updated_at: datetime
    margin_mode: MarginMode | None = None
    leverage: Decimal | None = None
    liquidation_price: Decimal | None = None
    interest: Decimal | None = None


class Trade(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One execution. ``order_id`` is empty where the broker does not tell; what stands behind
    ``is_maker`` is told of the past alone, by an engine that knows it.
    """

    id: str
    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    commission: Decimal
    commission_currency: str
    timestamp: datetime
    is_maker: bool | None = None
    base_price: Decimal | None = None
    slippage_bps: Decimal | None = None
    realized_pnl: Decimal | None = None
    liquidation: bool | None = None
    position_id: str | None = None


class TradeQuery(Struct, frozen=True, kw_only=True):
    """Which trades to list: at or after ``since``, before ``until``."""

    symbol: str | None = None
    order_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
