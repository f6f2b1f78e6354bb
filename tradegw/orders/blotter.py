"""Every order we know, and what we alone know about it: correlation id, parent, OCO group.

An order is expected under its client order id before it is sent, so an event that overtakes the
broker's answer is linked all the same. Bounded: of the terminal orders the newest are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ..model.enums import OrderStatus
from ..model.order import Order

RETAINED_TERMINAL: Final = 10_000


class Links(Struct, frozen=True, kw_only=True):
    """What the gateway knows of an order beyond what the broker tells."""

    client_order_id: str
    correlation_id: str | None = None
    parent_order_id: str | None = None
    oco_group_id: str | None = None


class Blotter:
    """Orders by broker id; links by client order id until the broker's id is known."""

    def __init__(self, retained_terminal: int = RETAINED_TERMINAL) -> None:
        self._retained = retained_terminal
        self._expected: dict[str, Links] = {}
        self._links: dict[str, Links] = {}
        self._orders: dict[str, Order] = {}
        self._terminal: OrderedDict[str, None] = OrderedDict()

    def expect(self, links: Links) -> None:
        """An order with these links is about to be sent."""
        self._expected[links.client_order_id] = links

    def forget(self, client_order_id: str) -> None:
        """It was definitely refused."""
        self._expected.pop(client_order_id, None)

    def is_known(self, order_id: str) -> bool:
        return order_id in self._orders

    def apply(self, order: Order) -> Order:
        """Take in the newest state of *order*; returns it with its links.

        A terminal state is final: what comes later for the same order does not change what is kept.
        """
        linked = self.linked(order)
        known = self._orders.get(order.id)
        if known is not None and known.status.is_terminal:
            return linked
        self._orders[order.id] = linked
        if order.status.is_terminal:
            self._retire(order.id)
        return linked

    def renamed(self, previous_id: str, order: Order) -> Order:
        """The broker gave the order a new id: its links go with it."""
        links = self._links.get(previous_id)
        if links is not None:
            self._links.setdefault(order.id, links)
        known = self._orders.get(previous_id)
        if known is not None and not known.status.is_terminal:
            self._orders[previous_id] = replace(known, status=OrderStatus.CANCELLED)
            self._retire(previous_id)
        return self.apply(order)

    def linked(self, order: Order) -> Order:
        """*order* with correlation id, parent and group; what the broker itself says wins."""
        links = self._links_of(order)
        if links is None:
            return order
        return replace(
            order,
            correlation_id=order.correlation_id or links.correlation_id,
            parent_order_id=order.parent_order_id or links.parent_order_id,
            oco_group_id=order.oco_group_id or links.oco_group_id,
        )

    def order(self, order_id: str) -> Order | None:
        """The newest state seen, or ``None``."""
        return self._orders.get(order_id)

    def working(self) -> list[Order]:
        """All orders that are not terminal as far as we have heard."""
        return [order for order in self._orders.values() if not order.status.is_terminal]

    def group(self, oco_group_id: str) -> list[Order]:
        """The known members of a group, terminal ones included."""
        return [order for order in self._orders.values() if order.oco_group_id == oco_group_id]

    def _links_of(self, order: Order) -> Links | None:
        links = self._links.get(order.id)
        if links is None and order.client_order_id is not None:
            links = self._expected.pop(order.client_order_id, None)
            if links is not None:
                self._links[order.id] = links
        return links

    def _retire(self, order_id: str) -> None:
        self._terminal[order_id] = None
        while len(self._terminal) > self._retained:
            oldest, _ = self._terminal.popitem(last=False)
            self._orders.pop(oldest, None)
            self._links.pop(oldest, None)
