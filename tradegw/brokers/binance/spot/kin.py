"""Which exits belong to which entry, as far as order lists and names show it.

An exit in its entry's own list is known once the entry was seen with the number of that list.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from ....model.order import Order
from . import wire
from .decoding import order_from, order_of
from .ids import OrderId, entry_behind, is_beside
from .names import Names

REMEMBERED: Final = 5000
NO_LIST: Final = -1


class Kin:
    """Learns of whatever is seen."""

    def __init__(self) -> None:
        self.names = Names()
        self._entries: OrderedDict[int, str] = OrderedDict()

    def learn_lists(self, lists: Iterable[wire.OrderList]) -> None:
        """Entries in lists with exits of ours."""
        for one in lists:
            if not any(is_beside(member.client_order_id) for member in one.orders):
                continue
            for member in one.orders:
                self._learn(
                    member.symbol, member.order_id, one.order_list_id, member.client_order_id
                )

    def learn_all(self, orders: Iterable[wire.Order]) -> None:
        for order in orders:
            self.learn(order)

    def learn(self, order: wire.Order) -> None:
        if order.side == "BUY":  # the exits sell
            self._learn(order.symbol, order.order_id, order.order_list_id, order.name)

    def learn_report(self, report: wire.Report) -> None:
        if report.S == "BUY":
            self._learn(report.s, report.i, report.g, report.C or report.c)

    def _learn(self, symbol: str, number: int, list_id: int, name: str) -> None:
        if list_id == NO_LIST or is_beside(name):
            return
        self._entries[list_id] = str(OrderId(symbol, number))
        if len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)

    def lacks_entry(self, name: str, list_id: int) -> bool:
        """Whether an exit of that *name* is of an entry that was not seen yet."""
        return is_beside(name) and list_id not in self._entries

    def decoded(self, order: wire.Order) -> Order:
        """Raises ``ValueError`` as ``order_from`` does."""
        self.learn(order)
        parent = self._parent(order.symbol, order.name, order.order_list_id)
        return self._named(order_from(order, parent))

    def told(self, report: wire.Report) -> Order:
        """The same of a report."""
        self.learn_report(report)
        parent = self._parent(report.s, report.C or report.c, report.g)
        return self._named(order_of(report, parent))

    def _named(self, order: Order) -> Order:
        name = order.client_order_id
        shown = None if name is None else self.names.shown(name)
        return order if shown == name else replace(order, client_order_id=shown)

    def _parent(self, symbol: str, name: str, list_id: int) -> str | None:
        if is_beside(name):
            return self._entries.get(list_id)
        return entry_behind(symbol, name)
