"""What must be known before anything is asked or done: whose account this is, and the pairs."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from ...deferreds import as_deferred
from ...errors import Unauthorized
from ...interfaces import IMemory
from .instruments import Instruments
from .rest import Rest
from .symbols import CRYPTO

REMEMBERED_AS: Final = "alpaca:account"
ACTIVE: Final = "ACTIVE"


class Readiness:
    """Asks once. The journal belongs to one account: with the keys of another nothing is done."""

    log = Logger()

    def __init__(self, rest: Rest, instruments: Instruments, memory: IMemory) -> None:
        self._rest = rest
        self._instruments = instruments
        self._memory = memory
        self._lock = DeferredLock()
        self._is_ready = False

    @as_deferred
    async def sure(self) -> None:
        """Fails with ``GatewayError`` if that could not be found out, or may not be."""
        if self._is_ready:
            return
        await self._lock.acquire()
        try:
            if not self._is_ready:
                await self._check_account()
                pairs = await self._rest.pairs()
                self._instruments.learn(*(pair for pair in pairs if pair.class_ == CRYPTO))
                self._is_ready = True
        finally:
            self._lock.release()

    async def _check_account(self) -> None:
        account = await self._rest.account()
        known = self._memory.recall(REMEMBERED_AS)
        if known is not None and known.decode() != account.id:
            raise Unauthorized(
                "The keys are of another account than the one that this state directory belongs"
                " to: use its keys, or another GATEWAY_STATE_DIR",
                "OTHER_ACCOUNT",
            )
        self._memory.remember(REMEMBERED_AS, account.id.encode())
        blocked = account.trading_blocked or account.account_blocked
        if account.status not in ("", ACTIVE) or blocked or account.trade_suspended_by_user:
            self.log.warn(
                "the account cannot trade: {status}",
                status="blocked" if blocked else account.status,
                suspended_by_user=account.trade_suspended_by_user,
            )
