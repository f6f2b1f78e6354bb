"""Turns, joining, and one client's failure that is its own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from tradegw.interfaces import IEventSink
from tradegw.model.enums import Platform
from tradegw.model.subscription import Subscription
from tradegw.model.wire import encode
from tradegw.stream import fanout as fanout_module
from tradegw.stream.fanout import EAGER_CLIENTS, JOIN_BYTES, JOIN_MESSAGES, Fanout
from tradegw.stream.filter import EventFilter
from tradegw.stream.meters import NoMeters

from . import samples
from .wires import Gateway


class Ear:
    """Notes what it is sent, batch by batch."""

    def __init__(self, name: str = "ear", error: Exception | None = None) -> None:
        self.client_id = name
        self.outlet: Any = self
        self.batches: list[bytes] = []
        self.error = error
        self.dropped = 0

    def send(self, frames: bytes, messages: int) -> None:
        if self.error is not None:
            raise self.error
        assert frames.count(b'{"type"') == messages
        self.batches.append(frames)

    def leave(self, code: int, reason: str) -> None:
        raise NotImplementedError

    def drop(self) -> None:
        self.dropped += 1

    @property
    def symbols(self) -> list[str]:
        joined = b"".join(self.batches)
        return [part.split(b'"')[0].decode() for part in joined.split(b'"symbol":"')[1:]]


def made(*subscriptions: Subscription) -> tuple[Fanout, Clock]:
    clock = Clock()
    now = lambda: datetime(2025, 1, 15, tzinfo=UTC)  # noqa: E731  a wall clock that stands still
    return Fanout(clock, now, EventFilter(subscriptions, Platform.MOCK), NoMeters()), clock


def test_it_is_an_event_sink() -> None:
    fanout, _clock = made()
    assert verifyObject(IEventSink, fanout)


def test_publishing_to_nobody_is_harmless_and_schedules_nothing() -> None:
    fanout, clock = made()
    assert fanout.publish(samples.quote()) == 0
    assert clock.getDelayedCalls() == []


def test_publish_tells_how_many_clients_want_the_event() -> None:
    fanout, _clock = made(Subscription(Platform.MOCK, "AAPL", ("quote",)))
    for _ in range(3):
        fanout.add(Ear())
    assert fanout.publish(samples.quote("AAPL")) == 3
    assert fanout.publish(samples.quote("MSFT")) == 0
    assert fanout.publish(samples.alert()) == 3


def test_what_is_filtered_is_sent_to_nobody() -> None:
    fanout, clock = made(Subscription(Platform.MOCK, "AAPL", ("quote",)))
    ear = Ear()
    fanout.add(ear)
    for symbol in ("MSFT", "AAPL", "TSLA"):
        fanout.publish(samples.quote(symbol))
    clock.advance(0)
    assert ear.symbols == ["AAPL"]


def test_with_few_clients_the_first_event_of_a_turn_does_not_wait() -> None:
    fanout, clock = made()
    ear = Ear()
    fanout.add(ear)
    for symbol in ("A", "B", "C"):
        fanout.publish(samples.quote(symbol))
    assert ear.symbols == ["A"]
    clock.advance(0)
    assert ear.symbols == ["A", "B", "C"]
    assert len(ear.batches) == 2
    fanout.publish(samples.quote("D"))
    assert ear.symbols[-1] == "D"


def test_with_many_clients_the_events_of_a_turn_leave_together_at_its_end() -> None:
    fanout, clock = made()
    ears = [Ear() for _ in range(EAGER_CLIENTS + 1)]
    for ear in ears:
        fanout.add(ear)
    for symbol in ("A", "B", "C"):
        fanout.publish(samples.quote(symbol))
    assert ears[0].batches == []
    clock.advance(0)
    for ear in ears:
        assert ear.symbols == ["A", "B", "C"]
        assert len(ear.batches) == 1
    assert clock.getDelayedCalls() == []


def test_many_events_do_not_wait_for_the_end_of_the_turn() -> None:
    fanout, _clock = made()
    ear = Ear()
    fanout.add(ear)
    for _ in range(1 + JOIN_MESSAGES):
        fanout.publish(samples.quote())
    assert len(ear.symbols) == 1 + JOIN_MESSAGES


def test_large_events_do_not_wait_for_the_end_of_the_turn() -> None:
    fanout, _clock = made()
    ear = Ear()
    fanout.add(ear)
    fanout.publish(samples.quote())
    fanout.publish(samples.alert("x" * JOIN_BYTES))
    assert len(ear.batches) == 2


def test_flush_sends_what_waits_at_once() -> None:
    fanout, _clock = made()
    ear = Ear()
    fanout.add(ear)
    fanout.publish(samples.quote("A"))
    fanout.publish(samples.quote("B"))
    fanout.flush()
    assert ear.symbols == ["A", "B"]


def test_an_event_is_encoded_once_whatever_the_number_of_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[object] = []

    def counting(event: object) -> bytes:
        calls.append(event)
        return encode(event)

    monkeypatch.setattr(fanout_module, "encode", counting)
    fanout, clock = made()
    ears = [Ear() for _ in range(50)]
    for ear in ears:
        fanout.add(ear)
    fanout.publish(samples.quote())
    clock.advance(0)
    assert len(calls) == 1
    assert len({id(ear.batches[0]) for ear in ears}) == 1


def test_one_clients_failure_drops_that_client_alone() -> None:
    fanout, clock = made()
    first, bad, last = Ear("first"), Ear("bad", OSError("no buffer")), Ear("last")
    for ear in (first, bad, last):
        fanout.add(ear)
    fanout.publish(samples.quote("A"))
    fanout.publish(samples.quote("B"))
    clock.advance(0)
    assert first.symbols == last.symbols == ["A", "B"]
    assert bad.dropped == 2


def test_an_event_that_cannot_be_encoded_reaches_nobody_and_hinders_nothing() -> None:
    fanout, clock = made()
    ear = Ear()
    fanout.add(ear)
    broken = msgspec.structs.replace(samples.alert(), details={"what": object()})
    assert fanout.publish(broken) == 0
    assert fanout.publish(samples.quote("A")) == 1
    clock.advance(0)
    assert ear.symbols == ["A"]


def test_events_are_joined_again_after_a_large_one() -> None:
    fanout, clock = made()
    ear = Ear()
    fanout.add(ear)
    fanout.publish(samples.quote("A"))
    fanout.publish(samples.alert("x" * JOIN_BYTES))
    clock.advance(0)
    for symbol in ("B", "C", "D"):
        fanout.publish(samples.quote(symbol))
    clock.advance(0)
    assert len(ear.batches) == 4


def test_many_events_published_while_sending_keep_their_order() -> None:
    fanout, clock = made()

    class Echo(Ear):
        def send(self, frames: bytes, messages: int) -> None:
            super().send(frames, messages)
            if len(self.batches) == 1:
                for number in range(2 * JOIN_MESSAGES):
                    fanout.publish(samples.quote(f"E{number}"))

    ears = [Echo(), Ear()]
    for ear in ears:
        fanout.add(ear)
    fanout.publish(samples.quote("A"))
    clock.advance(0)
    expected = ["A", *(f"E{number}" for number in range(2 * JOIN_MESSAGES))]
    assert all(ear.symbols == expected for ear in ears)


@pytest.mark.parametrize("others", [0, EAGER_CLIENTS])
def test_what_is_published_while_sending_comes_after_what_is_being_sent(others: int) -> None:
    fanout, clock = made()

    class Echo(Ear):
        def send(self, frames: bytes, messages: int) -> None:
            super().send(frames, messages)
            if len(self.batches) == 1:
                fanout.publish(samples.quote("ECHO"))

    ears = [Echo(), *(Ear() for _ in range(others)), Ear()]
    for ear in ears:
        fanout.add(ear)
    fanout.publish(samples.quote("A"))
    clock.advance(0)
    clock.advance(0)
    assert all(ear.symbols == ["A", "ECHO"] for ear in ears)


def test_one_that_is_retired_hears_no_more_and_is_there_until_it_is_removed() -> None:
    fanout, clock = made()
    one, two = Ear(), Ear()
    fanout.add(one)
    fanout.add(two)
    assert fanout.publish(samples.quote()) == 2
    clock.advance(0)
    fanout.retire(one)
    fanout.retire(one)
    assert fanout.publish(samples.quote()) == 1
    assert len(fanout.connections) == 2
    fanout.remove(one)
    fanout.remove(one)
    assert list(fanout.connections) == [two]
    clock.advance(0)
    assert (len(one.batches), len(two.batches)) == (1, 2)


def test_when_empty_fires_when_the_last_is_gone() -> None:
    fanout, _clock = made()
    assert fanout.when_empty().called
    ear = Ear()
    fanout.add(ear)
    waiting = fanout.when_empty()
    assert not waiting.called
    fanout.remove(ear)
    assert waiting.called


def test_a_burst_larger_than_the_backlog_reaches_a_client_that_reads() -> None:
    gateway = Gateway()
    client = gateway.connect()
    gateway.publish(*(samples.quote(last=str(n)) for n in range(5000)))
    assert [m["quote"]["last"] for m in client.messages] == [str(n) for n in range(5000)]


def test_a_very_small_price_is_written_out() -> None:
    gateway = Gateway()
    client = gateway.connect()
    tiny = samples.quote()
    tiny = msgspec.structs.replace(
        tiny, quote=msgspec.structs.replace(tiny.quote, bid=Decimal("1E-9"))
    )
    gateway.publish(tiny)
    assert client.messages[0]["quote"]["bid"] == "0.000000001"
