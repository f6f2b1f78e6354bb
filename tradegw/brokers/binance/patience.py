"""Connections that are not tried while Binance wants to hear nothing."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime

from ..link.conversation import Connect, Conversation, UpgradeRefused

_TOO_MANY: Final = 429


class Patience:
    """Opens connections by *connect*, but not before the time that :meth:`wait` was told."""

    def __init__(self, connect: Connect, clock: IReactorTime) -> None:
        self._connect = connect
        self._clock = clock
        self._free_at = 0.0

    def wait(self, seconds: float) -> None:
        """Binance says so."""
        self._free_at = max(self._free_at, self._clock.seconds() + seconds)

    def __call__(self, conversation: Conversation) -> Deferred[None]:
        left = self._free_at - self._clock.seconds()
        if left > 0:
            return fail(UpgradeRefused(_TOO_MANY, "Binance wants to hear nothing", left))
        return self._connect(conversation)
