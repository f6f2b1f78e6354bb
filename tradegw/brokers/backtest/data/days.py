"""Where bars begin and end, and when a trading day is over, in a zone and with a session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from ....model.enums import Timeframe
from .zones import DAY, SECOND, local, micros, moment

_SESSION: Final = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
_LENGTHS: Final = {timeframe: timeframe.seconds * SECOND for timeframe in Timeframe}
_DAYS: Final = (Timeframe.D1, Timeframe.W1)
_MONDAY: Final = 4 * DAY
"""The first Monday of the epoch."""


class Session(Struct, frozen=True):
    """When a market opens and closes, by its own clock; one that ends earlier ends a day later."""

    opens: time
    closes: time

    @staticmethod
    def parse(text: str) -> Session:
        """Read ``09:30-16:00``; raises ``ValueError``."""
        found = _SESSION.fullmatch(text)
        if found is None:
            raise ValueError(f"session {text!r} is not of the form 09:30-16:00")
        try:
            return Session(*map(time.fromisoformat, found.groups()))
        except ValueError:
            raise ValueError(f"session {text!r} is not of the form 09:30-16:00") from None


class Calendar:
    """Boundaries of bars: multiples of their length since the epoch, or (*by_session*) since the
    session's opening; for days midnight in *place*, for weeks that of Monday.
    """

    def __init__(self, place: tzinfo, session: Session | None, *, by_session: bool) -> None:
        self._place = place
        self._session = session
        self._by_session = by_session
        self._found: dict[Timeframe, tuple[int, int]] = {}
        self._opened = (0, 0)

    @property
    def has_session(self) -> bool:
        """Whether it knows when the market is open."""
        return self._session is not None

    def bends(self, timeframe: Timeframe) -> bool:
        """Whether bars of *timeframe* may be of unequal length."""
        return self._place is not UTC and timeframe in _DAYS

    def is_in_session(self, instant: int) -> bool:
        """Whether *instant* is between the opening and the end of a session, by the clock alone."""
        if self._session is None:
            return True
        opens, closes = self._session.opens, self._session.closes
        clock = local(instant, self._place).time()
        if opens < closes:
            return opens <= clock < closes
        return clock >= opens or clock < closes

    def bucket(self, instant: int, timeframe: Timeframe) -> tuple[int, int]:
        """Start and end of the bar that *instant* falls into; microseconds of UTC, all of them."""
        found = self._found.get(timeframe)
        if found is None or not found[0] <= instant < found[1]:
            found = self._found[timeframe] = self._bucket(instant, timeframe)
        return found

    def after(self, start: int, timeframe: Timeframe) -> int:
        """The end of a bar that begins at *start*, wherever that is: days and weeks are of 24 hours
        by the wall clock.
        """
        return self._shifted(start, timeframe, 1)

    def before(self, end: int, timeframe: Timeframe) -> int:
        """The start of a bar that ends at *end*."""
        return self._shifted(end, timeframe, -1)

    def covers(self, first: int, start: int) -> bool:
        """Whether data that begin at *first* leave out nothing since *start*, because that is
        later, or because the market only opened then.
        """
        session = self._session
        if first <= start or session is None or session.opens >= session.closes:
            return first <= start
        return first <= self._at(self._day(start), session.opens)

    def multiple(self, timeframe: Timeframe) -> int | None:
        """What all starts of bars are a multiple of, if it is as simple as that."""
        is_simple = timeframe not in _DAYS and not self._by_session
        return _LENGTHS[timeframe] if is_simple else None

    def is_on_grid(self, start: int, timeframe: Timeframe) -> bool:
        """Whether a bar of *timeframe* may be expected to begin at *start*."""
        begins = self.bucket(start, timeframe)[0]
        if start == begins:
            return True
        return timeframe in _DAYS and self._session is not None and self.covers(start, begins)

    def day_end(self, after: datetime) -> datetime:
        """The first end of a session later than *after*; without sessions, the first midnight."""
        closes = time(0) if self._session is None else self._session.closes
        instant = micros(after)
        ends = (self._at(day, closes) for day in _around(self._day(instant), 2))
        return moment(next(end for end in ends if end > instant))

    def _bucket(self, instant: int, timeframe: Timeframe) -> tuple[int, int]:
        length = _LENGTHS[timeframe]
        if timeframe in _DAYS:
            return self._days(instant, length)
        if not self._by_session or self._session is None:
            start = instant - instant % length
            return start, start + length
        if not self._opened[0] <= instant < self._opened[1]:
            self._opened = self._openings(instant, self._session.opens)
        opened, next_opened = self._opened
        start = instant - (instant - opened) % length
        return start, min(start + length, next_opened)

    def _openings(self, instant: int, opens: time) -> tuple[int, int]:
        """The last opening until *instant*, and the one after it."""
        last, today, next_one = (self._at(day, opens) for day in _around(self._day(instant), 1))
        return (last, today) if instant < today else (today, next_one)

    def _days(self, instant: int, length: int) -> tuple[int, int]:
        if self._place is UTC:
            start = instant - (instant - _MONDAY) % length
            return start, start + length
        there = self._day(instant)
        days = length // DAY
        first = there - timedelta(days=there.weekday() if days > 1 else 0)
        return self._at(first, time(0)), self._at(first + timedelta(days=days), time(0))

    def _shifted(self, instant: int, timeframe: Timeframe, by: int) -> int:
        if not self.bends(timeframe):
            return instant + by * _LENGTHS[timeframe]
        # Adding to an aware time moves its wall clock.
        there = local(instant, self._place).replace(fold=0)
        return micros((there + by * timedelta(seconds=timeframe.seconds)).astimezone(UTC))

    def _day(self, instant: int) -> date:
        return local(instant, self._place).date()

    def _at(self, day: date, clock: time) -> int:
        """When it is *clock* on *day*."""
        return micros(datetime.combine(day, clock, self._place))


def _around(day: date, after: int) -> Iterator[date]:
    """The day before *day*, that day, and some *after* it."""
    return (day + timedelta(days=n) for n in range(-1, after + 1))
