"""Which instruments have had no price since the broker's stream was lost (protocol section 5.9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


class Staleness:
    """Marks are set together when a stream is lost and cleared one by one, each by its own tick."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def mark(self, symbols: Iterable[str], at: datetime) -> tuple[str, ...]:
        """*symbols* are stale from *at* on; those that were already keep their earlier time.

        Returns those that were not.
        """
        fresh = tuple(sorted(set(symbols) - self._since.keys()))
        self._since.update(dict.fromkeys(fresh, at))
        return fresh

    def refresh(self, symbol: str) -> datetime | None:
        """A price of *symbol* came: since when it had been stale, or ``None`` if it was not."""
        return self._since.pop(symbol, None)

    def __bool__(self) -> bool:
        return bool(self._since)

    @property
    def symbols(self) -> tuple[str, ...]:
        """All stale instruments, in alphabetical order."""
        return tuple(sorted(self._since))

    @property
    def earliest(self) -> datetime | None:
        """Since when the first of them is stale."""
        return min(self._since.values(), default=None)
