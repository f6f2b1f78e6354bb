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
        verdict, self.warned = self.foresee()
        return verdict

    def foresee(self) -> tuple[AccountEventKind | None, bool]:
        """What :meth:`look` would answer, and whether a warning stands after that."""
        account = self._account
        if not account.holdings:
            return None, False
        return self.judge(account.equity, account.margin_used)

    def judge(self, equity: Decimal, used: Decimal) -> tuple[AccountEventKind | None, bool]:
        """As :meth:`foresee`, were these the figures."""
        if equity < self._account.terms.maintenance * used:
            return AccountEventKind.MARGIN_CALL, self.warned
        if used > WARN_ABOVE * equity:
            return None if self.warned else AccountEventKind.MARGIN_WARNING, True
        return None, self.warned and used >= CALM_BELOW * equity
