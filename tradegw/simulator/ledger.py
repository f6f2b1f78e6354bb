"""Every order and every trade: the working orders by symbol, the done ones as long as may be.

It is also the judge in tests: what the exchange did stands here, by id and by client order id.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from ..model.account import Trade
from ..model.enums import TimeInForce
from ..model.order import Order
from .diary import Diary
from .working import WorkingOrder


class Ledger:
    """Remembers *retained* terminal orders and as many trades; the oldest are forgotten first.

    What changes is noted in *diary*.
    """

    def __init__(self, retained: int, diary: Diary) -> None:
        self._retained = retained
        self._diary = diary
        self._books: dict[str, dict[int, WorkingOrder]] = {}
        self._working: dict[str, WorkingOrder] = {}
        self._done: dict[str, Order] = {}
        self._by_client_id: dict[str, str] = {}
        self._trades: deque[Trade] = deque(maxlen=retained)
        self.sequence = 0
        self.ordinals: dict[str, int] = {}
        """How many orders of each symbol there have been."""
        self.day_orders: dict[str, WorkingOrder] = {}
        """The working DAY orders by id."""

    def book(self, symbol: str) -> dict[int, WorkingOrder]:
        """The working orders of *symbol* by sequence number, in order; one dict for ever."""
        return self._books.setdefault(symbol, {})

    def enter(self, order: WorkingOrder) -> None:
        """*order* is accepted and gets its place in the queue."""
        self._working[order.id] = order
        if order.client_order_id:
            self._by_client_id[order.client_order_id] = order.id
        if order.time_in_force is TimeInForce.DAY:
            self.day_orders[order.id] = order
        order.ordinal = self.ordinals[order.symbol] = self.ordinals.get(order.symbol, 0) + 1
        self._queue(order)

    def requeue(self, order: WorkingOrder) -> None:
        """*order* has lost its place and goes to the end."""
        del self._books[order.symbol][order.sequence]
        self._queue(order)

    def finish(self, order: WorkingOrder) -> None:
        """*order* is terminal."""
        del self._books[order.symbol][order.sequence]
        del self._working[order.id]
        self.day_orders.pop(order.id, None)
        self._done[order.id] = done = order.snapshot()
        self._diary.end(done)
        if len(self._done) > self._retained:
            forgotten = self._done.pop(next(iter(self._done)))
            if forgotten.client_order_id:
                del self._by_client_id[forgotten.client_order_id]

    def add_trade(self, trade: Trade) -> None:
        self._trades.append(trade)
        self._diary.trade(trade)

    def changed(self, order: WorkingOrder) -> None:
        """*order* is at work as before, but not what it was."""
        self._diary.changed(order)

    def restore(
        self,
        orders: Iterable[WorkingOrder],
        ended: Sequence[Order],
        trades: Iterable[Trade],
        sequence: int,
    ) -> None:
        """Begin with these; *orders* are the working ones, and are ours from now on."""
        for done in ended[-self._retained :]:
            self._done[done.id] = done
        for order in orders:
            self._working[order.id] = order
            if order.time_in_force is TimeInForce.DAY:
                self.day_orders[order.id] = order
        for order in sorted(self._working.values(), key=lambda order: order.sequence):
            self.book(order.symbol)[order.sequence] = order
        known: list[Order | WorkingOrder] = [*self._done.values(), *self._working.values()]
        self._by_client_id.update((o.client_order_id, o.id) for o in known if o.client_order_id)
        self._trades.extend(trades)
        self.sequence = sequence

    def working(self, order_id: str) -> WorkingOrder | None:
        """The working order *order_id*."""
        return self._working.get(order_id)

    @property
    def working_count(self) -> int:
        """How many orders are at work."""
        return len(self._working)

    def all_working(self) -> list[WorkingOrder]:
        """All working orders, in the order of acceptance; a copy."""
        return list(self._working.values())

    def find(self, order_id: str) -> Order | None:
        """Any order that is remembered."""
        order = self._working.get(order_id)
        return self._done.get(order_id) if order is None else order.snapshot()

    def find_by_client_id(self, client_order_id: str) -> Order | None:
        """The order that *client_order_id* stands for."""
        order_id = self._by_client_id.get(client_order_id)
        return None if order_id is None else self.find(order_id)

    def done(self) -> Iterator[Order]:
        """The terminal orders, in the order in which they ended."""
        return iter(self._done.values())

    def trades(self) -> Iterator[Trade]:
        """The trades, in order."""
        return iter(self._trades)

    def _queue(self, order: WorkingOrder) -> None:
        self.sequence += 1
        order.sequence = self.sequence
        self.book(order.symbol)[order.sequence] = order
        self._diary.changed(order)
