"""Round trips: what was opened first is closed first."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from ....model.enums import PositionSide
from ....model.money import ZERO
from .extremes import Span


class Trip(Struct, frozen=True, kw_only=True):
    """A quantity that was opened and closed again. Money is in account currency.

    ``pnl`` is net of the ``commission`` of both ends, ``paid`` what the entry was worth, ``bars``
    how many bars of the symbol closed between the two. ``adverse`` and ``favourable`` are the worst
    (never above zero) and the best (never below) that it stood at on the way, before commissions.
    """

    symbol: str
    side: PositionSide
    quantity: Decimal
    entry_time: datetime
    entry_price: Decimal
    entry_order: str
    exit_time: datetime
    exit_price: Decimal
    exit_order: str
    pnl: Decimal
    commission: Decimal
    paid: Decimal
    bars: int
    adverse: Decimal
    favourable: Decimal
    liquidation: bool


class Lot(Struct, kw_only=True):
    """A quantity of one fill that is still open.

    ``bar``    the number of the bar in which it was opened
    ``first``  the first bar all of which it was open in
    ``seen``   the prices it has seen that are not those of whole bars
    """

    symbol: str
    side: PositionSide
    quantity: Decimal
    price: Decimal
    commission: Decimal
    time: datetime
    order_id: str
    bar: int
    first: int
    value: Decimal
    """Account currency for one unit of the quantity and of the price, at the entry."""
    seen: Span

    @property
    def sign(self) -> int:
        """+1 long, -1 short."""
        return 1 if self.side is PositionSide.LONG else -1

    def gain(self, price: Decimal, quantity: Decimal, value: Decimal) -> Decimal:
        """What *quantity* of it has gained at *price*, before commissions."""
        return self.sign * (price - self.price) * quantity * value

    def split(self, quantity: Decimal) -> Lot:
        """Take *quantity* out of it, with its share of the commission; nothing is lost."""
        share = part_of(self.commission, quantity, self.quantity)
        taken = Lot(
            **{name: getattr(self, name) for name in self.__struct_fields__}
            | {"quantity": quantity, "commission": share}
        )
        self.quantity -= quantity
        self.commission -= share
        return taken

    def saw(self, high: Decimal, low: Decimal) -> None:
        """The price was there while it was open."""
        self.seen = Span(max(high, self.seen.high), min(low, self.seen.low))

    def extremes(self, whole: Span | None) -> Span:
        """All it has seen; *whole* is of the bars all of which it was open in."""
        if whole is None:
            return self.seen
        return Span(max(whole.high, self.seen.high), min(whole.low, self.seen.low))


def part_of(amount: Decimal, quantity: Decimal, whole: Decimal) -> Decimal:
    """The share of *amount* that falls on *quantity* of *whole*: all of it on all of that."""
    if quantity == whole or not amount:
        return amount
    return round(amount * quantity / whole, 12) or ZERO
