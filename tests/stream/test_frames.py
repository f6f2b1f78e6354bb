"""The fast lane hears exactly what autobahn alone would hear."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from websockets.frames import Opcode

from tradegw.stream import handshake
from tradegw.stream.fastlane import FastLane
from tradegw.stream.frames import MAX_AWAITED, control_end, is_beginning, take_texts

from .wires import Wire, masked

ACK = b'{"type":"event_ack","correlation_id":"550e8400","events_processed":[],"timestamp":17}'


class Recording(WebSocketServerProtocol):
    """Autobahn as it is, but for what it calls."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, bytes, bool]] = []

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
        self.heard.append(("message", payload, isBinary))

    def onPing(self, payload: bytes) -> None:
        self.heard.append(("ping", payload, False))
        super().onPing(payload)

    def onPong(self, payload: bytes) -> None:
        self.heard.append(("pong", payload, False))


class RecordingFastLane(FastLane, Recording):  # type: ignore[misc]  # autobahn's own annotations
    """The same, with the fast lane."""


def opened(kind: type[Recording]) -> Any:
    factory = WebSocketServerFactory(reactor=Clock())
    factory.setProtocolOptions(
        failByDrop=False,
        openHandshakeTimeout=0,
        closeHandshakeTimeout=0,
        maxMessagePayloadSize=1 << 20,
        maxFramePayloadSize=1 << 20,
    )
    protocol = kind()
    protocol.factory = factory
    wire = Wire(Clock())
    wire.protocol = protocol
    protocol.makeConnection(wire)
    protocol.dataReceived(handshake.request_for(b"dGhlIHNhbXBsZSBub25jZQ=="))
    wire.sent = b""
    return protocol


def feed(protocol: Any, chunks: list[bytes]) -> tuple[Any, ...]:
    """What *protocol* heard and said until it failed, if it did."""
    for chunk in chunks:
        if not protocol.failedByMe:
            protocol.dataReceived(chunk)
    if isinstance(protocol, FastLane) and not protocol.failedByMe:
        # Autobahn objects to half a frame at once; the fast lane when the frame is whole.
        WebSocketServerProtocol.dataReceived(protocol, protocol._awaited)
    end = None if protocol.failedByMe else (protocol.state, protocol.remoteCloseCode)
    return protocol.heard, protocol.transport.sent, end


FRAMES = st.one_of(
    st.just(masked(Opcode.TEXT, ACK)),
    st.builds(masked, st.just(Opcode.TEXT), st.text(max_size=200).map(str.encode)),
    st.builds(masked, st.just(Opcode.TEXT), st.binary(max_size=20)),
    st.builds(masked, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125)),
    st.builds(masked, st.just(Opcode.BINARY), st.binary(max_size=20)),
    st.builds(
        masked, st.sampled_from([Opcode.TEXT, Opcode.CONT]), st.just(b"abc"), fin=st.booleans()
    ),
    st.just(masked(Opcode.CLOSE, b"\x03\xe8")),
    st.just(masked(Opcode.TEXT, b"x" * 5000)),
    st.binary(min_size=1, max_size=9),
)


@settings(max_examples=400, deadline=None)
@given(stream=st.lists(FRAMES, max_size=12).map(b"".join), data=st.data())
def test_it_hears_and_says_what_autobahn_alone_would(stream: bytes, data: st.DataObject) -> None:
    """Whatever the frames are and wherever the reads cut them."""
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges) if a < b]
    plain, fast = opened(Recording), opened(RecordingFastLane)
    assert feed(fast, chunks) == feed(plain, chunks)


@settings(max_examples=300, deadline=None)
@given(chunks=st.lists(FRAMES, max_size=12))
def test_it_does_so_with_a_frame_in_each_read_too(chunks: list[bytes]) -> None:
    plain, fast = opened(Recording), opened(RecordingFastLane)
    assert feed(fast, chunks) == feed(plain, chunks)


FRAME_LIKE = [b"\x81\x80\x00\x00\x00\x00", b"\x81", b"\x89\x80\x00\x00\x00\x00"]


@pytest.mark.parametrize("inner", FRAME_LIKE)
@pytest.mark.parametrize(("opcode", "kind"), [(Opcode.BINARY, "message"), (Opcode.PING, "ping")])
def test_the_inside_of_a_frame_is_not_taken_for_a_frame(
    inner: bytes, opcode: Opcode, kind: str
) -> None:
    """One frame, masked with zeros, that looks like many frames inside, a read for each."""
    count = 20 if opcode is Opcode.PING else 1000
    fast = opened(RecordingFastLane)
    fast.dataReceived(frame_head(opcode, count * len(inner)) + bytes(4))
    for _ in range(count):
        fast.dataReceived(inner)
    assert [what[:2] for what in fast.heard] == [(kind, inner * count)]
    fast.dataReceived(masked(Opcode.TEXT, ACK))
    assert fast.heard[1] == ("message", ACK, False)


def frame_head(opcode: int, length: int) -> bytes:
    if length < 126:
        return bytes([0x80 | opcode, 0x80 | length])
    return bytes([0x80 | opcode, 0xFE]) + length.to_bytes(2, "big")


@settings(max_examples=60, deadline=None)
@given(stream=st.lists(FRAMES, max_size=6).map(b"".join))
def test_it_does_so_byte_by_byte_too(stream: bytes) -> None:
    chunks = [stream[at : at + 1] for at in range(len(stream))][:400]
    plain, fast = opened(Recording), opened(RecordingFastLane)
    assert feed(fast, chunks) == feed(plain, chunks)


def test_under_a_flood_autobahn_parses_no_ordinary_frame() -> None:
    """Reads end in the middle of frames, and pings come between: the lane is found again."""
    fast = opened(RecordingFastLane)
    parsed: list[bytes] = []
    fast.onMessageBegin = lambda _is_binary: parsed.append(b"message")
    stream = (masked(Opcode.TEXT, ACK) * 50 + masked(Opcode.PING, b"p")) * 20
    for at in range(0, len(stream), 1000):
        fast.dataReceived(stream[at : at + 1000])
    assert len(fast.heard) == 51 * 20
    assert parsed == []


def test_all_whole_frames_are_taken_and_where_they_end_is_told() -> None:
    frame = masked(Opcode.TEXT, ACK)
    assert take_texts(frame * 3 + frame[:-1], 0) == ([ACK] * 3, 3 * len(frame))
    assert take_texts(frame * 3, len(frame)) == ([ACK] * 2, 3 * len(frame))
    assert take_texts(b"", 0) == ([], 0)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 127, 4000, 65535])
def test_payloads_of_all_lengths_are_unmasked(size: int) -> None:
    text = bytes(32 + n % 90 for n in range(size))
    assert take_texts(masked(Opcode.TEXT, text), 0) == ([text], len(masked(Opcode.TEXT, text)))


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x03abc",
        masked(Opcode.TEXT, b"x", fin=False),
        masked(Opcode.TEXT, b"x", rsv1=True),
        masked(Opcode.BINARY, b"x"),
        masked(Opcode.TEXT, b"\xff"),
        masked(Opcode.TEXT, b"x" * 65536),
        b"\x81\xfe\x00\x05mask12345",
    ],
)
def test_what_is_not_ordinary_is_left_alone(frame: bytes) -> None:
    assert take_texts(frame, 0) == ([], 0)
    assert not is_beginning(frame, 0)


def test_the_beginning_of_an_ordinary_frame_is_worth_waiting_for_and_of_a_long_one_not() -> None:
    for text in (ACK, b"x" * 200):
        frame = masked(Opcode.TEXT, text)
        assert all(is_beginning(frame[:size], 0) for size in range(1, len(frame)))
        assert not is_beginning(frame, 0)
    long = masked(Opcode.TEXT, b"x" * MAX_AWAITED)
    assert not is_beginning(long[:100], 0)
    assert not is_beginning(b"", 0)


def test_a_control_frame_is_told_when_it_is_whole() -> None:
    ping = masked(Opcode.PING, b"abc")
    assert control_end(b"zz" + ping + b"more", 2) == 2 + len(ping)
    assert control_end(ping[:-1], 0) == 0
    assert control_end(masked(Opcode.TEXT, b"abc"), 0) == 0
    assert control_end(b"\x89\xfe\x00\x7emask" + b"x" * 126, 0) == 0
    assert control_end(b"\x89\x03abc....", 0) == 0
