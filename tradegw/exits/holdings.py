"""How much of each execution closed what was there, and so opened nothing that needs protection.

Taken from the executions themselves, in the order in which the broker tells them, so that what an
entry opened is known when its fill is told and not only when a position is. A position that the
broker tells of is believed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Final

from ..model.account import Position
from ..model.enums import PositionSide, Side
from ..model.journal import NetPosition
from ..model.money import ZERO
from ..model.order import Order

REMEMBERED_ORDERS: Final = 20_000


class Holdings:
    """Net quantity per symbol (long is positive); where positions are not netted nothing closes
    anything.

    Executions are cumulative. An order that takes another's place goes on with what that had
    executed: both are *counted_as* the id that the first of them had.
    """

    def __init__(self, *, nets: bool) -> None:
        self.nets = nets
        self._net: dict[str, Decimal] = {}
        self._filled: OrderedDict[str, Decimal] = OrderedDict()

    def execute(self, order: Order, *, is_leg: bool, counted_as: str | None = None) -> Decimal:
        """How much of the opposite side *order* closed since it was last seen.

        What a leg executes beyond that is the fault of both sides of a pair; it is alerted, and the
        next entry is protected as if it had not happened.
        """
        counted_as = counted_as or order.id
        executed = order.filled_quantity - self._filled.get(counted_as, ZERO)
        if executed <= 0 or not self.nets:
            return ZERO
        self.remember(counted_as, order.filled_quantity)
        held = self._net.get(order.symbol, ZERO)
        closed = min(executed, max(ZERO, -held * order.side.sign))
        self._set(order.symbol, held + order.side.sign * (closed if is_leg else executed))
        return closed

    def renamed(self, order: Order, counted_as: str | None) -> None:
        """*order* took the place of another: what it executed so far was not its own."""
        if counted_as in (None, order.id) or order.id not in self._filled:
            return
        carried = min(self._filled.pop(order.id), self._filled.get(counted_as, ZERO))
        self._set(order.symbol, self._net.get(order.symbol, ZERO) - order.side.sign * carried)
        self.remember(counted_as, order.filled_quantity)

    def held(self, symbol: str) -> Decimal:
        """What is held of *symbol* by all executions."""
        return self._net.get(symbol, ZERO)

    def believe(self, positions: Iterable[Position], unclear: Collection[str] = ()) -> None:
        """These are all the positions there are, apart from those of symbols that are *unclear*."""
        self._net = {symbol: net for symbol, net in self._net.items() if symbol in unclear}
        for position in positions:
            self._set(position.symbol, self._net.get(position.symbol, ZERO) + _signed(position))

    # -- after a restart ---------------------------------------------------------------------------

    def begin(self, positions: Iterable[NetPosition]) -> None:
        """What was held when the gateway ended, as far as that was told."""
        for position in positions:
            self._set(position.symbol, position.quantity)

    def remember(self, order_id: str, filled: Decimal) -> None:
        """What an order had executed by then."""
        self._filled[order_id] = max(filled, self._filled.get(order_id, ZERO))
        self._filled.move_to_end(order_id)
        if len(self._filled) > REMEMBERED_ORDERS:
            self._filled.popitem(last=False)

    def catch_up(self, order_id: str, symbol: str, side: Side, filled: Decimal) -> None:
        """An execution that was taken in before, but not told before the gateway ended."""
        executed = filled - self._filled.get(order_id, ZERO)
        if executed > 0:
            self.remember(order_id, filled)
            self._set(symbol, self._net.get(symbol, ZERO) + side.sign * executed)

    def _set(self, symbol: str, net: Decimal) -> None:
        if net:
            self._net[symbol] = net
        else:
            self._net.pop(symbol, None)


def _signed(position: Position) -> Decimal:
    sign = 1 if position.side is PositionSide.LONG else -1
    return sign * abs(position.quantity)
