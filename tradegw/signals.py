"""Signals that come before there is a gateway: remembered from the import of this module on.

By themselves they would end the process, and SIGUSR1 is the one that must never be lost. Imported
before everything else of ours; :class:`tradegw.daemon.Daemon` takes over. What comes earlier, while
Python and twistd are being loaded, ends the process before anything has begun.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Final

OURS: Final = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)
"""To halt trading, to begin a new log file, and to be told that it does nothing."""

asked: Final[list[signal.Signals]] = []
"""Those that came so far, oldest first."""


def _remember(number: int, _frame: FrameType | None) -> None:
    asked.append(signal.Signals(number))


def is_free(number: signal.Signals) -> bool:
    """Whether nobody else decided what *number* is to do: whoever began us, or twistd.

    SIGUSR1 is always ours.
    """
    return number is signal.SIGUSR1 or signal.getsignal(number) in (signal.SIG_DFL, _remember)


if threading.current_thread() is threading.main_thread():  # Python allows it there alone
    for each in filter(is_free, OURS):
        signal.signal(each, _remember)
