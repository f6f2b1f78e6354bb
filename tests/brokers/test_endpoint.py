"""Where a broker is, and that only the right one is spoken to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError  # noqa: A004  (Twisted's own)
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.brokers.sockets import Server, Turns, certificate, free_port, turning
from tradegw.brokers.endpoint import CONNECT_SECONDS, HandshakeFailed, Url, _Reaching, dialler


@pytest.fixture
def turns() -> Iterator[Turns]:
    with turning() as made:
        yield made


class Speaker(Protocol):
    """Says something as soon as it may."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost = False

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"order")

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Any = None) -> None:
        self.lost = True


SPEAKERS = Factory.forProtocol(Speaker)

# Twisted's own, when it is given certificates; the gateway gives it none.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Passing pyOpenSSL X509:DeprecationWarning",
    "ignore:Passing pyOpenSSL PKey:DeprecationWarning",
)


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        (
            "https://api.broker.example",
            Url("https", "api.broker.example", 443),
            "https://api.broker.example",
        ),
        (
            "wss://Stream.Broker.example/v2/iex/",
            Url("wss", "stream.broker.example", 443, "/v2/iex"),
            "wss://stream.broker.example/v2/iex",
        ),
        (
            " http://localhost:8080/ ",
            Url("http", "localhost", 8080),
            "http://localhost:8080",
        ),
        ("ws://127.0.0.1/stream", Url("ws", "127.0.0.1", 80, "/stream"), "ws://127.0.0.1/stream"),
        ("http://[::1]:9/x", Url("http", "::1", 9, "/x"), "http://[::1]:9/x"),
        (
            "https://10.0.0.7:8443",
            Url("https", "10.0.0.7", 8443),
            "https://10.0.0.7:8443",
        ),
    ],
)
def test_an_address_is_taken_apart_once_and_shown_as_it_is_sent(
    text: str, url: Url, shown: str
) -> None:
    assert Url.parse(text) == url
    assert str(url) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.broker.example",
        "ftp://api.broker.example",
        "https://",
        "https:///v2",
        "https://key:s3cr3t@api.broker.example",
        "https://s3cr3t@api.broker.example",
        "https://api.broker.example/?key=s3cr3t",
        "https://api.broker.example/#s3cr3t",
        "https://api.broker.example/a b",
        "https://api.broker.example/a\r\nX-Key: s3cr3t",
        "https://api.bröker.example",
        "https://api.broker.example:s3cr3t",
        "https://api.broker.example:99999",
        "https://[::1",
        "http://api.broker.example",
        "ws://10.0.0.7/stream",
        "http://localhost.broker.example",
        "http://0.0.0.0:80",
    ],
)
def test_an_address_that_cannot_be_trusted_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Url.parse(text)
    assert "s3cr3t" not in str(caught.value)


def test_bytes_flow_both_ways_at_once_and_small_ones_without_delay(turns: Turns) -> None:
    server = Server(turns)
    endpoint = dialler(turns.reactor)(Url("http", "127.0.0.1", server.port))
    assert verifyObject(IStreamClientEndpoint, endpoint)
    speaker: Any = turns.result(endpoint.connect(SPEAKERS))
    connected = speaker.transport.getHandle()
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    turns.until(lambda: server.links and server.links[0].received == b"order")
    server.links[0].answer(b"done")
    turns.until(lambda: speaker.heard == b"done")
    server.links[0].close()
    turns.until(lambda: speaker.lost)


def test_over_tls_it_is_the_same_if_the_certificate_is_trusted_and_for_the_host(
    turns: Turns,
) -> None:
    own, authority = certificate("localhost")
    server = Server(turns, own)
    endpoint = dialler(turns.reactor, authority)(Url("https", "localhost", server.port))
    speaker: Any = turns.result(endpoint.connect(SPEAKERS))
    connected = speaker.transport.transport.getHandle()
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    turns.until(lambda: server.links and server.links[0].received == b"order")
    server.links[0].answer(b"done")
    turns.until(lambda: speaker.heard == b"done")
    server.links[0].close()
    turns.until(lambda: speaker.lost)


@pytest.mark.parametrize(
    ("host", "trusted", "why"),
    [
        ("localhost", False, "certificate verify failed"),
        ("elsewhere.example", True, "another host"),
    ],
)
def test_who_cannot_prove_who_he_is_is_told_nothing(
    turns: Turns, host: str, trusted: bool, why: str
) -> None:
    own, authority = certificate(host)
    server = Server(turns, own)
    dial = dialler(turns.reactor, authority if trusted else None)
    error = turns.result(dial(Url("wss", "localhost", server.port)).connect(SPEAKERS))
    assert type(error) is HandshakeFailed
    assert why in str(error)
    turns.until(lambda: all(link.is_lost for link in server.links))
    assert not any(link.received for link in server.links)


def test_who_does_not_speak_tls_is_told_nothing(turns: Turns) -> None:
    server = Server(turns)
    endpoint = dialler(turns.reactor)(Url("https", "localhost", server.port))
    connecting = endpoint.connect(SPEAKERS)
    turns.until(lambda: server.links and server.links[0].received)
    server.links[0].answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert isinstance(turns.result(connecting), HandshakeFailed)
    assert b"order" not in server.links[0].received


def test_nobody_there_is_an_error(turns: Turns) -> None:
    endpoint = dialler(turns.reactor)(Url("http", "127.0.0.1", free_port()))
    assert isinstance(turns.result(endpoint.connect(SPEAKERS)), ConnectionRefusedError)


def test_a_handshake_that_is_given_up_ends_the_connection(turns: Turns) -> None:
    server = Server(turns)
    endpoint = dialler(turns.reactor)(Url("https", "localhost", server.port))
    connecting = endpoint.connect(SPEAKERS)
    connecting.addErrback(lambda _failure: None)
    turns.until(lambda: server.links and server.links[0].received)
    connecting.cancel()
    turns.until(lambda: server.links[0].is_lost)


def test_a_handshake_that_stalls_is_given_up() -> None:
    made: list[Any] = []

    @implementer(IStreamClientEndpoint)
    class Silent:
        def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803
            doorway = protocolFactory.buildProtocol(None)
            doorway.makeConnection(StringTransport())
            made.append(doorway)
            found: Deferred[Any] = Deferred()
            found.callback(doorway)
            return found

    clock = Clock()
    outcome: list[Any] = []
    _Reaching(Silent(), clock, secure=True).connect(SPEAKERS).addBoth(outcome.append)
    clock.advance(CONNECT_SECONDS - 1)
    assert not outcome
    clock.advance(1)
    assert isinstance(outcome[0].value, TimeoutError)
    assert made[0].transport.disconnecting
    assert not made[0].transport.value()
