"""One client and the gateway: what is heard, answered, tolerated, refused (protocol section 5)."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Opcode

from tradegw.stream.door import Limits

from . import samples
from .wires import Client, Gateway, masked

ACK = b'{"type":"event_ack","correlation_id":"c","events_processed":["evt-17"],"timestamp":17}'


def settle(gateway: Gateway) -> None:
    """Let connections that were told to end do so."""
    gateway.clock.pump([0, 1, 0, 5, 0])


def test_a_client_hears_what_is_published_while_it_is_there() -> None:
    gateway = Gateway()
    gateway.publish(samples.quote("BEFORE"))
    client = gateway.connect()
    gateway.publish(samples.quote("AAPL"))
    client.vanish()
    gateway.publish(samples.quote("AFTER"))
    assert [m["quote"]["symbol"] for m in client.messages] == ["AAPL"]


def test_nothing_is_said_to_a_new_client_unless_prices_are_stale() -> None:
    assert Gateway().connect().messages == []
    stale = Gateway(greeting=lambda: [samples.staleness()]).connect()
    assert [m["event"] for m in stale.messages] == ["STALE"]


def test_the_greeting_is_for_the_new_client_alone() -> None:
    greetings: list[Any] = []
    gateway = Gateway(greeting=lambda: greetings)
    first = gateway.connect()
    greetings.append(samples.staleness())
    second = gateway.connect()
    gateway.publish(samples.ping())
    assert [m["type"] for m in first.messages] == ["ping"]
    assert [m["type"] for m in second.messages] == ["data_staleness", "ping"]


def test_a_greeting_that_fails_is_logged_and_the_client_stays() -> None:
    gateway = Gateway(greeting=lambda: 1 / 0)
    client = gateway.connect()
    gateway.publish(samples.quote())
    assert len(client.messages) == 1


def test_a_client_that_cannot_be_let_in_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway()
    bystander = gateway.connect()
    monkeypatch.setattr(gateway.fanout, "add", lambda listener: 1 / 0)
    client = gateway.connect()
    gateway.clock.advance(0)
    assert client.wire.aborted
    assert gateway.meters.active == 1
    assert not bystander.wire.lost


def test_an_event_published_before_the_handshake_in_the_same_turn_is_not_for_the_newcomer() -> None:
    gateway = Gateway()
    old = gateway.connect()
    for symbol in ("A", "B"):
        gateway.fanout.publish(samples.quote(symbol))
    new = gateway.connect()
    gateway.publish(samples.quote("C"))
    assert [m["quote"]["symbol"] for m in old.messages] == ["A", "B", "C"]
    assert [m["quote"]["symbol"] for m in new.messages] == ["C"]


def test_five_clients_each_get_all_ten_events_in_order() -> None:
    gateway = Gateway()
    clients = [gateway.connect() for _ in range(5)]
    for number in range(10):
        gateway.publish(samples.quote(f"S{number}"))
    for client in clients:
        assert [m["quote"]["symbol"] for m in client.messages] == [f"S{n}" for n in range(10)]


def test_a_client_that_leaves_frees_its_place_and_the_others_stay() -> None:
    gateway = Gateway()
    leaver, stayer = gateway.connect(), gateway.connect()
    assert (gateway.meters.active, len(gateway.fanout.connections)) == (2, 2)
    leaver.vanish()
    assert (gateway.meters.active, len(gateway.fanout.connections)) == (1, 1)
    assert gateway.fanout.publish(samples.quote()) == 1
    stayer.vanish()
    assert gateway.meters.active == 0
    assert gateway.fanout.publish(samples.quote()) == 0


def test_a_clients_close_is_answered_and_the_connection_ends_in_good_order() -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.protocol.send_close(1000, "bye")
    client.push()
    gateway.publish(samples.quote())
    assert client.close_code == 1000
    assert client.texts == []
    assert client.wire.lost
    assert not client.wire.aborted
    assert gateway.meters.active == 0
    assert gateway.clock.getDelayedCalls() == []


def test_a_client_that_closes_and_reads_nothing_is_aborted_after_five_seconds() -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.wire.stall()
    gateway.publish(samples.quote())
    client.protocol.send_close(1000)
    client.push()
    gateway.clock.advance(4.9)
    assert not client.wire.lost
    gateway.clock.pump([0.2, 0])
    assert client.wire.aborted
    assert gateway.meters.active == 0


# -- what clients say


def test_an_acknowledgement_goes_to_who_waits_for_it() -> None:
    gateway = Gateway()
    first, second = gateway.connect(), gateway.connect()
    first.say(ACK)
    second.say('{"type":"event_ack","events_processed":["a","b"]}')
    first.say('{"type":"event_ack","events_processed":[]}')
    assert gateway.acks == [
        ("client-1", ("evt-17",)),
        ("client-2", ("a", "b")),
        ("client-1", ()),
    ]
    assert first.messages == second.messages == []


def test_an_acknowledgement_in_fragments_is_understood() -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.raw(
        masked(Opcode.TEXT, ACK[:20], fin=False) + masked(Opcode.CONT, ACK[20:40], fin=False)
    )
    client.raw(masked(Opcode.PING, b"between") + masked(Opcode.CONT, ACK[40:]))
    assert gateway.acks == [("client-1", ("evt-17",))]
    assert client.of(Opcode.PONG) == [b"between"]


def test_a_pong_is_taken_without_reply() -> None:
    client = Gateway().connect()
    client.say('{"type":"pong","anything":1}')
    assert client.messages == []


@pytest.mark.parametrize(
    "text", ["garbage", "", "{}", "[1]", '{"type":"order"}', '{"type":"event_ack"}', '"pong"']
)
def test_what_is_not_understood_leaves_the_connection_open(text: str) -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.say(text)
    client.say(ACK)
    gateway.publish(samples.quote())
    assert [m["type"] for m in client.messages] == ["error", "quote"]
    assert gateway.acks == [("client-1", ("evt-17",))]


def test_a_client_is_told_of_its_bad_messages_once_in_ten_seconds() -> None:
    gateway = Gateway()
    client = gateway.connect()
    for _ in range(100):
        client.say("garbage")
    gateway.clock.advance(9.9)
    client.say("garbage")
    assert len(client.messages) == 1
    gateway.clock.advance(0.2)
    client.say("garbage")
    assert [m["code"] for m in client.messages] == ["INVALID_MESSAGE"] * 2
    assert client.messages[0]["timestamp"] == "2025-01-15T10:30:00Z"


def test_binary_messages_are_ignored() -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.raw(masked(Opcode.BINARY, ACK))
    gateway.publish(samples.quote())
    assert gateway.acks == []
    assert [m["type"] for m in client.messages] == ["quote"]


def test_a_listener_of_acknowledgements_that_fails_harms_nobody() -> None:
    gateway = Gateway()
    client = gateway.connect()
    gateway.acks = None  # type: ignore[assignment]  # the next append fails
    client.say(ACK)
    gateway.publish(samples.quote())
    assert [m["type"] for m in client.messages] == ["quote"]


# -- what is refused


@pytest.mark.parametrize(
    ("bytes_in", "code"),
    [
        (b"\x81\x03abc", 1002),  # not masked
        (masked(Opcode.TEXT, b"x", rsv1=True), 1002),  # compressed, though not agreed
        (masked(Opcode.CONT, b"x"), 1002),  # nothing to continue
        (masked(Opcode.PING, b"x", fin=False), 1002),  # a control frame in fragments
        (b"\x83\x80mask", 1002),  # a reserved opcode
        (b"\x89\xfe\x00\x7emask" + b"x" * 126, 1002),  # too long a ping
        (b"\x81\xfe\x00\x05mask" + b"x" * 5, 1002),  # a length not in its shortest form
        (masked(Opcode.TEXT, b"a", fin=False) + masked(Opcode.TEXT, b"b"), 1002),
        (masked(Opcode.CLOSE, struct.pack("!H", 1005)), 1002),
        (masked(Opcode.TEXT, b"\xff\xfe"), 1007),
        (masked(Opcode.TEXT, b"x" * (1024 * 1024 + 1)), 1009),
        (b"\x81\xff" + struct.pack("!Q", 1 << 40) + b"mask", 1009),
        (
            masked(Opcode.TEXT, b"x" * 600_000, fin=False)
            + masked(Opcode.CONT, b"x" * 600_000, fin=False),
            1009,
        ),
    ],
)
def test_a_breach_of_the_protocol_is_told_and_ends_the_connection(
    bytes_in: bytes, code: int
) -> None:
    gateway = Gateway()
    culprit, bystander = gateway.connect(), gateway.connect()
    culprit.raw(bytes_in)
    gateway.publish(samples.quote())
    assert culprit.close_code == code
    assert culprit.texts == []
    assert len(bystander.messages) == 1
    gateway.clock.pump([1, 0])
    assert culprit.wire.lost
    assert not culprit.wire.aborted  # so that the client does read the code
    assert gateway.meters.active == 1
    assert not bystander.wire.lost


def test_a_message_of_exactly_one_mebibyte_is_read() -> None:
    gateway = Gateway()
    client = gateway.connect()
    padding = b" " * (1024 * 1024 - len(ACK))
    client.raw(masked(Opcode.TEXT, ACK + padding))
    assert gateway.acks == [("client-1", ("evt-17",))]


def test_a_client_that_broke_the_protocol_and_reads_nothing_is_aborted() -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.wire.stall()
    client.raw(b"\x81\x03abc")
    gateway.clock.pump([1, 4.9, 0])
    assert client.wire.disconnecting
    assert not client.wire.lost
    gateway.clock.pump([0.2, 0])
    assert client.wire.aborted
    assert gateway.clock.getDelayedCalls() == []


def test_nothing_is_said_after_a_close_frame() -> None:
    """Neither to a bad message that comes later, nor what waited for a client that was behind."""
    gateway = Gateway()
    client = gateway.connect()
    client.wire.protocol.leave(1001, "bye")
    client.raw(masked(Opcode.TEXT, b"garbage") + masked(Opcode.PING, b"x"))
    gateway.publish(samples.quote())
    client.read()
    assert [frame.opcode for frame in client.frames] == [Opcode.CLOSE]

    behind = gateway.connect()
    behind.wire.stall()
    for _ in range(600):
        gateway.publish(samples.quote())
    gateway.clock.pump([25] * 6)
    behind.wire.drain()
    assert behind.wire.sent.endswith(b"no sign of life")


def test_nothing_is_collected_from_a_client_that_was_failed() -> None:
    """An endless control frame would otherwise be kept until the connection ends."""
    gateway = Gateway()
    client = gateway.connect()
    client.raw(b"\x89\xff" + struct.pack("!Q", 1 << 40) + b"mask")
    protocol = client.wire.protocol
    for _ in range(100):
        client.raw(b"x" * 1000)
    assert sum(map(len, protocol.control_frame_data or [])) == 0
    assert len(protocol.data) == 0
    assert client.close_code == 1002


# -- signs of life


def test_a_ping_is_answered_at_once() -> None:
    client = Gateway().connect()
    client.ping(b"are you there")
    assert client.of(Opcode.PONG) == [b"are you there"]


def test_w48_the_gateway_pings_every_25_seconds() -> None:
    gateway = Gateway()
    client = gateway.connect()
    gateway.clock.advance(24.9)
    assert client.of(Opcode.PING) == []
    gateway.clock.advance(0.2)
    assert len(client.of(Opcode.PING)) == 1
    gateway.clock.advance(25)
    assert len(client.of(Opcode.PING)) == 2


def test_a_client_is_not_closed_for_missing_pongs_alone() -> None:
    """A busy SDK client answers no ping for minutes; its own pings are its sign of life."""
    gateway = Gateway()
    client = gateway.connect()
    for _ in range(30):
        gateway.clock.advance(20)
        client.raw(masked(Opcode.PING, b""))
    gateway.publish(samples.quote())
    assert not client.wire.lost
    assert client.messages


def test_any_byte_is_a_sign_of_life() -> None:
    gateway = Gateway()
    client = gateway.connect()
    frame = masked(Opcode.TEXT, ACK)
    for at in range(len(frame)):
        gateway.clock.pump([25, 25, 25, 25])
        client.raw(frame[at : at + 1])
    assert gateway.acks == [("client-1", ("evt-17",))]
    assert not client.wire.lost


def test_a_client_silent_for_two_minutes_is_gone() -> None:
    gateway = Gateway()
    client = gateway.connect()
    gateway.clock.pump([25] * 5)
    assert not client.wire.protocol.closedByMe
    gateway.clock.advance(25)
    assert client.wire.protocol.closedByMe
    gateway.clock.pump([5, 0])
    assert client.wire.lost
    assert client.close_code == 1008
    assert gateway.meters.evictions == 0


def test_in_a_backtest_silence_is_never_held_against_a_client() -> None:
    gateway = Gateway(limits=Limits(silence_seconds=None))
    client = gateway.connect()
    gateway.clock.pump([25] * 1000)
    gateway.publish(samples.quote())
    assert client.messages


# -- bad bytes

CHUNKS = st.lists(
    st.binary(max_size=40)
    | st.builds(
        masked,
        st.sampled_from(list(Opcode)),
        st.binary(max_size=130) | st.just(ACK),
        fin=st.booleans(),
        rsv1=st.booleans(),
    )
    | st.sampled_from([b"\x81", b"\x81\xfe", b"\x88\x80mask", b"\x8a\x80mask", b"\x89\x84mask"]),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(chunks=CHUNKS)
def test_no_bytes_of_a_client_raise_or_affect_another(chunks: list[bytes]) -> None:
    gateway = Gateway()
    culprit, bystander = gateway.connect(), gateway.connect()
    for chunk in chunks:
        culprit.raw(chunk)
        gateway.publish(samples.quote())
    settle(gateway)
    assert len(bystander.messages) == len(chunks)
    assert not bystander.wire.lost
    assert all(name == "client-1" for name, _ids in gateway.acks)
    gateway.clock.pump([25] * 7 + [5, 0])
    assert culprit.wire.lost or not culprit.wire.protocol.closedByMe


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.say(text)
    gateway.publish(samples.quote())
    assert msgspec.json.decode(client.texts[-1])["type"] == "quote"


def test_clients_have_names_of_their_own() -> None:
    gateway = Gateway()
    names = [client.wire.protocol.client_id for client in (gateway.connect(), gateway.connect())]
    assert names == ["client-1", "client-2"]


def test_the_socket_does_not_delay_small_messages() -> None:
    wire = Gateway().wire()
    wire.no_delay = False
    Client(wire).read()
    assert wire.no_delay
