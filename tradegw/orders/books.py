"""What must be held of each symbol after all executions; net, a short position is negative.

Begun with what the broker held when it was first asked, and kept by the cumulative fills of orders,
so that neither a repeated nor a late event counts twice. What a commission took in the traded asset
itself is taken off; a pair of currencies is no asset, its commission is paid by the account.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from ..model.account import Position, Trade
from ..model.commission import in_kind
from ..model.enums import PositionSide
from ..model.money import ZERO
from ..model.order import Order

REMEMBERED_ORDERS: Final = 20_000
"""Of those that ended; one that works is never forgotten, for it may execute the rest."""


class Books:
    """One account's net quantities."""

    def __init__(self) -> None:
        self._net: dict[str, Decimal] = {}
        self._counted: dict[str, Decimal] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._renamed: dict[str, str] = {}
        self._fresh: set[str] = set()

    def held(self, symbol: str) -> Decimal:
        """What must be held of *symbol*."""
        return self._net.get(symbol, ZERO)

    def symbols(self) -> set[str]:
        """Those of which something is held."""
        return set(self._net)

    def execute(self, order: Order) -> bool:
        """Count what *order* executed since it was last seen; whether that was anything."""
        heirs = tuple(self._heirs(order.id)) if order.id in self._renamed else ()
        counted = self._counted.get(order.id, ZERO)
        for heir in heirs:
            counted = max(counted, self._counted.get(heir, ZERO))
        executed = order.filled_quantity - counted
        if executed <= 0:
            if order.id not in self._counted and not order.filled_quantity:
                self._fresh.add(order.id)
                self._counted[order.id] = ZERO
            if order.id in self._counted:
                self._note_end(order)
            return False
        self.count(order)
        for heir in heirs:
            self._counted[heir] = order.filled_quantity
        self.set(order.symbol, self.held(order.symbol) + order.side.sign * executed)
        return True

    def _heirs(self, order_id: str) -> Iterator[str]:
        """The orders that took the place of that one, of which may be told late, and that show its
        executions among their own.
        """
        seen = {order_id}
        while (heir := self._renamed.get(order_id)) is not None:
            if heir in self._fresh or heir in seen:
                return
            seen.add(heir)
            yield heir
            order_id = heir

    def renamed(self, previous_id: str, order: Order) -> None:
        """*order* took the place of another, whose executions it may show as its own. Two changes
        in doubt may both find that out: it counts once.
        """
        if previous_id == order.id or self._renamed.get(previous_id) == order.id:
            return
        carried = self._counted.setdefault(previous_id, ZERO)
        counted = self._counted.get(order.id)
        self._renamed[previous_id] = order.id
        self._has_ended(previous_id)
        if counted is None:
            self._counted[order.id] = min(carried, order.filled_quantity)
            if not order.filled_quantity:
                self._fresh.add(order.id)
            self._note_end(order)
        elif order.id in self._fresh:
            pass  # it began with nothing executed: what it shows is its own
        elif carried and order.filled_quantity >= carried:  # an event came before the answer
            twice = min(carried, counted)
            self.set(order.symbol, self.held(order.symbol) - order.side.sign * twice)

    def count(self, order: Order) -> None:
        """What *order* executed so far is in the books already."""
        self._counted[order.id] = order.filled_quantity
        self._note_end(order)

    def _note_end(self, order: Order) -> None:
        if order.status.is_terminal:
            self._has_ended(order.id)
        else:
            self._ended.pop(order.id, None)  # it is revived

    def _has_ended(self, order_id: str) -> None:
        self._ended[order_id] = None
        self._ended.move_to_end(order_id)
        if len(self._ended) > REMEMBERED_ORDERS:
            oldest, _ = self._ended.popitem(last=False)
            del self._counted[oldest]
            self._renamed.pop(oldest, None)
            self._fresh.discard(oldest)

    def charge(self, trade: Trade) -> bool:
        """Take off the commission of *trade* if it was paid in what was traded; whether it was."""
        taken = in_kind(trade)
        self.set(trade.symbol, self.held(trade.symbol) - taken)
        return bool(taken)

    def set(self, symbol: str, quantity: Decimal) -> None:
        """So much is held of *symbol*."""
        if quantity:
            self._net[symbol] = quantity
        else:
            self._net.pop(symbol, None)


def net_of(positions: Iterable[Position]) -> dict[str, Decimal]:
    """The net quantity of each symbol that the broker tells of."""
    net: dict[str, Decimal] = {}
    for position in positions:
        sign = 1 if position.side is PositionSide.LONG else -1
        net[position.symbol] = net.get(position.symbol, ZERO) + sign * position.quantity
    return {symbol: quantity for symbol, quantity in net.items() if quantity}
