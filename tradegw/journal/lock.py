"""One gateway to a state directory: a second is refused at once, and told who is there.

``flock`` on a file of its own: the kernel drops the lock with the process, however that ends. The
text in the file is for people and decides nothing.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import Final

from ..interfaces import WallClock
from .problems import JournalLocked, PlaceUnusable, why

FILE: Final = "journal.lock"
_LONGEST_TEXT: Final = 300


class Lock:
    """Held from the moment it is made until :meth:`release`; raises ``JournalLocked``."""

    def __init__(self, directory: Path, now: WallClock) -> None:
        try:
            self._file = os.open(directory / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise PlaceUnusable(directory, why(error)) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, _LONGEST_TEXT, 0).decode(errors="replace").strip()
            self.release()
            raise JournalLocked(directory, holder) from None
        except OSError as error:
            self.release()
            raise PlaceUnusable(directory, f"it cannot be locked: {why(error)}") from error
        since = now().isoformat(timespec="seconds")
        self._sign(f"pid {os.getpid()} on {socket.gethostname()} since {since}\n")

    def release(self) -> None:
        """Let others in; twice is once."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _sign(self, text: str) -> None:
        """A full disk must not keep the gateway from starting to read: unsigned is locked too."""
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text.encode(), 0)
        except OSError:
            return
