"""Times and ids as Alpaca writes them.

A moment is the number of nanoseconds since 1970: Alpaca's own times have nine digits, and two
things that happen one after the other never bear the same one.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ...interfaces import WallClock

NEW_YORK: Final = ZoneInfo("America/New_York")
SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(.+))?")
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def moment_of(time: datetime) -> int:
    """The moment *time* is; aware."""
    since = time - _EPOCH
    return (since.days * 86400 + since.seconds) * SECOND + since.microseconds * 1000


def time_of(moment: int) -> datetime:
    """*moment* in UTC, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=moment // 1000)


def zulu(moment: int | None, digits: int = 9) -> str | None:
    """``2026-03-02T15:41:07.2241907Z``: up to *digits* digits, without trailing zeros."""
    if moment is None:
        return None
    text = f"{time_of(moment):%Y-%m-%dT%H:%M:%S}"
    fraction = f"{moment % SECOND:09d}"[:digits].rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def new_york(moment: int) -> str:
    """``2026-03-02T10:41:07.402118377-05:00``."""
    local = time_of(moment).astimezone(NEW_YORK)
    fraction = f"{moment % SECOND:09d}".rstrip("0")
    offset = f"{local:%z}"
    whole = f"{local:%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if fraction else "")
    return f"{whole}{offset[:3]}:{offset[3:]}"


def read(text: str) -> int | None:
    """The moment that a query or body names, a date alone being midnight UTC; ``None`` if none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{zone or '+00:00'}")
    except ValueError:
        return None
    if whole.tzinfo is None:
        return None
    return moment_of(whole) + int((fraction or "").ljust(9, "0"))


class Stamps:
    """Makes moments and ids; the same *seed* makes the same ids in the same order."""

    def __init__(self, now: WallClock, seed: int) -> None:
        self._now = now
        self._latest = 0
        self._latest_ulid = 0
        self._random = random.Random(seed)  # noqa: S311  repeatable is what a double wants

    def take(self) -> int:
        """A moment: now, or a little after the one taken last."""
        self._latest = max(moment_of(self._now()) + 113, self._latest + 1009)
        return self._latest

    def uuid(self) -> str:
        """An id."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def ulid(self, moment: int) -> str:
        """An id that sorts behind all before it."""
        fresh = (moment // 1_000_000 << 80) | self._random.getrandbits(80)
        self._latest_ulid = max(fresh, self._latest_ulid + 1)
        return "".join(_CROCKFORD[self._latest_ulid >> 5 * at & 31] for at in range(25, -1, -1))
