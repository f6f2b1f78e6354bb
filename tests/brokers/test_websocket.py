"""A broker's WebSocket delivers every message once and in order, and ends when it must."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from websockets.frames import Opcode

from tests.brokers.far_end import FarEnd, frame
from tests.brokers.wires import pass_time
from tradegw.brokers.link import frames
from tradegw.brokers.link.conversation import UpgradeRefused
from tradegw.brokers.link.websocket import LAST_LOOK_SECONDS, Limits, Target, web_socket

WRONG = b"Sec-WebSocket-Accept: wrong"
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


def opened(limits: Limits | None = None, **target: Any) -> FarEnd:
    far = FarEnd(limits or Limits(), **target).dial()
    assert far.connected.called
    assert far.error is None
    return far


# -- the upgrade


def test_it_asks_for_the_path_with_its_query_and_headers_and_for_no_compression() -> None:
    far = opened(query="ticket=t%2F1", headers=(("X-Key", "k"),))
    assert far.request.path == "/stream?ticket=t%2F1"
    assert far.request.headers["X-Key"] == "k"
    assert far.request.headers["Host"] == "127.0.0.1:9"
    assert "Sec-WebSocket-Extensions" not in far.request.headers


def test_where_to_go_may_be_found_out_first() -> None:
    far = FarEnd()
    found: Deferred[Target] = Deferred()
    connected = web_socket(lambda _url: far, far.clock, lambda: found)(far.talk)
    assert not connected.called
    found.callback(Target(url=far.target.url, query="ticket=1"))
    assert connected.called
    assert far.request.path == "/stream?ticket=1"


@pytest.mark.parametrize(
    ("status", "about_credentials", "wait"), [(401, True, None), (403, True, None), (429, False, 7)]
)
def test_a_refused_upgrade_tells_the_status(
    status: int, about_credentials: bool, wait: float | None
) -> None:
    far = FarEnd()
    head = f"HTTP/1.1 {status} Not Today\r\nContent-Length: 0\r\n"
    head += "" if wait is None else f"retry-AFTER: {wait}\r\n"
    far.refusal = head.encode() + b"\r\n"
    far.dial()
    assert isinstance(far.error, UpgradeRefused)
    assert (far.error.status, far.error.retry_after_seconds) == (status, wait)
    assert far.error.is_about_credentials is about_credentials
    assert str(far.error) == f"the connection was refused with HTTP {status} Not Today"
    assert far.transport.aborted
    assert far.talk.closings == []


def test_no_redirect_is_followed() -> None:
    far = FarEnd()
    far.refusal = b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n"
    far.dial()
    assert isinstance(far.error, UpgradeRefused)


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff\xfe\xfd\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%b\r\n\r\n" % WRONG,
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"A" * 20_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 101 \xe4\r\nConnection: \xff\r\n\r\n",
    ],
    ids=["garbage", "bare", "wrong key", "not http", "endless", "long", "not ascii"],
)
def test_an_answer_that_is_no_upgrade_fails_and_ends_the_connection(answer: bytes) -> None:
    far = FarEnd()
    far.refusal = answer
    with capturedLogs():
        far.dial()
    assert far.error is not None
    assert far.transport.lost
    assert far.talk.closings == []


def test_a_connection_that_breaks_during_the_upgrade_fails() -> None:
    far = FarEnd()
    far.answers = False
    far.dial()
    far.drop()
    assert isinstance(far.error, ConnectionError)
    assert far.clock.getDelayedCalls() == []


def test_waiting_for_an_upgrade_can_be_given_up() -> None:
    far = FarEnd()
    far.answers = False
    far.dial()
    far.connected.cancel()
    assert far.error is not None
    assert far.transport.aborted
    assert far.talk.closings == []


# -- messages


def test_texts_and_binaries_come_as_they_are() -> None:
    far = opened()
    far.text('{"T":"q"}')
    far.server.send_binary(b"\x00\xff")
    far.flush()
    far.text("")
    assert far.talk.messages == [(b'{"T":"q"}', False), (b"\x00\xff", True), (b"", False)]


def test_what_comes_with_the_answer_to_the_upgrade_is_not_lost() -> None:
    far = FarEnd()
    flush, far.flush = far.flush, lambda: None  # type: ignore[method-assign]
    far.dial()
    together = b"".join(far.server.data_to_send()) + frame(TEXT, b"hello") + frame(TEXT, b"you")
    far.raw(together)
    far.flush = flush  # type: ignore[method-assign]
    assert far.talk.messages == [(b"hello", False), (b"you", False)]


LENGTHS = (0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100, 1460, 10**6])
def test_any_lengths_in_any_pieces_come_whole_and_in_order(chunk: int) -> None:
    far = opened()
    if chunk < 100:
        lengths: tuple[int, ...] = tuple(length for length in LENGTHS if length <= 300)
    else:
        lengths = LENGTHS
    wanted = [(bytes([65 + i]) * length, bool(i % 2)) for i, length in enumerate(lengths * 2)]
    data = b"".join(frame(BINARY if binary else TEXT, payload) for payload, binary in wanted)
    for at in range(0, len(data), chunk):
        far.raw(data[at : at + chunk])
    assert far.talk.messages == wanted


MESSAGES = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.text(max_size=200)),
        st.tuples(st.just("binary"), st.binary(max_size=200)),
        st.tuples(st.just("fragments"), st.text(max_size=50)),
        st.tuples(st.just("ping"), st.binary(max_size=20)),
    ),
    max_size=12,
)


@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_fragments_pings_and_ordinary_frames_mix(
    messages: list[tuple[str, Any]], cuts: list[int]
) -> None:
    """However the bytes are cut: every message once and in order, every ping answered."""
    far = opened()
    data, wanted, pings = b"", [], []
    for kind, content in messages:
        payload = content.encode() if isinstance(content, str) else content
        if kind == "ping":
            pings.append(payload)
            data += frame(PING, payload)
            continue
        wanted.append((payload, kind == "binary"))
        if kind == "fragments":
            half = len(payload) // 2
            data += frame(TEXT, payload[:half], fin=False) + frame(PING, b"amid")
            data += frame(0, payload[half:])
            pings.append(b"amid")
        else:
            data += frame(BINARY if kind == "binary" else TEXT, payload)
    at = i = 0
    while at < len(data):
        far.raw(data[at : at + cuts[i % len(cuts)]])
        at += cuts[i % len(cuts)]
        i += 1
    assert far.talk.messages == wanted
    assert far.of(Opcode.PONG) == pings


@pytest.mark.parametrize(
    "bad",
    [
        frame(TEXT, b"\xff\xfe"),
        frame(3, b"reserved opcode"),
        frame(TEXT, b"compressed?", rsv1=True),
        frame(0, b"continues nothing"),
        frame(PING, b"p" * 126),
        frame(PING, b"fragmented", fin=False),
        b"\x81\x85abcdHELLO",
        b"\x81\x7e\x00\x05HELLO",
        b"\x81\x7f" + (2**40).to_bytes(8, "big"),
        frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"),
    ],
    ids=[
        "not utf-8",
        "opcode",
        "rsv",
        "continuation",
        "long ping",
        "fragmented ping",
        "masked",
        "length",
        "oversize",
        "interrupted",
    ],
)
def test_what_breaks_the_rules_ends_the_connection(bad: bytes) -> None:
    far = opened()
    far.text("before")
    with capturedLogs():
        far.raw(bad)
        far.raw(frame(TEXT, b"after"))
    assert far.transport.aborted
    assert far.talk.messages == [(b"before", False)]
    assert len(far.talk.closings) == 1
    assert far.clock.getDelayedCalls() == []


def test_a_message_amid_another_ends_the_connection() -> None:
    far = opened()
    far.raw(frame(TEXT, b"a", fin=False))
    with capturedLogs():
        far.raw(frame(TEXT, b"b"))
    assert far.transport.aborted
    assert far.talk.messages == []


def test_what_looks_like_a_frame_within_another_is_none() -> None:
    """A header, or a payload, may be cut right before bytes that look like a frame's beginning."""
    alike = b"\x81\x01A" * 33_000
    header_like = b"A" + alike[: 0x18101 - 1]  # its length, cut before 8101, and an A
    for payload, cut in ((header_like, 8), (alike[:80_000], 10), (alike[:80_000], 1000)):
        far = opened()
        data = frame(BINARY, payload)
        for piece in (data[:cut], data[cut : cut + 30_000], data[cut + 30_000 :]):
            far.raw(piece)
        assert far.talk.messages == [(payload, True)]


def test_nor_is_what_looks_like_one_within_a_ping() -> None:
    far = opened()
    ping = b"\x81\x01A" * 10
    far.raw(frame(PING, ping)[:5])
    far.raw(frame(PING, ping)[5:] + frame(TEXT, b"news"))
    assert far.of(Opcode.PONG) == [ping]
    assert far.talk.messages == [(b"news", False)]


def test_a_message_over_the_limit_ends_the_connection_whole_or_in_fragments() -> None:
    for oversize in (
        frame(TEXT, b"a" * 101),
        frame(TEXT, b"a" * 60, fin=False) + frame(0, b"a" * 60),
    ):
        far = opened(Limits(message_bytes=100))
        far.raw(frame(TEXT, b"b" * 100))
        with capturedLogs():
            far.raw(oversize)
        assert far.transport.aborted
        assert far.talk.messages == [(b"b" * 100, False)]


# -- our own defects


@pytest.mark.parametrize("data", [frame(TEXT, b"x"), frame(TEXT, b"x", fin=False) + frame(0, b"")])
def test_what_a_conversation_raises_is_logged_and_ends_the_connection(data: bytes) -> None:
    far = opened()
    far.talk.react = lambda payload: 1 / 0
    with capturedLogs() as logs:
        far.raw(data + frame(TEXT, b"y"))
    assert far.transport.aborted
    assert far.talk.messages == [(b"x", False)]
    assert [event["log_failure"].type for event in logs if "log_failure" in event] == [
        ZeroDivisionError
    ]
    assert len(far.talk.closings) == 1


def test_a_conversation_that_cannot_even_begin_is_ended() -> None:
    far = FarEnd()
    far.talk.on_open = lambda: 1 / 0
    with capturedLogs() as logs:
        far.dial()
    assert far.transport.aborted
    assert far.talk.closings == ["a defect of ours"]
    assert any("log_failure" in event for event in logs)


# -- sending


def test_what_is_sent_arrives_masked_as_text_or_binary() -> None:
    far = opened()
    far.talk.wire.send(b'{"action":"auth"}')
    far.talk.wire.send(b"\x01", is_binary=True)
    assert far.of(Opcode.TEXT) == [b'{"action":"auth"}']
    assert far.of(Opcode.BINARY) == [b"\x01"]


def test_a_broker_that_takes_nothing_does_not_make_us_grow() -> None:
    far = opened(Limits(backlog_bytes=1000))
    far.transport.stalled = True
    for _ in range(100):
        far.talk.wire.send(b"a" * 100)
    assert far.transport.aborted
    assert far.transport.buffered <= 1100
    assert far.talk.closings == ["the broker does not take what is sent"]


def test_a_broker_that_takes_it_in_the_end_is_no_trouble() -> None:
    far = opened(Limits(backlog_bytes=1000))
    for _ in range(10):
        far.transport.stalled = True
        for _ in range(8):
            far.talk.wire.send(b"a" * 100)
        far.transport.stalled = False
        far.transport.producer.resumeProducing()
    assert not far.transport.lost


def test_a_flood_of_pings_does_not_make_us_grow_either() -> None:
    far = opened(Limits(backlog_bytes=1000))
    far.transport.stalled = True
    far.raw(frame(PING, b"p" * 100) * 50)
    assert far.transport.aborted


# -- signs of life


def test_28_a_process_that_was_held_up_reads_what_came_before_it_gives_a_connection_up() -> None:
    """Alpaca's pitfall of that number: keep-alives that are too tight under load end connections
    that live. Timers come before reads.
    """
    far = opened(Limits(ping_seconds=10))
    far.receive = lambda data: None  # type: ignore[method-assign]
    for seconds in (12.0, 35.0, 90.0):
        far.text("in time")
        pass_time(far.clock, 10.5)
        far.clock.advance(seconds)  # one turn: nothing is read in between
        far.text("read late")
        pass_time(far.clock, 5.0)
    assert not far.transport.lost
    assert far.talk.closings == []


def test_half_open_tcp_is_found_out_within_two_pings() -> None:
    far = opened(Limits(ping_seconds=10))
    far.receive = lambda data: None  # type: ignore[method-assign]
    far.text("last")
    pass_time(far.clock, 20.0 + LAST_LOOK_SECONDS - 0.1)
    assert not far.transport.lost
    pass_time(far.clock, 0.1)
    assert far.transport.aborted
    assert far.talk.closings == ["no sign of life"]
    assert far.clock.getDelayedCalls() == []


def test_a_broker_that_answers_pings_stays() -> None:
    far = opened(Limits(ping_seconds=10))
    pass_time(far.clock, 1000)
    assert not far.transport.lost
    assert len(far.of(Opcode.PING)) == 100


def test_pings_can_be_left_out() -> None:
    far = opened(Limits(ping_seconds=None))
    assert far.clock.getDelayedCalls() == []


# -- the end


def test_a_goodbye_is_said_and_answered() -> None:
    far = opened()
    far.talk.wire.close()
    assert far.of(Opcode.CLOSE) == [b"\x03\xe8"]
    far.transport.end(ConnectionError())
    assert far.talk.closings == ["closed by us"]
    assert far.clock.getDelayedCalls() == []


def test_a_goodbye_that_is_not_answered_has_an_end() -> None:
    far = opened()
    far.receive = lambda data: None  # type: ignore[method-assign]
    far.talk.wire.close()
    pass_time(far.clock, 1.9)
    assert not far.transport.lost
    pass_time(far.clock, 0.1)
    assert far.transport.aborted
    assert far.talk.closings == ["closed by us"]


def test_nothing_is_delivered_after_we_closed() -> None:
    far = opened()
    far.talk.react = lambda payload: far.talk.wire.close()
    far.raw(frame(TEXT, b"one") + frame(TEXT, b"two") + frame(TEXT, b"x", fin=False))
    far.raw(frame(0, b"y") + frame(TEXT, b"three"))
    assert far.talk.messages == [(b"one", False)]


def test_nor_the_end_of_what_had_begun() -> None:
    far = opened()
    far.raw(frame(TEXT, b"half", fin=False))
    far.receive = lambda data: None  # type: ignore[method-assign]
    far.talk.wire.close()
    far.raw(frame(0, b"whole"))
    assert far.talk.messages == []


def test_nothing_is_sent_after_we_closed() -> None:
    far = opened()
    far.talk.wire.close()
    far.talk.wire.send(b"late")
    far.talk.wire.close()
    far.talk.wire.abort()
    far.talk.wire.send(b"later")
    assert far.of(Opcode.TEXT) == []
    assert len(far.talk.closings) == 1


def test_a_close_of_the_broker_is_answered_and_its_reason_told() -> None:
    far = opened()
    far.server.send_close(1001, "maintenance")
    far.flush()
    assert len(far.of(Opcode.CLOSE)) == 1
    far.transport.end(ConnectionError())
    assert far.talk.closings == ["closed by the broker 1001 maintenance"]


def test_a_broker_that_closes_and_stays_is_dropped() -> None:
    far = opened()
    far.raw(frame(CLOSE, b"\x03\xe9"))
    pass_time(far.clock, 2)
    assert far.transport.aborted


def test_a_broken_connection_is_told_once() -> None:
    far = opened()
    far.drop()
    assert len(far.talk.closings) == 1
    assert far.clock.getDelayedCalls() == []


# -- frames


@given(st.binary(max_size=300), st.integers(0, 20))
def test_frames_never_run_past_the_data(data: bytes, at: int) -> None:
    messages, end = frames.take(data, at, 10**6)
    assert at <= end <= max(at, len(data))
    assert sum(len(payload) for payload, _ in messages) <= end - at
    assert at <= frames.control_end(data, at) <= max(at, len(data))
    frames.is_beginning(data, at)
