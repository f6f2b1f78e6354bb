"""One event of every type, small and complete."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tradegw.model.account import Account, Position, Trade
from tradegw.model.enums import (
    AccountEventKind,
    AlertCode,
    ConnectionEventKind,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionEventKind,
    PositionSide,
    RateLimitEventKind,
    Side,
    StalenessEventKind,
    Timeframe,
    TimeInForce,
    TradeEventKind,
)
from tradegw.model.events import (
    AccountEvent,
    AlertEvent,
    BacktestCompleteEvent,
    CandleEvent,
    ConnectionEvent,
    FinancingEvent,
    OrderEvent,
    PingEvent,
    PositionEvent,
    QuoteEvent,
    RateLimitEvent,
    StalenessEvent,
    TradeEvent,
)
from tradegw.model.market import Bar, Quote
from tradegw.model.order import Order

AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def quote(symbol: str = "AAPL", last: str = "150.00") -> QuoteEvent:
    return QuoteEvent(
        timestamp=AT,
        quote=Quote(
            symbol=symbol,
            provider="mock",
            bid=Decimal("149.98"),
            ask=Decimal("150.02"),
            last=Decimal(last),
            timestamp=AT,
        ),
    )


def candle(symbol: str = "AAPL", timeframe: Timeframe = Timeframe.M1) -> CandleEvent:
    return CandleEvent(
        timestamp=AT,
        bar=Bar(
            symbol=symbol,
            provider="mock",
            timeframe=timeframe,
            timestamp=AT,
            open=Decimal("1.0801"),
            high=Decimal("1.0804"),
            low=Decimal("1.0799"),
            close=Decimal("1.0802"),
            volume=Decimal(153),
        ),
    )


def order(
    symbol: str = "AAPL",
    kind: OrderEventKind = OrderEventKind.FILLED,
    status: OrderStatus = OrderStatus.FILLED,
) -> OrderEvent:
    return OrderEvent(
        timestamp=AT,
        event=kind,
        order=Order(
            id="a1",
            symbol=symbol,
            side=Side.SELL,
            order_type=OrderType.STOP,
            quantity=Decimal(100),
            filled_quantity=Decimal(100),
            remaining_quantity=Decimal(0),
            status=status,
            time_in_force=TimeInForce.GTC,
            created_at=AT,
            updated_at=AT,
            stop_price=Decimal("180.00"),
            parent_order_id="33de",
        ),
        parent_order_id="33de",
    )


def trade(symbol: str = "AAPL") -> TradeEvent:
    return TradeEvent(
        timestamp=AT,
        event=TradeEventKind.FILLED,
        trade=Trade(
            id="t1",
            order_id="a1",
            symbol=symbol,
            side=Side.SELL,
            quantity=Decimal(1000),
            price=Decimal("1.0802"),
            commission=Decimal(0),
            commission_currency="",
            timestamp=AT,
        ),
    )


def position(symbol: str = "AAPL") -> PositionEvent:
    return PositionEvent(
        timestamp=AT,
        event=PositionEventKind.MODIFIED,
        position=Position(
            id="p1",
            symbol=symbol,
            side=PositionSide.LONG,
            quantity=Decimal("0.5"),
            average_entry_price=Decimal(60000),
            current_price=Decimal(60100),
            unrealized_pnl=Decimal(50),
            realized_pnl=Decimal(0),
            opened_at=AT,
            updated_at=AT,
        ),
    )


def account() -> AccountEvent:
    return AccountEvent(
        timestamp=AT,
        event=AccountEventKind.BALANCE_UPDATED,
        account=Account(
            balance=Decimal(100000),
            equity=Decimal(100050),
            margin_used=Decimal(0),
            margin_available=Decimal(100050),
            unrealized_pnl=Decimal(50),
            currency="USD",
        ),
    )


def financing(symbol: str = "AAPL") -> FinancingEvent:
    return FinancingEvent(timestamp=AT, symbol=symbol, amount=Decimal("-4.5873"))


def connection(
    kind: ConnectionEventKind = ConnectionEventKind.BROKER_DISCONNECTED,
    broker: str | None = "mock",
    gap_duration_ms: int | None = None,
) -> ConnectionEvent:
    return ConnectionEvent(timestamp=AT, event=kind, broker=broker, gap_duration_ms=gap_duration_ms)


def staleness(since: datetime | None = AT, broker: str | None = "mock") -> StalenessEvent:
    return StalenessEvent(
        timestamp=AT,
        event=StalenessEventKind.STALE,
        symbols=("AAPL", "MSFT"),
        stale_since=since,
        broker=broker,
    )


def rate_limit() -> RateLimitEvent:
    return RateLimitEvent(
        timestamp=AT, event=RateLimitEventKind.HIT, requests_remaining=0, reset_at=AT
    )


def alert(message: str = "the stop-loss could not be placed") -> AlertEvent:
    return AlertEvent(timestamp=AT, code=AlertCode.POSITION_UNPROTECTED, message=message)


def ping() -> PingEvent:
    return PingEvent(timestamp=AT)


def backtest_complete() -> BacktestCompleteEvent:
    return BacktestCompleteEvent(timestamp=AT, broker="tektii", event_id="evt-9001")


SYSTEM = (connection(), staleness(), rate_limit(), alert(), ping(), backtest_complete())
