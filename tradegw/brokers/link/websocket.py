"""A WebSocket to a broker: autobahn does RFC 6455, this the limits, the pings and the speed.

* Nothing is negotiated, no compression among the rest: it costs more than it saves here.
* What a conversation raises is logged and ends the connection; autobahn would swallow it.
* Autobahn's timers use the global reactor: they are off, and ours run on the given clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from msgspec import Struct
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ... import __version__
from ...deferreds import as_deferred
from ..endpoint import Dial, Url
from . import frames
from .conversation import Connect, Conversation, UpgradeRefused
from .upgrade import MAX_HEAD, refusal_in

CLOSE_SECONDS: Final = 2.0
"""From a Close frame to the abort of a connection that is still there."""

LAST_LOOK_SECONDS: Final = 1.0
"""For what has come and was not read yet, before a connection counts as dead."""


class Target(Struct, frozen=True, kw_only=True):
    """Where a connection goes. *query* and *headers* may hold credentials, and are never logged."""

    url: Url
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"<{self.url}>"


class Limits(Struct, frozen=True, kw_only=True):
    """What a connection may take; bytes, and seconds.

    Nothing at all received from one ping to the next but one is a dead connection; ``None``: no
    pings are sent, for brokers that mind.
    """

    message_bytes: int = 4 * 1024 * 1024
    backlog_bytes: int = 1024 * 1024
    ping_seconds: float | None = 10.0


ORDINARY: Final = Limits()

Where: TypeAlias = Callable[[], Deferred[Target]]
"""Finds out where the next connection goes: some brokers give a ticket for each."""


def web_socket(
    dial: Dial, clock: IReactorTime, where: Target | Where, limits: Limits = ORDINARY
) -> Connect:
    """Opens WebSockets. An upgrade that is answered otherwise fails with ``UpgradeRefused``."""
    find: Where = (lambda: succeed(where)) if isinstance(where, Target) else where

    @as_deferred
    async def connect(conversation: Conversation) -> None:
        target = await find()
        factory = _Factory(target, clock, limits)
        connection = Connection(conversation, clock, limits)
        connection.factory = factory
        await dial(target.url).connect(factory.only(connection))
        await connection.opening

    return connect


class _Factory(WebSocketClientFactory):
    """Makes one connection. Options of autobahn; nothing is announced but the version of us."""

    noisy = False

    def __init__(self, target: Target, clock: IReactorTime, limits: Limits) -> None:
        url = target.url
        resource = f"?{target.query}" if target.query else ""
        super().__init__(
            f"{url.scheme}://{url.authority}{url.path or '/'}{resource}",
            useragent=f"tradegw/{__version__}",
            headers=dict(target.headers),
            reactor=clock,
        )
        self.setProtocolOptions(
            version=18,
            failByDrop=True,
            maxFramePayloadSize=limits.message_bytes,
            maxMessagePayloadSize=limits.message_bytes,
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            serverConnectionDropTimeout=0,
            autoPingInterval=0,
        )
        self._only: Connection

    def only(self, connection: Connection) -> _Factory:
        """The factory itself, for *connection* alone."""
        self._only = connection
        return self

    def buildProtocol(self, addr: object) -> Connection:  # noqa: ARG002  Twisted's signature
        return self._only


@implementer(IPushProducer)
class Connection(WebSocketClientProtocol):
    """One connection, and its ``Wire``. ``opening`` fires when the conversation was told."""

    transport: Any  # Twisted declares less than what it gives

    def __init__(self, conversation: Conversation, clock: IReactorTime, limits: Limits) -> None:
        super().__init__()
        self.opening: Deferred[None] = Deferred(lambda _opening: self.abort())
        self._conversation = conversation
        self._clock = clock
        self._limits = limits
        self._is_open = self._is_closing = False
        self._reason: str | None = None
        self._refusal: UpgradeRefused | None = None
        self._awaited = b""
        self._heard = True
        self._paused = False
        self._backlog = 0
        self._ping_call: IDelayedCall | None = None
        self._end_call: IDelayedCall | None = None

    # -- the wire, for the conversation

    def send(self, payload: bytes, *, is_binary: bool = False) -> None:
        if self._is_open and not self._is_closing:
            self.sendMessage(payload, is_binary)

    def close(self) -> None:
        if self._is_open and not self._is_closing:
            self._is_closing = True
            self._reason = "closed by us"
            self.sendClose(self.CLOSE_STATUS_CODE_NORMAL)
        elif not self._is_open:
            self.abort()

    def abort(self) -> None:
        self._drop("closed by us")

    def pause_reading(self) -> None:
        """Take nothing more from the far end until :meth:`resume_reading`."""
        if self.transport is not None:
            self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Go on."""
        if self.transport is not None:
            self.transport.resumeProducing()

    # -- coming and going

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, True)  # noqa: FBT003  (Twisted's signature)
        super().connectionMade()

    def processHandshake(self) -> None:
        end = self.data.find(b"\r\n\r\n")
        if end < 0 and len(self.data) > MAX_HEAD:
            self._drop("the answer to the upgrade has no end")
            return
        self._refusal = refusal_in(self.data[:end]) if end >= 0 else None
        if self._refusal is not None:
            self._drop(str(self._refusal))
            return
        super().processHandshake()

    def failHandshake(self, reason: str) -> None:  # noqa: ARG002  (it repeats what was sent)
        self._drop("the answer to the upgrade is not as it must be")

    def onOpen(self) -> None:
        self._is_open = True
        if self._limits.ping_seconds is not None:
            self._ping_call = self._clock.callLater(self._limits.ping_seconds, self._beat)
        self._guarded(self._conversation.opened, self)
        self.opening.callback(None)

    def sendCloseFrame(self, *arguments: Any, **named: Any) -> None:
        """Autobahn's, for its closes, ours and those of the broker: the end is near."""
        self._is_closing = True
        super().sendCloseFrame(*arguments, **named)
        if self._end_call is None:
            self._end_call = self._clock.callLater(CLOSE_SECONDS, self._drop, "closed in the end")

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N803
        for call in (self._ping_call, self._end_call):
            if call is not None and call.active():
                call.cancel()
        if self._reason is None:
            said = f"{code or ''} {reason or ''}".strip()
            self._reason = f"closed by the broker {said}".rstrip() if wasClean else str(reason)
        if self._is_open:
            self._is_open = False
            self._guarded(self._conversation.closed, self._reason)
        elif not self.opening.called:
            self.opening.errback(self._refusal or ConnectionError(self._reason))

    def _drop(self, reason: str) -> None:
        self._is_closing = True
        if self._reason is None:
            self._reason = reason
        if self.transport is not None:
            self.transport.abortConnection()

    # -- what is heard

    def dataReceived(self, data: bytes) -> None:
        self._heard = True
        try:
            rest = self._take_ordinary(self._awaited + data if self._awaited else data)
            if rest:
                super().dataReceived(rest)
        except Exception:
            _log.failure("what a broker sent could not be taken in")
            self._drop("what was received could not be taken in")

    def _take_ordinary(self, data: bytes) -> bytes:
        """Deal with what is ordinary at the front of *data*; what is left is for autobahn."""
        self._awaited = b""
        at, most = 0, self._limits.message_bytes
        while self._is_between_messages():
            messages, at = frames.take(data, at, most)
            received = self._conversation.received
            for payload, is_binary in messages:
                if self._is_closing:
                    return b""
                received(payload, is_binary)
            if at == len(data):  # the usual case
                return b""
            end = frames.control_end(data, at)
            if end == at:
                break
            super().dataReceived(data[at:end])
            at = end
        if self._is_between_messages() and frames.is_beginning(data, at):
            self._awaited = data[at:]
            return b""
        return data[at:] if at else data

    def _is_between_messages(self) -> bool:
        return (
            self.state == self.STATE_OPEN
            and self.current_frame is None
            and not self.inside_message
            and not self.data
        )

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
        """One that was not ordinary."""
        if not self._is_closing:
            self._guarded(self._conversation.received, payload, isBinary)

    def _guarded(self, action: Callable[..., None], *arguments: Any) -> None:
        try:
            action(*arguments)
        except Exception:
            _log.failure("a defect in a conversation with a broker")
            self._drop("a defect of ours")

    # -- what is sent

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Autobahn's, for all that leaves: the far end must take it."""
        if self._paused:
            self._backlog += len(data)
            if self._backlog > self._limits.backlog_bytes:
                self._drop("the broker does not take what is sent")
                return
        super().sendData(data, sync, chopsize)

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        self._backlog = 0

    def stopProducing(self) -> None:
        """The connection is gone; ``onClose`` hears of it."""

    def _beat(self) -> None:
        """Ping, and look whether anything at all was heard since the last time.

        Beats are counted, not seconds: the reactor's clock jumps when the wall clock is set. A
        process that was held up does this before it reads what came meanwhile: so it looks again.
        """
        if not self._heard:
            self._ping_call = self._clock.callLater(LAST_LOOK_SECONDS, self._look_again)
            return
        self._heard = False
        assert self._limits.ping_seconds is not None
        self._ping_call = self._clock.callLater(self._limits.ping_seconds, self._beat)
        self.sendPing()

    def _look_again(self) -> None:
        if self._heard:
            self._beat()
        else:
            self._drop("no sign of life")


_log = Logger()  # ``self.log`` is autobahn's
