"""What the journal does for itself between commits: checkpoints, and forgetting what is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from .commits import Work
from .retention import Retention
from .store import Store

CHECKPOINT_WHEN_QUIET: Final = 500
CHECKPOINT_AT_LATEST: Final = 16_000
"""Entries and commits since the last; each puts one to two pages into the write-ahead log. Under
steady load it is done rarely, for it lets a commit wait (10 to 20 ms for 60 MB).
"""

LOOK_SECONDS: Final = 5.0
PASS_SECONDS: Final = 60.0
PACE_SECONDS: Final = 0.02
"""At least between two portions of forgetting: commits that wait go first."""


class Upkeep:
    """Says what is to be done next on the writing connection.

    *look* is called from time to time, for a quiet journal: it is to ask :meth:`next_work`.
    """

    log = Logger()

    def __init__(
        self, store: Store, retention: Retention, clock: IReactorTime, look: Callable[[], None]
    ) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self._look = look
        self._next_pass = clock.seconds() + LOOK_SECONDS
        self._next_portion = 0.0
        self._stopped = False
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Look after a quiet journal, too."""
        pace = PACE_SECONDS if self._retention.under_way else LOOK_SECONDS
        self._timer = self._clock.callLater(pace, self._timed)

    def stop(self) -> None:
        """No more work from now on."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def next_work(self, quiet: bool) -> Work | None:
        """The next piece, if any is due; *quiet* if there has just been no commit."""
        if self._stopped:
            return None
        enough = CHECKPOINT_WHEN_QUIET if quiet else CHECKPOINT_AT_LATEST
        if self._store.written >= enough:
            return self._store.checkpoint
        now = self._clock.seconds()
        if not self._retention.under_way and now >= self._next_pass:
            self._begin_pass(now)
        if self._retention.under_way and now >= self._next_portion:
            self._next_portion = now + PACE_SECONDS
            return self._retention.portion
        return None

    def _begin_pass(self, now: float) -> None:
        self._next_pass = now + PASS_SECONDS
        try:
            self._retention.begin()
        except Exception:  # commits go on, whatever it is
            self.log.failure("the journal cannot forget")
            return
        if self._retention.again:
            self._next_pass = now

    def _timed(self) -> None:
        self._look()
        self.start()
