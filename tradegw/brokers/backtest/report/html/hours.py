"""The time axis: nights and weekends of a market that closes take no room."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Final

_TIMES: Final = 8
"""A pause is how many times as long as the usual distance of two points."""
_SHARE: Final = 4
"""Pauses are left out if they are more than one part in this many of the time."""


class Hours:
    """From *start* to *end* without *pauses* (in order, apart); microseconds since 1970."""

    def __init__(self, start: int, end: int, pauses: Sequence[tuple[int, int]] = ()) -> None:
        self.start = start
        self.end = max(end, start + 1)
        self._pauses = [(max(a, start), b) for a, b in pauses if b > start]
        self._begins = [begin for begin, _ in self._pauses]
        self._before: list[int] = []
        total = 0
        for begin, until in self._pauses:
            self._before.append(total)
            total += until - begin
        self.length = max(1, self.elapsed(self.end))

    @classmethod
    def of(cls, times: Iterable[int], start: int, end: int) -> Hours:
        """*times* are those of the points, in order."""
        steps = [(b - a, a, b) for a, b in pairwise(times) if b > a]
        if not steps:
            return cls(start, end)
        usual = median_low([length for length, _, _ in steps])
        pauses = [(a, b - usual) for length, a, b in steps if length > _TIMES * usual]
        if sum(b - a for a, b in pauses) * _SHARE < end - start:
            return cls(start, end)
        return cls(start, end, pauses)

    def since(self, start: int) -> Hours:
        """The same from *start* on."""
        return Hours(start, self.end, self._pauses)

    def elapsed(self, time: int) -> int:
        """How much of the time that counts has gone by at *time*."""
        at = bisect_right(self._begins, time) - 1
        if at < 0:
            return time - self.start
        begin, until = self._pauses[at]
        return begin + max(0, time - until) - self.start - self._before[at]

    def pauses_at(self, time: int) -> bool:
        """Whether *time* is left out."""
        at = bisect_right(self._begins, time) - 1
        return at >= 0 and time < self._pauses[at][1]
