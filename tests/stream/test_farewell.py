"""The gateway stops: every client is told, closed with 1001, and waited for in bounds (9.13)."""

from __future__ import annotations

from websockets.frames import Opcode

from . import samples
from .wires import Gateway, masked


def test_with_nobody_connected_there_is_no_wait() -> None:
    gateway = Gateway()
    done = gateway.fanout.close_all()
    assert done.called
    assert gateway.clock.getDelayedCalls() == []


def test_each_client_gets_the_notice_then_half_a_second_later_the_close() -> None:
    gateway = Gateway()
    clients = [gateway.connect() for _ in range(3)]
    done = gateway.fanout.close_all()
    for client in clients:
        [notice] = client.messages
        assert notice == {
            "type": "connection",
            "event": "DISCONNECTING",
            "timestamp": "2025-01-15T10:30:00Z",
        }
    gateway.clock.advance(0.49)
    assert [client.close_code for client in clients] == [None] * 3
    gateway.clock.advance(0.02)
    for client in clients:
        assert (client.close_code, client.close_reason) == (1001, "Gateway shutting down")
    gateway.clock.advance(0)
    assert done.called
    assert gateway.meters.active == 0
    assert all(client.wire.lost and not client.wire.aborted for client in clients)
    assert gateway.clock.getDelayedCalls() == []


def test_what_happens_during_the_notice_is_still_told() -> None:
    gateway = Gateway()
    client = gateway.connect()

    def last_moment() -> None:  # in the very turn of the Close frame
        gateway.fanout.publish(samples.trade())
        gateway.fanout.publish(samples.position())

    gateway.clock.callLater(0.5, last_moment)
    gateway.fanout.close_all()
    gateway.clock.advance(0.4)
    gateway.publish(samples.order())
    gateway.clock.advance(0.1)
    client.read()
    assert [m["type"] for m in client.messages] == ["connection", "order", "trade", "position"]
    assert client.frames[-1].opcode is Opcode.CLOSE


def test_a_client_that_does_not_answer_is_aborted_after_two_seconds() -> None:
    gateway = Gateway()
    mute = gateway.connect()
    done = gateway.fanout.close_all()
    gateway.clock.pump([0.5, 1.9])
    assert not done.called
    gateway.clock.pump([0.2, 0])
    assert done.called
    assert mute.wire.aborted
    assert gateway.meters.active == 0


def test_a_client_that_reads_nothing_is_handed_all_that_waits_before_the_close() -> None:
    gateway = Gateway()
    slow = gateway.connect()
    slow.wire.stall()
    for sequence in range(900):
        gateway.publish(samples.quote(last=str(sequence)))
    gateway.fanout.close_all()
    gateway.clock.pump([0.5, 1])
    slow.wire.drain()
    slow.read()
    assert len(slow.messages) == 901
    assert slow.close_code == 1001


def test_one_that_does_not_answer_does_not_delay_the_others() -> None:
    gateway = Gateway()
    mute, polite = gateway.connect(), gateway.connect()
    gateway.fanout.close_all()
    gateway.clock.advance(0.5)
    polite.read()
    gateway.clock.advance(0)
    assert polite.wire.lost
    assert not mute.wire.lost


def test_if_all_leave_on_their_own_there_is_nothing_to_wait_for() -> None:
    gateway = Gateway()
    client = gateway.connect()
    done = gateway.fanout.close_all()
    client.vanish()
    assert done.called


def test_a_client_that_sends_its_own_close_meanwhile_is_answered() -> None:
    gateway = Gateway()
    client = gateway.connect()
    done = gateway.fanout.close_all()
    client.raw(masked(Opcode.CLOSE, b"\x03\xe8"))
    gateway.clock.advance(0)
    assert done.called
    assert client.wire.lost


def test_stopping_twice_does_no_harm() -> None:
    gateway = Gateway()
    client = gateway.connect()
    first, second = gateway.fanout.close_all(), gateway.fanout.close_all()
    gateway.clock.advance(0.5)
    client.read()
    gateway.clock.advance(0)
    assert first.called
    assert second.called
    assert client.of(Opcode.CLOSE) == [b"\x03\xe9Gateway shutting down"]
