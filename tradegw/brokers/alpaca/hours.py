"""When stocks are traded, by Alpaca's clock; pairs are traded always.

Known from one answer until the next change that it names; after that, and before the first answer,
nothing is claimed: what is not known to be open is not missed when it is silent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from . import wire
from .times import moment

SLACK: Final = timedelta(seconds=60)
"""After the opening, before silence means anything."""


class Hours(Struct, frozen=True, kw_only=True):
    """What one answer of the clock says."""

    is_open: bool
    next_open: datetime
    next_close: datetime

    @classmethod
    def of(cls, clock: wire.Clock) -> Hours:
        """Raises ``ValueError`` if its times are none."""
        return cls(
            is_open=clock.is_open,
            next_open=moment(clock.next_open),
            next_close=moment(clock.next_close),
        )

    def is_open_at(self, at: datetime) -> bool:
        """Whether stocks were surely traded for a while *at* that time."""
        if self.is_open:
            return at < self.next_close
        return self.next_open + SLACK <= at < self.next_close

    def holds_until(self) -> datetime:
        """From then on it must be asked again."""
        return self.next_close if self.is_open else max(self.next_open, self.next_close)
