"""Rooms that do as a test says, and remember what they were asked."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from tradegw.interfaces import (
    IBacktest,
    IBreakers,
    IEnquiry,
    IEventLog,
    IHealth,
    IProtection,
    ITimelines,
    ITrading,
    ITradingState,
)
from tradegw.model import wire
from tradegw.model.account import Account, Position, Trade, TradeQuery
from tradegw.model.backtest import BacktestStatus, RunState
from tradegw.model.enums import (
    AssetClass,
    MarginMode,
    OrderStatus,
    OrderType,
    Platform,
    PositionMode,
    PositionSide,
    RejectReason,
    Side,
    Timeframe,
    TimeInForce,
    TradeEventKind,
    TrailingType,
)
from tradegw.model.events import TradeEvent
from tradegw.model.health import (
    BreakerSnapshot,
    BreakersStatus,
    BreakerState,
    Health,
    OverallStatus,
    ProviderHealth,
    Ready,
)
from tradegw.model.journal import EventSpan
from tradegw.model.limits import LimitsStatus, LimitStatus, WaitingCalls
from tradegw.model.market import (
    Bar,
    BarQuery,
    Capabilities,
    ConnectionStatus,
    Quote,
    RateLimits,
)
from tradegw.model.order import (
    CancelAllResult,
    CancelResult,
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderHandle,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from tradegw.model.protection import (
    EntryProtection,
    ExitLegPlacement,
    ExitQuantities,
    ExitsChange,
    ExitsMoved,
    ExitTargets,
    LegState,
    LegType,
    PositionProtection,
    ProtectionState,
    ProtectiveLeg,
    Shortfall,
)
from tradegw.model.trading import (
    StateSetter,
    Timeline,
    TimelineStep,
    TradingState,
    TradingStatus,
)

NOON = datetime(2025, 1, 15, 12, 0, 0, 123456, tzinfo=UTC)

ACCOUNT = Account(
    balance=Decimal("100000.00"),
    equity=Decimal("100012.50"),
    margin_used=Decimal(1500),
    margin_available=Decimal(98500),
    unrealized_pnl=Decimal("12.50"),
    currency="USD",
)
ORDER = Order(
    id="b7",
    symbol="AAPL",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    quantity=Decimal(100),
    filled_quantity=Decimal(0),
    remaining_quantity=Decimal(100),
    limit_price=Decimal("151.00"),
    status=OrderStatus.OPEN,
    time_in_force=TimeInForce.GTC,
    created_at=NOON,
    updated_at=NOON,
)
FULL_ORDER = Order(
    id="b8",
    symbol="BTC/USD",
    side=Side.SELL,
    order_type=OrderType.TRAILING_STOP,
    quantity=Decimal(2),
    filled_quantity=Decimal(1),
    remaining_quantity=Decimal(1),
    status=OrderStatus.REJECTED,
    time_in_force=TimeInForce.DAY,
    created_at=NOON,
    updated_at=NOON,
    client_order_id="s1-0007",
    limit_price=Decimal("0.00000001"),
    stop_price=Decimal("1E-10"),
    stop_loss=Decimal(1),
    take_profit=Decimal(3),
    trailing_distance=Decimal("99.9"),
    trailing_type=TrailingType.PERCENT,
    average_fill_price=Decimal("1.50"),
    reject_reason=RejectReason.UNKNOWN,
    position_id="p1",
    parent_order_id="b7",
    reduce_only=True,
    post_only=False,
    hidden=False,
    display_quantity=Decimal(1),
    oco_group_id="g",
    correlation_id="0f9b6f0e-2f0a-4d2f-9f4c-6c9a3f3a9c11",
)
HANDLE = OrderHandle(
    id="33de1d89", status=OrderStatus.OPEN, correlation_id="0f9b6f0e-2f0a-4d2f-9f4c-6c9a3f3a9c11"
)
POSITION = Position(
    id="mock-pos-AAPL",
    symbol="AAPL",
    side=PositionSide.LONG,
    quantity=Decimal(10),
    average_entry_price=Decimal("185.53"),
    current_price=Decimal("185.60"),
    unrealized_pnl=Decimal("0.70"),
    realized_pnl=Decimal(-1),
    opened_at=NOON,
    updated_at=NOON,
    margin_mode=MarginMode.CROSS,
    leverage=Decimal(3),
    liquidation_price=Decimal(120),
)
TRADE = Trade(
    id="t1",
    order_id="b7",
    symbol="AAPL",
    side=Side.BUY,
    quantity=Decimal(10),
    price=Decimal("185.53"),
    commission=Decimal(0),
    commission_currency="",
    timestamp=NOON,
    is_maker=False,
)
QUOTE = Quote(
    symbol="AAPL",
    provider="mock",
    bid=Decimal("185.50"),
    ask=Decimal("185.55"),
    last=Decimal("185.525"),
    timestamp=NOON,
    bid_size=Decimal(200),
)
BAR = Bar(
    symbol="AAPL",
    provider="mock",
    timeframe=Timeframe.M1,
    timestamp=NOON,
    open=Decimal(150),
    high=Decimal(151),
    low=Decimal(149),
    close=Decimal("150.20"),
    volume=Decimal(4821),
)
CAPABILITIES = Capabilities(
    supported_asset_classes=(AssetClass.STOCK, AssetClass.CRYPTO),
    supported_order_types=tuple(OrderType),
    position_mode=PositionMode.NETTING,
    features=("bracket_orders", "oco"),
    max_leverage=Decimal(50),
    rate_limits=RateLimits(requests_per_minute=200),
)
RUN = BacktestStatus(
    run_id="20260504T120000-4f9a12",
    state=RunState.RUNNING,
    clock=NOON,
    start=NOON,
    end=NOON,
    progress=Decimal("0.41"),
    events=12,
    clients=1,
    waiting_for=("evt-12",),
    wall_seconds=3.2,
)
LIMITS = LimitsStatus(
    limits=(
        LimitStatus(
            name="trading",
            capacity=200,
            seconds=60,
            left=0,
            reserved=40,
            refills_at=NOON,
            paused_until=NOON,
            banned=True,
        ),
        LimitStatus(name="data", capacity=200, seconds=60, left=200, reserved=40),
    ),
    waiting=WaitingCalls(query=3),
)
STATUS = ConnectionStatus(connected=True, latency_ms=42, last_heartbeat=NOON)
BREAKERS = BreakersStatus(
    adapter=BreakerSnapshot(state=BreakerState.CLOSED, failure_count=0),
    exit_order=BreakerSnapshot(state=BreakerState.OPEN, failure_count=3),
)
READY = Ready(ready=True, providers=(Platform.MOCK,), provider_count=1)
STOPPING = Ready(ready=False, providers=(), provider_count=0, message="Gateway is shutting down")
HEALTH = Health(
    status=OverallStatus.DEGRADED,
    version="0.1.0",
    git_sha="unknown",
    providers=(
        ProviderHealth(platform=Platform.MOCK, connected=False, stale_instruments=("AAPL", "MSFT")),
    ),
)


ACTIVE = TradingStatus(state=TradingState.ACTIVE, since=NOON)
HALTED = TradingStatus(
    state=TradingState.HALTED, since=NOON, set_by=StateSetter.CLIENT, reason="closing time"
)
TIMELINE = Timeline(
    order_id="b7",
    client_order_id="s1-0007",
    correlation_id="0f9b6f0e-2f0a-4d2f-9f4c-6c9a3f3a9c11",
    steps=(
        TimelineStep(at=NOON, step="received", detail={"quantity": "100"}),
        TimelineStep(at=NOON, step="sent", after_us=812),
    ),
)


PROTECTION = PositionProtection(
    position_id="mock-pos-AAPL",
    symbol="AAPL",
    side=PositionSide.LONG,
    quantity=Decimal(10),
    covered=ExitQuantities(stop_loss=Decimal(4), take_profit=Decimal(0)),
    uncovered=ExitQuantities(stop_loss=Decimal(6), take_profit=Decimal(0)),
    uncovered_since=NOON,
    plans=(
        EntryProtection(
            order_id="b7",
            client_order_id="s1-0007",
            state=ProtectionState.UNCOVERED,
            filled_quantity=Decimal(12),
            open_quantity=Decimal(10),
            targets=ExitTargets(stop_loss=Decimal("180.00")),
            uncovered_since=NOON,
            shortfalls=(
                Shortfall(leg_type=LegType.STOP_LOSS, quantity=Decimal(6), reason="no margin"),
            ),
            legs=(
                ProtectiveLeg(
                    order_id="b8",
                    client_order_id="s1-0007-sl",
                    leg_type=LegType.STOP_LOSS,
                    state=LegState.RESTING,
                    quantity=Decimal(6),
                    remaining=Decimal(4),
                    price=Decimal("180.00"),
                ),
            ),
        ),
    ),
)


class _Scripted:
    """Remembers every call; answers what ``will`` says for it, else the usual."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.will: dict[str, Any] = {}

    def _done(self, name: str, arguments: tuple[Any, ...], usual: Any) -> Any:
        self.calls.append((name, *arguments))
        outcome = self.will.get(name, usual)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _later(self, name: str, arguments: tuple[Any, ...], usual: Any) -> Deferred[Any]:
        try:
            outcome = self._done(name, arguments, usual)
        except Exception as error:
            return fail(error)
        return outcome if isinstance(outcome, Deferred) else succeed(outcome)


def _given(request: object, idempotency_key: str | None) -> tuple[object, ...]:
    """The arguments of a call; the key only if there was one."""
    return (request,) if idempotency_key is None else (request, idempotency_key)


@implementer(ITrading)
class FakeTrading(_Scripted):
    def submit(
        self, request: OrderRequest, idempotency_key: str | None = None
    ) -> Deferred[OrderHandle]:
        return self._later("submit", _given(request, idempotency_key), HANDLE)

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._later("replace", (order_id, change), Replaced(order=ORDER))

    def cancel(self, order_id: str) -> Deferred[CancelResult]:
        return self._later("cancel", (order_id,), CancelResult(success=True, order=ORDER))

    def cancel_all(self, symbol: str | None) -> Deferred[CancelAllResult]:
        none = CancelAllResult(cancelled_count=0, failed_count=0)
        return self._later("cancel_all", (symbol,), none)

    def close_position(
        self,
        position_id: str,
        request: ClosePositionRequest,
        idempotency_key: str | None = None,
    ) -> Deferred[OrderHandle]:
        given = (position_id, *_given(request, idempotency_key))
        return self._later("close_position", given, HANDLE)

    def close_all_positions(self, symbol: str | None) -> Deferred[list[OrderHandle]]:
        return self._later("close_all_positions", (symbol,), [HANDLE])

    def move_exits(self, position_id: str, change: ExitsChange) -> Deferred[ExitsMoved]:
        leg = ExitLegPlacement(order_ids=("sl-2",), trigger_price=Decimal(95))
        moved = ExitsMoved(position_id=position_id, stop_loss=leg)
        return self._later("move_exits", (position_id, change), moved)


@implementer(IEnquiry)
class FakeEnquiry(_Scripted):
    def open_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._later("open_orders", (query,), [ORDER, FULL_ORDER])

    def order_history(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._later("order_history", (query,), [])

    def order(self, order_id: str) -> Deferred[Order]:
        return self._later("order", (order_id,), FULL_ORDER)

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return self._later("trades", (query,), [TRADE])

    def positions(self, symbol: str | None) -> Deferred[list[Position]]:
        return self._later("positions", (symbol,), [POSITION])

    def position(self, position_id: str) -> Deferred[Position]:
        return self._later("position", (position_id,), POSITION)

    def account(self) -> Deferred[Account]:
        return self._later("account", (), ACCOUNT)

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._later("quote", (symbol,), QUOTE)

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return self._later("bars", (symbol, query), [BAR])

    def capabilities(self) -> Capabilities:
        answer: Capabilities = self._done("capabilities", (), CAPABILITIES)
        return answer

    def limits(self) -> LimitsStatus:
        answer: LimitsStatus = self._done("limits", (), LIMITS)
        return answer

    def status(self) -> Deferred[ConnectionStatus]:
        return self._later("status", (), STATUS)


@implementer(ITradingState)
class FakeTradingState(_Scripted):
    def status(self) -> TradingStatus:
        answer: TradingStatus = self._done("status", (), ACTIVE)
        return answer

    def change(
        self, state: TradingState, reason: str | None, set_by: StateSetter
    ) -> Deferred[TradingStatus]:
        return self._later("change", (state, reason, set_by), HALTED)


@implementer(ITimelines)
class FakeTimelines(_Scripted):
    def timeline(self, order_id: str) -> Deferred[Timeline]:
        return self._later("timeline", (order_id,), TIMELINE)


@implementer(IProtection)
class FakeProtection(_Scripted):
    def positions(self) -> list[PositionProtection]:
        answer: list[PositionProtection] = self._done("positions", (), [PROTECTION])
        return answer

    def position(self, position_id: str) -> PositionProtection:
        answer: PositionProtection = self._done("position", (position_id,), PROTECTION)
        return answer


@implementer(IBreakers)
class FakeBreakers(_Scripted):
    def snapshot(self) -> BreakersStatus:
        answer: BreakersStatus = self._done("snapshot", (), BREAKERS)
        return answer

    def reset(self) -> BreakersStatus:
        answer: BreakersStatus = self._done("reset", (), BREAKERS)
        return answer


@implementer(IEventLog)
class FakeEvents(_Scripted):
    """``kept`` maps the numbers of the events to their messages."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = {seq: message(seq) for seq in range(101, 106)}

    def span(self) -> EventSpan:
        usual = EventSpan(
            epoch="e1", oldest=min(self.kept, default=101), newest=max(self.kept, default=100)
        )
        answer: EventSpan = self._done("span", (), usual)
        return answer

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        found = [(seq, told) for seq, told in sorted(self.kept.items()) if seq > after]
        answer: list[tuple[int, bytes]] = self._done("events", (after, limit), found[:limit])
        return answer


def message(seq: int) -> bytes:
    """An event as it is kept."""
    return wire.encode(
        TradeEvent(timestamp=NOON, event=TradeEventKind.FILLED, trade=TRADE, seq=seq, epoch="e1")
    )


@implementer(IBacktest)
class FakeBacktest(_Scripted):
    def status(self) -> BacktestStatus:
        answer: BacktestStatus = self._done("status", (), RUN)
        return answer

    def report(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._done("report", (), {"status": "running", "events": 12})
        return answer


@implementer(IHealth)
class FakeHealth(_Scripted):
    def ready(self) -> Ready:
        answer: Ready = self._done("ready", (), READY)
        return answer

    def health(self) -> Health:
        answer: Health = self._done("health", (), HEALTH)
        return answer
