"""What is told to strategies: one struct per message type of the WebSocket (protocol section 5.3).

Brokers speak the same structs, so an event is one value from the broker's decoder to the client's
socket; on the way it gains a correlation id and a parent link. Clients require ``timestamp`` on
every message. ``event_id`` is set only by the backtest, which is paced by acknowledgements.

Orders, trades, positions, money and alerts are written down before they are told, and then bear
``seq``, which grows by one, and ``epoch``, the name of the journal that counts them. ``reconciled``
marks what was missed and found out by asking.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from msgspec import Struct

from .account import Account, Position, Trade
from .enums import (
    AccountEventKind,
    AlertCode,
    ConnectionEventKind,
    OrderEventKind,
    PositionEventKind,
    RateLimitEventKind,
    StalenessEventKind,
    TradeEventKind,
)
from .market import Bar, Quote
from .order import Order


class _Message(Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="type"):
    timestamp: datetime
    event_id: str | None = None
    seq: int | None = None
    epoch: str | None = None
    reconciled: bool | None = None


class QuoteEvent(_Message, frozen=True, tag="quote"):
    quote: Quote


class CandleEvent(_Message, frozen=True, tag="candle"):
    bar: Bar


class OrderEvent(_Message, frozen=True, tag="order"):
    event: OrderEventKind
    order: Order
    parent_order_id: str | None = None


class TradeEvent(_Message, frozen=True, tag="trade"):
    trade: Trade
    event: TradeEventKind


class PositionEvent(_Message, frozen=True, tag="position"):
    event: PositionEventKind
    position: Position


class AccountEvent(_Message, frozen=True, tag="account"):
    event: AccountEventKind
    account: Account


class FinancingEvent(_Message, frozen=True, tag="financing"):
    """``amount`` in account currency; negative is a charge."""

    symbol: str
    amount: Decimal


class ConnectionEvent(_Message, frozen=True, tag="connection"):
    event: ConnectionEventKind
    broker: str | None = None
    error: str | None = None
    gap_duration_ms: int | None = None


class StalenessEvent(_Message, frozen=True, tag="data_staleness"):
    event: StalenessEventKind
    symbols: tuple[str, ...]
    stale_since: datetime | None = None
    broker: str | None = None


class RateLimitEvent(_Message, frozen=True, tag="rate_limit"):
    event: RateLimitEventKind
    requests_remaining: int
    reset_at: datetime


class AlertEvent(_Message, frozen=True, tag="error"):
    """Something the strategy's owner must know; ``details`` by code as in protocol section 5.3."""

    code: AlertCode
    message: str
    details: dict[str, Any] | None = None


class PingEvent(_Message, frozen=True, tag="ping"):
    pass


class BacktestCompleteEvent(_Message, frozen=True, tag="backtest_complete"):
    """The run is over, with the *status* ``completed`` or another; of our own backtests the other
    two tell which it was, and the digest of all that happened in it.
    """

    broker: str | None = None
    status: str | None = None
    run_id: str | None = None
    transcript_sha256: str | None = None


Event: TypeAlias = (
    QuoteEvent
    | CandleEvent
    | OrderEvent
    | TradeEvent
    | PositionEvent
    | AccountEvent
    | FinancingEvent
    | ConnectionEvent
    | StalenessEvent
    | RateLimitEvent
    | AlertEvent
    | PingEvent
    | BacktestCompleteEvent
)

SequencedEvent: TypeAlias = (
    OrderEvent | TradeEvent | PositionEvent | AccountEvent | FinancingEvent | AlertEvent
)
"""What is written down and can be asked for again."""
