"""The same WebSocket on real sockets, plain and with TLS, against the ``websockets`` library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.brokers.far_end import Heard
from tests.brokers.sockets import Link, Server, Turns, certificate, turning
from tests.brokers.wires import Talk, Told, parts
from tradegw.brokers.endpoint import Url, dialler
from tradegw.brokers.link.stream import Stream
from tradegw.brokers.link.websocket import Target, web_socket
from tradegw.config.settings import Reconnect

# Twisted's own, when it is given certificates; the gateway gives it none.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Passing pyOpenSSL X509:DeprecationWarning",
    "ignore:Passing pyOpenSSL PKey:DeprecationWarning",
)


class Speaker(Link):
    """The broker's side: keeps what it hears, and sends what the test says."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.protocol = ServerProtocol()
        self.frames: list[Frame] = []

    def dataReceived(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self.protocol.send_response(self.protocol.accept(event))
            elif isinstance(event, Frame):
                self.frames.append(event)
        self.flush()

    def flush(self) -> None:
        for data in self.protocol.data_to_send():
            self.answer(data) if data else self.close()

    def say(self, text: str) -> None:
        self.protocol.send_text(text.encode())
        self.flush()


class Speakers(Server):
    def buildProtocol(self, addr: Any) -> Speaker:
        return Speaker(self)

    @property
    def last(self) -> Speaker:
        link = self.links[-1]
        assert isinstance(link, Speaker)
        return link


class Stand:
    """A broker that listens, and our way to it."""

    def __init__(self, turns: Turns, *, tls: bool, trusted: bool = True) -> None:
        ours, authority = certificate("localhost") if tls else (None, None)
        self.turns = turns
        self.server = Speakers(turns, ours)
        self.dial = dialler(turns.reactor, authority if trusted else None)
        scheme = "wss" if tls else "ws"
        self.target = Target(url=Url.parse(f"{scheme}://localhost:{self.server.port}/stream"))
        self.connect = web_socket(self.dial, turns.reactor, self.target)


@pytest.fixture
def turns() -> Iterator[Turns]:
    with turning() as made:
        yield made


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def stand(turns: Turns, request: pytest.FixtureRequest) -> Stand:
    return Stand(turns, tls=request.param)


def test_messages_of_any_size_go_both_ways(stand: Stand) -> None:
    talk = Heard()
    assert stand.turns.result(stand.connect(talk)) is None
    sizes = (1, 300, 70_000, 500_000)
    for size in sizes:
        stand.server.last.say("a" * size)
        talk.wire.send(b"b" * size)
    stand.turns.until(lambda: len(talk.messages) == len(sizes))
    stand.turns.until(lambda: len(stand.server.last.frames) == len(sizes))
    assert [len(payload) for payload, _ in talk.messages] == list(sizes)
    assert [len(frame.data) for frame in stand.server.last.frames] == list(sizes)
    assert {frame.opcode for frame in stand.server.last.frames} == {Opcode.TEXT}


def test_a_goodbye_ends_the_connection_in_good_order(stand: Stand) -> None:
    talk = Heard()
    stand.turns.result(stand.connect(talk))
    talk.wire.close()
    stand.turns.until(lambda: talk.closings)
    assert talk.closings == ["closed by us"]
    assert stand.server.last.protocol.close_rcvd is not None
    assert stand.server.last.protocol.close_rcvd.code == 1000


def test_a_reset_is_told(stand: Stand) -> None:
    talk = Heard()
    stand.turns.result(stand.connect(talk))
    stand.server.last.reset()
    stand.turns.until(lambda: talk.closings)
    assert len(talk.closings) == 1


def test_an_abort_leaves_nothing_open(stand: Stand) -> None:
    talk = Heard()
    stand.turns.result(stand.connect(talk))
    talk.wire.abort()
    stand.turns.until(lambda: stand.server.last.is_lost)
    assert talk.closings == ["closed by us"]


def test_a_broker_whose_certificate_nobody_vouches_for_is_told_nothing(turns: Turns) -> None:
    stand, talk = Stand(turns, tls=True, trusted=False), Heard()
    assert isinstance(turns.result(stand.connect(talk)), Exception)
    assert talk.closings == []
    assert stand.server.last.frames == []


def test_a_stream_comes_back_on_real_sockets(stand: Stand) -> None:
    talks: list[Talk] = []

    def converse(progress: Any) -> Talk:
        talks.append(Talk(progress))
        return talks[-1]

    given = parts(stand.turns.reactor, reconnect=Reconnect(initial_backoff_ms=10))
    stream, told = Stream("orders", stand.connect, converse, given), Told()
    stream.tell(told)
    stream.startService()
    for times in range(1, 4):
        stand.turns.until(lambda: len(talks) == times and hasattr(talks[-1], "wire"))  # noqa: B023
        stand.server.last.say("ok")
        stand.turns.until(lambda: told.all.count("up") == times)  # noqa: B023
        stand.server.last.reset()
        stand.turns.until(lambda: len(told.of("lost")) == times)  # noqa: B023
    stopped = stream.stopService()
    stand.turns.until(lambda: stopped.called)
