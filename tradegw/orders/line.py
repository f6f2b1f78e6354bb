"""The broker behind its breaker: the one place from which it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, InternalError, ProviderUnavailable
from ..interfaces import IBroker
from ..risk.breaker import Breaker, is_outage

T = TypeVar("T")


class Line:
    """Calls to the broker. Outages are counted; while the breaker is open nothing new goes out.

    What lowers risk (cancels, closes, exit legs) is sent ``always``, breaker or not.
    """

    log = Logger()

    def __init__(self, broker: IBroker, breaker: Breaker, seconds: Callable[[], float]) -> None:
        self.broker = broker
        self._breaker = breaker
        self._seconds = seconds

    def check(self) -> None:
        """Raise ``ProviderUnavailable`` if the breaker is open."""
        if self._breaker.is_open:
            raise ProviderUnavailable(
                f"The circuit breaker of {self.broker.provider} is open after repeated failures"
            )

    @as_deferred
    async def ask(self, call: Callable[[], Deferred[T]], *, always: bool = False) -> T:
        """The broker's answer to *call*; fails with ``GatewayError`` and nothing else."""
        if not always:
            self.check()
        try:
            return await call()
        except GatewayError as error:
            if is_outage(error):
                self._breaker.record_failure(self._seconds())
            raise
        except Exception as error:
            self.log.failure("a call to {provider} failed", provider=self.broker.provider)
            raise InternalError("The broker's answer could not be used") from error
