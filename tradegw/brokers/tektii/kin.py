"""Orders as the gateway sees them: with what they were sent with, and whose place they took. Pure.

A change is a cancel and a new order of what was left. Here that is one order that goes on: the
second shows what the first had executed as its own, so that quantities stay the total and grow.
"""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from ...model.enums import OrderStatus
from ...model.money import ZERO
from ...model.order import Order
from . import decoding, wire
from .asked import MOST_REMEMBERED, NOTHING, Asked, Remembered


class _Carried(Struct, frozen=True):
    """What an order's predecessors executed, and for how much; *previous_id* is the last one."""

    previous_id: str
    quantity: Decimal
    value: Decimal


class Kin:
    """What is known of orders beside what the engine shows."""

    def __init__(self) -> None:
        self.remembered = Remembered()
        self._expected: dict[str, _Carried] = {}
        self._carried: OrderedDict[str, _Carried] = OrderedDict()

    def succeeding(self, before: Order) -> None:
        """What is left of *before*, which is as it is shown here, is sent anew under its name."""
        if before.client_order_id is not None:
            self._expected[before.client_order_id] = _carried(before)

    def succeeded(self, before: Order) -> None:
        """That was done, or will not be."""
        self._expected.pop(before.client_order_id or "", None)

    def heir(self, before: Order, order: Order) -> Order:
        """*order*, as it was answered, took the place of *before*; as it is with what it carries,
        also where no name told that.
        """
        if order.id in self._carried:
            return order
        self._keep(order.id, _carried(before))
        return self.whole(order)

    def asked(self, order: Order) -> Asked:
        """What *order* was sent with."""
        return self.remembered.of(order.id, order.client_order_id) or Asked(
            position_id=order.position_id, reduce_only=bool(order.reduce_only)
        )

    def decoded(self, shown: wire.Order) -> Order:
        """An order that the engine shows; raises ``ValueError`` if it cannot be told."""
        asked = self.remembered.of(shown.id, shown.client_order_id) or NOTHING
        return self.whole(decoding.order_from(shown, asked))

    def whole(self, order: Order) -> Order:
        """*order*, of which its own part is known, with that of those before it."""
        carried = self._carried.get(order.id) or self._heir(order)
        if carried is None or not carried.quantity:
            return order
        filled = order.filled_quantity + carried.quantity
        value = order.filled_quantity * (order.average_fill_price or ZERO) + carried.value
        is_open = order.status is OrderStatus.OPEN
        return replace(
            order,
            quantity=order.quantity + carried.quantity,
            filled_quantity=filled,
            average_fill_price=value / filled,
            status=OrderStatus.PARTIALLY_FILLED if is_open else order.status,
        )

    def _heir(self, order: Order) -> _Carried | None:
        """It may be told of before the answer to its submit."""
        carried = self._expected.get(order.client_order_id or "")
        if carried is None or order.id == carried.previous_id or order.id in self._carried:
            return None
        if order.status.is_terminal and not order.filled_quantity:
            return None  # an older one of that name
        self._keep(order.id, carried)
        return carried

    def _keep(self, order_id: str, carried: _Carried) -> None:
        self._carried[order_id] = carried
        if len(self._carried) > MOST_REMEMBERED:
            self._carried.popitem(last=False)


def _carried(before: Order) -> _Carried:
    value = before.filled_quantity * (before.average_fill_price or ZERO)
    return _Carried(before.id, before.filled_quantity, value)
