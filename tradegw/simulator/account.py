"""The account: cash, netted positions, and how much more they allow (formulas: engine B7.4).

``equity = balance + unrealised``, ``margin_used = sum |quantity| x mark / leverage`` and
``margin_available = equity - margin_used``, never below zero; prices times what a price of 1 is
worth in account currency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import Protocol, Self

from ..model.account import Account, Position
from ..model.enums import Side
from ..model.money import ONE, ZERO
from .amounts import tidy
from .positions import Holding, Netted, net, opening_part
from .state import Held
from .terms import Terms


class Wanting(Protocol):
    """What an order says of the position that it is for."""

    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def reduce_only(self) -> bool | None: ...
    @property
    def position_id(self) -> str | None: ...


class MarginAccount:
    """Money and holdings; marks are the last shown prices of the symbols held.

    *worth* tells what a price of 1 of a symbol is in account currency now.
    """

    def __init__(self, terms: Terms, worth: Callable[[str], Decimal] | None = None) -> None:
        self.terms = terms
        self.balance = terms.cash
        self.holdings: dict[str, Holding] = {}
        self.marks: dict[str, Decimal] = {}
        self.converts = False
        """Whether what a price is worth may change by itself."""
        self._worth = worth

    def mark(self, symbol: str, price: Decimal) -> None:
        """*symbol* is now worth *price*."""
        self.marks[symbol] = price

    def marked(self, symbol: str) -> Decimal:
        """The last mark of *symbol*."""
        return self.marks[symbol]

    def worth(self, symbol: str) -> Decimal:
        """What a price of 1 of *symbol* is in account currency."""
        return ONE if self._worth is None else self._worth(symbol)

    def restore(self, balance: Decimal, held: Iterable[Held]) -> None:
        """Begin with these."""
        self.balance = balance
        for each in held:
            if each.holding is not None:
                self.holdings[each.symbol] = each.holding
                self.marks[each.symbol] = each.mark

    def copy(self, terms: Terms) -> Self:
        """Another one like it, on other *terms*."""
        other = copy(self)
        other.terms = terms
        other.holdings, other.marks = dict(self.holdings), dict(self.marks)
        return other

    def held(self, symbol: str) -> Held:
        """The holding of *symbol* as a value."""
        return Held(symbol, self.marks[symbol], self.holdings.get(symbol))

    def holds(self, symbol: str) -> bool:
        """Whether there is a position in *symbol*."""
        return symbol in self.holdings

    def symbol_of(self, key: str) -> str:
        """The symbol of the holding *key*."""
        return key

    def parts(self, order: Wanting, quantity: Decimal) -> Iterator[tuple[str, Decimal]]:
        """The holdings that a fill of *quantity* changes, each with how much of it."""
        yield order.symbol, quantity

    def settle(
        self, key: str, quantity: Decimal, price: Decimal, commission: Decimal, time: datetime
    ) -> Netted:
        """Take in a fill for the holding *key*; *quantity* is negative for a sale."""
        netted = net(self.holdings.get(key), quantity, price, time, self.worth(self.symbol_of(key)))
        if netted.after is None:
            del self.holdings[key]
        else:
            self.holdings[key] = netted.after
        self.balance += netted.realised - commission
        return netted

    @property
    def unrealised(self) -> Decimal:
        """P&L of all open positions."""
        return sum((self._unrealised(key, h) for key, h in self.holdings.items()), ZERO)

    @property
    def equity(self) -> Decimal:
        """What the account would be worth if all were closed at the marks."""
        return self.balance + self.unrealised

    @property
    def margin_used(self) -> Decimal:
        """Initial margin of all open positions."""
        notional = ZERO
        for key, holding in self.holdings.items():
            symbol = self.symbol_of(key)
            notional += abs(holding.quantity * self.marks[symbol]) * self.worth(symbol)
        return notional / self.terms.leverage

    def stake(self, key: str, price: Decimal) -> tuple[Decimal, Decimal]:
        """Equity, and margin in use, if the holding *key* is all there is and worth *price*."""
        holding, worth = self.holdings[key], self.worth(self.symbol_of(key))
        value = holding.quantity * price
        equity = self.balance + (value - holding.cost) * worth
        return equity, abs(value) * worth / self.terms.leverage

    def opening_part(self, order: Wanting, quantity: Decimal) -> Decimal:
        """How much of *quantity* (unsigned) of *order* would open or increase."""
        return opening_part(self.holdings.get(order.symbol), order.side.sign * quantity)

    def reducible(self, order: Wanting) -> Decimal:
        """How much *order* could at most reduce."""
        return against(self.holdings.get(order.symbol), order.side)

    def affords(self, order: Wanting, quantity: Decimal, price: Decimal) -> bool:
        """Whether the part of *quantity* of *order* that opens can be paid for at *price*.

        What the order closes first sets its margin free.
        """
        symbol = order.symbol
        opening = self.opening_part(order, quantity)
        if not opening:
            return True
        closing = quantity - opening
        worth, leverage = self.worth(symbol), self.terms.leverage
        freed = closing * abs(self.marks[symbol]) * worth / leverage if closing else ZERO
        needed = opening * abs(price) * worth / leverage
        needed += self.terms.commission.estimate(opening, price * worth)
        return self.equity - self.margin_used + freed >= needed

    def positions(self) -> list[Position]:
        """All open positions."""
        found = (self.position(key) for key in self.holdings)
        return [position for position in found if position is not None]

    def position(self, key: str) -> Position | None:
        """The open position *key*, which is the symbol where positions are netted."""
        holding = self.holdings.get(key)
        return None if holding is None else self.shown(key, holding)

    def shown(self, key: str, holding: Holding) -> Position:
        """*holding* as the model shows it."""
        symbol = self.symbol_of(key)
        position_id = self.position_id(key)
        return holding.position(position_id, symbol, self.marks[symbol], self.worth(symbol))

    def position_id(self, key: str) -> str:
        """The id of the position *key*, open or not."""
        return self.terms.position_prefix + key

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

    def _unrealised(self, key: str, holding: Holding) -> Decimal:
        symbol = self.symbol_of(key)
        pnl = holding.unrealised(self.marks[symbol])
        return pnl if self._worth is None else pnl * self._worth(symbol)


def against(holding: Holding | None, side: Side) -> Decimal:
    """How much of *holding* an order of *side* would reduce at most."""
    if holding is None or (holding.quantity > 0) == (side is Side.BUY):
        return ZERO
    return abs(holding.quantity)
