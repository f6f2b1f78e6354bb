"""A client that reads slowly loses nothing while it stays, and goes when it is too far behind."""

from __future__ import annotations

import pytest
from websockets.frames import Opcode

from tradegw.model.events import QuoteEvent
from tradegw.stream.door import Limits
from tradegw.stream.protocol import MAX_PONGS_OWED

from . import samples
from .wires import Client, Gateway, masked

FRAME = 180  # bytes of a quote, about; the transport holds 64 KiB before it pauses its producer
HELD_BY_TRANSPORT = 64 * 1024 // FRAME


def number(sequence: int) -> QuoteEvent:
    return samples.quote(last=f"{sequence}")


def numbers(client: Client) -> list[int]:
    return [int(m["quote"]["last"]) for m in client.messages if m["type"] == "quote"]


def stalled(gateway: Gateway) -> Client:
    client = gateway.connect()
    client.wire.stall()
    return client


def test_a_client_that_falls_behind_and_catches_up_has_missed_nothing() -> None:
    gateway = Gateway()
    slow, quick = stalled(gateway), gateway.connect()
    for sequence in range(1200):
        gateway.publish(number(sequence))
    assert slow.wire.protocol.outlet.outbox.messages > 500
    slow.wire.drain()
    for sequence in range(1200, 1300):
        gateway.publish(number(sequence))
    assert numbers(slow) == numbers(quick) == list(range(1300))
    assert gateway.meters.evictions == 0


def test_a_client_may_fall_behind_again_while_it_catches_up() -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    for start in range(0, 4000, 1000):
        for sequence in range(start, start + 1000):
            gateway.publish(number(sequence))
        slow.wire.drain()
        slow.wire.stall()
    slow.wire.drain()
    assert numbers(slow) == list(range(4000))
    assert not slow.wire.protocol.outlet.outbox


def test_w47_a_client_too_far_behind_is_evicted_once_with_its_own_code() -> None:
    gateway = Gateway()
    slow, quick = stalled(gateway), gateway.connect()
    for sequence in range(3000):
        gateway.publish(number(sequence))
    assert gateway.meters.evictions == 1
    assert numbers(quick) == list(range(3000))
    slow.wire.drain()
    heard = numbers(slow)
    assert heard == list(range(len(heard)))  # what came, came whole and in order
    assert 1024 > len(heard) > HELD_BY_TRANSPORT // 2
    assert (slow.close_code, slow.close_reason) == (1008, "slow consumer")
    gateway.clock.advance(0)
    assert slow.wire.lost
    assert not slow.wire.aborted
    assert gateway.meters.active == 1


def test_eviction_comes_at_the_1025th_message_that_waits() -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    outlet = slow.wire.protocol.outlet
    while not outlet.is_paused:
        gateway.publish(number(0))
    for _ in range(1024):
        gateway.publish(number(0))
    assert outlet.outbox.messages == 1024
    assert gateway.meters.evictions == 0
    gateway.publish(number(0))
    assert gateway.meters.evictions == 1


def test_eviction_comes_at_the_limit_of_bytes_too() -> None:
    gateway = Gateway(limits=Limits(backlog_bytes=100_000))
    stalled(gateway)
    for _ in range(20):
        gateway.publish(samples.alert("x" * 10_000))
    assert gateway.meters.evictions == 1


def test_an_evicted_client_that_reads_nothing_is_aborted_after_five_seconds() -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    for sequence in range(3000):
        gateway.publish(number(sequence))
    gateway.clock.pump([4.9, 0])
    assert not slow.wire.lost
    gateway.clock.pump([0.2, 0])
    assert slow.wire.aborted
    assert gateway.meters.active == 0
    assert gateway.meters.evictions == 1
    assert gateway.clock.getDelayedCalls() == []


def test_an_evicted_client_hears_nothing_more_and_is_not_counted_as_a_listener() -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    for sequence in range(3000):
        gateway.publish(number(sequence))
    size = len(slow.wire.buffer)
    assert gateway.fanout.publish(number(0)) == 0
    gateway.clock.advance(0)
    assert len(slow.wire.buffer) == size
    assert not slow.wire.protocol.outlet.outbox


def test_a_ping_is_answered_while_the_backlog_is_full() -> None:
    """The pong is put behind what the transport holds, not behind all that waits."""
    gateway = Gateway()
    slow = stalled(gateway)
    while slow.wire.protocol.outlet.outbox.messages < 1024:
        gateway.publish(number(0))
    before = len(slow.wire.buffer)
    slow.raw(masked(Opcode.PING, b"sdk"))
    assert slow.wire.buffer[before:] == b"\x8a\x03sdk"
    slow.wire.drain()
    slow.read()
    opcodes = [frame.opcode for frame in slow.frames]
    assert opcodes.index(Opcode.PONG) < HELD_BY_TRANSPORT * 1.1
    assert opcodes.count(Opcode.TEXT) > 1024 + HELD_BY_TRANSPORT // 2


def test_a_client_that_pings_without_end_and_reads_nothing_is_evicted() -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    while not slow.wire.protocol.outlet.is_paused:
        gateway.publish(number(0))
    for _ in range(2 * MAX_PONGS_OWED):
        slow.raw(masked(Opcode.PING, b"x" * 125))
    assert gateway.meters.evictions == 1
    assert len(slow.wire.buffer) < 70_000 + MAX_PONGS_OWED * 127 + 1000


def test_one_that_pings_and_reads_is_never_evicted_for_it() -> None:
    gateway = Gateway()
    client = gateway.connect()
    for _ in range(3 * MAX_PONGS_OWED):
        client.raw(masked(Opcode.PING, b""))
    assert len(client.of(Opcode.PONG)) == 3 * MAX_PONGS_OWED
    assert gateway.meters.evictions == 0


def test_the_largest_backlog_is_told_and_told_again_when_it_is_gone() -> None:
    gateway = Gateway()
    slow, slower = stalled(gateway), stalled(gateway)
    for _ in range(600):
        gateway.publish(number(0))
    slow.wire.drain()
    slow.wire.stall()
    for _ in range(100):
        gateway.publish(number(0))
    assert gateway.meters.backlogs[-1] == slower.wire.protocol.outlet.outbox.messages > 200
    slower.wire.drain()
    slow.wire.drain()
    assert gateway.meters.backlogs[-1] == 0


def test_a_slow_client_that_vanishes_leaves_no_backlog_behind() -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    for _ in range(600):
        gateway.publish(number(0))
    slow.vanish()
    assert gateway.meters.backlogs[-1] == 0
    gateway.publish(number(0))
    assert gateway.meters.backlogs[-1] == 0


def test_the_answer_to_a_bad_message_waits_its_turn_too() -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    while slow.wire.protocol.outlet.outbox.messages < 10:
        gateway.publish(number(0))
    slow.raw(masked(Opcode.TEXT, b"garbage"))
    slow.wire.drain()
    assert [m["type"] for m in slow.messages][-1] == "error"


@pytest.mark.parametrize("seconds", [0, 3])
def test_a_stalled_client_that_leaves_is_gone_for_good(seconds: float) -> None:
    gateway = Gateway()
    slow = stalled(gateway)
    for _ in range(600):
        gateway.publish(number(0))
    slow.protocol.send_close(1001)
    slow.push()
    gateway.clock.advance(seconds)
    slow.wire.drain()
    assert slow.wire.lost
    assert gateway.meters.active == 0
    assert gateway.meters.evictions == 0
