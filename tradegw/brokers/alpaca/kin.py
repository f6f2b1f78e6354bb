"""Which order is whose leg, and which took whose place: what an order alone does not say.

Links are shown only where a list was asked for nested, and a replaced order goes on under a new id
with a new client order id. Bounded: what was not mentioned for long is forgotten, and asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from ...model.order import Order
from . import wire
from .decoding import RENAMED, first_id, flat, order_from
from .symbols import Symbols

REMEMBERED: Final = 20_000


class Kin:
    """Learns from all that is seen, and decodes orders with what it knows."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._parents: OrderedDict[str, str] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()

    def learn_all(self, orders: Iterable[wire.Order]) -> None:
        """Many were seen, in whatever order: names and links are handed down from the oldest on."""
        for order in sorted(orders, key=lambda order: order.created_at or ""):
            self.learn(order)

    def learn(self, order: wire.Order) -> None:
        """*order*, maybe with legs, was seen."""
        for shown in flat((order,)):
            if shown.parent is not None:
                _keep(self._parents, shown.order.id, shown.parent.id)
            if shown.order.replaces is not None:
                self._inherit(shown.order.replaces, shown.order.id)
            if shown.order.replaced_by is not None:
                self._hand_down(shown.order)

    def take_place(self, order: wire.Order, previous: wire.Order) -> None:
        """*order* goes on where *previous* ended."""
        self._hand_down(previous, order.id)

    def knows_origin(self, order: wire.Order) -> bool:
        """Whether it is known what client order id *order* began with."""
        if order.replaces is None or order.id in self._names:
            return True
        return RENAMED.fullmatch(order.client_order_id or "") is not None

    def parent_id(self, order_id: str) -> str | None:
        """The order whose leg that is."""
        return self._parents.get(order_id)

    def decoded(self, order: wire.Order) -> Order:
        """*order* with its links; raises ``ValueError`` as ``order_from`` does."""
        return order_from(
            order,
            self._symbols,
            parent_id=self._parents.get(order.id),
            client_order_id=self._names.get(order.id),
        )

    def _hand_down(self, old: wire.Order, heir: str | None = None) -> None:
        heir = heir or old.replaced_by
        if heir is None:
            return
        name = self._names.get(old.id) or first_id(old)
        if name is not None and self.knows_origin(old):
            _keep(self._names, heir, name)
        self._inherit(old.id, heir)

    def _inherit(self, order_id: str, heir: str) -> None:
        if order_id in self._names:
            _keep(self._names, heir, self._names[order_id])
        if order_id in self._parents:
            _keep(self._parents, heir, self._parents[order_id])


def _keep(kept: OrderedDict[str, str], key: str, value: str) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
