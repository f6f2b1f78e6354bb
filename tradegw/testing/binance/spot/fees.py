"""What a trade costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..amounts import ZERO, down
from ..market import Quote


@dataclass(slots=True, kw_only=True)
class Fees:
    """Rates; with *burns_bnb* they are paid in BNB at a *discount*, as long as there are any."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    burns_bnb: bool = False
    discount: Decimal = Decimal("0.75")

    def of(
        self,
        asset: str,
        got: Decimal,
        value: Decimal,
        free_bnb: Decimal,
        bnb: Quote | None,
        *,
        is_maker: bool,
    ) -> tuple[Decimal, str]:
        """The commission on *got* of *asset*, worth *value* of the quote asset, and its asset.

        *bnb* is what BNB quotes in that asset.
        """
        rate = self.maker if is_maker else self.taker
        if self.burns_bnb and bnb is not None and bnb.last > ZERO:
            wanted = down(value * rate * self.discount / bnb.last)
            if wanted <= free_bnb:
                return wanted, "BNB"
        return down(got * rate), asset
