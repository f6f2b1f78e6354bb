"""All limits of a broker together: what a call counts, what the broker says of them, and what of
that must not be forgotten when the gateway starts anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from twisted.logger import Logger

from ..errors import RateLimited
from ..interfaces import IMemory, WallClock
from ..model.enums import RateLimitEventKind
from ..model.events import RateLimitEvent
from ..model.limits import Lane, LimitStatus
from .ratelimit import LONGEST_PAUSE, Limit, Spent, Told

_LOW: Final = 0.1
_NOT_LOW: Final = 0.2


class _Pause(Struct, frozen=True):
    """As it is remembered."""

    until: datetime
    banned: bool = False


class Allowance:
    """*limits* of the broker *name*. *seconds* never jump; until when the broker has forbidden what
    is remembered in *memory*; *tell* hears of limits that are low, or hit.
    """

    log = Logger()

    def __init__(
        self,
        name: str,
        limits: Iterable[Limit],
        seconds: Callable[[], float],
        now: WallClock,
        memory: IMemory,
        tell: Callable[[RateLimitEvent], None],
    ) -> None:
        self._name = name
        self._seconds = seconds
        self._now = now
        self._memory = memory
        self._tell = tell
        self._spent = {limit.name: Spent(limit) for limit in limits}
        self._low: set[str] = set()
        self._has_recalled = False

    def opens_at(self, weights: Mapping[str, int], lane: Lane) -> float:
        """Before when a call in *lane* that counts *weights* cannot leave; ``inf`` if never."""
        now = self._seconds()
        opens = (self._spent[name].opens_at(weight, lane, now) for name, weight in weights.items())
        return max(opens, default=now)

    def lacking(
        self, weights: Mapping[str, int], lane: Lane, held: Mapping[str, int], shut: Iterable[str]
    ) -> dict[str, float]:
        """The limits that have no room for such a call, and before when they will not.

        So much is *held* for others and, of those *shut*, all.
        """
        now = self._seconds()
        lacking = {}
        for name, weight in weights.items():
            spent = self._spent[name]
            needed = weight + held.get(name, 0) if weight else 0
            if (weight and name in shut) or not spent.fits(needed, lane, now):
                lacking[name] = spent.opens_at(needed, lane, now)
        return lacking

    def take(self, weights: Mapping[str, int]) -> None:
        """Such a call is about to leave."""
        for name, weight in weights.items():
            self._spent[name].take(weight)

    def unsent(self, weights: Mapping[str, int]) -> None:
        """It did not leave after all."""
        for name, weight in weights.items():
            self._spent[name].unsent(weight)

    def answered(self, weights: Mapping[str, int], told: Told) -> None:
        """It was answered, which *told* so much, or will not be any more."""
        now = self._seconds()
        for name, weight in weights.items():
            self._spent[name].answered(weight, now)
        for reading in told.readings:
            if reading.limit in self._spent:
                self._spent[reading.limit].heard(reading, now)
        if told.pause > 0:
            self._pause(weights, told, now)
        for name in weights:
            self._watch(self._spent[name], now)

    def refusal(self, weights: Mapping[str, int], opens: float) -> RateLimited:
        """What those are told whose call cannot leave before it *opens*."""
        if opens == math.inf:
            return RateLimited(f"{self._name} never allows so much at once")
        seconds = max(1, math.ceil(opens - self._seconds()))
        reset_at = self._now() + timedelta(seconds=seconds)
        if any(self._spent[limit].banned for limit in weights):
            message = f"{self._name} has banned the gateway for {seconds} seconds"
        else:
            message = f"{self._name} allows no more of such calls for {seconds} seconds"
        return RateLimited(message, seconds, reset_at)

    def status(self) -> tuple[LimitStatus, ...]:
        """What is left of each."""
        return tuple(map(self._status, self._spent.values()))

    def recall(self) -> None:
        """What was forbidden when the gateway last ran is so again; the first call does it."""
        if self._has_recalled:
            return
        self._has_recalled = True
        value = self._memory.recall(self._memory_name)
        if value is None:
            return
        try:
            paused = msgspec.json.decode(value, type=dict[str, _Pause])
        except msgspec.MsgspecError:
            self.log.failure("what {broker} had forbidden cannot be read", broker=self._name)
            return
        now, seconds = self._now(), self._seconds()
        for name, pause in paused.items():
            if name in self._spent:
                left = (pause.until - now).total_seconds()
                self._spent[name].pause(left, seconds, banned=pause.banned)

    def _pause(self, weights: Mapping[str, int], told: Told, now: float) -> None:
        seconds = min(told.pause, LONGEST_PAUSE)
        for name in weights:
            self._spent[name].pause(seconds, now, banned=told.banned)
        paused = {
            name: _Pause(self._wall(spent.paused_until), spent.banned)
            for name, spent in self._spent.items()
            if spent.paused_until > now
        }
        self._memory.remember(self._memory_name, msgspec.json.encode(paused))
        self.log.warn(
            "{broker} wants to hear nothing for {seconds} seconds",
            broker=self._name,
            seconds=seconds,
            limits=sorted(weights),
            banned=told.banned,
        )
        self._tell_of(RateLimitEventKind.HIT, 0, now + seconds)

    def _watch(self, spent: Spent, now: float) -> None:
        """Tell once when little is left, and not again before it was more."""
        left, name = spent.left(now), spent.limit.name
        if left >= spent.capacity * _NOT_LOW:
            self._low.discard(name)
        elif left < spent.capacity * _LOW and name not in self._low:
            self._low.add(name)
            self._tell_of(RateLimitEventKind.WARNING, left, spent.refills_at(now) or now)

    def _tell_of(self, kind: RateLimitEventKind, left: int, until: float) -> None:
        now, reset_at = self._now(), self._wall(until)
        self._tell(
            RateLimitEvent(timestamp=now, event=kind, requests_remaining=left, reset_at=reset_at)
        )

    def _status(self, spent: Spent) -> LimitStatus:
        now = self._seconds()
        refills_at = spent.refills_at(now)
        return LimitStatus(
            name=spent.limit.name,
            capacity=spent.capacity,
            seconds=spent.limit.seconds,
            left=spent.left(now),
            reserved=spent.kept_from(Lane.ENTRY),
            refills_at=None if refills_at is None else self._wall(refills_at),
            paused_until=self._wall(spent.paused_until) if spent.paused_until > now else None,
            banned=spent.banned,
        )

    @property
    def _memory_name(self) -> str:
        return f"limits:{self._name}"

    def _wall(self, seconds: float) -> datetime:
        return self._now() + timedelta(seconds=seconds - self._seconds())
