"""Binance's time is asked for now and then, and whenever it refuses ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...deferreds import as_deferred, logged
from ...errors import GatewayError
from ..clock import BrokerClock
from .times import moment

ASK_SECONDS: Final = 600.0
PRECISION: Final = timedelta(milliseconds=1)
TIMES: Final = 2
"""A clock that was set is believed the second time."""


class Timekeeper(Service):
    """Asks by *ask*, which answers in milliseconds, and tells *time*."""

    log = Logger()

    def __init__(
        self,
        ask: Callable[[], Deferred[int]],
        time: BrokerClock,
        clock: IReactorTime,
    ) -> None:
        self._ask = ask
        self._time = time
        self._clock = clock
        self._asking = LoopingCall(self._look)
        self._asking.clock = clock

    @as_deferred
    async def ask(self, times: int = 1) -> None:
        """Ask so many times; fails with ``GatewayError``."""
        for _ in range(times):
            began = self._clock.seconds()
            theirs = await self._ask()
            self._time.answered(moment(theirs), self._clock.seconds() - began, PRECISION)

    def startService(self) -> None:
        super().startService()
        logged(self._asking.start(ASK_SECONDS, now=True), self.log, "asking for the time")

    def stopService(self) -> Deferred[None] | None:
        super().stopService()
        if self._asking.running:
            self._asking.stop()
        return None

    def _look(self) -> None:
        logged(self.ask().addErrback(self._not_told), self.log, "asking for the time")

    def _not_told(self, failure: Failure) -> None:
        failure.trap(GatewayError, ValueError)
        self.log.info("Binance's time could not be asked: {why}", why=failure.getErrorMessage())
