"""Why a journal cannot be opened, each with what to do about it; nothing was changed then.

::

    JournalError
    +-- JournalLocked        another gateway has it
    +-- PlaceUnusable        no directory, not ours to write, or the disk is full
    +-- JournalDamaged       the file is no journal, or SQLite finds it broken
    +-- JournalIncomplete    the log of the last changes is there, the journal itself is not
    +-- JournalTooNew        written by a newer version of tradegw
    +-- OtherAccount         the journal of another account

Not :class:`tradegw.errors.GatewayError`: no client ever sees them, the gateway does not start.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

AFRESH: Final = (
    "the gateway then starts with a new journal and learns the state of orders and positions from"
    " the broker, but knows no idempotency keys and no exit plans any more"
)


class JournalError(Exception):
    """The journal cannot be used; the message says why, and how to go on."""


class JournalLocked(JournalError):
    """Another process holds the directory; *holder* is what it says of itself."""

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(
            f"the state directory {directory} is in use by another gateway ({holder or 'unknown'});"
            " stop that one, or give this one a GATEWAY_STATE_DIR of its own"
        )


class PlaceUnusable(JournalError):
    """The directory, or the file system, does not let us write."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"the state directory {directory} cannot be used: {reason};"
            " GATEWAY_STATE_DIR must be a directory that the gateway may write to"
        )


class JournalDamaged(JournalError):
    """The file is there, but cannot be relied upon."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"the journal {file} is damaged: {reason}. Nothing was changed. Restore it from a"
            f" backup, or save what can be read (sqlite3 {file.name} .recover), or move"
            f" {file.name}, {file.name}-wal and {file.name}-shm elsewhere: {AFRESH}"
            " (docs/journal.md)"
        )


class JournalIncomplete(JournalError):
    """The write-ahead log without its database, which is missing or *empty*: SQLite would delete
    the log.
    """

    def __init__(self, file: Path, *, empty: bool = False) -> None:
        state, both = "is missing", f"{file.name}-wal"
        if empty:
            state, both = "is there, but empty", f"both files ({file.name} and {file.name}-wal)"
        super().__init__(
            f"{file} {state}, and {file.name}-wal is there with what was written last. Nothing"
            f" was changed. Put the {file.name} back that the log belongs to, or move {both}"
            f" elsewhere: {AFRESH} (docs/journal.md)"
        )


class JournalTooNew(JournalError):
    """Schema *found* is newer than *known*."""

    def __init__(self, file: Path, found: int, known: int) -> None:
        super().__init__(
            f"the journal {file} was written by a newer tradegw (schema {found}, this version knows"
            f" {known}). Nothing was changed. Install the newer version again, or give this one"
            " a GATEWAY_STATE_DIR of its own"
        )


class OtherAccount(JournalError):
    """The journal is about *found*, and *wanted* is to be traded."""

    def __init__(self, file: Path, found: str, wanted: str) -> None:
        super().__init__(
            f"the journal {file} belongs to the account {found}, not to {wanted}. Nothing was"
            " changed. Give each account a GATEWAY_STATE_DIR of its own"
        )


_NAMES: Final = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the file system or the file is read-only",
    "SQLITE_BUSY": "another program is writing to the journal",
    "SQLITE_LOCKED": "another program is writing to the journal",
    "SQLITE_CANTOPEN": "the journal's files cannot be opened",
    "SQLITE_CORRUPT": "the journal is damaged",
    "SQLITE_NOTADB": "the file is not an SQLite database",
    "SQLITE_IOERR": "the disk fails",
}
_OF_THE_PLACE: Final = (
    *("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_NOLFS"),
    *("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"),
    *("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_NOMEM"),
)
_NUMBERS: Final = {errno.ENOSPC: "the disk is full", errno.EROFS: "the file system is read-only"}


def why(error: BaseException) -> str:
    """What an operator should read of a failed write or read."""
    name = str(getattr(error, "sqlite_errorname", ""))
    for beginning, meaning in _NAMES.items():
        if name.startswith(beginning):
            return f"{meaning} ({error})"
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return _NUMBERS[error.errno]
    return str(error) or type(error).__name__


def is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether *error*, of a statement of ours, speaks of the file's content rather than of the
    disk or of other programs.
    """
    return not str(getattr(error, "sqlite_errorname", "")).startswith(_OF_THE_PLACE)
