"""All orders, lists and trades there ever were; ids are unique within a symbol alone."""

from __future__ import annotations

from collections.abc import Iterator

from twisted.internet.interfaces import IReactorTime

from .orders import Fill, Order, OrderList


class Book:
    """Nothing is removed, but by :meth:`wipe`.

    Queries do not see an order for ``lag_seconds`` after it was placed.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.lag_seconds = 0.0
        self.fills: list[Fill] = []
        self.lists: dict[int, OrderList] = {}
        self._clock = clock
        self._orders: dict[tuple[str, int], Order] = {}

    def wipe(self) -> None:
        """Forget everything."""
        self._orders.clear()
        self.fills.clear()
        self.lists.clear()

    def add(self, order: Order) -> None:
        """Remember *order*."""
        order.born = self._clock.seconds()
        self._orders[order.symbol.symbol, order.id] = order

    def add_list(self, orders: OrderList) -> None:
        """Remember a list."""
        orders.born = self._clock.seconds()
        self.lists[orders.id] = orders

    def all(self, symbol: str | None = None) -> Iterator[Order]:
        """Every order, oldest first."""
        return (
            order
            for (of, _id), order in tuple(self._orders.items())
            if symbol is None or of == symbol
        )

    def open(self, symbol: str | None = None) -> list[Order]:
        """Those that are not over."""
        return [order for order in self.all(symbol) if order.is_open]

    def find(
        self, symbol: str, order_id: int | None, client_id: str | None, *, is_query: bool = False
    ) -> Order | None:
        """The order of an id, or the latest of a client's id, open ones first.

        With both the first counts, and the second must be right.
        """
        if order_id is not None:
            found = self._orders.get((symbol, order_id))
            if found is not None and client_id not in (None, found.client_id):
                return None
        else:
            bearing = [each for each in self.all(symbol) if each.client_id == client_id]
            bearing.sort(key=lambda order: order.is_open)
            found = bearing[-1] if bearing else None
        return None if found is not None and is_query and not self.shows(found) else found

    def shows(self, thing: Order | OrderList) -> bool:
        """Whether queries know of it already."""
        return self._clock.seconds() - thing.born >= self.lag_seconds

    def is_taken(self, symbol: str, client_id: str) -> bool:
        """Whether an open order bears *client_id*."""
        return any(order.client_id == client_id for order in self.open(symbol))

    def list_of(self, order: Order) -> OrderList | None:
        """The list that *order* belongs to."""
        return self.lists.get(order.list_id)

    def find_list(self, list_id: int | None, client_id: str | None) -> OrderList | None:
        """The list of an id, or the latest of a client's id."""
        if list_id is not None:
            return self.lists.get(list_id)
        found = [each for each in self.lists.values() if each.client_id == client_id]
        return found[-1] if found else None
