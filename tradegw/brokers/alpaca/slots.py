"""Alpaca lets one connection in, and an old one keeps the place for up to a minute and a half."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from ..link.conversation import Connect, Conversation, UpgradeRefused

WAIT_SECONDS: Final = 30.0
_TAKEN: Final = 429


class Slot:
    """Opens connections by *connect*, but waits after one was told that the place is taken."""

    def __init__(self, connect: Connect, clock: IReactorTime) -> None:
        self._connect = connect
        self._clock = clock
        self._free_at = 0.0

    def taken(self) -> None:
        """Alpaca says so."""
        self._free_at = self._clock.seconds() + WAIT_SECONDS

    def __call__(self, conversation: Conversation) -> Deferred[None]:
        left = self._free_at - self._clock.seconds()
        if left > 0:
            return fail(UpgradeRefused(_TAKEN, "the place is taken", left))
        return self._connect(conversation).addErrback(self._refused)

    def _refused(self, failure: Failure) -> Failure:
        error = failure.value
        if isinstance(error, UpgradeRefused) and error.status == _TAKEN:
            self.taken()
            error.retry_after_seconds = max(error.retry_after_seconds or 0.0, WAIT_SECONDS)
        return failure
