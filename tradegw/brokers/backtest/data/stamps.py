"""Time stamps of any of the forms that files have, to microseconds since the epoch, UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import repeat
from operator import attrgetter, floordiv, sub
from typing import Final

from .errors import BadRow
from .zones import EPOCH, MICROSECOND, SECOND, WallClock, micros

_PLAIN: Final = EPOCH.replace(tzinfo=None)
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST: Final = micros(datetime(1700, 1, 1, tzinfo=UTC))
_LATEST: Final = micros(datetime(2700, 1, 1, tzinfo=UTC))
_PER_SECOND: Final = ((10**11, 1), (10**14, 1_000), (10**17, 1_000_000), (10**20, 1_000_000_000))


def bound(text: str, *, closing: bool = False) -> datetime:
    """Where a run begins or, *closing*, before which moment it stops: RFC 3339, or a date, UTC.

    A date stands for its first moment or, *closing*, for the first one after it. Raises
    ``ValueError``.
    """
    time = datetime.fromisoformat(text)
    if not 1 < time.year < 9999:
        raise ValueError(f"{text!r} is not of this age")
    if _DATE.fullmatch(text):
        return time.replace(tzinfo=UTC) + timedelta(days=1 if closing else 0)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return time.astimezone(UTC)


class Stamps:
    """Reads the stamps of one file; *place* is where those without a zone were taken.

    *strict*: no two rows have the same stamp.
    """

    def __init__(self, place: tzinfo, *, strict: bool) -> None:
        self._clock = WallClock(place, strict=strict)
        self._zoned: bool | None = None

    def texts(self, cells: Sequence[str]) -> list[int]:
        """The instants of *cells*, of which there are some; raises ``BadRow``."""
        if _INTEGER.fullmatch(cells[0].strip()):
            return self._integers(cells)
        try:
            times = list(map(datetime.fromisoformat, map(str.strip, cells)))
        except ValueError:
            raise _first_bad(cells, _iso_complaint) from None
        zones = set(map(attrgetter("tzinfo"), times))
        has_zone = self._has_zone(zones, times)
        beginning = EPOCH if has_zone else _PLAIN
        deltas = map(sub, times, repeat(beginning))
        shown = list(map(floordiv, deltas, repeat(MICROSECOND)))
        return self.instants(shown, zoned=has_zone)

    def instants(self, shown: Sequence[int], *, zoned: bool) -> list[int]:
        """The same for microseconds since the epoch, of UTC or (not *zoned*) of the wall clock."""
        if shown and (min(shown) < _EARLIEST or max(shown) >= _LATEST):
            index = next(i for i, t in enumerate(shown) if not _EARLIEST <= t < _LATEST)
            raise BadRow(index, "the time stamp is not of this age")
        return list(shown) if zoned else self._clock.read(shown)

    def _has_zone(self, zones: set[object], times: Sequence[datetime]) -> bool:
        """Whether all of the file's stamps have a zone; none, or all."""
        if self._zoned is None:
            self._zoned = times[0].tzinfo is not None
        if (None in zones) == self._zoned or (None in zones and len(zones) > 1):
            index = next(i for i, t in enumerate(times) if (t.tzinfo is not None) != self._zoned)
            raise BadRow(index, "some time stamps have a zone and others have none")
        return self._zoned

    def _integers(self, cells: Sequence[str]) -> list[int]:
        """Seconds, or thousandths, millionths, billionths of them, told apart by their size."""
        if not all(map(_INTEGER.fullmatch, map(str.strip, cells))):
            raise _first_bad(cells, _integer_complaint)
        return self.counted(list(map(int, cells)))

    def counted(self, counts: Sequence[int]) -> list[int]:
        """The same for numbers."""
        if counts and _looks_like_a_date(counts[0]):
            raise BadRow(0, f"{counts[0]} may be a date or seconds: write dates as YYYY-MM-DD")
        per_second = _unit(max(map(abs, counts), default=0))
        if per_second == _unit(min(map(abs, counts), default=0)):
            return self.instants([c * SECOND // per_second for c in counts], zoned=True)
        return self.instants([c * SECOND // _unit(abs(c)) for c in counts], zoned=True)


def _unit(size: int) -> int:
    return next(per_second for below, per_second in _PER_SECOND if size < below)


def _looks_like_a_date(number: int) -> bool:
    year, rest = divmod(number, 10_000)
    return 1900 <= year <= 2100 and 1 <= rest // 100 <= 12 and 1 <= rest % 100 <= 31


def _first_bad(cells: Sequence[str], complaint: Callable[[str], str | None]) -> BadRow:
    for index, cell in enumerate(cells):
        what = complaint(cell)
        if what is not None:
            return BadRow(index, what)
    raise AssertionError("a stamp was refused that nothing is wrong with")


def _iso_complaint(cell: str) -> str | None:
    try:
        datetime.fromisoformat(cell.strip())
    except ValueError:
        return _no_stamp(cell)
    return None


def _integer_complaint(cell: str) -> str | None:
    return None if _INTEGER.fullmatch(cell.strip()) else _no_stamp(cell)


def _no_stamp(cell: str) -> str:
    return f"{cell[:40]!r} is not a time stamp" if cell.strip() else "the time stamp is empty"
