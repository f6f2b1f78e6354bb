"""A broker's end of a WebSocket, in memory: the Sans-I/O server of the ``websockets`` library
behind a transport that is set by hand. Bytes that it would not send can be sent past it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IStreamClientEndpoint, ITCPTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from zope.interface import implementer

from tradegw.brokers.endpoint import Url
from tradegw.brokers.link.conversation import Wire
from tradegw.brokers.link.websocket import ORDINARY, Limits, Target, web_socket


@implementer(ITCPTransport, IConsumer)
class Transport:
    """Our side's transport. Bytes are with the broker at once, unless it is *stalled*."""

    def __init__(self, broker: FarEnd) -> None:
        self._broker = broker
        self.protocol: Any = None
        self.producer: Any = None
        self.buffered = 0
        self.stalled = False
        self.lost = False
        self.aborted = False

    def write(self, data: bytes) -> None:
        if self.lost:
            return
        if self.stalled:
            self.buffered += len(data)
            self.producer.pauseProducing()
            return
        self._broker.receive(data)

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self.producer is None
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def loseConnection(self) -> None:
        self.end(ConnectionDone())

    def abortConnection(self) -> None:
        self.aborted = True
        self.end(ConnectionAborted())

    def end(self, error: Exception) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost(Failure(error))

    def setTcpNoDelay(self, enabled: bool) -> None: ...
    def getTcpNoDelay(self) -> bool:
        return True

    def setTcpKeepAlive(self, enabled: bool) -> None: ...
    def getTcpKeepAlive(self) -> bool:
        return False

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 50000)

    getPeer = getHost

    def loseWriteConnection(self) -> None: ...


@implementer(IStreamClientEndpoint)
class FarEnd:
    """The broker: ``request`` is the upgrade that was asked for, ``frames`` what came after it."""

    def __init__(self, limits: Limits = ORDINARY, **target: Any) -> None:
        self.clock = Clock()
        self.talk = Heard()
        self.request: Request
        self.frames: list[Frame] = []
        self.answers = True
        self.refusal: bytes | None = None
        self.server = ServerProtocol(extensions=[ServerPerMessageDeflateFactory()], max_size=None)
        self.transport = Transport(self)
        self.error: Exception | None = None
        self.connected: Deferred[None] = Deferred()
        self.target = Target(url=Url.parse("ws://127.0.0.1:9/stream"), **target)
        self.open = web_socket(lambda _url: self, self.clock, self.target, limits)

    def dial(self) -> FarEnd:
        """Have our side connect, and shake hands if the broker answers."""
        self.connected = self.open(self.talk)
        self.connected.addErrback(self._failed)
        return self

    def _failed(self, failure: Failure) -> None:
        assert isinstance(failure.value, Exception)
        self.error = failure.value

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803  Twisted's name
        """As an endpoint does."""
        protocol = protocolFactory.buildProtocol(None)
        self.transport.protocol = protocol
        protocol.makeConnection(self.transport)
        return succeed(protocol)

    def receive(self, data: bytes) -> None:
        self.server.receive_data(data)
        for event in self.server.events_received():
            if isinstance(event, Request):
                self.request = event
                if not self.answers:
                    return
                if self.refusal is not None:
                    self.raw(self.refusal)
                    return
                self.server.send_response(self.server.accept(event))
            else:
                assert isinstance(event, Frame)
                self.frames.append(event)
        self.flush()

    def flush(self) -> None:
        """Deliver what the server wants to send."""
        for data in self.server.data_to_send():
            if data:
                self.raw(data)

    def raw(self, data: bytes) -> None:
        """Send any bytes."""
        if not self.transport.lost:
            self.transport.protocol.dataReceived(data)

    def text(self, text: str) -> None:
        self.server.send_text(text.encode())
        self.flush()

    def of(self, opcode: Opcode) -> list[bytes]:
        """The payloads of the frames of a kind that came."""
        return [bytes(frame.data) for frame in self.frames if frame.opcode is opcode]

    def drop(self) -> None:
        """The connection breaks."""
        self.transport.end(ConnectionLost())


class Heard:
    """A conversation that writes down; ``react`` may raise, or speak."""

    def __init__(self) -> None:
        self.wire: Wire
        self.messages: list[tuple[bytes, bool]] = []
        self.closings: list[str] = []
        self.react: Any = lambda payload: None
        self.on_open: Any = lambda: None

    def opened(self, wire: Wire) -> None:
        self.wire = wire
        self.on_open()

    def received(self, payload: bytes, is_binary: bool) -> None:
        self.messages.append((payload, is_binary))
        self.react(payload)

    def closed(self, reason: str) -> None:
        self.closings.append(reason)


def frame(opcode: int, data: bytes, *, fin: bool = True, rsv1: bool = False) -> bytes:
    """A server's frame, legal or not."""
    first = bytes([opcode | fin << 7 | rsv1 << 6])
    if len(data) < 126:
        return first + bytes([len(data)]) + data
    if len(data) < 1 << 16:
        return first + b"\x7e" + len(data).to_bytes(2, "big") + data
    return first + b"\x7f" + len(data).to_bytes(8, "big") + data
