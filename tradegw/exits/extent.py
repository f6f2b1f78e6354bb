"""How much of what an entry filled, or of a position, is there to protect: all that was opened and
all that closed it again. In base units; what was opened only grows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ..model.money import ZERO
from ..model.order import Order
from .leg import Leg


@dataclass(eq=False, kw_only=True)
class Extent:
    """What is open, by everything that is known to have opened or closed some of it."""

    entry_filled: Decimal = ZERO
    spent: Decimal = ZERO
    """What of its fills only closed an opposite position and opened nothing to protect."""
    closed: Decimal = ZERO
    """What was opened and then closed by something else than a leg."""
    closers: dict[str, Decimal] = field(default_factory=dict)
    """The orders, no legs, that closed some of it, and what each had executed by then."""
    legs: list[Leg] = field(default_factory=list)
    holds: dict[str, Decimal] = field(default_factory=dict)
    """What legs must not cover, since closes that are under way need it: by the closes' intents."""
    charges: dict[str, Decimal] = field(default_factory=dict)
    """What commissions took of what its fills bought, by execution; a rebate is negative."""
    undone: Decimal = ZERO
    """What of ``overshot`` was dealt with, in whatever way."""
    repaid: Decimal = ZERO
    """What of it others bought back, or had bought and went without: what fills next is open."""
    missed: Decimal = ZERO
    """What of ``closed`` was found to be gone, and no order told of: commissions not heard of yet,
    maybe."""

    @property
    def exited(self) -> Decimal:
        """What its legs executed."""
        return sum((leg.filled for leg in self.legs), ZERO)

    @property
    def open_quantity(self) -> Decimal:
        """What was filled and is not closed again."""
        return max(ZERO, self.opened + self.repaid - self.exited - self.closed)

    @property
    def held(self) -> Decimal:
        """What of that makes way for closes."""
        return min(self.open_quantity, sum(self.holds.values(), ZERO))

    @property
    def opened(self) -> Decimal:
        """What its fills opened, less what commissions took of it."""
        return max(ZERO, self.entry_filled - self.spent - self.commission)

    @property
    def commission(self) -> Decimal:
        """What commissions took of what its fills bought. Rebates are not protected."""
        return max(ZERO, sum(self.charges.values(), ZERO))

    def charge(self, execution_id: str, quantity: Decimal) -> bool:
        """The commission of that execution of the entry took *quantity*; whether that is news.

        What was found to be gone before is not taken off twice.
        """
        if execution_id in self.charges:
            return False
        self.charges[execution_id] = quantity
        known = max(ZERO, min(self.missed, self.closed, quantity))
        self.closed -= known
        self.missed -= known
        return True

    @property
    def overshot(self) -> Decimal:
        """How much more the legs executed than there was: both sides of a pair filled."""
        return max(ZERO, self.exited - self.opened)

    @property
    def excess(self) -> Decimal:
        """What of that turned a position around, or was taken from others, and is so still."""
        return max(ZERO, self.overshot - max(self.undone, self.repaid))

    def lend(self, quantity: Decimal) -> None:
        """*quantity* of what was found to be gone went into what another plan sold too much."""
        self.closed -= quantity
        self.missed -= min(self.missed, quantity)
        self.spent += quantity

    def count_once(self) -> None:
        """A leg's fill may be told after the end of the position that it closed."""
        twice = self.exited + self.closed - self.opened - self.repaid
        if twice > 0:
            self.closed -= min(self.closed, twice)

    def release(self, quantity: Decimal | None = None, by: Order | None = None) -> Decimal:
        """*quantity* of what is open (all of it by default) was closed by something else than a
        leg, the order *by* if that is known; how much of that it was.
        """
        released = self.open_quantity
        if quantity is not None:
            released = min(released, quantity)
        self.closed += released
        if by is None:
            self.missed += released
        elif released:
            self.closers[by.id] = by.filled_quantity
        return released
