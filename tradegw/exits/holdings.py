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
"""Of those that ended; one that works is never forgotten, for it may execute the rest."""


UNLIMITED: Final = Decimal("Infinity")
"""What is held of positions that are not netted is not known here."""


class Holdings:
    """Net quantity per symbol (long is positive); where positions are not netted nothing closes
    anything.

    Executions are cumulative. An order that takes another's place goes on with what that had
    executed: both are *counted_as* the id that the first of them had.
    """

    def __init__(self, *, nets: bool) -> None:
        self.nets = nets
        self._net: dict[str, Decimal] = {}
        self._filled: dict[str, Decimal] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._owed: dict[str, Decimal] = {}
        """What commissions took of what is not held (yet)."""
        self._goes_by: dict[str, str] = {}
        self._names: dict[str, str] = {}
        """The client order ids of what executed."""
        self._changing: set[str] = set()
        self._stands_for: OrderedDict[str, str] = OrderedDict()
        """The first ids of orders that took the place of others and have no plan."""

    def execute(self, order: Order, *, is_leg: bool, counted_as: str | None = None) -> Decimal:
        """How much of the opposite side *order* closed since it was last seen.

        What a leg executes beyond that is the fault of both sides of a pair; it is alerted, and the
        next entry is protected as if it had not happened.
        """
        counted_as = self._first_id(order) if counted_as is None else self._standing(counted_as)
        executed = order.filled_quantity - self._filled.get(counted_as, ZERO)
        if not self.nets:
            return ZERO
        if executed > 0 or counted_as in self._filled:
            self.count(order, counted_as, ended=self._is_over(order, counted_as))
        if executed <= 0:
            return ZERO
        held = self._net.get(order.symbol, ZERO)
        closed = min(executed, max(ZERO, -held * order.side.sign))
        self._set(order.symbol, held + order.side.sign * (closed if is_leg else executed))
        if order.symbol in self._owed:
            self._settle(order.symbol)
        return closed

    def executed(self, order_id: str) -> Decimal:
        """What was counted of an order so far."""
        return self._filled.get(self._standing(order_id), ZERO)

    def _standing(self, order_id: str) -> str:
        """The first id of the order of that id, as far as it has no plan."""
        return self._stands_for.get(order_id, order_id)

    def changing(self, order_id: str) -> None:
        """An order without a plan is being changed: what bears its name may take its place."""
        self._changing.add(self._standing(order_id))

    def changed(self, order_id: str, order: Order | None = None) -> None:
        """It was changed, to *order*, or it was not."""
        first_id = self._standing(order_id)
        self._changing.discard(first_id)
        if order is not None and order.id != first_id and first_id in self._filled:
            self._succeed(first_id, order)

    def _first_id(self, order: Order) -> str:
        known = order.id in self._stands_for or order.id in self._filled
        if not known and order.client_order_id is not None:
            for one in self._changing - {order.id}:
                if self._names.get(one) == order.client_order_id:
                    self._succeed(one, order)
        return self._standing(order.id)

    def _succeed(self, first_id: str, order: Order) -> None:
        self._changing.discard(first_id)
        self._stands_for[order.id] = first_id
        if len(self._stands_for) > REMEMBERED_ORDERS:
            self._stands_for.popitem(last=False)
        self.renamed(order, first_id)
        self._goes_by[first_id] = order.id

    def charge(self, symbol: str, quantity: Decimal) -> None:
        """A commission took *quantity* of what an execution bought, which may be told later."""
        if self.nets:
            self._owed[symbol] = self._owed.get(symbol, ZERO) + quantity
            self._settle(symbol)

    def _settle(self, symbol: str) -> None:
        """Take off what commissions took; they turn no position around."""
        held = self.held(symbol)
        taken = min(self._owed.get(symbol, ZERO), max(ZERO, held))
        self._set(symbol, held - taken)
        self._owed[symbol] = self._owed.get(symbol, ZERO) - taken
        if not self._owed[symbol]:
            del self._owed[symbol]

    def renamed(self, order: Order, counted_as: str | None) -> None:
        """*order* took the place of another: what it executed so far was not its own.

        It may show more than was counted: that is told of later.
        """
        counted_as = None if counted_as is None else self._standing(counted_as)
        if counted_as is None or counted_as == order.id:
            return
        if counted_as in self._filled:
            self._goes_by[counted_as] = order.id
        if order.id not in self._filled:
            return
        counted = self._filled.pop(order.id)
        self._names.pop(order.id, None)
        self._ended.pop(order.id, None)
        carried = min(counted, self._filled.get(counted_as, ZERO))
        self._set(order.symbol, self._net.get(order.symbol, ZERO) - order.side.sign * carried)
        self.remember(counted_as, counted, ended=order.status.is_terminal)
        self._goes_by[counted_as] = order.id

    def _is_over(self, order: Order, counted_as: str) -> bool | None:
        """Whether *order* ended; ``None`` if another took its place, which may work on."""
        if self._goes_by.get(counted_as, order.id) != order.id:
            return None
        return order.status.is_terminal

    def held(self, symbol: str) -> Decimal:
        """What is held of *symbol* by all executions."""
        return self._net.get(symbol, ZERO)

    def most(self, symbol: str, exit_side: Side) -> Decimal:
        """What orders of *exit_side* can close of *symbol* at most."""
        return max(ZERO, self.held(symbol) * -exit_side.sign) if self.nets else UNLIMITED

    def believe(self, positions: Iterable[Position], unclear: Collection[str] = ()) -> None:
        """These are all the positions there are, apart from those of symbols that are *unclear*."""
        self._net = {symbol: net for symbol, net in self._net.items() if symbol in unclear}
        self._owed = {symbol: owed for symbol, owed in self._owed.items() if symbol in unclear}
        for position in positions:
            self._set(position.symbol, self._net.get(position.symbol, ZERO) + _signed(position))

    # -- after a restart ---------------------------------------------------------------------------

    def begin(self, positions: Iterable[NetPosition]) -> None:
        """What was held when the gateway ended, as far as that was told."""
        for position in positions:
            self._set(position.symbol, position.quantity)

    def count(self, order: Order, counted_as: str, *, ended: bool | None) -> None:
        """What *order* has executed is counted as executed by the order *counted_as*."""
        if order.client_order_id is not None:
            self._names[counted_as] = order.client_order_id
        self.remember(counted_as, order.filled_quantity, ended=ended)

    def remember(self, order_id: str, filled: Decimal, *, ended: bool | None = None) -> None:
        """What an order had executed by then, and whether it *ended*, if that is known."""
        self._filled[order_id] = max(filled, self._filled.get(order_id, ZERO))
        if ended is None:
            return
        self._ended.pop(order_id, None)
        if not ended:
            return
        self._ended[order_id] = None
        if len(self._ended) > REMEMBERED_ORDERS:
            oldest, _ = self._ended.popitem(last=False)
            del self._filled[oldest]
            self._changing.discard(oldest)
            self._goes_by.pop(oldest, None)
            self._names.pop(oldest, None)

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
