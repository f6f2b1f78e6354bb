"""The logon at a broker as a whole: one stream that tells of orders, any number that bring prices.

The account's stream is opened whatever is subscribed to; each stream comes and goes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

from ...deferreds import logged
from ...interfaces import IBrokerListener, WallClock
from ...model.enums import AlertCode
from ...model.events import AlertEvent
from ...model.link import SessionState, SessionStatus, StreamState
from ..registry import BrokerParts
from .account_watch import AccountWatch
from .liveness import ECHO_SECONDS, Liveness, always
from .machine import Table, machine, stay
from .price_watch import PriceWatch
from .stream import Stream


class Inputs(Protocol):
    """What a session reacts to."""

    def connecting(self) -> None:
        """The account's stream is being opened."""

    def opened(self) -> None:
        """It is open."""

    def up(self) -> None:
        """It is logged on."""

    def known(self) -> None:
        """The gateway knows how things stand."""

    def impaired(self) -> None:
        """Something besides is not as it should be."""

    def whole(self) -> None:
        """Everything is."""

    def away(self) -> None:
        """The account's stream is not there."""

    def stop(self) -> None:
        """It is not wanted any more."""

    def stopped(self) -> None:
        """All streams are closed."""


class Logon:
    """The acts of a session, and its state."""

    log = Logger()

    def __init__(self, listener: IBrokerListener, is_whole: Callable[[], bool]) -> None:
        self.state = SessionState.DOWN
        self.inputs: Inputs
        self._listener = listener
        self._is_whole = is_whole
        self._times = 0

    def reconcile(self) -> None:
        self._times += 1
        times = self._times

        def known(is_up: bool) -> None:
            if is_up and times == self._times:  # else it was lost meanwhile
                self.inputs.known()

        known_up = self._listener.on_link_up().addCallback(known)
        logged(known_up, self.log, "finding out how things stand")

    def judge(self) -> None:
        """Live, and perhaps not all is well."""
        self.tell()
        self.check()

    def tell(self) -> None:
        self.log.info("the broker's session is {state}", state=self.state.value)

    def forget(self) -> None:
        """Whoever is finding out how things stand does so for a logon that is gone."""
        self._times += 1

    def check(self) -> None:
        """Whether something is amiss now."""
        (self.inputs.whole if self._is_whole() else self.inputs.impaired)()


_S = SessionState
_GO: Final = (_S.CONNECTING, Logon.forget)
_AWAY: Final = (_S.DOWN, Logon.forget)
_STOP: Final = (_S.STOPPING, Logon.forget)

TABLE: Final[Table[SessionState]] = {
    _S.DOWN: {
        "connecting": _GO,
        "stop": _STOP,
        **stay(_S.DOWN, "opened", "up", "known", "impaired", "whole", "away", "stopped"),
    },
    _S.CONNECTING: {
        "opened": (_S.LOGGING_ON, Logon.forget),
        "away": _AWAY,
        "stop": _STOP,
        **stay(_S.CONNECTING, "connecting", "up", "known", "impaired", "whole", "stopped"),
    },
    _S.LOGGING_ON: {
        "up": (_S.RECONCILING, Logon.reconcile),
        "away": _AWAY,
        "stop": _STOP,
        **stay(_S.LOGGING_ON, "connecting", "opened", "known", "impaired", "whole", "stopped"),
    },
    _S.RECONCILING: {
        "known": (_S.LIVE, Logon.judge),
        "away": _AWAY,
        "stop": _STOP,
        **stay(_S.RECONCILING, "connecting", "opened", "up", "impaired", "whole", "stopped"),
    },
    _S.LIVE: {
        "impaired": (_S.DEGRADED, Logon.tell),
        "away": _AWAY,
        "stop": _STOP,
        **stay(_S.LIVE, "connecting", "opened", "up", "known", "whole", "stopped"),
    },
    _S.DEGRADED: {
        "whole": (_S.LIVE, Logon.tell),
        "away": _AWAY,
        "stop": _STOP,
        **stay(_S.DEGRADED, "connecting", "opened", "up", "known", "impaired", "stopped"),
    },
    _S.STOPPING: {
        "connecting": _GO,  # started again before it had ended
        "stopped": _AWAY,
        **stay(_S.STOPPING, "opened", "up", "known", "impaired", "whole", "away", "stop"),
    },
}

_machine: Final = machine(Inputs, Logon, TABLE)  # type: ignore[type-abstract]  # as Automat wants


class Session(MultiService):
    """Keeps *account* and the streams of *prices* open, and tells the listener of *parts*.

    *is_open* says whether there must be prices of a symbol now, *echo_seconds* how late the
    account's stream may be with what was done to own orders.
    """

    def __init__(
        self,
        parts: BrokerParts,
        account: Stream,
        prices: Sequence[Stream] = (),
        *,
        is_open: Callable[[str], bool] = always,
        echo_seconds: float = ECHO_SECONDS,
    ) -> None:
        super().__init__()
        self._listener = parts.listener
        self._account = account
        self._prices = tuple(prices)
        self._logon = Logon(parts.listener, self._is_whole)
        self._logon.inputs = self._inputs = _machine(self._logon)
        self.liveness = Liveness(parts, account, prices, is_open, self._logon.check, echo_seconds)
        """Where own orders and their echoes are told, and prices are followed."""
        account.tell(_AccountNews(self._inputs, parts.listener, self.liveness.account, account))
        for stream in prices:
            watch = self.liveness.prices[stream]
            stream.tell(_PriceNews(self._logon.check, parts.listener, watch, parts.now))
        for service in (account, *prices, self.liveness):
            service.setServiceParent(self)

    def status(self) -> SessionStatus:
        """How everything is now."""
        return SessionStatus(
            state=self._logon.state,
            suspected=self.liveness.account.is_suspicious,
            streams=tuple(stream.status() for stream in (self._account, *self._prices)),
        )

    def startService(self) -> None:
        self._listener.on_session(self.status)
        super().startService()

    def stopService(self) -> Deferred[Any]:
        """Log off; fires when all connections are closed."""
        self._inputs.stop()
        return maybeDeferred(super().stopService).addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        self._inputs.stopped()
        return result

    def _is_whole(self) -> bool:
        return all(stream.is_live for stream in self._prices) and not (
            self.liveness.account.is_suspicious
        )


class _AccountNews:
    """What the account's stream does is what the session does."""

    def __init__(
        self, inputs: Inputs, listener: IBrokerListener, watch: AccountWatch, stream: Stream
    ) -> None:
        self._inputs = inputs
        self._listener = listener
        self._watch = watch
        self._stream = stream

    def changed(self, state: StreamState) -> None:
        if state is not StreamState.LIVE:
            self._watch.end()
        if state is StreamState.CONNECTING:
            self._inputs.connecting()
        elif state is StreamState.LOGGING_ON:
            self._inputs.opened()
        elif state is StreamState.WAITING:
            self._inputs.away()

    def retrying(self) -> None:
        self._listener.on_retry()

    def up(self) -> None:
        self._watch.begin()
        self._inputs.up()

    def lost(self, reason: str) -> None:
        self._listener.on_link_down(self._stream.symbols(), reason)

    def failed(self, reason: str) -> None:
        self._listener.on_link_failed(reason)


class _PriceNews:
    """Prices come and go without the account."""

    def __init__(
        self,
        check: Callable[[], None],
        listener: IBrokerListener,
        watch: PriceWatch,
        now: WallClock,
    ) -> None:
        self._check = check
        self._listener = listener
        self._watch = watch
        self._now = now
        self._told = False

    def changed(self, state: StreamState) -> None:
        if state is StreamState.WAITING:
            self._watch.end()
            if not self._told:
                self._told = True
                stream = self._watch.stream
                self._listener.on_prices_lost(stream.symbols(), stream.status().problem)
        self._check()

    def retrying(self) -> None:
        self._listener.on_retry()

    def up(self) -> None:
        self._told = False
        self._watch.begin()

    def lost(self, reason: str) -> None:
        """Told when its state changed."""

    def failed(self, reason: str) -> None:
        message = f"{self._watch.stream.title}: no prices, which are tried on: {reason}"
        self._listener.on_event(
            AlertEvent(timestamp=self._now(), code=AlertCode.INTERNAL_ERROR, message=message)
        )
