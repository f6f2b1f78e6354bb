"""Times and ids as Binance makes them: milliseconds since 1970, and numbers that go up."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from ...interfaces import WallClock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
_DAY: Final = 86_400_000


class Stamps:
    """The server's clock, which is *skew_ms* ahead of *now*, and its counters.

    The same *seed* makes the same ids.
    """

    def __init__(self, now: WallClock, seed: int) -> None:
        self.skew_ms = 0
        self._now = now
        self._counts: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311  repeatable is what a double wants

    def ms(self) -> int:
        """The server's time."""
        since = self._now() - _EPOCH
        return since.days * _DAY + since.seconds * 1000 + since.microseconds // 1000 + self.skew_ms

    def next(self, kind: str, first: int = 1) -> int:
        """The next number of *kind*, which begins at *first*."""
        self._counts[kind] += 1
        return first - 1 + self._counts[kind]

    def client_id(self) -> str:
        """An id for what came without one."""
        return "".join(self._random.choice(_LETTERS) for _ in range(22))

    def token(self, length: int = 64) -> str:
        """Something nobody guesses."""
        return "".join(self._random.choice(_LETTERS) for _ in range(length))
