"""How a request to ``/v1/ws`` becomes a WebSocket, or does not (protocol section 5.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.task import Clock
from twisted.web.http import Request
from websockets.frames import Opcode

from tradegw.stream.door import Limits

from . import samples
from .wires import Gateway, Wire, masked

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = {
    b"Host": b"gateway.test:8080",
    b"Upgrade": b"websocket",
    b"Connection": b"Upgrade",
    b"Sec-WebSocket-Version": b"13",
    b"Sec-WebSocket-Key": KEY,
}
ACK = b'{"type":"event_ack","events_processed":["early"]}'


def request(
    headers: dict[bytes, bytes], method: bytes = b"GET", version: bytes = b"HTTP/1.1"
) -> bytes:
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers.items())
    return method + b" /v1/ws " + version + b"\r\n" + lines + b"\r\n"


def ask(gateway: Gateway, data: bytes) -> tuple[Wire, int, dict[bytes, bytes], bytes]:
    """Send *data* on a new connection; the wire, and the status, headers and body of the answer."""
    wire = gateway.wire()
    wire.protocol.dataReceived(data)
    gateway.clock.advance(0)
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    pairs = (line.partition(b": ")[::2] for line in lines)
    return wire, int(first.split()[1]), {name.lower(): value for name, value in pairs}, body


def without(name: bytes) -> dict[bytes, bytes]:
    return {other: value for other, value in UPGRADE.items() if other != name}


def test_an_upgrade_is_answered_with_101_and_the_right_key() -> None:
    _wire, status, headers, body = ask(Gateway(), request(UPGRADE))
    assert status == 101
    assert headers[b"sec-websocket-accept"] == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert headers.keys() == {b"upgrade", b"connection", b"sec-websocket-accept"}
    assert body == b""


@pytest.mark.parametrize(
    "extra",
    [
        {b"Sec-WebSocket-Protocol": b"chat, superchat"},
        {b"Sec-WebSocket-Protocol": b"same, same"},
        {b"Sec-WebSocket-Extensions": b"permessage-deflate; client_max_window_bits"},
        {b"Sec-WebSocket-Extensions": b"permessage-deflate; no_such_parameter=1"},
        {b"Origin": b"https://elsewhere.test"},
        {b"Origin": b"not an origin"},
        {b"Connection": b"keep-alive, Upgrade"},
        {b"Upgrade": b"WebSocket"},
        {b"Host": b"odd:port"},
        {b"X-Forwarded-For": b"nonsense"},
    ],
)
def test_nothing_is_negotiated_and_no_origin_is_checked(extra: dict[bytes, bytes]) -> None:
    _wire, status, headers, _body = ask(Gateway(), request({**UPGRADE, **extra}))
    assert status == 101
    assert b"sec-websocket-protocol" not in headers
    assert b"sec-websocket-extensions" not in headers


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (request({b"Host": b"x"}), 400),
        (request(without(b"Upgrade")), 400),
        (request(without(b"Connection")), 400),
        (request({**UPGRADE, b"Upgrade": b"h2c"}), 400),
        (request({**UPGRADE, b"Connection": b"close"}), 400),
        (request(without(b"Sec-WebSocket-Version")), 426),
        (request({**UPGRADE, b"Sec-WebSocket-Version": b"8"}), 426),
        (request(without(b"Sec-WebSocket-Key")), 400),
        (request({**UPGRADE, b"Sec-WebSocket-Key": b"short"}), 400),
        (request({**UPGRADE, b"Sec-WebSocket-Key": b"*" * 24}), 400),
        (request({**UPGRADE, b"Sec-WebSocket-Key": b"A" * 24}), 400),
        (request({**UPGRADE, b"Sec-WebSocket-Key": KEY + b"\r\nSec-WebSocket-Key: " + KEY}), 400),
        (request(UPGRADE, version=b"HTTP/1.0"), 426),
        (request(UPGRADE, method=b"POST"), 405),
        (request(UPGRADE, method=b"DELETE"), 405),
    ],
)
def test_what_is_no_good_upgrade_gets_an_envelope(data: bytes, expected: int) -> None:
    gateway = Gateway()
    _wire, status, headers, body = ask(gateway, data)
    assert status == expected
    assert headers[b"content-type"] == b"application/json"
    envelope = json.loads(body)
    assert envelope["code"] == "INVALID_REQUEST"
    assert envelope["message"]
    assert gateway.meters.active == 0


def test_a_refused_version_is_told_which_one_is_spoken() -> None:
    data = request({**UPGRADE, b"Sec-WebSocket-Version": b"8"})
    assert ask(Gateway(), data)[2][b"sec-websocket-version"] == b"13"


def test_a_wrong_method_is_told_the_right_one() -> None:
    assert ask(Gateway(), request(UPGRADE, method=b"PUT"))[2][b"allow"] == b"GET"


def test_head_is_answered_like_a_plain_get_and_without_a_body() -> None:
    _wire, status, headers, body = ask(Gateway(), request(UPGRADE, method=b"HEAD"))
    assert status == 400
    assert int(headers[b"content-length"]) > 0
    assert body == b""


def test_a_connection_that_was_refused_can_be_used_again() -> None:
    gateway = Gateway()
    wire = ask(gateway, request({b"Host": b"x"}))[0]
    wire.sent = b""
    wire.protocol.dataReceived(request(UPGRADE))
    assert wire.sent.startswith(b"HTTP/1.1 101 ")


def test_the_port_is_full_at_its_limit_and_has_room_again_when_one_leaves() -> None:
    gateway = Gateway(limits=Limits(connections=2))
    clients = [gateway.connect() for _ in range(2)]
    _wire, status, headers, body = ask(gateway, request(UPGRADE))
    assert status == 503
    assert headers[b"retry-after"] == b"5"
    assert json.loads(body)["code"] == "PROVIDER_UNAVAILABLE"
    clients[0].vanish()
    assert ask(gateway, request(UPGRADE))[1] == 101


def test_a_gateway_that_stops_lets_nobody_in() -> None:
    gateway = Gateway()
    gateway.fanout.close_all()
    _wire, status, _headers, body = ask(gateway, request(UPGRADE))
    assert status == 503
    assert json.loads(body)["code"] == "SHUTTING_DOWN"


def test_frames_sent_right_behind_the_request_are_not_lost() -> None:
    gateway = Gateway()
    ask(gateway, request(UPGRADE) + masked(Opcode.TEXT, ACK) + masked(Opcode.TEXT, ACK)[:9])
    assert gateway.acks == [("client-1", ("early",))]


def test_a_handshake_in_small_pieces_is_one_handshake() -> None:
    gateway = Gateway()
    wire = gateway.wire()
    for byte in request(UPGRADE):
        wire.protocol.dataReceived(bytes([byte]))
    assert wire.sent.startswith(b"HTTP/1.1 101 ")


def test_the_http_request_is_over_when_the_websocket_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What REST hangs on the end of a request, counting for one, must not wait for the client."""
    ended: list[Any] = []
    original = Request.requestReceived

    def spying(self: Any, *args: Any) -> None:
        self.notifyFinish().addErrback(ended.append)
        original(self, *args)

    monkeypatch.setattr(Request, "requestReceived", spying)
    gateway = Gateway()
    gateway.connect()
    assert len(ended) == 1


def test_the_idle_timeout_of_http_is_off() -> None:
    gateway = Gateway(limits=Limits(silence_seconds=None))
    client = gateway.connect()
    gateway.clock.pump([30] * 100)
    gateway.publish(samples.quote())
    assert client.messages


def test_a_transport_that_http_had_paused_is_read_again() -> None:
    gateway = Gateway()
    wire = gateway.wire()
    wire.pauseProducing()
    wire.protocol.dataReceived(request(UPGRADE))
    assert wire.reading


def test_the_http_channel_is_no_producer_of_the_transport_any_more() -> None:
    """Else back-pressure would stop our reading, and never reach the outlet."""
    client = Gateway().connect()
    assert client.wire.producer is client.wire.protocol.outlet
    assert client.wire.reading


def test_a_client_of_autobahn_connects_listens_and_leaves() -> None:
    gateway = Gateway()
    heard: list[bytes] = []

    class Listening(WebSocketClientProtocol):
        def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803
            heard.append(payload)

    factory = WebSocketClientFactory("ws://gateway.test:8080/v1/ws", reactor=Clock())
    factory.setProtocolOptions(openHandshakeTimeout=0, closeHandshakeTimeout=0)
    factory.protocol = Listening
    client: Any = factory.buildProtocol(None)
    server_wire, client_wire = gateway.wire(), Wire(gateway.clock)
    client_wire.protocol = client
    client.makeConnection(client_wire)

    def exchange() -> None:
        for _ in range(5):
            for here, there in ((server_wire, client_wire), (client_wire, server_wire)):
                data, here.sent = here.sent, b""
                if data:
                    there.protocol.dataReceived(data)

    exchange()
    gateway.publish(samples.quote(), samples.candle())
    exchange()
    client.sendMessage(ACK)
    client.sendClose(1000)
    exchange()
    gateway.clock.advance(0)
    assert len(heard) == 2
    assert gateway.acks == [("client-1", ("early",))]
    assert server_wire.lost
    assert client.wasClean
