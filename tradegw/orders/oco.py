"""Groups of orders of which one cancels the others (``oco_group_id``), kept by the gateway.

A full fill or a rejection of a member cancels the rest; a client's own cancel does not. Where the
broker pairs the orders itself our cancels find them gone already. A group's name may be used again
for other orders once one of its members has filled.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..model.enums import AlertCode, OrderStatus
from ..model.order import Order
from .alarm import Alarm
from .blotter import Blotter
from .entry import Entry

REMEMBERED_FILLS: Final = 10_000
RETRY_SECONDS: Final = (1.0, 5.0, 30.0)


class _Round(Struct, eq=False):
    """A member filled; ``rivals`` are the ids of those that worked then, ``unseen`` the client
    order ids of those that were on their way to the broker.
    """

    first: Order
    rivals: set[str]
    unseen: set[str]

    def includes(self, order: Order) -> bool:
        return order.id in self.rivals or order.client_order_id in self.unseen


class OcoGroups:
    """Watches the members of every group."""

    log = Logger()

    def __init__(self, blotter: Blotter, entry: Entry, alarm: Alarm, clock: IReactorTime) -> None:
        self._clock = clock
        self._blotter = blotter
        self._entry = entry
        self._alarm = alarm
        self._rounds: OrderedDict[str, _Round] = OrderedDict()

    def on_order(self, order: Order) -> Deferred[None] | None:
        """A member changed; *order* carries its links. Fires when the others were cancelled."""
        group = order.oco_group_id
        if group is None:
            return None
        if order.status is OrderStatus.FILLED:
            return self._filled(group, order)
        if order.status is OrderStatus.REJECTED:
            return self._cancel(group, self._others(group, order))
        if self._is_late(group, order):
            return self._cancel(group, [order])
        return None

    def _filled(self, group: str, order: Order) -> Deferred[None] | None:
        known = self._rounds.get(group)
        if known is not None and known.first.id == order.id:
            return None
        if known is not None and known.includes(order):
            self._double_exit(group, known.first, order)
            return None
        others = self._others(group, order)
        self._rounds[group] = _Round(
            first=order,
            rivals={other.id for other in others},
            unseen=set(self._blotter.expected_in_group(group)),
        )
        self._rounds.move_to_end(group)
        if len(self._rounds) > REMEMBERED_FILLS:
            self._rounds.popitem(last=False)
        return self._cancel(group, others)

    def _is_late(self, group: str, order: Order) -> bool:
        """Whether *order* was on its way when another member filled, and is seen only now."""
        known = self._rounds.get(group)
        if known is None or order.client_order_id not in known.unseen or order.status.is_terminal:
            return False
        known.unseen.discard(order.client_order_id)
        known.rivals.add(order.id)
        return True

    def _others(self, group: str, order: Order) -> list[Order]:
        return [one for one in self._blotter.working_in_group(group) if one.id != order.id]

    @as_deferred
    async def _cancel(self, group: str, orders: list[Order]) -> None:
        left = [order for order in orders if not await self._is_gone(group, order.id)]
        if left:
            logged(self._try_again(group, left), self.log, "cancelling an OCO group")

    @as_deferred
    async def _try_again(self, group: str, orders: list[Order]) -> None:
        """Out of the way of events: the fill that caused it does not wait for this."""
        for pause in RETRY_SECONDS:
            await deferLater(self._clock, pause)
            orders = [order for order in orders if not await self._is_gone(group, order.id)]
        for order in orders:
            self._alarm.raise_alert(
                AlertCode.INTERNAL_ERROR,
                f"Order {order.id} of OCO group {group} could not be cancelled and may still fill",
                {"oco_group_id": group, "symbol": order.symbol, "order_id": order.id},
            )

    @as_deferred
    async def _is_gone(self, group: str, order_id: str) -> bool:
        try:
            await self._entry.cancel_order(order_id)
        except GatewayError as error:
            known = self._blotter.order(order_id)
            if known is not None and known.status.is_terminal:
                return True  # the broker paired them, or it filled
            self.log.warn(
                "order {order_id} of OCO group {group} is not cancelled yet: {reason}",
                order_id=order_id,
                group=group,
                reason=error.message,
            )
            return False
        return True

    def _double_exit(self, group: str, first: Order, second: Order) -> None:
        self._alarm.raise_alert(
            AlertCode.OCO_DOUBLE_EXIT,
            f"Both orders of OCO group {group} filled: double-exit on {second.symbol}",
            {
                "oco_group_id": group,
                "symbol": second.symbol,
                "first_fill": _fill(first),
                "second_fill": _fill(second),
                "total_exit_quantity": first.filled_quantity + second.filled_quantity,
            },
        )


def _fill(order: Order) -> dict[str, object]:
    return {
        "order_id": order.id,
        "quantity": order.filled_quantity,
        "side": order.side.value.capitalize(),
    }
