"""Prices: quotes and bars, and what the broker says about itself and its instruments."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from .enums import AssetClass, OrderType, PositionMode, Timeframe
from .money import is_sane


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


class Instrument(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a broker demands of orders in one symbol; ``None`` is no such rule, or none known.

    Quantities are in base units, the notional (quantity times price) in the quote currency. Steps
    and minima are positive; ``ValueError`` otherwise. With ``one_exit`` what rests to close a
    quantity holds it: a stop and a limit cannot rest for the same, unless the broker pairs them.
    ``symbol`` is its name in orders and positions, if clients may use another one.
    """

    symbol: str | None = None
    quantity_step: Decimal | None = None
    minimum_quantity: Decimal | None = None
    minimum_notional: Decimal | None = None
    price_step: Decimal | None = None
    one_exit: bool = False

    def __post_init__(self) -> None:
        for name in ("quantity_step", "minimum_quantity", "minimum_notional", "price_step"):
            value: Decimal | None = getattr(self, name)
            if value is not None and not (is_sane(value) and value > 0):
                raise ValueError(f"{name} must be positive, not {value}")


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
