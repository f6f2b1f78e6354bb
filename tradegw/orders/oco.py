"""Groups of orders of which one cancels the others (``oco_group_id``), kept by the gateway.

A full fill or a rejection of a member cancels the rest; a client's own cancel does not. Where the
broker pairs the orders itself our cancels find them gone already.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..metrics.meters import Meters
from ..model.enums import AlertCode, OrderStatus
from ..model.order import Order
from .alarm import Alarm
from .blotter import Blotter
from .entry import Entry

REMEMBERED_FILLS: Final = 10_000


class OcoGroups:
    """Watches the members of every group."""

    log = Logger()

    def __init__(self, blotter: Blotter, entry: Entry, alarm: Alarm, meters: Meters) -> None:
        self._blotter = blotter
        self._entry = entry
        self._alarm = alarm
        self._meters = meters
        self._first_fill: OrderedDict[str, Order] = OrderedDict()

    def on_order(self, order: Order) -> None:
        """A member changed; *order* carries its links."""
        group = order.oco_group_id
        if group is None:
            return
        if order.status is OrderStatus.FILLED:
            first = self._first_fill.setdefault(group, order)
            if len(self._first_fill) > REMEMBERED_FILLS:
                self._first_fill.popitem(last=False)
            if first.id != order.id:
                self._double_exit(group, first, order)
                return
        if order.status in (OrderStatus.FILLED, OrderStatus.REJECTED):
            logged(self._cancel_others(group, order.id), self.log, "cancelling an OCO group")

    @as_deferred
    async def _cancel_others(self, group: str, order_id: str) -> None:
        for sibling in self._blotter.group(group):
            if sibling.id == order_id or sibling.status.is_terminal:
                continue
            try:
                await self._entry.cancel_order(sibling.id)
            except GatewayError as error:
                self._tell_if_working(group, sibling.id, error)

    def _tell_if_working(self, group: str, order_id: str, error: GatewayError) -> None:
        known = self._blotter.order(order_id)
        if known is None or not known.status.is_terminal:
            self.log.error(
                "order {order_id} of OCO group {group} could not be cancelled: {reason}",
                order_id=order_id,
                group=group,
                reason=error.message,
            )

    def _double_exit(self, group: str, first: Order, second: Order) -> None:
        self._meters.oco_double_exit()
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
