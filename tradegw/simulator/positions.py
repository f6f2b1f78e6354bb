"""Netting: what a fill does to the one position of a symbol.

A holding keeps what was paid for it, not an average price, so that nothing is lost in a division:
realised plus unrealised P&L is always what was got minus what was paid, exactly.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from ..model.account import Position
from ..model.enums import PositionSide
from ..model.money import ONE, ZERO
from .amounts import tidy


class Holding(Struct, frozen=True):
    """A position; ``quantity`` is negative when short, and so is ``cost``, what was paid for it.

    ``realised`` is the P&L of what was closed since it was opened, before commissions, in account
    currency; all else is in prices.
    """

    quantity: Decimal
    cost: Decimal
    opened_at: datetime
    updated_at: datetime
    realised: Decimal = ZERO

    @property
    def average(self) -> Decimal:
        """Average entry price."""
        return tidy(self.cost / self.quantity)

    def unrealised(self, mark: Decimal) -> Decimal:
        """P&L of what is open, at the price *mark*."""
        return self.quantity * mark - self.cost

    def position(
        self, position_id: str, symbol: str, mark: Decimal, worth: Decimal = ONE
    ) -> Position:
        """As the model shows it; a price of 1 is *worth* so much in account currency."""
        return Position(
            id=position_id,
            symbol=symbol,
            side=PositionSide.LONG if self.quantity > 0 else PositionSide.SHORT,
            quantity=abs(self.quantity),
            average_entry_price=self.average,
            current_price=mark,
            unrealized_pnl=tidy(self.unrealised(mark) * worth),
            realized_pnl=tidy(self.realised),
            opened_at=self.opened_at,
            updated_at=self.updated_at,
        )


class Netted(Struct, frozen=True):
    """What a fill led to. A flip has ``closed`` and ``after``; ``realised`` is of this fill alone,
    in account currency.

    ``closed`` is the holding that is gone, with the quantity and cost it last had.
    """

    after: Holding | None
    closed: Holding | None = None
    realised: Decimal = ZERO
    opened: Decimal = ZERO
    """How much of the fill opened or increased a position, unsigned."""


def net(
    before: Holding | None, quantity: Decimal, price: Decimal, time: datetime, worth: Decimal = ONE
) -> Netted:
    """Fill *quantity* (negative for a sale) at *price*; a price of 1 is *worth* so much."""
    if before is None:
        return Netted(Holding(quantity, quantity * price, time, time), opened=abs(quantity))
    if (before.quantity > 0) == (quantity > 0):
        after = replace(
            before,
            quantity=before.quantity + quantity,
            cost=before.cost + quantity * price,
            updated_at=time,
        )
        return Netted(after, opened=abs(quantity))
    if abs(quantity) < abs(before.quantity):
        return _reduced(before, quantity, price, time, worth)
    rest = before.quantity + quantity
    realised = _in_account(before.quantity * price - before.cost, worth)
    closed = replace(before, realised=before.realised + realised, updated_at=time)
    flipped = Holding(rest, rest * price, time, time) if rest else None
    return Netted(flipped, closed, realised, abs(rest))


def opening_part(before: Holding | None, quantity: Decimal) -> Decimal:
    """How much of a fill of *quantity* (signed) would open or increase a position, unsigned."""
    if before is None or (before.quantity > 0) == (quantity > 0):
        return abs(quantity)
    return max(ZERO, abs(quantity) - abs(before.quantity))


def _in_account(amount: Decimal, worth: Decimal) -> Decimal:
    return amount if worth == ONE else tidy(amount * worth)


def _reduced(
    before: Holding, quantity: Decimal, price: Decimal, time: datetime, worth: Decimal
) -> Netted:
    released = tidy(before.cost * -quantity / before.quantity)
    realised = _in_account(-quantity * price - released, worth)
    after = replace(
        before,
        quantity=before.quantity + quantity,
        cost=before.cost - released,
        realised=before.realised + realised,
        updated_at=time,
    )
    return Netted(after, realised=realised)
