"""Keeps what is known of the market's hours up to date."""

from __future__ import annotations

from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...deferreds import as_deferred, logged
from ...errors import GatewayError
from ...interfaces import WallClock
from .hours import Hours
from .instruments import Instruments
from .rest import Rest

LOOK_SECONDS: Final = 60.0
ASK_SECONDS: Final = 1800.0
"""Markets close early, or are halted as a whole, and the clock knows."""


class Opening(Service):
    """Asks *rest* for the clock when it must; until it was asked, no stock market is open."""

    log = Logger()

    def __init__(
        self, rest: Rest, instruments: Instruments, now: WallClock, clock: IReactorTime
    ) -> None:
        self._rest = rest
        self._symbols = instruments.symbols
        self._now = now
        self._clock = clock
        self._hours: Hours | None = None
        self._asked_at = float("-inf")
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def is_open(self, symbol: str) -> bool:
        """Whether *symbol* is surely traded now; crypto always is."""
        if self._symbols.is_crypto(symbol):
            return True
        return self._hours is not None and self._hours.is_open_at(self._now())

    @as_deferred
    async def ask(self) -> None:
        """Fails with ``GatewayError``."""
        found = await self._rest.clock()
        try:
            self._hours = Hours.of(found)
        except ValueError:
            self.log.failure("Alpaca's clock cannot be read")
        self._asked_at = self._clock.seconds()

    def startService(self) -> None:
        super().startService()
        logged(self._looking.start(LOOK_SECONDS, now=True), self.log, "asking for the hours")

    def stopService(self) -> Deferred[None] | None:
        super().stopService()
        if self._looking.running:
            self._looking.stop()
        return None

    def _look(self) -> None:
        is_over = self._hours is None or self._now() >= self._hours.holds_until()
        if is_over or self._clock.seconds() - self._asked_at >= ASK_SECONDS:
            asked = self.ask().addErrback(self._not_told)
            logged(asked, self.log, "asking for the hours")

    def _not_told(self, failure: Failure) -> None:
        failure.trap(GatewayError)
        self.log.info("the hours could not be asked: {reason}", reason=failure.getErrorMessage())
