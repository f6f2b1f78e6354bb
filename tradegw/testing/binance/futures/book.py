"""All orders, conditional orders and trades there ever were."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from .orders import Algo, Fill, Order


class Book:
    """Nothing is ever removed. Queries do not see an order for ``lag_seconds``."""

    def __init__(self, clock: IReactorTime) -> None:
        self.lag_seconds = 0.0
        self.orders: dict[tuple[str, int], Order] = {}
        self.algos: dict[int, Algo] = {}
        self.fills: list[Fill] = []
        self._clock = clock

    def add(self, thing: Order | Algo) -> None:
        """Remember an order, or a conditional one."""
        thing.born = self._clock.seconds()
        if isinstance(thing, Order):
            self.orders[thing.contract.symbol, thing.id] = thing
        else:
            self.algos[thing.id] = thing

    def all(self, symbol: str | None = None) -> list[Order]:
        """Every order, oldest first."""
        return [each for (of, _id), each in self.orders.items() if symbol in (None, of)]

    def open(self, symbol: str | None = None) -> list[Order]:
        """Those that are not over."""
        return [order for order in self.all(symbol) if order.is_open]

    def open_algos(self, symbol: str | None = None) -> list[Algo]:
        """The conditional ones that still wait."""
        return [
            algo
            for algo in self.algos.values()
            if algo.is_open and symbol in (None, algo.contract.symbol)
        ]

    def find(self, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """The order of an id, or the latest of a client's id."""
        if order_id is not None:
            return self.orders.get((symbol, order_id))
        found = [each for each in self.all(symbol) if each.client_id == client_id]
        return found[-1] if found else None

    def find_algo(self, algo_id: int | None, client_id: str | None) -> Algo | None:
        """The conditional order of an id, or the latest of a client's id."""
        if algo_id is not None:
            return self.algos.get(algo_id)
        found = [each for each in self.algos.values() if each.client_id == client_id]
        return found[-1] if found else None

    def shows(self, thing: Order | Algo) -> bool:
        """Whether queries know of it already."""
        return self._clock.seconds() - thing.born >= self.lag_seconds
