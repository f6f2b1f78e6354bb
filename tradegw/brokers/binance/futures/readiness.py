"""What must be known before anything is asked or done: how the account keeps positions, and the
symbols.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ....deferreds import as_deferred, logged
from ....errors import GatewayError, Unauthorized
from ..limits import Meter
from .instruments import Instruments
from .leverage import Leverages
from .rest import Rest

RENEW_SECONDS: Final = 86_400.0
SOON_SECONDS: Final = 60.0
"""Between two looks at the symbols because an order was refused by a rule of theirs."""


class Readiness(Service):
    """Asks once, and for the symbols again each day, for their rules change.

    Whether positions are *hedging* is a setting, since everything above relies on it: where the
    account is set otherwise nothing is done.
    """

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        instruments: Instruments,
        leverages: Leverages,
        meter: Meter,
        clock: IReactorTime,
        *,
        hedging: bool,
    ) -> None:
        self._rest = rest
        self._instruments = instruments
        self._leverages = leverages
        self._meter = meter
        self._clock = clock
        self._hedging = hedging
        self._lock = DeferredLock()
        self._is_ready = False
        self._learned_at = float("-inf")
        self._renewing = LoopingCall(self.renew)
        self._renewing.clock = clock
        self.is_many: Callable[[bool], None] = lambda _is_so: None
        """Told whether all assets together are the margin; where that is asked."""

    @as_deferred
    async def sure(self) -> None:
        """Fails with ``GatewayError`` if that could not be found out, or may not be."""
        if self._is_ready:
            return
        await self._lock.acquire()
        try:
            if not self._is_ready:
                await self._check_mode()
                self.is_many(await self._rest.has_many_margins())
                await self._learn()
                self._is_ready = True
        finally:
            self._lock.release()

    def doubt(self) -> None:
        """Positions may be kept otherwise by now: that is asked before anything else is."""
        self._is_ready = False

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
        info = await self._rest.exchange_info()
        self._instruments.learn(info.symbols)
        self._meter.learn(info.rate_limits)
        await self._leverages.learn()

    def _not_told(self, failure: Failure) -> None:
        failure.trap(GatewayError)
        self.log.info("the symbols could not be asked: {why}", why=failure.getErrorMessage())

    async def _check_mode(self) -> None:
        is_hedged = await self._rest.is_hedged()
        if is_hedged is not self._hedging:
            kept = "hedging" if is_hedged else "netting"
            raise Unauthorized(
                f"The account's positions are {kept}, but BINANCE_POSITION_MODE is not: set it to"
                f" {kept}, or change the account",
                "POSITION_MODE",
            )
