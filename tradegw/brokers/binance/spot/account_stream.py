"""The stream of the account's orders, through the WebSocket API.

::

    gateway                                                     Binance (text frames)
      | {"id":1,"method":"userDataStream.subscribe.signature","params":{..}} ----->|
      |<----- {"id":1,"status":200,"result":{"subscriptionId":0}}
      |<----- {"subscriptionId":0,"event":{"e":"executionReport", ...}}

With an Ed25519 key the connection itself is logged on: ``session.logon``, then
``userDataStream.subscribe``. Nothing is replayed; what happened meanwhile must be asked for.
Binance ends every connection after a day, and says so shortly before or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ....deferreds import logged
from ....errors import GatewayError, Unauthorized
from ...link.conversation import Progress, Wire
from ..refusals import BAD_TIME, CREDENTIALS, LIMITS
from ..wire import Time, read
from . import wire
from .logon import Logon, Request

TIME: Final = 1
FIRST: Final = 2
"""The number of the first step of a logon; the others follow."""

ALREADY: Final = -2035
AGAIN_SECONDS: Final = 60.0
_REFUSED: Final = 401
_TOO_MANY: Final = (429, 418)
_OVER: Final = frozenset({"eventStreamTerminated", "listenKeyExpired"})
_IDLE: Final = frozenset({"listStatus", "externalLockUpdate"})


class Ears(msgspec.Struct, frozen=True, kw_only=True):
    """Who hears what.

    ``reported``  what happened to an order
    ``moved``     that balances changed
    ``odd``       what could not be read
    ``ending``    that Binance will end the connection soon
    ``banned``    that it wants to hear nothing, until when in milliseconds since 1970 if it says
    ``dated``     Binance's time in milliseconds, and how long the question took
    """

    reported: Callable[[wire.Report], None]
    moved: Callable[[], None]
    odd: Callable[[str], None]
    ending: Callable[[], None]
    banned: Callable[[int | None], None]
    dated: Callable[[int, float], None]
    seconds: Callable[[], float]
    opened: Callable[[], None]
    gone: Callable[[], None]


class AccountConversation:
    """Subscribes as *logon* says and hands what comes to *ears*."""

    log = Logger()

    def __init__(self, progress: Progress, logon: Logon, ears: Ears, clock: IReactorTime) -> None:
        self._progress = progress
        self._logon = logon
        self._ears = ears
        self._clock = clock
        self._wire: Wire
        self._step = 0
        self._asked_at: float | None = None
        self._is_subscribed = self._is_over = False
        self._newest: int | None = None
        self._renewal: IDelayedCall | None = None

    def opened(self, wire: Wire) -> None:
        self._wire = wire
        self._ears.opened()
        self._log_on()

    def received(self, payload: bytes, is_binary: bool) -> None:  # noqa: ARG002  (always texts)
        try:
            self._take(read(payload, wire.Frame), payload)
        except (msgspec.DecodeError, ValueError) as error:
            self._ears.odd(f"Binance's account stream said what cannot be read: {error}")

    def closed(self, reason: str) -> None:  # noqa: ARG002  (whoever wants to know was told)
        self._is_over = True
        if self._renewal is not None and self._renewal.active():
            self._renewal.cancel()
        self._ears.gone()

    # -- logging on

    def _log_on(self) -> None:
        """From the first step."""
        self._step = 0
        self._go_on()

    def _go_on(self) -> None:
        asking = self._logon.request(self._step)
        logged(asking.addCallbacks(self._asked, self._not_asked), self.log, "logging on")

    def _asked(self, request: Request | None) -> None:
        if self._is_over:
            return
        if request is None:
            self._subscribed()
        else:
            self._ask(FIRST + self._step, request.method, request.params)

    def _not_asked(self, failure: Failure) -> None:
        failure.trap(GatewayError)
        error: Any = failure.value
        if self._is_over:
            return
        if self._is_subscribed:
            self.log.warn("the account stream is not renewed: {why}", why=error.message)
            self._renew_in(AGAIN_SECONDS)
        elif isinstance(error, Unauthorized):
            self._progress.refused(error)
        else:
            self._progress.failed(f"Binance's account stream cannot be asked for: {error.message}")

    def _ask(self, number: int, method: str, params: dict[str, str | int] | None = None) -> None:
        request: dict[str, Any] = {"id": number, "method": method}
        if params is not None:
            request["params"] = params
        self._wire.send(msgspec.json.encode(request))

    def _answered(self, frame: wire.Frame) -> None:
        if frame.error is not None or frame.status != 200:
            self._failed(frame.id, frame.status or 0, frame.error or wire.Problem())
        elif frame.id == TIME and self._asked_at is not None:
            took = self._ears.seconds() - self._asked_at
            self._ears.dated(read(frame.result, Time).server_time, took)
            self._log_on()
        elif frame.id == FIRST + self._step:
            number = read(frame.result, wire.Subscribed).subscription_id
            self._newest = self._newest if number is None else number
            self._step += 1
            self._go_on()

    def _failed(self, number: int | str | None, status: int, problem: wire.Problem) -> None:
        code, text = problem.code, f"{problem.msg[:200]} ({problem.code})"
        if code == ALREADY and number == FIRST + self._step:
            self._subscribed()
        elif code == BAD_TIME and self._asked_at is None:
            self._asked_at = self._ears.seconds()
            self._ask(TIME, "time")
        elif code in CREDENTIALS or status == _REFUSED:
            refusal = f"Binance refused the credentials: {text}"
            self._progress.refused(Unauthorized(refusal, "AUTH_FAILED"))
        else:
            if status in _TOO_MANY or code in LIMITS:
                until = (problem.data or {}).get("retryAfter")
                self._ears.banned(until if isinstance(until, int) else None)
            self._progress.failed(f"Binance's account stream says {text}")

    def _subscribed(self) -> None:
        if not self._is_subscribed:
            self._is_subscribed = True
            self._progress.logged_on()
        seconds = self._logon.renews_in()
        if seconds is not None:
            self._renew_in(seconds)

    def _renew_in(self, seconds: float) -> None:
        """What it was subscribed to for a time is subscribed to again, on the same connection."""
        self._renewal = self._clock.callLater(seconds, self._log_on)

    # -- what comes

    def _take(self, frame: wire.Frame, payload: bytes) -> None:
        """Events came in other shapes before; those are understood as well."""
        event = frame.event if bytes(frame.event) else frame.data
        if bytes(event):
            self._happened(event, frame.subscription_id)
        elif frame.e is not None:
            self._happened(payload)
        elif frame.status is not None or frame.error is not None:
            self._answered(frame)

    def _happened(self, event: bytes | msgspec.Raw, number: int | None = None) -> None:
        kind = read(event, wire.Kind).e
        if kind == "executionReport":
            self._ears.reported(read(event, wire.Report))
        elif kind in ("outboundAccountPosition", "balanceUpdate"):
            self._ears.moved()
        elif kind == "serverShutdown":
            self._ears.ending()
        elif kind in _OVER and number is not None and number != self._newest:
            self.log.info("a subscription to the account stream ended, which was renewed before")
        elif kind in _OVER:
            self._progress.failed(f"Binance ended the subscription: {kind}")
        elif kind not in _IDLE:
            self.log.info("the account stream tells of {kind}", kind=kind[:40])
