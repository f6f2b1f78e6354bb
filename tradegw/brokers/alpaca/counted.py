"""What must be held of pairs by all executions that were told, also by earlier processes.

Beside what is held it shows what executions cost that nobody told of when they happened.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct
from twisted.logger import Logger

from ...interfaces import IMemory, WallClock
from ...model.account import Trade
from ...model.money import ZERO

REMEMBERED_AS: Final = "alpaca:coins"
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SLACK: Final = timedelta(milliseconds=1)
"""The stream and the history do not round times alike."""


class _Count(Struct, frozen=True):
    """What must be held after the last execution, which was *at* that time."""

    held: Decimal
    at: datetime = _NEVER


class Counted:
    """Kept in *memory*."""

    log = Logger()

    def __init__(self, memory: IMemory, now: WallClock) -> None:
        self._memory = memory
        self._now = now
        self._counts: dict[str, _Count] | None = None

    def begin(self, held: dict[str, Decimal]) -> None:
        """*held* is what there is; it counts if nobody has ever counted before."""
        if self._counts is None:
            self._counts = self._recalled()
        if self._counts is None:
            at = self._now()
            self._counts = {symbol: _Count(quantity, at) for symbol, quantity in held.items()}
            self._remember()

    def held(self, symbol: str) -> Decimal:
        """What must be held of *symbol*."""
        return self._last(symbol).held

    def has(self, trade: Trade) -> bool:
        """Whether *trade* is counted, as far as its time shows; before the beginning all are."""
        return self._counts is None or trade.timestamp <= self._last(trade.symbol).at + _SLACK

    def take(self, symbol: str, held: Decimal, at: datetime) -> None:
        """After what executed *at* that time so much must be held."""
        if self._counts is None:
            self._counts = self._recalled() or {}
        self._counts[symbol] = _Count(held, max(at, self._last(symbol).at))
        self._remember()

    def _last(self, symbol: str) -> _Count:
        return (self._counts or {}).get(symbol, _Count(ZERO))

    def _remember(self) -> None:
        self._memory.remember(REMEMBERED_AS, msgspec.json.encode(self._counts))

    def _recalled(self) -> dict[str, _Count] | None:
        kept = self._memory.recall(REMEMBERED_AS)
        try:
            return None if kept is None else msgspec.json.decode(kept, type=dict[str, _Count])
        except msgspec.DecodeError:
            self.log.failure("what was held of pairs cannot be read")
            return None
