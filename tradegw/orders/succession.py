"""Which orders another may take the place of: they are being changed, or nobody knows whether they
were, since no answer came. By name alone one may be told of before the answer, or instead of it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ..model.order import Order

REMEMBERED: Final = 1000
"""Changes of which no answer ever told."""


class Succession:
    """By the client order ids that the broker was shown."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, Order] = OrderedDict()

    def changing(self, name: str, order: Order) -> None:
        """*order* is about to be changed."""
        self._by_name[name] = order
        self._by_name.move_to_end(name)
        if len(self._by_name) > REMEMBERED:
            self._by_name.popitem(last=False)

    def settled(self, order_id: str) -> None:
        """What became of the change of that order is known."""
        for name, order in list(self._by_name.items()):
            if order.id == order_id:
                del self._by_name[name]

    def heard(self, order: Order) -> str | None:
        """The id of the order whose place *order* took, of which nothing was told yet; ``None`` if
        that is none of these, and from then on.
        """
        name = order.client_order_id
        before = None if name is None else self._by_name.get(name)
        if name is None or before is None or before.id == order.id:
            return None
        if (before.symbol, before.side) != (order.symbol, order.side):
            return None
        del self._by_name[name]
        return before.id
