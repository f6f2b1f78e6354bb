"""Orders that get a new id when they are changed, as some brokers have it."""

from __future__ import annotations

from msgspec.structs import replace

from tradegw.model.order import Order


class Succession:
    """Keeps the ids that each order of the exchange had; :attr:`retired` is how those stand that it
    has no more.
    """

    def __init__(self) -> None:
        self.retired: dict[str, Order] = {}
        self._ids: dict[str, list[str]] = {}
        self._first: dict[str, str] = {}

    def all_of(self, order_id: str) -> list[str]:
        """The ids that the exchange's *order_id* had, the first of which is its own."""
        return self._ids.get(order_id, [order_id])

    def last_of(self, order_id: str) -> str:
        """The id that the exchange's *order_id* has now."""
        return self.all_of(order_id)[-1]

    def first_of(self, order_id: str) -> str:
        """The id at the exchange of what is known as *order_id*."""
        return self._first.get(order_id, order_id)

    def shown(self, order: Order) -> Order:
        """*order* of the exchange under the id that it has now."""
        return replace(order, id=self.last_of(order.id)) if order.id in self._ids else order

    def rename(self, order_id: str, ended: Order, order: Order) -> Order:
        """The exchange's *order_id* gets a new id: *ended* is what is left under the one it had,
        and the answer *order* under the new one.
        """
        ids = self._ids.setdefault(order_id, [order_id])
        ids.append(f"{order_id}.{len(ids)}")
        self._first[ids[-1]] = order_id
        self.retired[ended.id] = ended
        return replace(order, id=ids[-1])
