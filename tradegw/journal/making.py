"""A new journal: made under another name and renamed when it is whole and on the disk.

So whatever stands under the journal's name was whole once, and a process that is ended while it
makes one leaves nothing that looks like a journal that was damaged.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Final

from ..interfaces import WallClock
from .rows import EPOCH
from .schema import bring_up_to_date
from .store import Store

_SUFFIX: Final = "-new"


def make(file: Path, account_name: str, now: WallClock, epoch: str, *, fsync: bool) -> None:
    """Put an empty journal of *account_name* at *file*, where there is none.

    Raises ``sqlite3.Error`` or ``OSError``, and *file* is not there then.
    """
    new = file.with_name(f"{file.name}{_SUFFIX}")
    for left_over in (new, *(new.with_name(f"{new.name}{end}") for end in ("-wal", "-shm"))):
        left_over.unlink(missing_ok=True)
    # Others must not read it; the -wal and -shm get the same permissions.
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    store = Store(new, fsync=fsync)
    try:
        bring_up_to_date(store.writer)
        about = {
            "epoch": epoch,
            "account": account_name,
            "oldest": str((now() - EPOCH) // timedelta(milliseconds=1)),
            "created": now().isoformat(),
        }
        store.writer.executemany("INSERT INTO about (name, value) VALUES (?, ?)", about.items())
    except BaseException:
        store.close()
        raise
    store.finish()
    if fsync:
        _sync(new)
    new.rename(file)
    if fsync:
        _sync(file.parent)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
