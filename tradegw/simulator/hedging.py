"""An account in which each order that opens has a position of its own, long beside short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Self

from ..model.money import ZERO
from .account import MarginAccount, Wanting, against
from .positions import Holding
from .terms import Terms


class HedgingAccount(MarginAccount):
    """Holdings are known by the ids of their positions, which are numbered.

    A reduce-only order reduces the position that it names, or else those of the other side, the
    oldest first. Every other order opens, all its fills one position.
    """

    def __init__(self, terms: Terms, worth: Callable[[str], Decimal] | None = None) -> None:
        super().__init__(terms, worth)
        self.symbols: dict[str, str] = {}

    def copy(self, terms: Terms) -> Self:
        other = super().copy(terms)
        other.symbols = dict(self.symbols)
        return other

    def holds(self, symbol: str) -> bool:
        return any(self.symbols[key] == symbol for key in self.holdings)

    def symbol_of(self, key: str) -> str:
        return self.symbols[key]

    def parts(self, order: Wanting, quantity: Decimal) -> Iterator[tuple[str, Decimal]]:
        if not order.reduce_only:
            yield order.position_id or self._named(order.symbol), quantity
            return
        for key, holding in list(self._opposite(order)):
            part = min(quantity, abs(holding.quantity))
            quantity -= part
            if part:
                yield key, part

    def opening_part(self, order: Wanting, quantity: Decimal) -> Decimal:
        return ZERO if order.reduce_only else quantity

    def reducible(self, order: Wanting) -> Decimal:
        return sum((abs(holding.quantity) for _, holding in self._opposite(order)), ZERO)

    def position_id(self, key: str) -> str:
        return key

    def _opposite(self, order: Wanting) -> Iterator[tuple[str, Holding]]:
        """The holdings that *order* may reduce, the oldest first."""
        for key, holding in self.holdings.items():
            is_meant = order.position_id in (None, key) and self.symbols[key] == order.symbol
            if is_meant and against(holding, order.side):
                yield key, holding

    def _named(self, symbol: str) -> str:
        key = f"{self.terms.position_prefix}{len(self.symbols) + 1}"
        self.symbols[key] = symbol
        return key
