"""From the wall clock of a zone to microseconds of UTC, also on days that are 23 or 25 hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from .errors import BadRow

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
_PLAIN: Final = EPOCH.replace(tzinfo=None)


def zone(name: str) -> tzinfo:
    """The zone called *name*; raises ``ValueError``."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone such as America/New_York") from None


def micros(time: datetime) -> int:
    """Microseconds since the epoch of an aware *time*."""
    return (time - EPOCH) // MICROSECOND


def moment(instant: int) -> datetime:
    """The aware ``datetime``, UTC, of microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=instant)


def local(instant: int, place: tzinfo) -> datetime:
    """What the wall clock of *place* shows at *instant*."""
    return moment(instant).astimezone(place)


class WallClock:
    """Reads the stamps of one file, in order, that say nothing of their zone.

    Where a clock change repeats an hour, a stamp that does not follow the one before (with
    *strict*: nor equals it) begins the second pass; a stamp that a change leaves out is an error,
    as the zone must be another one.
    """

    def __init__(self, place: tzinfo, *, strict: bool) -> None:
        self._place = place
        self._strict = strict
        self._offsets: dict[int, int | None] = {}
        self._last: int | None = None

    def read(self, shown: Sequence[int]) -> list[int]:
        """UTC for *shown*, which are microseconds since the epoch by that clock."""
        if self._place is UTC:
            return list(shown)
        read: list[int] = []
        for index, stamp in enumerate(shown):
            offset = self._offset(stamp // DAY)
            self._last = stamp - offset if offset is not None else self._changing(index, stamp)
            read.append(self._last)
        return read

    def _offset(self, day: int) -> int | None:
        """How far the clock is ahead of UTC on *day*; ``None`` if it changes then."""
        if day not in self._offsets:
            both = {self._ahead((day + n) * DAY, 0) for n in (0, 1)}
            self._offsets[day] = both.pop() if len(both) == 1 else None
        return self._offsets[day]

    def _changing(self, index: int, stamp: int) -> int:
        early, late = (stamp - self._ahead(stamp, fold) for fold in (0, 1))
        if early > late:
            shown = (_PLAIN + stamp * MICROSECOND).isoformat()
            raise BadRow(index, f"there was no {shown} in {self._place}: is it another time zone?")
        if self._last is None or early > self._last:
            return early
        return late if early < self._last or self._strict else early

    def _ahead(self, stamp: int, fold: int) -> int:
        there = (_PLAIN + stamp * MICROSECOND).replace(tzinfo=self._place, fold=fold)
        offset = there.utcoffset()
        assert offset is not None
        return offset // MICROSECOND
