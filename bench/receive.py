"""Frames from a broker through our WebSocket, against plain autobahn and ``websockets``.

    python -m bench.receive [--rounds 9] [--frames 20000]

All in this process and in memory: the same bytes, as unmasked text frames of 300 bytes (a quote),
are given to each way in reads of the same size, so that what is measured is the parsing and the
delivery of each message to a callable that counts it. In every round each way has its turn, so that
what else the machine does hits all alike. Shown are microseconds a frame (the median of the rounds)
and how many times faster than plain autobahn that is (the median of the rounds' ratios).

Ways:

tradegw      ``brokers.websocket.Connection`` with a conversation that counts
  stream     the same through a stream's ``Attempt``, which notes each sign of life
  decoded    the same, and msgspec makes a structure with decimals of each message
autobahn     ``WebSocketClientProtocol`` with ``onMessage`` that counts
websockets   its Sans-I/O ``ClientProtocol``
"""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from tradegw.brokers.endpoint import Url
from tradegw.brokers.link.attempt import Attempt
from tradegw.brokers.link.websocket import Target, web_socket

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
READS = {"one frame a read": 304, "a segment a read": 1460, "a full read": 65_536}


class Quote(msgspec.Struct):
    """What a broker's quote holds, its times apart."""

    S: str
    bx: str
    bp: Decimal
    bs: Decimal
    ax: str
    ap: Decimal
    asz: Decimal = msgspec.field(name="as")


QUOTE = (
    b'{"T":"q","S":"AAPL","i":52983525029461,"bx":"V","bp":187.4231,"bs":12,"ax":"V","ap":187.4311,'
    b'"as":7,"c":["R"],"t":"2025-01-15T10:30:00.123456789Z","z":"C"'
)
MESSAGE = QUOTE + b',"x":"' + b"-" * (300 - len(QUOTE) - 8) + b'"}'
FRAME = b"\x81\x7e" + len(MESSAGE).to_bytes(2, "big") + MESSAGE

Way = Callable[[bytes], None]


class Counted:
    """A conversation that counts, or decodes as well."""

    def __init__(self, decode: Callable[[bytes], object] | None = None) -> None:
        self.count = 0
        self._decode = decode

    def opened(self, wire: object) -> None: ...

    def received(self, payload: bytes, is_binary: bool) -> None:
        self.count += 1
        if self._decode is not None:
            self._decode(payload)

    def closed(self, reason: str) -> None: ...


class Transport(StringTransport):
    """Takes what is sent, and knows what autobahn asks of it."""

    def setTcpNoDelay(self, enabled: bool) -> None: ...

    def abortConnection(self) -> None: ...


def shake_hands(protocol: Any) -> None:
    """Answer the upgrade of *protocol*."""
    accept = base64.b64encode(hashlib.sha1(protocol.websocket_key + GUID).digest())
    protocol.dataReceived(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


class Endpoint:
    """Connects at once, and keeps the protocol."""

    protocol: Any

    def connect(self, factory: Any) -> Deferred[Any]:
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(Transport())
        shake_hands(self.protocol)
        return succeed(self.protocol)


def ours(conversation: Any) -> Way:
    endpoint, target = Endpoint(), Target(url=Url.parse("ws://127.0.0.1:9/"))
    web_socket(lambda _url: endpoint, Clock(), target)(conversation)  # type: ignore[arg-type, return-value]
    way: Way = endpoint.protocol.dataReceived
    return way


def through_a_stream(counted: Counted) -> Way:
    class Owner:
        heard = False

        def opened(self) -> None: ...

    owner = Owner()
    found: list[Way] = []

    def connect(conversation: Any) -> Deferred[None]:
        found.append(ours(conversation))
        return succeed(None)

    Attempt(owner, connect, lambda _progress: counted, owner, beats=False).begin()  # type: ignore[arg-type]
    return found[0]


def plain_autobahn(counted: Counted) -> Way:
    class Client(WebSocketClientProtocol):
        def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
            counted.received(payload, isBinary)

    factory = WebSocketClientFactory("ws://127.0.0.1:9/", reactor=Clock())
    factory.setProtocolOptions(openHandshakeTimeout=0)
    protocol = Client()
    protocol.factory = factory
    protocol.makeConnection(Transport())
    shake_hands(protocol)
    way: Way = protocol.dataReceived
    return way


def sans_io(counted: Counted) -> Way:
    client = ClientProtocol(parse_uri("ws://127.0.0.1:9/"))
    request = client.connect()
    client.send_request(request)
    key = request.headers["Sec-WebSocket-Key"].encode()
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    client.receive_data(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    client.events_received()

    def receive(data: bytes) -> None:
        client.receive_data(data)
        for event in client.events_received():
            counted.received(bytes(event.data), is_binary=False)  # type: ignore[union-attr]

    return receive


def decoding() -> Counted:
    return Counted(msgspec.json.Decoder(Quote).decode)


WAYS: dict[str, Callable[[], tuple[Counted, Way]]] = {
    "autobahn": lambda: (counted := Counted(), plain_autobahn(counted)),
    "websockets": lambda: (counted := Counted(), sans_io(counted)),
    "tradegw": lambda: (counted := Counted(), ours(counted)),
    "  stream": lambda: (counted := Counted(), through_a_stream(counted)),
    "  decoded": lambda: (counted := decoding(), through_a_stream(counted)),
}


def run(ways: dict[str, tuple[Counted, Way]], read: int, frames: int) -> dict[str, float]:
    """Microseconds a frame, once for each way."""
    data = FRAME * frames
    reads = [data[at : at + read] for at in range(0, len(data), read)]
    took = {}
    for name, (counted, way) in ways.items():
        before = counted.count
        gc.collect()
        began = time.perf_counter()
        for each in reads:
            way(each)
        took[name] = (time.perf_counter() - began) / frames * 1e6
        assert counted.count - before == frames, (name, counted.count - before)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--frames", type=int, default=20_000)
    options = parser.parse_args()
    assert len(MESSAGE) == 300
    ways = {name: make() for name, make in WAYS.items()}
    for title, read in READS.items():
        rounds = [run(ways, read, options.frames) for _ in range(options.rounds)]
        print(f"\n{title} ({read} bytes)")
        for name in ways:
            micros = statistics.median(each[name] for each in rounds)
            ratio = statistics.median(each["autobahn"] / each[name] for each in rounds)
            print(f"  {name:<12}{micros:8.2f} us a frame{ratio:8.1f} x")


if __name__ == "__main__":
    main()
