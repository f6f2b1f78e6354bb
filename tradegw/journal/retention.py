"""What is over is forgotten: after so many days, or sooner when the journal becomes too big.

In small portions between commits, oldest first. Never forgotten: what is open (working orders,
intents in doubt, live exit plans, and all that belongs to these orders), settings, positions, and
the newest event, so that the count of events never starts again.
"""

# ruff: noqa: S608  (the names of tables in SQL are constants of this module)

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from ..interfaces import WallClock
from .removals import OLDEST_EVENT, REMOVALS
from .rows import EPOCH, micros
from .store import Store

PORTION: Final = 200
PAGES: Final = 256
ENOUGH: Final = 0.95
"""A journal that was too big is made smaller until it has this share of its limit."""

_SLICES: Final = 20
_RECENT: Final = timedelta(minutes=1)

# What is in order of time by its number: found by halving, needs no index on its time.
_NUMBERED: Final = {"events": "seq", "executions": "number", "intents": "number", "steps": "number"}

_ANY_OLD: Final = (
    *(f"SELECT 1 FROM {table} WHERE {key} <= :{table} LIMIT 1" for table, key in _NUMBERED.items()),
    "SELECT 1 FROM orders WHERE terminal = 1 AND at < :cutoff LIMIT 1",
    "SELECT 1 FROM plans WHERE over = 1 AND at < :cutoff LIMIT 1",
)


class Limits(Struct, frozen=True, kw_only=True):
    """How long what is over is kept, and from which size on it is not."""

    days: int
    max_bytes: int


class Retention:
    """Works in passes: :meth:`begin` one, then :meth:`portion` until there is no more.

    :meth:`begin` and ``oldest`` belong to the reactor; :meth:`portion` may run elsewhere.
    """

    log = Logger()

    def __init__(self, store: Store, limits: Limits, oldest: int, now: WallClock) -> None:
        self.oldest = oldest
        self.under_way = False
        self._store = store
        self._limits = limits
        self._now = now
        self._bounds: dict[str, int] = {}
        self._removal = 0
        self._reached: datetime | None = None

    def begin(self) -> None:
        """Decide what is to go, and let no reader ask for events that will.

        Nothing to do, as most of the time, is found out at once.
        """
        cutoff = self._cutoff()
        newest = self._number("SELECT max(seq) FROM events")
        bounds = {table: self._last_before(table, key, cutoff) for table, key in _NUMBERED.items()}
        bounds["events"] = min(bounds["events"], newest - 1)
        self.oldest = max(self.oldest, bounds["events"] + 1)
        self._bounds = {
            **bounds,
            "cutoff": micros(cutoff),
            "oldest": self.oldest,
            "portion": PORTION,
        }
        self._removal = 0
        self.under_way = any(self._number(sql, self._bounds) for sql in _ANY_OLD) or (
            self._reached is not None
        )

    def portion(self) -> None:
        """Remove some rows, or give some space back, durably; ends the pass if none is left."""
        if self._removal < len(REMOVALS):
            if self._remove() < PORTION:
                self._removal += 1
        elif self._store.free_pages() > PAGES:
            self._store.give_back(PAGES)
        else:
            self.under_way = False

    @property
    def again(self) -> bool:
        """Whether the journal is too big still, and another pass would help."""
        return self._reached is not None

    def _remove(self) -> int:
        writer = self._store.writer
        writer.execute("BEGIN")
        try:
            removed = writer.execute(REMOVALS[self._removal], self._bounds).rowcount
            if removed:
                writer.execute(OLDEST_EVENT, self._bounds)
        except sqlite3.Error:
            self._store.roll_back()
            raise
        self._store.written += removed
        self._store.commit()
        return removed

    def _cutoff(self) -> datetime:
        """By age; or, if that leaves too much, a slice of the time later than the last time."""
        now = self._now()
        by_age = now - timedelta(days=self._limits.days)
        enough = 1 if self._reached is None else ENOUGH
        if self._store.used_bytes() <= self._limits.max_bytes * enough:
            self._reached = None
            return by_age
        start = max(by_age, self._reached or self._first())
        if now - start < _RECENT:
            self.log.warn(
                "the journal is bigger than JOURNAL_MAX_MB, and all in it is open or new",
                used=self._store.used_bytes(),
            )
            self._reached = None
            return by_age
        self._reached = start + (now - start) / _SLICES
        return self._reached

    def _first(self) -> datetime:
        firsts = [
            self._number(
                f"SELECT min(at) FROM {table} WHERE {key} = (SELECT min({key}) FROM {table})"
            )
            for table, key in _NUMBERED.items()
        ]
        return EPOCH + timedelta(microseconds=min(filter(None, firsts), default=0))

    def _last_before(self, table: str, key: str, cutoff: datetime) -> int:
        """The last number in *table* before that of the first row that is not older."""
        high = self._number(f"SELECT max({key}) FROM {table}")
        low = min(high, self._number(f"SELECT min({key}) FROM {table}") - 1)
        at = f"SELECT at FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT 1"
        limit = micros(cutoff)
        while low < high:
            middle = (low + high) // 2
            if self._number(at, (middle,)) < limit:
                low = middle + 1
            else:
                high = middle
        return low

    def _number(self, sql: str, values: Sequence[int] | Mapping[str, int] = ()) -> int:
        found = self._store.reader.execute(sql, values).fetchone()
        return int(found[0] or 0) if found else 0
