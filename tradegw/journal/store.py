"""The SQLite database: one connection that writes, one that reads.

The writing one is used by the reactor (inserts, which touch only the page cache) and by the writer
thread (commits, which wait for the disk), never by both at a time; who calls sees to that.
Write-ahead log, ``synchronous=FULL``: what is committed survives the loss of power.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from .rows import Written, statements

CACHE_KIB: Final = 32_768
_TOUCH: Final = (
    "INSERT INTO about (name, value) VALUES (?, '1')"
    " ON CONFLICT (name) DO UPDATE SET value = value + 1"
)


class JournalRemoved(Exception):
    """The file that is open is no longer the one at its path: what is written would be lost."""


class Store:
    """An open database *file*; raises ``sqlite3.Error`` as SQLite does, and ``JournalRemoved``.

    Without *fsync* nothing survives the loss of power: for simulations, and to measure by.
    """

    def __init__(self, file: Path, *, fsync: bool = True) -> None:
        self.file = file
        self.written = 0  # entries and commits since the last checkpoint
        self._files = (file, file.with_name(f"{file.name}-wal"))
        self._identities: list[tuple[int, int]] = []
        self.writer = _connect(file)
        try:
            self.writer.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'OFF'}")
            self.writer.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts for a new file only
            self.writer.execute("PRAGMA journal_mode = WAL")
            self.writer.execute("PRAGMA wal_autocheckpoint = 0")
            # A transaction must not reach the disk before its commit, or a turn would wait for it.
            self.writer.execute("PRAGMA cache_spill = OFF")
            self.reader = _connect(file)
        except sqlite3.Error:
            self.writer.close()
            raise
        self.reader.execute("PRAGMA query_only = ON")

    def guard(self) -> None:
        """From now on :meth:`insert` makes sure that the files are still where they were."""
        self._identities = [_identity(file) for file in self._files]

    def insert(self, entries: Iterable[Written], *, touch: str | None = None) -> None:
        """Add *entries* to the transaction; with *touch* also count up that name, in any case."""
        self._look()
        if not self.writer.in_transaction:
            self.writer.execute("BEGIN")
        for sql, rows in statements(entries):
            self.writer.executemany(sql, rows)
            self.written += len(rows)
        if touch is not None:
            self.writer.execute(_TOUCH, (touch,))
        self.written += 1

    def insert_whole(self, entries: Iterable[Written]) -> None:
        """As :meth:`insert`, and if it fails none of *entries* is in the transaction."""
        if not self.writer.in_transaction:
            self.writer.execute("BEGIN")
        self.writer.execute("SAVEPOINT whole")
        try:
            self.insert(entries)
        except Exception:
            self.writer.execute("ROLLBACK TO whole")
            raise
        finally:
            self.writer.execute("RELEASE whole")

    def commit(self) -> None:
        """Make the transaction durable. If that fails nothing of it is left, now or later."""
        try:
            self.writer.execute("COMMIT")
        except sqlite3.Error:
            self._bury()
            raise

    def roll_back(self) -> None:
        """Forget the transaction, if there is one."""
        if self.writer.in_transaction:
            with suppress(sqlite3.Error):  # it is over in any case
                self.writer.execute("ROLLBACK")

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database, as far as nobody reads from it."""
        self.writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self.written = 0

    def used_bytes(self) -> int:
        """What the entries take; the file has this size after :meth:`give_back`."""
        pages = _pragma(self.reader, "page_count") - _pragma(self.reader, "freelist_count")
        return pages * _pragma(self.reader, "page_size")

    def free_pages(self) -> int:
        """How many pages could be given back; asks the writing connection."""
        return _pragma(self.writer, "freelist_count")

    def give_back(self, pages: int) -> None:
        """Make the file smaller by so many unused pages."""
        # A step a page, and execute() makes but one.
        self.writer.executescript(f"PRAGMA incremental_vacuum({pages})")
        self.written += pages

    def finish(self) -> None:
        """Close after a last checkpoint, so that the file alone is the whole journal."""
        try:
            self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self.close()

    def close(self) -> None:
        """Close both connections; an open transaction is forgotten."""
        self.reader.close()
        self.writer.close()

    def _bury(self) -> None:
        """Overwrite what a failed commit may have left in the log.

        If the log was written but not synced, SQLite ignores it from now on, yet a process that
        recovers the log after a crash would find a valid commit there: a refused intent would be
        back. A small transaction in its place ends that, even if it cannot be synced either.
        """
        self.roll_back()
        try:
            self.writer.execute("BEGIN")
            self.writer.execute(_TOUCH, ("failed_commits",))
            self.writer.execute("COMMIT")
        except sqlite3.Error:
            self.roll_back()

    def _look(self) -> None:
        for file, identity in zip(self._files, self._identities, strict=False):
            try:
                found = _identity(file)
            except FileNotFoundError:
                raise JournalRemoved(f"{file.name} was removed while it was open") from None
            if found != identity:
                raise JournalRemoved(f"{file.name} was replaced while it was open")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _connect(file: Path) -> sqlite3.Connection:
    """Another program that writes makes us fail at once, not wait: the reactor may be calling."""
    connection = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _identity(file: Path) -> tuple[int, int]:
    found = os.stat(file)  # noqa: PTH116  (on the way of every commit: half the time of Path.stat)
    return found.st_dev, found.st_ino
