"""The account: cash, netted positions, and how much more they allow (formulas: engine B7.4).

``equity = balance + unrealised``, ``margin_used = sum |quantity| x mark / leverage`` and
``margin_available = equity - margin_used``, never below zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from ..model.account import Account, Position
from ..model.enums import Side
from ..model.money import ZERO
from .amounts import tidy
from .positions import Holding, Netted, net, opening_part
from .state import Held
from .terms import Terms


class MarginAccount:
    """Money and holdings; marks are the last shown prices of the symbols held."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.balance = terms.cash
        self.holdings: dict[str, Holding] = {}
        self._marks: dict[str, Decimal] = {}

    def mark(self, symbol: str, price: Decimal) -> None:
        """*symbol* is now worth *price*."""
        self._marks[symbol] = price

    def marked(self, symbol: str) -> Decimal:
        """The last mark of *symbol*."""
        return self._marks[symbol]

    def restore(self, balance: Decimal, held: Iterable[Held]) -> None:
        """Begin with these."""
        self.balance = balance
        for each in held:
            if each.holding is not None:
                self.holdings[each.symbol] = each.holding
                self._marks[each.symbol] = each.mark

    def held(self, symbol: str) -> Held:
        """The holding of *symbol* as a value."""
        return Held(symbol, self._marks[symbol], self.holdings.get(symbol))

    def settle(
        self, symbol: str, quantity: Decimal, price: Decimal, commission: Decimal, time: datetime
    ) -> Netted:
        """Take in a fill; *quantity* is negative for a sale."""
        netted = net(self.holdings.get(symbol), quantity, price, time)
        if netted.after is None:
            del self.holdings[symbol]
        else:
            self.holdings[symbol] = netted.after
        self.balance += netted.realised - commission
        return netted

    @property
    def unrealised(self) -> Decimal:
        """P&L of all open positions."""
        return sum((h.unrealised(self._marks[s]) for s, h in self.holdings.items()), ZERO)

    @property
    def equity(self) -> Decimal:
        """What the account would be worth if all were closed at the marks."""
        return self.balance + self.unrealised

    @property
    def margin_used(self) -> Decimal:
        """Initial margin of all open positions."""
        notional = sum((abs(h.quantity) * self._marks[s] for s, h in self.holdings.items()), ZERO)
        return notional / self.terms.leverage

    def opening_part(self, symbol: str, quantity: Decimal) -> Decimal:
        """How much of an order of *quantity* (signed) would open or increase, unsigned."""
        return opening_part(self.holdings.get(symbol), quantity)

    def reducible(self, symbol: str, side: Side) -> Decimal:
        """How much an order of *side* could at most reduce."""
        holding = self.holdings.get(symbol)
        if holding is None or (holding.quantity > 0) == (side is Side.BUY):
            return ZERO
        return abs(holding.quantity)

    def affords(self, symbol: str, quantity: Decimal, price: Decimal) -> bool:
        """Whether the part of an order (signed *quantity*) that opens can be paid for at *price*.

        What the order closes first sets its margin free.
        """
        opening = self.opening_part(symbol, quantity)
        if not opening:
            return True
        closing = abs(quantity) - opening
        freed = closing * self._marks[symbol] / self.terms.leverage if closing else ZERO
        needed = opening * price / self.terms.leverage
        needed += self.terms.commission.estimate(opening, price)
        return self.equity - self.margin_used + freed >= needed

    def position(self, symbol: str) -> Position | None:
        """The open position of *symbol*."""
        holding = self.holdings.get(symbol)
        if holding is None:
            return None
        return holding.position(self.position_id(symbol), symbol, self._marks[symbol])

    def position_id(self, symbol: str) -> str:
        """The id that a position of *symbol* has, open or not."""
        return self.terms.position_prefix + symbol

    def snapshot(self) -> Account:
        """As the model shows it."""
        balance = tidy(self.balance)
        unrealised = tidy(self.unrealised)
        used = tidy(self.margin_used)
        return Account(
            balance=balance,
            equity=balance + unrealised,
            margin_used=used,
            margin_available=max(ZERO, balance + unrealised - used),
            unrealized_pnl=unrealised,
            currency=self.terms.currency,
        )
