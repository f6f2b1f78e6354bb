"""Orders that waited for a price, and the ordinary ones that they became: one order for clients.

That an ordinary order is another's child only the other says (``ai`` of its news, or its
``actualOrderId``); its client order id may be the same, but need not be. So whose an order is stays
open until that was heard, or the other was looked at.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from ....model.enums import OrderStatus
from ....model.money import ZERO
from ....model.order import Order
from . import decoding, wire
from .ids import OrderId
from .statuses import ALGO, FINISHED

REMEMBERED: Final = 20_000


class Children:
    """Learns of whatever is seen."""

    def __init__(self) -> None:
        self._algos: OrderedDict[int, wire.Algo] = OrderedDict()
        self._living: dict[int, wire.Algo] = {}
        self._parents: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._own: OrderedDict[tuple[str, int], None] = OrderedDict()

    # -- what is seen

    def learn(self, algo: wire.Algo) -> wire.Algo:
        """*algo* as it is known altogether: what is newer, with what only was told before."""
        before = self.algo(algo.algo_id)
        if before is not None:
            algo = _together(before, algo)
        self._algos[algo.algo_id] = algo
        _limit(self._algos)
        if algo.child is None and _lives(algo):
            self._living[algo.algo_id] = algo  # however long it waits
        else:
            self._living.pop(algo.algo_id, None)
        if algo.child is not None:
            self._parents[(algo.symbol, algo.child)] = algo.algo_id
            self._own.pop((algo.symbol, algo.child), None)
            _limit(self._parents)
        return algo

    def learn_all(self, algos: Iterable[wire.Algo]) -> None:
        for algo in algos:
            self.learn(algo)

    def is_by_itself(self, symbol: str, number: int) -> None:
        """An ordinary order that is nobody's child."""
        if (symbol, number) not in self._parents:
            self._own[(symbol, number)] = None
            _limit(self._own)

    # -- what is known

    def algo(self, number: int) -> wire.Algo | None:
        return self._algos.get(number) or self._living.get(number)

    def parent(self, symbol: str, number: int) -> wire.Algo | None:
        """Whose child the ordinary order is, as far as is known."""
        found = self._parents.get((symbol, number))
        return None if found is None else self.algo(found)

    def is_settled(self, symbol: str, number: int) -> bool:
        """Whether it is known whose child the ordinary order is, or that it is nobody's."""
        return (symbol, number) in self._parents or (symbol, number) in self._own

    def living(self) -> tuple[wire.Algo, ...]:
        """Those that wait still, as far as is known."""
        return tuple(self._living.values())

    # -- as they are told

    def id_of(self, symbol: str, number: int) -> str:
        """The id, for clients, of an ordinary order."""
        parent = self.parent(symbol, number)
        if parent is not None:
            return str(OrderId(symbol, parent.algo_id, waits=True))
        return str(OrderId(symbol, number))

    def told(self, order: wire.Order) -> Order:
        """An ordinary order; that which waited, if it is its child."""
        parent = self.parent(order.symbol, order.order_id)
        if parent is None:
            return decoding.order_from(order)
        return decoding.waiting_from(parent, order)


def _lives(algo: wire.Algo) -> bool:
    return (
        algo.algo_status != FINISHED
        and not ALGO.get(algo.algo_status, OrderStatus.OPEN).is_terminal
    )


def _together(before: wire.Algo, algo: wire.Algo) -> wire.Algo:
    newest = algo if algo.update_time >= before.update_time else before
    return replace(
        newest,
        create_time=min(before.create_time or algo.create_time, algo.create_time),
        update_time=newest.update_time,
        actual_order_id=algo.child or before.child,
        callback_rate=algo.callback_rate or before.callback_rate,
        actual_qty=max(algo.actual_qty, before.actual_qty, ZERO),
        client_algo_id=algo.client_algo_id or before.client_algo_id,
    )


def _limit(remembered: OrderedDict) -> None:  # type: ignore[type-arg]  # of whatever
    if len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
