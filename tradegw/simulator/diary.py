"""Notes what changes at an exchange, so that it can be written down before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from ..model.account import Trade
from ..model.order import Order
from .state import Change
from .working import WorkingOrder

_Marks = tuple[bool, bool, bool, bool, Decimal | None]

_UNMARKED: _Marks = (False, False, False, False, None)


class Diary:
    """Collects for *record* until :meth:`clear`; without it, nothing."""

    def __init__(self, record: Callable[[Change], None] | None) -> None:
        self.record = record
        self.orders: dict[str, WorkingOrder] = {}
        self.ended: list[Order] = []
        self.trades: list[Trade] = []
        self._marks: dict[str, _Marks] = {}

    @property
    def is_empty(self) -> bool:
        return not (self.orders or self.ended or self.trades)

    def changed(self, order: WorkingOrder) -> None:
        """The working *order* is new, or not what it was."""
        if self.record is not None:
            self.orders[order.id] = order
            self._marks.pop(order.id, None)  # a change may take marks away, to come again

    def end(self, order: Order) -> None:
        """*order* is terminal."""
        if self.record is not None:
            self.orders.pop(order.id, None)
            self._marks.pop(order.id, None)
            self.ended.append(order)

    def trade(self, trade: Trade) -> None:
        """A trade was made."""
        if self.record is not None:
            self.trades.append(trade)

    def look(self, orders: Iterable[WorkingOrder]) -> None:
        """Note which of *orders* a price has marked without anything being told of it."""
        if self.record is None:
            return
        for order in orders:
            marks = (order.active, order.rests, order.triggered, order.reduces, order.best)
            if marks != self._marks.get(order.id, _UNMARKED):
                self._marks[order.id] = marks
                self.orders[order.id] = order

    def clear(self) -> None:
        """What was noted is written."""
        self.orders.clear()
        self.ended.clear()
        self.trades.clear()
