"""All orders there ever were, and who belongs to whom."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct

from .assets import Asset
from .orders import Order


class Execution(Struct, frozen=True, kw_only=True):
    """One fill. ``id`` is the stream's; ``activity_id`` is what REST calls it."""

    id: str
    activity_id: str
    order_id: str
    symbol: str
    side: str
    opens_short: bool
    qty: Decimal
    price: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    order_status: str
    position_qty: Decimal
    moment: int


class Book:
    """Orders and executions, in the order in which they came; nothing is ever removed."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.executions: list[Execution] = []
        self._by_client_id: dict[str, Order] = {}

    def add(self, order: Order) -> None:
        """Remember *order*."""
        self.orders[order.id] = order
        self._by_client_id[order.client_order_id] = order

    def find(self, order_id: str) -> Order | None:
        """The order of an id."""
        return self.orders.get(order_id)

    def bearing(self, client_order_id: str) -> Order | None:
        """The order of a client order id."""
        return self._by_client_id.get(client_order_id)

    def open(self) -> list[Order]:
        """All that are not over, oldest first."""
        return [order for order in self.orders.values() if order.is_open]

    def open_in(self, asset: Asset) -> list[Order]:
        """Those of *asset*."""
        return [order for order in self.open() if order.asset.symbol == asset.symbol]

    def holding_back(self, asset: Asset, side: str) -> list[Order]:
        """Who has a claim on the position that orders of *side* close.

        Of a pair of exits one claims it, the other is ``held``; so is a successor for now.
        """
        return [
            order
            for order in self.open_in(asset)
            if order.side == side
            and order.position_intent.endswith("close")
            and order.status != "held"
            and not order.is_queued_successor
        ]

    def legs_of(self, order: Order) -> list[Order]:
        """The legs of *order*."""
        return [self.orders[each] for each in order.legs]

    def siblings(self, order: Order) -> list[Order]:
        """The open other exits of the same shares."""
        if order.parent is None:
            found = self.legs_of(order) if order.order_class == "oco" else []
        else:
            parent = self.orders[order.parent]
            family = [parent] if parent.order_class == "oco" else []
            found = [each for each in (*family, *self.legs_of(parent)) if each is not order]
        return [each for each in found if each.is_open]

    def is_exit(self, order: Order) -> bool:
        """Whether *order* is one of a group's exits, not its entry."""
        return order.is_exit_leg or order.order_class == "oco"

    def succeed(self, old: Order, new: Order) -> None:
        """*new* takes the place of *old* in its family."""
        new.parent, new.legs, old.legs = old.parent, old.legs, []
        for leg in self.legs_of(new):
            leg.parent = new.id
        if old.parent is not None:
            legs = self.orders[old.parent].legs
            legs[legs.index(old.id)] = new.id

    def told(self, order: Order, *, nested: bool = True) -> dict[str, Any]:
        """*order* as JSON, with its legs inside if *nested*."""
        return order.told([leg.told() for leg in self.legs_of(order)] if nested else None)

    def streamed(self, order: Order) -> dict[str, Any]:
        """*order* as the trading stream tells it."""
        return order.streamed([leg.streamed() for leg in self.legs_of(order)])

    def executions_of(self, order_id: str) -> Iterator[Execution]:
        """The fills of an order, oldest first."""
        return (each for each in self.executions if each.order_id == order_id)
