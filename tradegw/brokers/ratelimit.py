"""How much of a broker's limits is spent: plain arithmetic, by a clock of seconds that never jumps.

A call counts from the moment it is on the wire until the limit's seconds have passed *after its
answer*. At the broker it counted at some moment in between, so whatever way the broker cuts its
windows and however long calls take, no window ever holds more than the capacity. What the broker
itself tells is obeyed where it is less than that.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

from ..model.limits import Lane

KEPT: Final = {Lane.EMERGENCY: 0.0, Lane.ENTRY: 0.2, Lane.QUERY: 0.3, Lane.DATA: 0.45}
"""The share of a limit that a lane leaves to those before it."""

LONGEST_PAUSE: Final = 7 * 86_400.0
_SLICES: Final = 100


class Limit(Struct, frozen=True):
    """A rule of the broker: *capacity* (calls, weight, orders) within any *seconds*."""

    name: str
    capacity: int
    seconds: int


class Reading(Struct, frozen=True, kw_only=True):
    """What a reply tells of a limit: what is ``left``, ``resets_in`` so many seconds, and the
    ``capacity`` if the broker tells it.
    """

    limit: str
    left: int | None = None
    resets_in: float | None = None
    capacity: int | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What a reply tells of limits. ``pause`` is for how many seconds the broker wants to hear
    nothing that counts against the limits the call counted against; ``banned`` says how it put it.
    """

    readings: tuple[Reading, ...] = ()
    pause: float = 0.0
    banned: bool = False


NOTHING_TOLD: Final = Told()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of a reply's ``Retry-After``; a time in it is measured from the reply's own."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(min(int(said[:12]), int(LONGEST_PAUSE)))
    try:
        until, at = parsedate_to_datetime(said), parsedate_to_datetime(headers.get("date", ""))
        return min(max(0.0, (until - at).total_seconds()), LONGEST_PAUSE)
    except (ValueError, TypeError, OverflowError):  # no time, or one of the two tells no zone
        return None


class Spent:
    """How much of one :class:`Limit` is spent. Times are seconds of a clock that never jumps."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.capacity = limit.capacity
        self.paused_until = -math.inf
        self.banned = False
        self._on_wire = 0
        self._answered = 0
        self._slices: deque[tuple[float, int]] = deque()  # when, and how much is given back then
        self._told_left: int | None = None  # by the broker, less what was sent since
        self._told_until = -math.inf

    def left(self, now: float) -> int:
        """What may be spent now, pauses apart."""
        self._forget(now)
        own = self._own_left()
        return max(0, own if self._told_left is None else min(own, self._told_left))

    def kept_from(self, lane: Lane) -> int:
        """How much *lane* leaves to those before it."""
        return int(self.capacity * KEPT[lane])

    def fits(self, weight: int, lane: Lane, now: float) -> bool:
        """Whether a call of *weight* may leave now: if the limit is not paused and, unless the
        weight is 0, so much is left. One too heavy for its lane leaves when nothing at all is
        spent.
        """
        if now < self.paused_until:
            return False
        return weight == 0 or self.left(now) >= self._needed(weight, lane)

    def opens_at(self, weight: int, lane: Lane, now: float) -> float:
        """Before when a call of *weight* will not fit. It may be later: calls on the wire are taken
        for calls that will not be sent. ``inf`` if it never will.
        """
        if weight > self.capacity:
            return math.inf
        self._forget(now)
        opens = max(now, self.paused_until)
        if weight == 0:
            return opens
        needed = self._needed(weight, lane)
        if self._told_left is not None and self._told_left + self._on_wire < needed:
            opens = max(opens, self._told_until)
        lacking = needed - self._own_left() - self._on_wire
        for free_at, amount in self._slices:
            if lacking <= 0:
                break
            lacking -= amount
            opens = max(opens, free_at)
        return opens

    def take(self, weight: int) -> None:
        """A call of *weight* is about to leave."""
        self._on_wire += weight
        if self._told_left is not None:
            self._told_left -= weight

    def unsent(self, weight: int) -> None:
        """It did not leave after all."""
        self._on_wire -= weight
        if self._told_left is not None:
            self._told_left += weight

    def answered(self, weight: int, now: float) -> None:
        """It was answered, or will not be any more."""
        self._on_wire -= weight
        if weight == 0 or self.limit.seconds == 0:
            return
        slice_seconds = self.limit.seconds / _SLICES
        free_at = (math.floor((now + self.limit.seconds) / slice_seconds) + 1) * slice_seconds
        self._answered += weight
        if self._slices and self._slices[-1][0] >= free_at:
            free_at, amount = self._slices.pop()
            weight += amount
        self._slices.append((free_at, weight))

    def heard(self, reading: Reading, now: float) -> None:
        """The broker told how much is left; whoever else uses the account is in it, calls on the
        wire may not be. Within a window it only ever gets less, whatever answer overtakes another.
        """
        if reading.capacity is not None and reading.capacity > 0:
            self.capacity = reading.capacity
        if reading.left is None:
            return
        self._forget(now)
        seconds = self.limit.seconds
        left = max(0, reading.left) - self._on_wire
        until = now + _bounded(reading.resets_in, seconds)
        if self._told_left is None or until > self._told_until + min(1.0, seconds / 10):
            self._told_left, self._told_until = left, until
        else:
            self._told_left = min(self._told_left, left)

    def pause(self, seconds: float, now: float, *, banned: bool = False) -> None:
        """Nothing may leave for *seconds*; a shorter pause never ends a longer one."""
        until = now + min(seconds, LONGEST_PAUSE)
        if until > self.paused_until:
            self.paused_until = until
            self.banned = banned

    def refills_at(self, now: float) -> float | None:
        """When more is left; ``None`` if all is, or nothing but calls on the wire is missing."""
        own = self.left(now)
        if self._told_left is not None and self._told_left <= own < self.capacity:
            return self._told_until
        return self._slices[0][0] if self._slices else None

    def _needed(self, weight: int, lane: Lane) -> int:
        """How much must be left for a call of *weight*."""
        return weight + max(0, min(self.kept_from(lane), self.capacity - weight))

    def _own_left(self) -> int:
        return self.capacity - self._on_wire - self._answered

    def _forget(self, now: float) -> None:
        slices = self._slices
        while slices and slices[0][0] <= now:
            self._answered -= slices.popleft()[1]
        if self._told_until <= now:
            self._told_left = None
        if self.banned and self.paused_until <= now:
            self.banned = False


def _bounded(seconds: float | None, usual: float) -> float:
    """The broker's reset may be nonsense: it is believed up to twice the window's length."""
    if seconds is None or not 0 <= seconds <= 2 * usual:
        return usual
    return seconds
