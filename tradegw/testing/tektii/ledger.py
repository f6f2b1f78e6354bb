"""Money, positions and trades. Positions of one symbol are kept apart: long, short and several."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import Struct

from .orders import ZERO, Order, maybe, text


class Position(Struct, kw_only=True, eq=False):
    """What is open under one id; ``quantity`` is never negative."""

    id: str
    symbol: str
    side: str
    quantity: Decimal
    entry: Decimal
    last: Decimal

    @property
    def sign(self) -> int:
        """+1 if long, -1 if short."""
        return 1 if self.side == "long" else -1

    @property
    def profit(self) -> Decimal:
        """What closing it now would bring."""
        return (self.last - self.entry) * self.quantity * self.sign

    def told(self) -> dict[str, Any]:
        """As it is shown: without times, without what was realised."""
        return {
            "id": self.id,
            "symbol": self.symbol,
            "side": self.side,
            "quantity": text(self.quantity),
            "avg_entry_price": text(self.entry),
            "current_price": text(self.last),
            "unrealized_pnl": text(self.profit),
        }


class Trade(Struct, frozen=True, kw_only=True):
    """One execution."""

    id: str
    order_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    commission: Decimal
    timestamp: int
    position_id: str | None = None
    realized: Decimal | None = None
    liquidation: bool = False

    def told(self) -> dict[str, Any]:
        """As it is shown; most engines leave out what is not so."""
        told: dict[str, Any] = {
            "id": self.id,
            "order_id": self.order_id,
            "position_id": self.position_id,
            "symbol": self.symbol,
            "side": self.side,
            "quantity": text(self.quantity),
            "price": text(self.price),
            "commission": text(self.commission),
            "realized_pnl": maybe(self.realized),
            "timestamp": self.timestamp,
            "liquidation": self.liquidation or None,
        }
        return {name: value for name, value in told.items() if value is not None}


class Ledger:
    """The account. *rate* of each trade's value is its commission."""

    def __init__(self, cash: Decimal, rate: Decimal, leverage: Decimal) -> None:
        self.start = cash
        self.realized = self.commission = ZERO
        self.positions: dict[str, Position] = {}
        self.trades: list[Trade] = []
        self._rate = rate
        self._leverage = leverage
        self._opened = 0

    def mark(self, symbol: str, price: Decimal) -> None:
        """*symbol* is worth *price* now."""
        for position in self.positions.values():
            if position.symbol == symbol:
                position.last = price

    def reducible(self, order: Order) -> Position | None:
        """The position that *order* lowers: the one it names, else, if it may only reduce, the
        oldest of the other side.
        """
        if order.position_id is not None:
            return self.positions.get(order.position_id)
        if not order.reduce_only:
            return None
        wanted = "short" if order.side == "buy" else "long"
        found = (each for each in self.positions.values() if each.symbol == order.symbol)
        return next((each for each in found if each.side == wanted), None)

    def execute(
        self, order: Order, quantity: Decimal, price: Decimal, at: int, *, liquidation: bool = False
    ) -> tuple[Trade, Position]:
        """*quantity* of *order* executes; the trade, and the position as it is then, perhaps of
        nothing.
        """
        order.take(quantity, price, at)
        position = self.reducible(order)
        realized = None
        if position is None:
            position = self._open(order, quantity, price)
        elif (position.side == "long") is (order.side == "sell"):
            realized = (price - position.entry) * quantity * position.sign
            self.realized += realized
            position.quantity -= quantity
        else:
            value = position.entry * position.quantity + price * quantity
            position.quantity += quantity
            position.entry = value / position.quantity
        position.last = price
        order.position_id = position.id
        if not position.quantity:
            self.positions.pop(position.id, None)
        commission = abs(quantity * price) * self._rate
        self.commission += commission
        trade = Trade(
            id=f"trade-{len(self.trades) + 1:03d}",
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            commission=commission,
            timestamp=at,
            position_id=position.id,
            realized=realized,
            liquidation=liquidation,
        )
        self.trades.append(trade)
        return trade, position

    def _open(self, order: Order, quantity: Decimal, price: Decimal) -> Position:
        self._opened += 1
        position = Position(
            id=f"pos-{self._opened}",
            symbol=order.symbol,
            side="long" if order.side == "buy" else "short",
            quantity=quantity,
            entry=price,
            last=price,
        )
        self.positions[position.id] = position
        return position

    @property
    def balance(self) -> Decimal:
        """Start capital and what was realised, less commissions."""
        return self.start + self.realized - self.commission

    @property
    def margin_used(self) -> Decimal:
        """What the positions bind."""
        values = (each.quantity * each.last for each in self.positions.values())
        return sum(values, ZERO) / self._leverage

    @property
    def margin_available(self) -> Decimal:
        """What is left for new ones."""
        return self.balance + self._unrealized() - self.margin_used

    def _unrealized(self) -> Decimal:
        return sum((each.profit for each in self.positions.values()), ZERO)

    def account(self) -> dict[str, Any]:
        """As it is shown."""
        unrealized = self._unrealized()
        return {
            "balance": text(self.balance),
            "equity": text(self.balance + unrealized),
            "unrealized_pnl": text(unrealized),
            "realized_pnl": text(self.realized),
            "total_commission": text(self.commission),
            "margin_used": text(self.margin_used),
            "margin_available": text(self.margin_available),
        }
