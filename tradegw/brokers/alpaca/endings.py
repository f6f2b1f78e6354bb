"""Waiting until the stream tells that an order ended."""

from __future__ import annotations

from collections import defaultdict

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ...model.order import Order
from .statuses import REFUSALS


class Endings:
    """Told of every order that the stream mentions; who waits for the end of one hears of it."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: defaultdict[str, list[Deferred[Order | None]]] = defaultdict(list)

    def of(self, order_id: str, seconds: float) -> Deferred[Order | None]:
        """Fires with the order as it ended; with ``None`` after *seconds*, if it is cancelled, and
        if the broker tells that it will not end.
        """
        waiting: Deferred[Order | None] = Deferred()
        self._waiting[order_id].append(waiting)
        return waiting.addTimeout(seconds, self._clock).addBoth(self._over, order_id, waiting)

    def heard(self, order: Order, event: str) -> None:
        """*event* was told of *order*."""
        if order.id not in self._waiting:
            return
        if order.status.is_terminal or event in REFUSALS:
            for waiting in tuple(self._waiting[order.id]):
                waiting.callback(order if order.status.is_terminal else None)

    def _over(self, result: object, order_id: str, waiting: Deferred[Order | None]) -> Order | None:
        left = self._waiting[order_id]
        left.remove(waiting)
        if not left:
            del self._waiting[order_id]
        return result if isinstance(result, Order) else None
