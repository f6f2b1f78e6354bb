"""How much of each execution closed what was there, and so opened nothing that needs protection.

Taken from the executions themselves, in the order in which the broker tells them, so that what an
entry opened is known when its fill is told and not only when a position is. A position that the
broker tells of is believed. What was there before the gateway started is not known here.
"""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import Final

from ..model.account import Position
from ..model.enums import PositionEventKind, PositionSide
from ..model.money import ZERO
from ..model.order import Order

REMEMBERED_ORDERS: Final = 20_000


class Holdings:
    """Net quantity per symbol (long is positive); where positions are not netted nothing closes
    anything.
    """

    def __init__(self, *, nets: bool) -> None:
        self._nets = nets
        self._net: dict[str, Decimal] = {}
        self._filled: OrderedDict[str, Decimal] = OrderedDict()

    def execute(self, order: Order, *, is_leg: bool) -> Decimal:
        """How much of the opposite side *order* closed since it was last seen.

        What a leg executes beyond that is the fault of both sides of a pair; it is alerted, and the
        next entry is protected as if it had not happened.
        """
        executed = order.filled_quantity - self._filled.get(order.id, ZERO)
        if executed <= 0 or not self._nets:
            return ZERO
        self._remember(order)
        held = self._net.get(order.symbol, ZERO)
        closed = min(executed, max(ZERO, -held * order.side.sign))
        self._set(order.symbol, held + order.side.sign * (closed if is_leg else executed))
        return closed

    def told(self, kind: PositionEventKind, position: Position) -> None:
        """The broker told of *position*."""
        sign = 1 if position.side is PositionSide.LONG else -1
        is_closed = kind is PositionEventKind.CLOSED
        self._set(position.symbol, ZERO if is_closed else sign * position.quantity)

    def _set(self, symbol: str, net: Decimal) -> None:
        if net:
            self._net[symbol] = net
        else:
            self._net.pop(symbol, None)

    def _remember(self, order: Order) -> None:
        self._filled[order.id] = order.filled_quantity
        self._filled.move_to_end(order.id)
        if len(self._filled) > REMEMBERED_ORDERS:
            self._filled.popitem(last=False)
