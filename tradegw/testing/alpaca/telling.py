"""What the trading stream says of an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .amounts import text
from .book import Book, Execution
from .hours import settlement
from .orders import Order
from .stamps import Stamps, zulu

Tell: TypeAlias = Callable[[dict[str, Any]], None]
"""Takes a ``trade_updates`` message on its way to whoever listens."""


class Herald:
    """Makes the messages; a state event has an execution id too, but ``pending_new`` has none."""

    def __init__(self, stamps: Stamps, book: Book, tell: Tell) -> None:
        self._stamps = stamps
        self._book = book
        self._tell = tell

    def tell(self, event: str, order: Order, execution: Execution | None = None) -> None:
        """Tell that *event* happened to *order*."""
        moment = execution.moment if execution is not None else order.updated_at
        sent = self._stamps.take()
        data: dict[str, Any] = {
            "event": event,
            "event_id": self._stamps.ulid(sent),
            "at": zulu(sent, 6),
            "timestamp": zulu(moment),
            "order": self._book.streamed(order),
        }
        if execution is not None:
            data |= {
                "execution_id": execution.id,
                "price": text(execution.price),
                "qty": text(execution.qty),
                "position_qty": text(execution.position_qty),
                "swap_rate": "1",
                "settle_date": settlement(moment, crypto=order.asset.is_crypto),
            }
        elif event != "pending_new":
            data["execution_id"] = self._stamps.uuid()
        self._tell({"stream": "trade_updates", "data": data})
