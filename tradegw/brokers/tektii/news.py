"""Frames of the engine as events of the gateway, stamped with simulated time. Pure."""

from __future__ import annotations

from typing import assert_never

from ...model.account import Trade
from ...model.enums import AlertCode, TradeEventKind
from ...model.events import (
    AccountEvent,
    AlertEvent,
    BacktestCompleteEvent,
    CandleEvent,
    Event,
    OrderEvent,
    PositionEvent,
    QuoteEvent,
    TradeEvent,
)
from ...model.market import Quote
from ...model.money import plain
from . import decoding
from .frames import (
    AccountFrame,
    Candle,
    Complete,
    ErrorFrame,
    Frame,
    OrderFrame,
    Pong,
    PositionFrame,
    TradeFrame,
    Unreadable,
)
from .holdings import Holdings
from .kin import Kin
from .refusals import PROVIDER
from .times import SimulatedTime

COMPLETED = "completed"
ABORTED = "aborted"


class News:
    """Turns each frame into what clients are told; the last event of a frame bears its id, if any
    does. Moves *time* on.
    """

    def __init__(self, time: SimulatedTime, kin: Kin, holdings: Holdings) -> None:
        self._time = time
        self._kin = kin
        self._holdings = holdings

    def of(self, frame: Frame) -> list[Event]:
        """Raises ``ValueError`` for what cannot be told; nothing for what is for nobody's ears."""
        match frame:
            case Candle():
                return self._candle(frame)
            case OrderFrame():
                return [self._order(frame)]
            case TradeFrame():
                return self._trade(frame)
            case PositionFrame():
                return [self._position(frame)]
            case AccountFrame():
                return [self._account(frame)]
            case ErrorFrame():
                return [self._error(frame)]
            case Complete():
                return [
                    BacktestCompleteEvent(
                        timestamp=self._time.now(),
                        event_id=frame.event_id,
                        broker=PROVIDER,
                        status=COMPLETED,
                    )
                ]
            case Pong() | Unreadable():
                return []
            case _:
                assert_never(frame)

    def aborted(self, reason: str) -> list[Event]:
        """The run ended before its end."""
        now = self._time.now()
        return [
            AlertEvent(
                timestamp=now,
                code=AlertCode.INTERNAL_ERROR,
                message=f"The backtest was aborted: {reason}",
                details={"run_status": ABORTED},
            ),
            BacktestCompleteEvent(timestamp=now, broker=PROVIDER, status=ABORTED),
        ]

    def _candle(self, frame: Candle) -> list[Event]:
        """With its close as a quote before it, for stops that trail: the gateway alone hears of
        that, and moves them before time goes on.
        """
        bar = decoding.bar_from(frame.symbol, frame.timeframe, frame)
        now = self._time.saw(frame.timestamp + 1000 * frame.timeframe.seconds)
        price = bar.close
        quote = Quote(
            symbol=bar.symbol, provider=PROVIDER, bid=price, ask=price, last=price, timestamp=now
        )
        return [
            QuoteEvent(timestamp=now, quote=quote),
            CandleEvent(timestamp=now, event_id=frame.event_id, bar=bar),
        ]

    def _order(self, frame: OrderFrame) -> OrderEvent:
        shown = frame.order
        order = self._kin.decoded(shown)
        return OrderEvent(
            timestamp=self._time.saw(shown.latest),
            event_id=frame.event_id,
            event=decoding.ORDER_EVENTS[frame.event],
            order=order,
        )

    def _trade(self, frame: TradeFrame) -> list[Event]:
        trade = decoding.trade_from(frame.trade)
        now = self._time.saw(frame.trade.timestamp)
        self._holdings.executed(trade, now)
        told = TradeEvent(
            timestamp=now, event_id=frame.event_id, event=TradeEventKind.FILLED, trade=trade
        )
        if not frame.trade.liquidation:
            return [told]
        alert = AlertEvent(
            timestamp=now,
            code=AlertCode.LIQUIDATION,
            message=f"The engine liquidated {trade.symbol}: {_amount(trade)}",
            details={
                "order_id": trade.order_id,
                "position_id": trade.position_id,
                "symbol": trade.symbol,
                "price": plain(trade.price),
                "realized_pnl": None if trade.realized_pnl is None else plain(trade.realized_pnl),
            },
        )
        return [alert, told]

    def _position(self, frame: PositionFrame) -> PositionEvent:
        now = self._time.now()
        kind, position = self._holdings.told(frame.position, now)
        return PositionEvent(timestamp=now, event_id=frame.event_id, event=kind, position=position)

    def _account(self, frame: AccountFrame) -> AccountEvent:
        return AccountEvent(
            timestamp=self._time.now(),
            event_id=frame.event_id,
            event=decoding.ACCOUNT_EVENTS[frame.event],
            account=decoding.account_from(frame.account),
        )

    def _error(self, frame: ErrorFrame) -> AlertEvent:
        return AlertEvent(
            timestamp=self._time.now(),
            code=AlertCode.INTERNAL_ERROR,
            message=f"The engine reports an error: {frame.message}",
            details={"code": frame.code},
        )


def _amount(trade: Trade) -> str:
    return f"{plain(trade.quantity)} at {plain(trade.price)}"
