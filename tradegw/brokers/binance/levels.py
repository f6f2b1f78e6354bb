"""How safe an account is that owes: its margin level, what there is divided by what is owed.

Binance sends its warnings to those who log on at its site, and sells what there is when the level
is too low. So each time the account is seen its level is looked at, and a fall is told.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from twisted.logger import Logger

from ...model.enums import AccountEventKind

WARNING: Final = Decimal("1.5")
"""No more can be borrowed below about this; that depends on the account."""

CALL: Final = Decimal("1.3")
"""Not far from where Binance begins to sell, at about 1.1."""

_KINDS: Final = (
    AccountEventKind.BALANCE_UPDATED,
    AccountEventKind.MARGIN_WARNING,
    AccountEventKind.MARGIN_CALL,
)


class Levels:
    """*fell* is called when it is lower than was told."""

    log = Logger()

    def __init__(self) -> None:
        self.fell: Callable[[], None] = lambda: None
        self._now = self._cried = self._told = 0

    def saw(self, level: Decimal | None) -> None:
        """The account's *level*, if it has one."""
        if level is None:
            return
        self._now = (level < WARNING) + (level < CALL)
        self._told = min(self._told, self._now)  # it is told when it falls again
        if self._now > self._cried:
            self.log.warn("the margin level is {margin_level}", margin_level=str(level))
            self._cried = self._now
            self.fell()
        self._cried = self._now

    def kind(self) -> AccountEventKind:
        """What the account is to be told as, now."""
        if self._now <= self._told:
            return AccountEventKind.BALANCE_UPDATED
        self._told = self._now
        return _KINDS[self._now]
