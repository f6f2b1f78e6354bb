"""When margin runs short: a warning first, then the call that closes everything."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ..model.enums import AccountEventKind
from .account import MarginAccount

WARN_ABOVE: Final = Decimal("0.8")
CALM_BELOW: Final = Decimal("0.7")


class MarginWatch:
    """Compares margin with equity; a warning is given once, until use has fallen below 70 %."""

    def __init__(self, account: MarginAccount) -> None:
        self._account = account
        self.warned = False

    def look(self) -> AccountEventKind | None:
        """``MARGIN_CALL``, ``MARGIN_WARNING`` (the first time) or nothing."""
        if not self._account.holdings:
            self.warned = False
            return None
        equity = self._account.equity
        used = self._account.margin_used
        if equity < self._account.terms.maintenance * used:
            return AccountEventKind.MARGIN_CALL
        if used > WARN_ABOVE * equity:
            if not self.warned:
                self.warned = True
                return AccountEventKind.MARGIN_WARNING
        elif used < CALM_BELOW * equity:
            self.warned = False
        return None
