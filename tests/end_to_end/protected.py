"""Strategies that live on what the gateway does for them: stops that trail, closes of what exits
protect, groups of which one order takes from the others; and what of it is about to happen yet.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from tradegw.model.enums import OrderType
from tradegw.model.order import Order
from tradegw.testing.ledger import KeptLedger

from .strategy import Strategy

FAR_EXITS: Final = {"stop_loss": "1", "take_profit": "100000"}
PAIRED: Final = Decimal(2)
"""What each of a group wants, and the group as a whole."""


class Trailing(Strategy):
    """Buys with stops that follow the market, and lets them."""

    def cycle(self, number: int) -> None:
        order: dict[str, Any] = {
            "symbol": f"T{self.name}",
            "side": "buy",
            "quantity": "1",
            "order_type": "market",
            "trailing_stop": {"distance": "1.5", "type": "PERCENT"},
        }
        self.submit(f"{self.name}-{number}", order)
        self.address.over.wait(0.4)


class Closing(Strategy):
    """Buys with exits that are never reached, and closes: a part, then all.

    ``closed`` has the answers to closes, by their keys.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.closed: dict[str, tuple[int, Any]] = {}

    def cycle(self, number: int) -> None:
        order = {"symbol": f"C{self.name}", "side": "buy", "quantity": "2"}
        self.submit(f"{self.name}-{number}", order | {"order_type": "market"} | FAR_EXITS)
        for part, body in (("part", {"quantity": "1"}), ("rest", {})):
            key = f"{self.name}-{number}-{part}"
            path = f"/v1/positions/mock-pos-C{self.name}"
            self.closed[key] = self.call("DELETE", path, body, key)


class Pairing(Strategy):
    """Has an order rest that is never reached, and buys in its group what takes from it."""

    def cycle(self, number: int) -> None:
        order = {
            "symbol": f"P{self.name}",
            "side": "buy",
            "quantity": str(PAIRED),
            "oco_group_id": f"{self.name}-{number}",
        }
        far = {"order_type": "limit", "limit_price": "1.00"}
        self.submit(f"{self.name}-{number}-rests", order | far)
        self.submit(f"{self.name}-{number}-fills", order | {"order_type": "market"})


def covered(ledger: KeptLedger, symbol: str, kind: OrderType) -> Decimal:
    """How much of *symbol* the working legs of one kind would sell."""
    legs = [o for o in ledger.working() if o.symbol == symbol and o.order_type is kind]
    return sum((leg.remaining_quantity for leg in legs), Decimal(0))


def uncovered(ledger: KeptLedger, prefix: str, *kinds: OrderType) -> list[str]:
    """What is about to fill, and what has legs for more or less than there is of it, among the
    symbols that begin with *prefix*.
    """
    about_to = [o.id for o in ledger.working() if o.order_type is OrderType.MARKET]
    symbols = {order.symbol for order in ledger.orders if order.symbol.startswith(prefix)}
    return about_to + [
        f"{kind} legs of {symbol} for {covered(ledger, symbol, kind)} of {held}"
        for symbol in sorted(symbols)
        for held in [ledger.positions.get(symbol, Decimal(0))]
        for kind in kinds
        if covered(ledger, symbol, kind) != held
    ]


def not_covered(ledger: KeptLedger) -> list[str]:
    """What the strategies that do a bit of everything wait for yet."""
    return uncovered(ledger, "B", OrderType.STOP, OrderType.LIMIT)


def not_trailed(ledger: KeptLedger) -> list[str]:
    """What the strategies that trail wait for yet."""
    return uncovered(ledger, "T", OrderType.STOP)


def not_closed(ledger: KeptLedger) -> list[str]:
    """What those that close wait for yet."""
    return uncovered(ledger, "C", OrderType.STOP, OrderType.LIMIT)


def not_withdrawn(ledger: KeptLedger) -> list[str]:
    """What those with groups wait for yet: nothing works of one of which an order executed. One
    that was killed on its way to the broker may have left the other alone.
    """
    return [
        f"{order.id} is {order.status}"
        for orders in groups(ledger).values()
        if any(order.filled_quantity for order in orders)
        for order in orders
        if not order.status.is_terminal
    ]


def groups(ledger: KeptLedger) -> dict[str, list[Order]]:
    """The orders of each group."""
    found: dict[str, list[Order]] = {}
    for order in ledger.orders:
        if order.oco_group_id is not None:
            found.setdefault(order.oco_group_id, []).append(order)
    return found
