"""A second connection that takes the place of a stream's first, without a gap between them.

For brokers that end every connection after a day: until the new one is logged on the old one goes
on. What both tell comes twice, which the gateway knows how to take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...errors import GatewayError
from .attempt import Attempt, Owner

AGAIN_SECONDS: Final = 60.0
"""Until the next try, for as long as the old connection lasts."""


class Succession:
    """Tries, and tries again, until one is logged on within *seconds*; *ready* hears of it then."""

    log = Logger()

    def __init__(
        self,
        name: str,
        begin: Callable[[Owner], Attempt],
        clock: IReactorTime,
        seconds: float,
        ready: Callable[[], None],
    ) -> None:
        self._name = name
        self._begin = begin
        self._clock = clock
        self._seconds = seconds
        self._ready = ready
        self._attempt: Attempt | None = None
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Begin, unless it is under way."""
        if self._timer is None:
            self._try()

    def take(self, owner: Owner) -> Attempt | None:
        """The connection that is ready, which is *owner*'s from now on."""
        attempt, self._attempt = self._attempt, None
        self.stop()
        if attempt is not None:
            attempt.hand_over(owner)
        return attempt

    def stop(self) -> None:
        """No more of it."""
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()
        self._leave()

    # -- the connection's owner, for now

    def opened(self) -> None:
        """It is on its way."""

    def logged_on(self) -> None:
        self._ready()

    def refused(self, error: GatewayError) -> None:
        self._failed(error.message)

    def lost(self, reason: str, at_least: float) -> None:
        self._failed(reason, at_least)

    def _try(self) -> None:
        self._timer = self._clock.callLater(self._seconds, self._failed, "it took too long")
        try:
            self._attempt = self._begin(self)
            self._attempt.begin()
        except Exception:
            self.log.failure("{stream}: a connection could not be begun", stream=self._name)

    def _failed(self, reason: str, at_least: float = 0.0) -> None:
        self.stop()
        self.log.warn("{stream} was not renewed: {reason}", stream=self._name, reason=reason)
        self._timer = self._clock.callLater(max(AGAIN_SECONDS, at_least), self._try)

    def _leave(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.leave()
