"""How many stops rest in each symbol: Binance takes but a few (``MAX_NUM_ALGO_ORDERS``).

An entry whose stop would find no place is better refused than filled. One that rests counts twice:
what it fills in part is covered by a stop of its own, and there must be a place for both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ....errors import OrderDenied
from ....model.enums import OrderStatus, OrderType
from ....model.order import Order, OrderRequest

KINDS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})


class Stops:
    """Knows of those that were seen: in events, in answers, and in lists of what works."""

    def __init__(self) -> None:
        self._working: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._expected: dict[str, str] = {}

    def saw(self, order: Order) -> None:
        """How *order* is."""
        if order.status.is_terminal:
            self._expected.pop(order.id, None)
        if order.order_type not in KINDS:
            return
        if order.status is OrderStatus.REJECTED:
            return  # an exit of which the exchange thought better: another will want its place
        if order.status.is_terminal:
            self._working[order.symbol].pop(order.id, None)
        else:
            places = 2 if order.status is OrderStatus.PENDING else 1
            self._working[order.symbol][order.id] = places

    def saw_all(self, working: Iterable[Order]) -> None:
        """All that work."""
        orders = tuple(working)
        ids = {order.id for order in orders}
        self._working.clear()
        self._expected = {name: symbol for name, symbol in self._expected.items() if name in ids}
        for order in orders:
            self.saw(order)

    def expect(self, order: Order, asked: OrderRequest) -> None:
        """The gateway will place a stop for what *order* fills, if it was *asked* for one."""
        if wants_stop(asked) and not order.status.is_terminal:
            self._expected[order.id] = order.symbol

    def check(self, request: OrderRequest, most: int) -> None:
        """Raise ``OrderDenied`` if *request*, or the stop that it asks for, is one too many of
        *most*; zero is no such rule.
        """
        is_stop = request.order_type in KINDS
        is_followed = wants_stop(request)
        if not most or not (is_stop or is_followed):
            return
        taken = sum(self._working[request.symbol].values())
        taken += sum(2 for symbol in self._expected.values() if symbol == request.symbol)
        waits = is_followed and request.order_type is OrderType.LIMIT
        if taken + is_stop + is_followed + waits > most:
            raise OrderDenied(
                f"Binance takes {most} stops in {request.symbol}, and {taken} are placed or may be"
                " needed: this order would leave a position without",
                "TOO_MANY_ORDERS",
            )


def wants_stop(request: OrderRequest) -> bool:
    """Whether a stop is to follow what *request* buys or sells."""
    return request.stop_loss is not None or request.trailing_stop is not None
