"""What must be known before anything is asked or done: whose account it is and how it is set, and
the symbols.
"""

from __future__ import annotations

from typing import Final, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...deferreds import as_deferred, logged
from ...errors import GatewayError, InvalidRequest, InvalidValue
from .refusals import OF_RULES

RENEW_SECONDS: Final = 86_400.0
SOON_SECONDS: Final = 60.0
"""Between two looks at the symbols because an order was refused by a rule of theirs."""


class Footing(Protocol):
    """Asks; each fails with ``GatewayError`` if it could not be found out, or may not be so."""

    async def check(self) -> None:
        """Of the account."""

    async def learn(self) -> None:
        """Of the symbols."""


class Readiness(Service):
    """Has *footing* ask once, and for the symbols again each day, for their rules change; also when
    an order was refused with one of the codes *of_rules*.
    """

    log = Logger()

    def __init__(
        self, footing: Footing, clock: IReactorTime, of_rules: frozenset[int] = OF_RULES
    ) -> None:
        self._footing = footing
        self._of_rules = of_rules
        self._clock = clock
        self._lock = DeferredLock()
        self._is_ready = False
        self._learned_at = float("-inf")
        self._renewing = LoopingCall(self.renew)
        self._renewing.clock = clock

    @as_deferred
    async def sure(self) -> None:
        """Fails with ``GatewayError`` if that could not be found out, or may not be."""
        if self._is_ready:
            return
        await self._lock.acquire()
        try:
            if not self._is_ready:
                await self._footing.check()
                await self._learn()
                self._is_ready = True
        finally:
            self._lock.release()

    def doubt(self) -> None:
        """The account may be set otherwise by now: that is asked before anything else is."""
        self._is_ready = False

    def judged(self, error: GatewayError) -> None:
        """An order was refused; if by a rule of its symbol, those may have changed."""
        code = (error.details or {}).get("code")
        if isinstance(error, (InvalidValue, InvalidRequest)) or code in self._of_rules:
            self.renew()

    def renew(self) -> None:
        """The rules may have changed."""
        if self._is_ready and self._clock.seconds() - self._learned_at >= SOON_SECONDS:
            learning = as_deferred(self._learn)().addErrback(self._not_told)
            logged(learning, self.log, "asking for the symbols")

    def startService(self) -> None:
        super().startService()
        started = self._renewing.start(RENEW_SECONDS, now=False)
        logged(started, self.log, "asking for the symbols")

    def stopService(self) -> Deferred[None] | None:
        super().stopService()
        if self._renewing.running:
            self._renewing.stop()
        return None

    async def _learn(self) -> None:
        self._learned_at = self._clock.seconds()
        await self._footing.learn()

    def _not_told(self, failure: Failure) -> None:
        failure.trap(GatewayError)
        self.log.info("the symbols could not be asked: {why}", why=failure.getErrorMessage())
