"""Opening a journal: made if there is none, checked if there is one, never repaired by guessing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..interfaces import WallClock
from .commits import Run
from .durable import Beginning, Journal
from .examining import examined
from .lock import Lock
from .making import make
from .problems import (
    JournalDamaged,
    JournalIncomplete,
    OtherAccount,
    PlaceUnusable,
    is_damage,
    why,
)
from .retention import Limits
from .schema import bring_up_to_date
from .store import Store

FILE: Final = "journal.sqlite3"
_MAGIC: Final = b"SQLite format 3\0"
_FORMATS: Final = slice(18, 20)
_KNOWN_FORMATS: Final = (b"\1\1", b"\2\2")
"""How it is written and read: as a backup that was put back may be, and with a write-ahead log."""
_ROOM: Final = 128 * 1024
_MEGABYTE: Final = 1024 * 1024

_log = Logger()


class Options(Struct, frozen=True, kw_only=True):
    """*set_aside*: the journal of another account is renamed and a new one begun, for simulated
    accounts; one whose account's name begins with *passing* is deleted, and a new one is nothing to
    be warned of. Without *fsync* nothing survives the loss of power, for simulations.
    """

    retention_days: int = 90
    max_mb: int = 1024
    set_aside: bool = False
    passing: str | None = None
    fsync: bool = True
    new_epoch: Callable[[], str] = lambda: uuid4().hex


def open_journal(
    state_dir: Path,
    account_name: str,
    clock: IReactorTime,
    now: WallClock,
    run: Run,
    options: Options = Options(),  # noqa: B008  (frozen)
) -> Journal:
    """The journal of the account in *state_dir*; raises
    :class:`tradegw.journal.problems.JournalError`.

    *run* is where commits wait for the disk: ``WriterThread(reactor).run``, or for tests
    ``twisted.internet.defer.execute``.
    """
    _directory(state_dir)
    lock = Lock(state_dir, now)
    try:
        store, beginning = _opened(state_dir / FILE, account_name, now, options)
    except BaseException:
        lock.release()
        raise
    limits = Limits(days=options.retention_days, max_bytes=options.max_mb * _MEGABYTE)
    return Journal(store, lock, beginning, limits, clock, now, run)


def _opened(
    file: Path, account_name: str, now: WallClock, options: Options
) -> tuple[Store, Beginning]:
    try:
        is_new = not _is_there(file)
        if not is_new:
            found = examined(file)
            if found != account_name:
                if not options.set_aside:
                    raise OtherAccount(file, found, account_name)
                if options.passing is not None and found.startswith(options.passing):
                    _discard(file)
                else:
                    _set_aside(file, now)
                is_new = True
        if is_new:
            make(file, account_name, now, options.new_epoch(), fsync=options.fsync)
        store = Store(file, fsync=options.fsync)
        try:
            return store, _begun(store, now, is_new=is_new, passing=options.passing is not None)
        except BaseException:
            store.close()
            raise
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if is_damage(error):
            raise JournalDamaged(file, why(error)) from error
        full = _is_full(file.parent)
        raise PlaceUnusable(
            file.parent, f"the disk is full ({error})" if full else why(error)
        ) from error
    except OSError as error:
        raise PlaceUnusable(file.parent, why(error)) from error


def look_at(state_dir: Path, now: WallClock) -> None:
    """Make sure of a directory that can be written to and that no other gateway has; raises
    :class:`tradegw.journal.problems.JournalError`.
    """
    _directory(state_dir)
    Lock(state_dir, now).release()


def _directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise PlaceUnusable(path, "it is not a directory") from None
    except OSError as error:
        raise PlaceUnusable(path, why(error)) from error
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        raise PlaceUnusable(path, "the file system is read-only")
    if not os.access(path, os.W_OK | os.X_OK):
        raise PlaceUnusable(path, "it cannot be written to")


def _is_full(directory: Path) -> bool:
    """SQLite calls it a failing disk, or a file that cannot be opened, when there is no room for
    the files beside the journal.
    """
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize < _ROOM


def _is_there(file: Path) -> bool:
    """Whether there is a journal; SQLite would take any file, and delete a log without one."""
    log = file.with_name(f"{file.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    if not file.exists():
        if has_log:
            raise JournalIncomplete(file)
        return False
    if file.stat().st_size == 0:
        if has_log:
            raise JournalIncomplete(file, empty=True)
        raise JournalDamaged(file, "it is empty, and a journal never is")
    with file.open("rb") as opened:
        header = opened.read(_FORMATS.stop)
    if header[: len(_MAGIC)] != _MAGIC:
        raise JournalDamaged(file, "it is not an SQLite database")
    if header[_FORMATS] not in _KNOWN_FORMATS:  # SQLite would call it read-only
        raise JournalDamaged(file, "its header is none that SQLite writes")
    return True


def _begun(store: Store, now: WallClock, *, is_new: bool, passing: bool) -> Beginning:
    connection = store.writer
    bring_up_to_date(connection)
    about = dict(connection.execute("SELECT name, value FROM about").fetchall())
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT OR REPLACE INTO about (name, value) VALUES ('opened', ?)", (now().isoformat(),)
    )
    connection.execute("COMMIT")
    store.guard()
    (newest,) = connection.execute("SELECT max(seq) FROM events").fetchone()
    oldest = int(about["oldest"])
    if is_new:
        say = _log.info if passing else _log.warn
        say(
            "a new journal is begun: no orders are known from before",
            file=str(store.file),
            epoch=about["epoch"],
        )
    else:
        _log.info("journal {epoch} opened: {file}", file=str(store.file), epoch=about["epoch"])
    return Beginning(
        epoch=about["epoch"], oldest=oldest, newest=oldest - 1 if newest is None else newest
    )


def _discard(file: Path) -> None:
    """Nobody needs it any more."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


def _set_aside(file: Path, now: WallClock) -> None:
    """Keep the journal of another account under a name with the time in it."""
    Store(file).finish()  # all of it is in the one file then
    aside = file.with_name(f"journal-{now():%Y%m%dT%H%M%S.%fZ}.sqlite3")
    if aside.exists():
        raise FileExistsError(f"{aside.name} is there already")
    file.rename(aside)
    _log.warn(
        "the journal was about another account: it is kept as {aside}, and a new one begins",
        aside=str(aside),
    )
