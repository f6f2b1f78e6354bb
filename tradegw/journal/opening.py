"""Opening a journal: made if there is none, checked if there is one, never repaired by guessing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..interfaces import WallClock
from .commits import Run
from .durable import Beginning, Journal
from .lock import Lock
from .problems import (
    JournalDamaged,
    JournalIncomplete,
    OtherAccount,
    PlaceUnusable,
    is_damage,
    why,
)
from .retention import Limits
from .rows import EPOCH
from .schema import bring_up_to_date, examine
from .store import Store

FILE: Final = "journal.sqlite3"
_MAGIC: Final = b"SQLite format 3\0"
_MEGABYTE: Final = 1024 * 1024

_log = Logger()


class Options(Struct, frozen=True, kw_only=True):
    """*set_aside*: the journal of another account is renamed and a new one begun, for simulated
    accounts. Without *fsync* nothing survives the loss of power, for simulations.
    """

    retention_days: int = 90
    max_mb: int = 1024
    set_aside: bool = False
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
        if _is_there(file):
            found = _examined(file)
            if found not in ("", account_name):
                if not options.set_aside:
                    raise OtherAccount(file, found, account_name)
                _set_aside(file, now)
        # Others must not read it; the -wal and -shm get the same permissions.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        store = Store(file, fsync=options.fsync)
        try:
            return store, _begun(store, account_name, now, options)
        except BaseException:
            store.close()
            raise
    except sqlite3.Error as error:
        if is_damage(error):
            raise JournalDamaged(file, why(error)) from error
        raise PlaceUnusable(file.parent, why(error)) from error
    except OSError as error:
        raise PlaceUnusable(file.parent, why(error)) from error


def _directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise PlaceUnusable(path, "it is not a directory") from None
    except OSError as error:
        raise PlaceUnusable(path, why(error)) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise PlaceUnusable(path, "it cannot be written to")


def _is_there(file: Path) -> bool:
    """Whether there is a journal; SQLite would take any file, and delete a log without one."""
    log = file.with_name(f"{file.name}-wal")
    if not file.exists() or file.stat().st_size == 0:
        if log.exists() and log.stat().st_size > 0:
            raise JournalIncomplete(file)
        return False
    with file.open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            raise JournalDamaged(file, "it is not an SQLite database")
    return True


def _examined(file: Path) -> str:
    """Check the journal and say whose it is, through a connection that cannot change anything."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        examine(connection, file)
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'about'").fetchall():
            return ""  # it was just being made
        found = connection.execute("SELECT value FROM about WHERE name = 'account'").fetchone()
        return str(found[0]) if found else ""
    finally:
        connection.close()


def _begun(store: Store, account_name: str, now: WallClock, options: Options) -> Beginning:
    connection = store.writer
    bring_up_to_date(connection)
    about = dict(connection.execute("SELECT name, value FROM about").fetchall())
    if "epoch" not in about:
        about |= {
            "epoch": options.new_epoch(),
            "account": account_name,
            "oldest": str((now() - EPOCH) // timedelta(milliseconds=1)),
            "created": now().isoformat(),
        }
    about["opened"] = now().isoformat()
    rows = list(about.items())
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT OR REPLACE INTO about (name, value) VALUES (?, ?)", rows)
    connection.execute("COMMIT")
    store.guard()
    (newest,) = connection.execute("SELECT max(seq) FROM events").fetchone()
    oldest = int(about["oldest"])
    _log.info("journal {epoch} opened: {file}", file=str(store.file), epoch=about["epoch"])
    return Beginning(
        epoch=about["epoch"], oldest=oldest, newest=oldest - 1 if newest is None else newest
    )


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
