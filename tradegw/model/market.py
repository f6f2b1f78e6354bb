"""Prices: quotes and bars, and what the broker says about itself and its instruments."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from .enums import AssetClass, OrderType, PositionMode, Timeframe


class Quote(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Best bid and ask; ``last`` is the mid price where the broker tells no last trade."""

    symbol: str
    provider: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    timestamp: datetime
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    volume: Decimal | None = None


class Bar(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Open, high, low, close and volume of ``[timestamp, timestamp + timeframe)``."""

    symbol: str
    provider: str
    timeframe: Timeframe
    timestamp: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class BarQuery(Struct, frozen=True, kw_only=True):
    """Which bars: ``start`` and ``end`` are both inclusive; ``limit`` keeps the newest."""

    timeframe: Timeframe
    start: datetime | None = None
    end: datetime | None = None
    limit: int | None = None


class RateLimits(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the broker allows; informational."""

    requests_per_minute: int | None = None
    orders_per_second: int | None = None
    orders_per_day: int | None = None


class Capabilities(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the broker can do."""

    supported_asset_classes: tuple[AssetClass, ...]
    supported_order_types: tuple[OrderType, ...]
    position_mode: PositionMode
    features: tuple[str, ...]
    max_leverage: Decimal | None = None
    rate_limits: RateLimits | None = None


class ConnectionStatus(Struct, frozen=True, kw_only=True):
    """Whether the broker answers, how fast (milliseconds), and when that was seen."""

    connected: bool
    latency_ms: int
    last_heartbeat: datetime
