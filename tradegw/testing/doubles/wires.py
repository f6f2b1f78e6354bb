"""A client's WebSocket, as any stream has it; and the ways in which it can go wrong."""

from __future__ import annotations

import socket
import struct
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec
from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

if TYPE_CHECKING:
    from .endpoints import Endpoint

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
    """One connection to *endpoint*; ``path`` and ``query`` are what it was opened with."""

    transport: Any  # Twisted declares less than what it gives

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.mood = endpoint.mood_of_new
        self.headers: dict[str, str] = {}
        self.path = ""
        self.query: dict[str, str] = {}
        self.authorized = False
        self.wanted: dict[str, set[str]] = {}
        self._behind: int | None = None
        self._beat_call: IDelayedCall | None = None
        self._silent_since = 0.0

    def onConnect(self, request: Any) -> None:
        self.headers = dict(request.headers)
        self.path = request.path
        self.query = {name: values[-1] for name, values in request.params.items()}

    def onOpen(self) -> None:
        self.transport.unregisterProducer()  # HTTP's, which knows nothing of this
        self.transport.registerProducer(self, True)  # noqa: FBT003  zope's signature
        clock = self.endpoint.clock
        self._silent_since = clock.seconds()
        self._beat_call = clock.callLater(self.endpoint.ping_seconds, self._beat)
        self.endpoint.joined(self)

    def _beat(self) -> None:
        endpoint = self.endpoint
        self._beat_call = endpoint.clock.callLater(endpoint.ping_seconds, self._beat)
        patience = endpoint.pong_seconds
        if patience is not None and endpoint.clock.seconds() - self._silent_since >= patience:
            self.hang_up(politely=False)
        elif self.mood is not Mood.FROZEN:
            self.sendPing(endpoint.ping_payload())

    def onPong(self, _payload: bytes) -> None:
        self._silent_since = self.endpoint.clock.seconds()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
        if self.mood in (Mood.DUMB, Mood.FROZEN):
            return
        try:
            self.endpoint.heard(self, self.decoded(payload, is_binary=isBinary))
        except Exception:
            _log.failure("a defect of the double")
            raise

    def onClose(self, *_told: object) -> None:
        if self._beat_call is not None and self._beat_call.active():
            self._beat_call.cancel()
        self.endpoint.left(self)

    # -- how messages are written

    def decoded(self, payload: bytes, *, is_binary: bool) -> Any:  # noqa: ARG002  some need it
        """What *payload* says; ``None`` if it cannot be understood."""
        try:
            return msgspec.json.decode(payload)
        except msgspec.DecodeError:
            return None

    def encoded(self, message: Any) -> tuple[bytes, bool]:
        """*message* as a frame, and whether that is a binary one."""
        return msgspec.json.encode(message), self.endpoint.speaks_binary

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
        body, binary = self.encoded(message)
        self.say_raw(body, binary=binary)

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
