"""A client's WebSocket, as either kind of stream has it; and the ways in which it can go wrong."""

from __future__ import annotations

import socket
import struct
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec
from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from .script import Message
from .stamps import SECOND, read

if TYPE_CHECKING:
    from .endpoints import Endpoint

PACKED: Final = "application/msgpack"
_PING_SECONDS: Final = 10.0
_TIMES: Final = frozenset({"t", "created_at", "updated_at"})
_GOODBYE: Final = 1000

_log = Logger()


class Mood(Enum):
    """How much a connection still says."""

    NORMAL = "normal"
    MUTE = "mute"
    """It answers and heartbeats, but tells no event."""
    DUMB = "dumb"
    """It only heartbeats."""
    FROZEN = "frozen"
    """Nothing is read any more, nothing sent, not even a pong, and it is not closed."""


class Wire(WebSocketServerProtocol):
    """One connection to *endpoint*."""

    transport: Any  # Twisted declares less than what it gives

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.mood = endpoint.mood_of_new
        self.packs = False
        self.headers: dict[str, str] = {}
        self.authorized = False
        self.wanted: dict[str, set[str]] = {}
        self._behind: int | None = None
        self._beat_call: IDelayedCall | None = None

    def onConnect(self, request: Any) -> None:
        self.headers = dict(request.headers)
        self.packs = self.headers.get("content-type") == PACKED

    def onOpen(self) -> None:
        self.transport.unregisterProducer()  # HTTP's, which knows nothing of this
        self.transport.registerProducer(self, True)  # noqa: FBT003  zope's signature
        self._beat_call = self.endpoint.clock.callLater(_PING_SECONDS, self._beat)
        self.endpoint.joined(self)

    def _beat(self) -> None:
        self._beat_call = self.endpoint.clock.callLater(_PING_SECONDS, self._beat)
        if self.mood is not Mood.FROZEN:
            self.sendPing()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
        if self.mood in (Mood.DUMB, Mood.FROZEN):
            return
        try:
            self.endpoint.heard(self, _decoded(payload, packed=isBinary and self.packs))
        except Exception:
            _log.failure("a defect of the double")
            raise

    def onClose(self, *_told: object) -> None:
        if self._beat_call is not None and self._beat_call.active():
            self._beat_call.cancel()
        self.endpoint.left(self)

    # -- saying things

    def say(self, message: Any, *, event: bool = False) -> None:
        """Send *message*, unless the mood forbids it."""
        if self.mood in (Mood.DUMB, Mood.FROZEN) or (event and self.mood is Mood.MUTE):
            return
        if self._behind is not None:
            self._behind += 1
            if self._behind > self.endpoint.patience:
                self.endpoint.too_slow(self)
                return
        body = msgspec.msgpack.encode(_packed(message)) if self.packs else _json(message)
        self.say_raw(body, binary=self.packs or self.endpoint.speaks_binary)

    def say_raw(self, body: bytes, *, binary: bool) -> None:
        """Send a frame as it is."""
        if self.state == self.STATE_OPEN:
            self.sendMessage(body, binary)

    def pauseProducing(self) -> None:
        if self._behind is None:  # twisted says it again at every write
            self._behind = 0

    def resumeProducing(self) -> None:
        self._behind = None

    def stopProducing(self) -> None:
        pass

    # -- the end, and worse

    def freeze(self) -> None:
        """Half-open from now on."""
        self.mood = Mood.FROZEN
        self.transport.pauseProducing()

    def hang_up(self, *, politely: bool) -> None:
        """Close, with a Close frame if *politely*."""
        if politely:
            self.sendClose(_GOODBYE)
        else:
            self.transport.unregisterProducer()  # with one that is paused it would stay open
            self.transport.loseConnection()

    def reset(self) -> None:
        """Reset the connection, if there still is one."""
        if getattr(self.transport, "connected", True):
            reset(self.transport)


def reset(transport: Any) -> None:
    """End a TCP connection by RST; one in memory knows no such thing and is just ended."""
    if hasattr(transport, "getHandle"):
        linger = struct.pack("ii", 1, 0)
        transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abortConnection()


def _decoded(payload: bytes, *, packed: bool) -> Any:
    try:
        return (msgspec.msgpack if packed else msgspec.json).decode(payload)
    except msgspec.DecodeError:
        return None


def _json(message: Message | list[Message]) -> bytes:
    return msgspec.json.encode(message)


def _packed(message: Any) -> Any:
    """*message* with its times as MessagePack has them."""
    if isinstance(message, list):
        return [_packed(each) for each in message]
    if not isinstance(message, dict) or "stream" in message:
        return message
    return {name: _time(each) if name in _TIMES else each for name, each in message.items()}


def _time(value: Any) -> Any:
    moment = read(value) if isinstance(value, str) else None
    if moment is None:
        return value
    return msgspec.msgpack.Ext(-1, struct.pack("!Iq", moment % SECOND, moment // SECOND))
