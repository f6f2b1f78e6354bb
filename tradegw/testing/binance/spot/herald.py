"""What the private stream says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from ..amounts import fixed
from ..stamps import Stamps
from .balances import Balances
from .orders import Fill, Order, OrderList
from .telling import report

Tell: TypeAlias = Callable[[dict[str, Any]], None]
"""Takes an event on its way to who is subscribed."""


class Herald:
    """Makes the events."""

    def __init__(self, stamps: Stamps, balances: Balances, tell: Tell) -> None:
        self._stamps = stamps
        self._balances = balances
        self._tell = tell

    def order(self, execution: str, order: Order, fill: Fill | None = None) -> int:
        """Something happened to *order*; returns the execution id."""
        execution_id = self._stamps.next("execution", 19_911_001)
        self._tell(report(order, execution, execution_id, self._stamps.ms(), fill))
        return execution_id

    def money(self) -> None:
        """Tell the balances that may have changed, if any."""
        changed, self._balances.changed = sorted(self._balances.changed), set()
        if not changed:
            return
        now = self._stamps.ms()
        self._tell(
            {
                "e": "outboundAccountPosition",
                "E": now,
                "u": now,
                "B": [
                    {
                        "a": asset,
                        "f": fixed(self._balances.free[asset]),
                        "l": fixed(self._balances.locked[asset]),
                    }
                    for asset in changed
                ],
            }
        )

    def moved(self, asset: str, delta: Decimal) -> None:
        """A deposit, withdrawal or transfer."""
        now = self._stamps.ms()
        self._tell({"e": "balanceUpdate", "E": now, "a": asset, "d": fixed(delta), "T": now})

    def list(self, orders: OrderList) -> None:
        """How a list stands."""
        self._tell(
            {
                "e": "listStatus",
                "E": self._stamps.ms(),
                "s": orders.symbol.symbol,
                "g": orders.id,
                "c": orders.contingency,
                "l": orders.type,
                "L": orders.status,
                "r": "NONE",
                "C": orders.client_id,
                "T": orders.time,
                "O": [
                    {"s": each.symbol.symbol, "i": each.id, "c": each.client_id}
                    for each in orders.orders
                ],
            }
        )
