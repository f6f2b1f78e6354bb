"""What must be known before anything is asked or done: whose account this is, and the symbols."""

from __future__ import annotations

from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ....deferreds import as_deferred, logged
from ....errors import GatewayError, Unauthorized
from ....interfaces import IMemory
from ..limits import Meter
from .instruments import Instruments
from .rest import Rest

REMEMBERED_AS: Final = "binance:account"
RENEW_SECONDS: Final = 86_400.0
SOON_SECONDS: Final = 60.0
"""Between two looks at the symbols because an order was refused by a rule of theirs."""


class Readiness(Service):
    """Asks once, and for the symbols again each day, for their rules change. The journal belongs to
    one account: with the keys of another nothing is done.
    """

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        instruments: Instruments,
        meter: Meter,
        memory: IMemory,
        clock: IReactorTime,
    ) -> None:
        self._rest = rest
        self._instruments = instruments
        self._meter = meter
        self._memory = memory
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
                await self._check_account()
                await self._learn()
                self._is_ready = True
        finally:
            self._lock.release()

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

    def _not_told(self, failure: Failure) -> None:
        failure.trap(GatewayError)
        self.log.info("the symbols could not be asked: {why}", why=failure.getErrorMessage())

    async def _check_account(self) -> None:
        account = await self._rest.account()
        rates = account.commission_rates
        self._instruments.most_fee = max(rates.maker, rates.taker) + rates.buyer
        if account.uid is not None:
            known, shown = self._memory.recall(REMEMBERED_AS), str(account.uid).encode()
            if known not in (None, shown):
                raise Unauthorized(
                    "The keys are of another account than the one that this state directory belongs"
                    " to: use its keys, or another GATEWAY_STATE_DIR",
                    "OTHER_ACCOUNT",
                )
            self._memory.remember(REMEMBERED_AS, shown)
        if not account.can_trade:
            self.log.warn("the account cannot trade")
