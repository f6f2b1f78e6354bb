"""What the account has of each asset: free, or locked for orders; and what it owes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from ..amounts import ZERO
from ..refusals import poor
from .orders import Claim


class Balances:
    """``changed`` are the assets that were touched since somebody last emptied it."""

    def __init__(self, given: Mapping[str, Decimal]) -> None:
        self.free: defaultdict[str, Decimal] = defaultdict(Decimal, given)
        self.locked: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.borrowed: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.interest: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.changed: set[str] = set()

    def assets(self) -> list[str]:
        """Every asset that ever was."""
        return sorted({*self.free, *self.locked, *self.borrowed})

    def total(self, asset: str) -> Decimal:
        """Free and locked."""
        return self.free[asset] + self.locked[asset]

    def add(self, asset: str, amount: Decimal) -> None:
        """*amount* comes, or goes if it is negative."""
        self.free[asset] += amount
        self.changed.add(asset)

    def settle(self, claim: Claim, spent: Decimal = ZERO) -> None:
        """*spent* is gone, and locked is what the orders of *claim* still need.

        Raises a refusal, and changes nothing, if there is not enough.
        """
        need = claim.need
        freed = claim.held - need
        if self.free[claim.asset] + freed - spent < ZERO and need > claim.held:
            raise poor()
        self.locked[claim.asset] -= freed
        self.free[claim.asset] += freed - spent
        claim.held = need
        self.changed.add(claim.asset)

    def borrow(self, asset: str, amount: Decimal) -> None:
        """*amount* comes on loan."""
        self.borrowed[asset] += amount
        self.add(asset, amount)

    def repay(self, asset: str, most: Decimal) -> Decimal:
        """Pay loans and interest back, with up to *most* of what is free; returns how much."""
        paid = min(most, self.free[asset], self.borrowed[asset] + self.interest[asset])
        to_interest = min(paid, self.interest[asset])
        self.interest[asset] -= to_interest
        self.borrowed[asset] -= paid - to_interest
        self.add(asset, -paid)
        return paid
