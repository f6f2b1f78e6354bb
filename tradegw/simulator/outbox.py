"""Events on their way out, in order, however deep the calls that cause them are nested.

A listener may call the exchange while an event is being told to it; what that causes is told
after what was already waiting.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime

from ..model.account import Account, Position, Trade
from ..model.enums import (
    AccountEventKind,
    AlertCode,
    OrderEventKind,
    PositionEventKind,
    TradeEventKind,
)
from ..model.events import AccountEvent, AlertEvent, Event, OrderEvent, PositionEvent, TradeEvent
from .working import WorkingOrder


class Outbox:
    """Builds events and hands them to *deliver* when flushed.

    *stamp* turns the time of what happened into the time that the message bears; *settle* is called
    each time before anything is told, or a call answered.
    """

    def __init__(
        self,
        deliver: Callable[[Event], None],
        stamp: Callable[[datetime], datetime],
        settle: Callable[[], None],
    ) -> None:
        self._settle = settle
        self._deliver = deliver
        self._stamp = stamp
        self._waiting: deque[Event] = deque()
        self._delivering = False

    def order(self, kind: OrderEventKind, order: WorkingOrder) -> None:
        self._waiting.append(
            OrderEvent(
                timestamp=self._stamp(order.updated_at),
                event=kind,
                order=order.snapshot(),
                parent_order_id=order.parent_order_id,
            )
        )

    def trade(self, trade: Trade) -> None:
        self._waiting.append(
            TradeEvent(
                timestamp=self._stamp(trade.timestamp), trade=trade, event=TradeEventKind.FILLED
            )
        )

    def position(self, kind: PositionEventKind, position: Position) -> None:
        self._waiting.append(
            PositionEvent(timestamp=self._stamp(position.updated_at), event=kind, position=position)
        )

    def account(self, kind: AccountEventKind, account: Account, time: datetime) -> None:
        self._waiting.append(AccountEvent(timestamp=self._stamp(time), event=kind, account=account))

    def liquidation(self, order: WorkingOrder) -> None:
        self._waiting.append(
            AlertEvent(
                timestamp=self._stamp(order.updated_at),
                code=AlertCode.LIQUIDATION,
                message=f"Margin call: the position in {order.symbol} is closed at market",
                details={
                    "order_id": order.id,
                    "symbol": order.symbol,
                    "side": order.side.value,
                    "quantity": format(order.quantity, "f"),
                },
            )
        )

    def flush(self) -> bool:
        """Deliver what waits, if anything does; not when called from within a delivery."""
        self._settle()
        if self._delivering or not self._waiting:
            return False
        self._delivering = True
        try:
            while self._waiting:
                self._deliver(self._waiting.popleft())
        finally:
            self._delivering = False
        return True


class Silence(Outbox):
    """Tells nobody anything."""

    def __init__(self) -> None:
        super().__init__(lambda _: None, lambda time: time, lambda: None)

    def order(self, kind: OrderEventKind, order: WorkingOrder) -> None:
        pass

    def trade(self, trade: Trade) -> None:
        pass

    def position(self, kind: PositionEventKind, position: Position) -> None:
        pass

    def account(self, kind: AccountEventKind, account: Account, time: datetime) -> None:
        pass

    def liquidation(self, order: WorkingOrder) -> None:
        pass

    def flush(self) -> bool:
        return False
