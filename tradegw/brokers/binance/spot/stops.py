"""How many stops rest in each symbol: Binance takes but a few (``MAX_NUM_ALGO_ORDERS``).

An entry whose stop would find no place is better refused than filled. One that rests counts twice:
what it fills in part is covered by a stop of its own, and there must be a place for both. One that
is filled counts once, until a stop comes that was not there before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ....errors import OrderDenied
from ....model.enums import OrderStatus, OrderType
from ....model.money import ZERO
from ....model.order import Order, OrderRequest

KINDS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
DUE_SECONDS: Final = 60.0
"""So long a place is kept for the stop of what was filled; it may have closed something else."""


class Stops:
    """Knows of those that were seen: in events, in answers, and in lists of what works."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._working: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._sent: Counter[str] = Counter()
        self._expected: dict[str, str] = {}
        self._due: defaultdict[str, list[float]] = defaultdict(list)
        """When entries were filled whose stops did not come yet."""

    def saw(self, order: Order) -> None:
        """How *order* is."""
        if order.status.is_terminal and self._expected.pop(order.id, None) is not None:
            self._filled(order)
        if order.order_type not in KINDS:
            return
        if order.status is OrderStatus.REJECTED:
            return  # an exit of which the exchange thought better: another will want its place
        working, due = self._working[order.symbol], self._due[order.symbol]
        if order.status.is_terminal:
            working.pop(order.id, None)
            return
        if order.id not in working and due:
            due.pop(0)
        working[order.id] = 2 if order.status is OrderStatus.PENDING else 1

    def saw_all(self, working: Iterable[Order]) -> None:
        """All that work."""
        orders = tuple(working)
        ids = {order.id for order in orders}
        self._expected = {name: symbol for name, symbol in self._expected.items() if name in ids}
        for order in orders:
            self.saw(order)
        for known in self._working.values():
            for name in known.keys() - ids:
                del known[name]

    def expect(self, order: Order, asked: OrderRequest) -> None:
        """The gateway or the exchange will place a stop for what *order* fills, if it was *asked*
        for one.
        """
        if not wants_stop(asked):
            return
        if order.status.is_terminal:
            self._filled(order)
        else:
            self._expected[order.id] = order.symbol

    def _filled(self, order: Order) -> None:
        if order.filled_quantity > ZERO:
            self._due[order.symbol].append(self._seconds())

    @contextmanager
    def place(self, request: OrderRequest, most: int) -> Iterator[None]:
        """Keeps a place for *request*, or the stop that it asks for, while it is sent. Raises
        ``OrderDenied`` if it is one too many of *most*; zero is no such rule.
        """
        symbol, wanted = request.symbol, _places(request)
        taken = self._taken(symbol)
        if most and wanted and taken + wanted > most:
            raise OrderDenied(
                f"Binance takes {most} stops in {symbol}, and {taken} are placed or may be needed:"
                " this order would leave a position without",
                "TOO_MANY_ORDERS",
            )
        self._sent[symbol] += wanted
        try:
            yield
        finally:
            self._sent[symbol] -= wanted

    def _taken(self, symbol: str) -> int:
        since = self._seconds() - DUE_SECONDS
        self._due[symbol] = [at for at in self._due[symbol] if at > since]
        waiting = sum(2 for name in self._expected.values() if name == symbol)
        known = sum(self._working[symbol].values()) + self._sent[symbol]
        return known + waiting + len(self._due[symbol])


def wants_stop(request: OrderRequest) -> bool:
    """Whether a stop is to follow what *request* buys or sells."""
    return request.stop_loss is not None or request.trailing_stop is not None


def _places(request: OrderRequest) -> int:
    """How many stops *request* may lead to at once."""
    is_stop = request.order_type in KINDS
    if not wants_stop(request):
        return int(is_stop)
    return 1 + is_stop + (request.order_type is OrderType.LIMIT)
