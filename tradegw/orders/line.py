"""The broker behind its breaker: the place from which it is asked to do or tell anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..deferreds import deadline, shield
from ..errors import GatewayError, InternalError, NotSent, ProviderError, is_outage
from ..interfaces import IBroker
from ..risk.breaker import Breaker

T = TypeVar("T")

ANSWER_SECONDS: Final = 20.0


class Line:
    """Calls to the broker. Outages are counted; while the breaker is open nothing new goes out.

    What lowers risk (cancels, closes, exit legs) is sent ``always``, breaker or not. An answer that
    takes longer than ``ANSWER_SECONDS`` is none; what was asked may have been done all the same.

    Counted is what somebody wants done or told, once each. Our own looking (what became of an
    order, how things stand) is not: it is repeated until it is answered, so that one outage of
    some seconds would open the breaker, and entries would be refused until somebody resets it.
    Nothing is hidden by that: what is looked for is in doubt because a call failed that counted,
    and orders wait for the first reconciliation as it is.
    """

    log = Logger()

    def __init__(
        self,
        broker: IBroker,
        breaker: Breaker,
        clock: IReactorTime,
        seconds: Callable[[], float],
    ) -> None:
        self.broker = broker
        self._breaker = breaker
        self._clock = clock
        self._seconds = seconds

    def check(self) -> None:
        """Raise ``NotSent`` if the breaker is open."""
        if self._breaker.is_open:
            raise self._is_open()

    def _is_open(self) -> NotSent:
        return NotSent(
            f"The circuit breaker of {self.broker.provider} is open after repeated failures"
        )

    def ask(self, call: Callable[[], Deferred[T]], *, always: bool = False) -> Deferred[T]:
        """The broker's answer to *call*; fails with ``GatewayError`` and nothing else."""
        if not always and self._breaker.is_open:
            return fail(self._is_open())
        return self.look(call).addErrback(self._counted)

    def look(self, call: Callable[[], Deferred[T]]) -> Deferred[T]:
        """As :meth:`ask`, for our own looking: breaker or not, and an outage is not counted."""
        try:
            answer = call()
        except Exception:  # a broker is to fail later, but may not
            answer = fail()
        if not answer.called or answer.paused:
            answer = deadline(shield(answer), ANSWER_SECONDS, self._clock)
        return answer.addErrback(self._failed)

    def _failed(self, failure: Failure) -> NoReturn:
        error = failure.value
        if isinstance(error, TimeoutError):
            error = ProviderError(f"{self.broker.provider}: {error}", self.broker.provider)
        if not isinstance(error, GatewayError):
            self.log.failure("a call to {provider} failed", failure, provider=self.broker.provider)
            raise InternalError("The broker's answer could not be used") from error
        raise error

    def _counted(self, failure: Failure) -> Failure:
        if isinstance(failure.value, GatewayError) and is_outage(failure.value):
            self._breaker.record_failure(self._seconds())
        return failure
