"""A client and a server joined in memory: real bytes, no sockets, a clock that is set by hand.

The server side is our resource under a real ``twisted.web`` Site. The client side is the Sans-I/O
protocol of the ``websockets`` library, which the official SDK uses; raw bytes can be sent past it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri
from zope.interface import implementer

from tradegw.interfaces import IEventLog, IPacing
from tradegw.model.enums import Platform
from tradegw.model.events import Event
from tradegw.model.subscription import Subscription
from tradegw.stream.door import Limits
from tradegw.stream.fanout import Fanout
from tradegw.stream.filter import EventFilter
from tradegw.stream.wiring import build

START = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def masked(opcode: int, data: bytes, *, fin: bool = True, rsv1: bool = False) -> bytes:
    """A client's frame, legal or not."""
    mask = b"\x1f\x2e\x3d\x4c"
    first = bytes([opcode | fin << 7 | rsv1 << 6])
    if len(data) < 126:
        length = bytes([0x80 | len(data)])
    elif len(data) < 1 << 16:
        length = b"\xfe" + len(data).to_bytes(2, "big")
    else:
        length = b"\xff" + len(data).to_bytes(8, "big")
    return first + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


@implementer(ITCPTransport, IConsumer, IPushProducer)
class Wire:
    """The server's transport. Bytes reach the client at once, unless it is *stalled*."""

    buffer_size = 64 * 1024

    def __init__(self, clock: Clock) -> None:
        self.protocol: Any = None
        self.sent = b""  # what has reached the client and was not looked at
        self.buffer = b""
        self.stalled = False
        self.producer: Any = None
        self.disconnecting = False
        self.aborted = False
        self.lost = False
        self.reading = True
        self.no_delay = False
        self._clock = clock
        self._producer_paused = False

    def write(self, data: bytes) -> None:
        assert isinstance(data, bytes)
        if self.lost or self.aborted:
            return
        if not self.stalled:
            self.sent += data
            return
        self.buffer += data
        if self.producer is not None and len(self.buffer) > self.buffer_size:
            self._producer_paused = True
            self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def stall(self) -> None:
        """The client stops reading, and the kernel's buffers are full."""
        self.stalled = True

    def drain(self) -> None:
        """The client reads all there is."""
        self.stalled = False
        self.sent, self.buffer = self.sent + self.buffer, b""
        if self.producer is not None and self._producer_paused:
            self._producer_paused = False
            self.producer.resumeProducing()
        if self.disconnecting:
            self.lose(ConnectionDone())

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("there is a producer already")
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def loseConnection(self) -> None:
        if not self.lost and not self.disconnecting:
            self.disconnecting = True
            self.reading = False
            if not self.buffer:
                self._clock.callLater(0, self.lose, ConnectionDone())

    def abortConnection(self) -> None:
        if not self.lost and not self.aborted:
            self.aborted = True
            self._clock.callLater(0, self.lose, ConnectionAborted())

    def lose(self, reason: Exception) -> None:
        """The connection ends."""
        if not self.lost:
            self.lost = True
            if self.producer is not None:
                self.producer.stopProducing()
            self.protocol.connectionLost(Failure(reason))

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    stopProducing = loseConnection

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.7", 40000)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.1", 8080)

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def getTcpNoDelay(self) -> bool:
        return self.no_delay

    def setTcpKeepAlive(self, enabled: bool) -> None:
        pass

    def getTcpKeepAlive(self) -> bool:
        return False

    def loseWriteConnection(self) -> None:
        raise NotImplementedError


class Client:
    """What is at the other end of a wire."""

    def __init__(self, wire: Wire, query: str = "", **offers: Any) -> None:
        self.wire = wire
        self.frames: list[Frame] = []
        uri = parse_uri(f"ws://gateway.test:8080/v1/ws{query}")
        offers.setdefault("extensions", [ClientPerMessageDeflateFactory()])
        self.protocol = ClientProtocol(uri, **offers)
        self.protocol.send_request(self.protocol.connect())
        self.push()

    def push(self) -> None:
        """What the client has to say reaches the server."""
        for data in self.protocol.data_to_send():
            if data:
                self.raw(data)

    def raw(self, data: bytes) -> None:
        """These bytes reach the server."""
        if not self.wire.lost and self.wire.reading:
            self.wire.protocol.dataReceived(data)

    def read(self) -> None:
        """Look at all that has come. Pings and Close frames are answered, as any client would."""
        data, self.wire.sent = self.wire.sent, b""
        if data:
            self.protocol.receive_data(data)
        if self.wire.lost:
            self.protocol.receive_eof()
        if self.protocol.handshake_exc is not None:
            raise self.protocol.handshake_exc
        self.frames += [e for e in self.protocol.events_received() if isinstance(e, Frame)]
        self.push()

    @property
    def texts(self) -> list[bytes]:
        """The text messages so far."""
        self.read()
        return [bytes(frame.data) for frame in self.frames if frame.opcode is Opcode.TEXT]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The same, decoded."""
        return [msgspec.json.decode(text) for text in self.texts]

    def of(self, opcode: Opcode) -> list[bytes]:
        """The payloads of the frames of one kind."""
        self.read()
        return [bytes(frame.data) for frame in self.frames if frame.opcode is opcode]

    def say(self, text: str | bytes) -> None:
        """Send a text message."""
        self.protocol.send_text(text.encode() if isinstance(text, str) else text)
        self.push()

    def ping(self, payload: bytes) -> None:
        self.protocol.send_ping(payload)
        self.push()

    def vanish(self) -> None:
        """The connection breaks."""
        self.wire.lose(ConnectionDone())

    @property
    def close_code(self) -> int | None:
        self.read()
        return self.protocol.close_rcvd.code if self.protocol.close_rcvd else None

    @property
    def close_reason(self) -> str | None:
        self.read()
        return self.protocol.close_rcvd.reason if self.protocol.close_rcvd else None


class Counts:
    """Meters that can be looked at."""

    def __init__(self) -> None:
        self.active = 0
        self.evictions = 0
        self.backlogs: list[int] = []

    def connected(self) -> None:
        self.active += 1

    def disconnected(self) -> None:
        self.active -= 1

    def evicted(self) -> None:
        self.evictions += 1

    def backlog(self, messages: int) -> None:
        self.backlogs.append(messages)


class Turns(Clock):
    """A clock that can also pass single turns, as the reactor does."""

    def turn(self) -> None:
        """Run what is due now, but not what that puts off to the next turn."""
        for call in [call for call in self.calls if call.getTime() <= self.seconds()]:
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)


class Gateway:
    """The stream part of a gateway, and clients that connect to it."""

    def __init__(
        self,
        subscriptions: tuple[Subscription, ...] = (),
        limits: Limits | None = None,
        greeting: Any = tuple,
        log: IEventLog | None = None,
        clock: Turns | None = None,
        pacing: IPacing | None = None,
    ) -> None:
        self.clock = clock or Turns()
        self.meters = Counts()
        self.acks: list[tuple[str, tuple[str, ...]]] = []
        self.fanout: Fanout
        self.resource: IResource
        self.fanout, self.resource = build(
            self.clock,
            self.now,
            EventFilter(subscriptions, Platform.MOCK),
            meters=self.meters,
            greeting=greeting,
            on_ack=lambda client_id, ids: self.acks.append((client_id, ids)),
            limits=limits,
            log=log,
            pacing=pacing,
        )
        root, v1 = Resource(), Resource()
        root.putChild(b"v1", v1)
        v1.putChild(b"ws", self.resource)
        self.site = Site(root, reactor=self.clock)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock.seconds())

    def wire(self) -> Wire:
        """A fresh connection to the HTTP port."""
        wire = Wire(self.clock)
        wire.protocol = self.site.buildProtocol(wire.getPeer())
        wire.protocol.makeConnection(wire)
        return wire

    def connect(self, query: str = "", **offers: Any) -> Client:
        """A client whose handshake is done."""
        client = Client(self.wire(), query, **offers)
        client.read()
        return client

    def publish(self, *events: Event) -> None:
        """Publish *events* in one turn, and let the turn end."""
        for event in events:
            self.fanout.publish(event)
        self.clock.advance(0)
