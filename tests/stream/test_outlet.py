"""Straight to the socket when that is right, through the transport when not, always in order."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet import tcp
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from tradegw.stream.outbox import Outbox
from tradegw.stream.outlet import Outlet

from .wires import Wire

SMALL = 8 * 1024


class Selectables(Clock):
    """As much of a reactor as a connection needs: who wants to write is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.writers: set[Any] = set()

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)

    def addReader(self, reader: Any) -> None:
        pass

    def removeReader(self, reader: Any) -> None:
        pass


class Pair:
    """A real TCP transport over a socket pair, an outlet on it, and the other end."""

    def __init__(self, outbox: Outbox | None = None) -> None:
        ours, self.theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        self.theirs.setblocking(False)
        self.reactor = Selectables()
        self.transport: Any = tcp.Connection(ours, Protocol(), self.reactor)  # type: ignore[arg-type]
        self.transport.connected = 1
        self.events: list[str] = []
        self.outlet = Outlet(
            self.transport,
            Outbox() if outbox is None else outbox,
            lambda: self.events.append("full"),
            lambda _outlet: self.events.append("behind"),
            lambda _outlet: self.events.append("caught up"),
        )
        self.transport.registerProducer(self.outlet, True)

    def turn(self) -> None:
        """The reactor finds the socket writable."""
        for writer in tuple(self.reactor.writers):
            assert writer.doWrite() is None

    def read(self) -> bytes:
        """All that is there now."""
        data = b""
        while True:
            try:
                some = self.theirs.recv(1 << 20)
            except BlockingIOError:
                return data
            data += some
            if not some:
                return data

    def read_all(self) -> bytes:
        """All there is, turn after turn."""
        data = self.read()
        while self.reactor.writers or self.outlet.outbox:
            self.turn()
            data += self.read()
        return data + self.read()

    def close(self) -> None:
        self.theirs.close()
        if hasattr(self.transport, "socket"):
            self.transport.socket.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_what_the_kernel_takes_is_there_before_the_turn_ends(pair: Pair) -> None:
    pair.outlet.send(b"one", 1)
    pair.outlet.send(b"two", 1)
    assert pair.read() == b"onetwo"
    assert not pair.reactor.writers


def test_what_the_kernel_does_not_take_follows_in_order(pair: Pair) -> None:
    blocks = [bytes([65 + n]) * 5000 for n in range(26)]
    for block in blocks:
        pair.outlet.send(block, 1)
    assert pair.reactor.writers == {pair.transport}
    assert pair.events == ["behind"]
    assert pair.outlet.outbox.messages > 0
    assert pair.read_all() == b"".join(blocks)
    assert pair.events == ["behind", "caught up"]
    pair.outlet.send(b"direct again", 1)
    assert pair.read() == b"direct again"


def test_a_write_that_waits_in_the_transport_is_not_overtaken(pair: Pair) -> None:
    pair.transport.write(b"a pong, say")
    pair.outlet.send(b"-event", 1)
    assert pair.read() == b""
    pair.turn()
    assert pair.read() == b"a pong, say-event"


def test_what_the_transport_has_begun_to_send_is_not_overtaken(pair: Pair) -> None:
    pair.outlet.send(b"a" * 60_000, 1)
    pair.turn()
    received = pair.read()
    assert pair.transport.dataBuffer
    assert not pair.transport._tempDataLen
    pair.outlet.send(b"b", 1)
    assert received + pair.read_all() == b"a" * 60_000 + b"b"


def test_a_broken_connection_is_found_by_the_transport_and_raises_nothing(pair: Pair) -> None:
    pair.theirs.close()
    pair.outlet.send(b"x", 1)
    pair.outlet.send(b"y", 1)
    [writer] = pair.reactor.writers
    assert isinstance(writer.doWrite(), Exception)


def test_a_lost_connection_shuts_the_outlet(pair: Pair) -> None:
    pair.transport.connectionLost(Failure(ConnectionLost()))
    pair.outlet.send(b"x", 1)
    assert not pair.outlet.outbox
    assert "full" not in pair.events


def test_full_is_told_once_and_nothing_is_kept_after_it() -> None:
    pair = Pair(Outbox(max_messages=3))
    for _ in range(40):
        pair.outlet.send(b"x" * 5000, 1)
    assert pair.events.count("full") == 1
    assert pair.outlet.outbox.messages == 0
    received = pair.read_all()
    assert len(received) % 5000 == 0  # whole frames only
    pair.close()


def test_release_hands_everything_over_however_much(pair: Pair) -> None:
    for n in range(40):
        pair.outlet.send(b"%04d" % n * 1000, 1)
    pair.outlet.release()
    pair.transport.write(b"close")
    pair.outlet.send(b"never", 1)
    assert pair.read_all() == b"".join(b"%04d" % n * 1000 for n in range(40)) + b"close"


def test_a_shut_outlet_takes_nothing_and_forgets_what_waited(pair: Pair) -> None:
    for _ in range(40):
        pair.outlet.send(b"x" * 5000, 1)
    pair.outlet.shut()
    pair.outlet.send(b"y", 1)
    pair.outlet.resumeProducing()
    assert b"y" not in pair.read_all()
    assert pair.events == ["behind", "caught up"]


STEPS = st.lists(
    st.one_of(
        st.integers(1, 30_000).map(lambda size: ("send", size)),
        st.just(("write", 10)),
        st.just(("turn", 0)),
        st.just(("read", 0)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_order_holds_whatever_the_kernel_takes_and_when(steps: list[tuple[str, int]]) -> None:
    pair = Pair()
    expected = received = b""
    for count, (what, size) in enumerate(steps):
        data = bytes([count + 1]) * size
        if what == "send":
            pair.outlet.send(data, 1)
            expected += data
        elif what == "write" and not pair.outlet.is_paused:
            pair.transport.write(data)
            expected += data
        elif what == "turn":
            pair.turn()
        elif what == "read":
            received += pair.read()
    received += pair.read_all()
    assert received == expected
    pair.close()


def test_another_kind_of_transport_is_written_to_the_ordinary_way() -> None:
    wire = Wire(Clock())
    outlet = Outlet(wire, Outbox(), lambda: None, lambda _o: None, lambda _o: None)
    outlet.send(b"abc", 1)
    assert wire.sent == b"abc"


@pytest.mark.parametrize("oddity", ["tls", "no buffer", "own write"])
def test_an_odd_tcp_transport_is_written_to_the_ordinary_way(
    oddity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS over it, or a Twisted that keeps its buffers elsewhere."""
    ours, theirs = socket.socketpair()
    written: list[bytes] = []

    class Odd(tcp.Connection):
        if oddity == "own write":

            def write(self, data: bytes) -> None:
                written.append(data)

    transport: Any = Odd(ours, Protocol(), Selectables())  # type: ignore[arg-type]
    transport.connected = 1
    if oddity == "tls":
        transport.TLS = True
    elif oddity == "no buffer":
        del transport._tempDataLen
    if oddity != "own write":
        monkeypatch.setattr(transport, "write", written.append)
    outlet = Outlet(transport, Outbox(), lambda: None, lambda _o: None, lambda _o: None)
    outlet.send(b"abc", 1)
    assert written == [b"abc"]
    ours.close()
    theirs.close()
