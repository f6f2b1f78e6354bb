"""Clients that come back get what they missed, once, in order, and go live (guarantee G3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from websockets.frames import Opcode
from zope.interface.verify import verifyObject

from tradegw.errors import JournalUnavailable
from tradegw.interfaces import IEventLog
from tradegw.model.enums import Platform
from tradegw.model.subscription import Subscription
from tradegw.stream.door import Limits
from tradegw.stream.messages import MAX_MESSAGE_BYTES
from tradegw.stream.resume import PAGE_MESSAGES

from . import samples
from .book import Book
from .wires import Client, Gateway

FIRST = 1001


def kept(count: int = 10, **options: Any) -> tuple[Gateway, Book]:
    """A gateway, and its log of *count* events that nobody heard."""
    book = Book(FIRST)
    book.fill(count)
    return Gateway(log=book, **options), book


def settle(gateway: Gateway) -> None:
    """Let all replays come to their end."""
    gateway.clock.advance(0)


def refusal(gateway: Gateway, client: Client) -> dict[str, Any]:
    """The one message of a client that was sent away for what it asked."""
    settle(gateway)
    [told] = client.messages
    assert told["type"] == "error"
    assert told["code"] == "INVALID_MESSAGE"
    assert client.close_code == 1008
    assert gateway.fanout.publish(samples.quote()) == 0
    gateway.clock.pump([0, 5, 0])
    assert client.wire.lost
    assert gateway.meters.active == 0
    assert gateway.meters.evictions == 0
    assert gateway.clock.getDelayedCalls() == []
    return told


def test_the_book_is_an_event_log() -> None:
    assert verifyObject(IEventLog, Book())


def test_what_was_missed_is_told_byte_for_byte_and_then_what_comes() -> None:
    gateway, book = kept()
    client = gateway.connect("?since=1004")
    settle(gateway)
    assert client.texts == book.after(1004)
    book.tell(gateway, samples.order(), samples.trade())
    gateway.publish(samples.quote())
    assert client.texts[:-1] == book.after(1004)
    assert client.messages[-1]["type"] == "quote"


def test_what_is_told_again_is_what_was_told_live() -> None:
    gateway, book = kept(0)
    present = gateway.connect()
    book.tell(gateway, samples.order(), samples.position(), samples.account(), samples.alert())
    book.tell(gateway, samples.trade(), samples.financing())
    gateway.publish()
    late = gateway.connect("?since=0")
    settle(gateway)
    assert late.texts == present.texts == book.after(0)


@pytest.mark.parametrize("query", ["?since=1010", "?since=1010&epoch=e1", "?x=1&since=%31010&y"])
def test_one_that_missed_nothing_goes_live_at_once(query: str) -> None:
    gateway, book = kept()
    client = gateway.connect(query)
    settle(gateway)
    assert client.texts == []
    book.tell(gateway, samples.order())
    settle(gateway)
    assert client.texts == book.after(1010)


@pytest.mark.parametrize("query", ["", "?", "?since_id=5", "?Since=5", "?symbol=AAPL&sinc=1"])
def test_one_that_asks_for_nothing_of_the_past_gets_nothing_of_it(query: str) -> None:
    gateway, book = kept()
    client = gateway.connect(query)
    book.tell(gateway, samples.order())
    settle(gateway)
    assert client.texts == book.after(1010)
    assert book.reads == 0


def test_since_0_begins_with_the_oldest_that_is_kept() -> None:
    gateway, book = kept()
    client = gateway.connect("?since=0")
    settle(gateway)
    assert client.texts == book.after(1000)
    book.expire(1006)
    later = gateway.connect("?since=0&epoch=e1")
    settle(gateway)
    assert later.texts == book.after(1005)


def test_the_last_number_before_the_oldest_can_be_resumed_from() -> None:
    gateway, book = kept()
    book.expire(1006)
    client = gateway.connect("?since=1005")
    settle(gateway)
    assert client.texts == book.after(1005)


def test_a_log_without_events_can_be_resumed_from_its_beginning() -> None:
    gateway, book = kept(0)
    clients = [gateway.connect(f"?since={since}") for since in (0, 1000)]
    settle(gateway)
    book.tell(gateway, samples.order())
    settle(gateway)
    for client in clients:
        assert client.texts == book.after(0)


# -- refused, and told so


@pytest.mark.parametrize(
    "query",
    [
        "since=1011",  # yet to come
        "since=9007199254740991",
        "since=1004",  # expired
        "since=1",
        "since=1736937000000&epoch=older",
        "since=1008&epoch=other",
        "since=0&epoch=other",
        "since=1008&epoch=",
        "since=1008&epoch=%ff",
        "since=-1",
        "since=%2B1008",
        "since=+1008",
        "since=1008.0",
        "since=1e3",
        "since=0x3f0",
        "since=1_008",
        "since=%D9%A1",
        "since=%zz",
        "since=9007199254740992",
        "since=99999999999999999999999999",
        "since=",
        "since",
        "since=null",
        "since=1008&since=1008",
        "since=1008&%73ince=1009",
        "since=1008&epoch=e1&epoch=e1",
        "epoch=e1",
    ],
)
def test_a_since_that_cannot_be_served_is_told_and_closed(query: str) -> None:
    gateway, book = kept()
    book.expire(1006)
    told = refusal(gateway, gateway.connect(f"?{query}"))
    assert told["details"] == {"field": "since", "oldest": 1006, "newest": 1010, "epoch": "e1"}
    assert told["message"]
    assert book.reads == 0


def test_where_no_events_are_kept_nothing_can_be_resumed_but_one_can_listen() -> None:
    gateway = Gateway()
    for query in ("?since=0", "?since=5&epoch=e"):
        client = gateway.connect(query)
        assert refusal(gateway, client)["details"] == {"field": "since"}
    client = gateway.connect()
    gateway.publish(samples.quote())
    assert len(client.messages) == 1


def test_a_bystander_hears_nothing_of_a_refusal() -> None:
    gateway, _book = kept()
    bystander = gateway.connect()
    gateway.connect("?since=7")
    gateway.clock.pump([0, 5, 0])
    assert bystander.messages == []
    assert gateway.meters.active == 1


@pytest.mark.parametrize("error", [JournalUnavailable("The disk is gone"), ValueError("a defect")])
@pytest.mark.parametrize("pages", [0, 2])
def test_a_log_that_cannot_be_read_closes_the_client_so_that_it_comes_again(
    error: Exception, pages: int
) -> None:
    gateway, book = kept(10 * PAGE_MESSAGES)
    client = gateway.connect("?since=0")
    for _ in range(pages):
        gateway.clock.turn()
    book.error = error
    settle(gateway)
    assert client.texts[:-1] == book.after(0)[: pages * PAGE_MESSAGES]
    assert client.messages[-1]["code"] == "INTERNAL_ERROR"
    assert client.messages[-1]["message"] != "a defect"
    assert client.close_code == 1011
    book.error = None
    again = gateway.connect(f"?since={FIRST - 1 + pages * PAGE_MESSAGES}")
    settle(gateway)
    assert client.texts[:-1] + again.texts == book.after(0)


def test_events_that_expire_before_a_slow_client_gets_them_are_not_skipped_in_silence() -> None:
    gateway, book = kept(10 * PAGE_MESSAGES)
    client = gateway.connect("?since=0")
    gateway.clock.turn()
    book.expire(FIRST + 3 * PAGE_MESSAGES)
    settle(gateway)
    assert len(client.texts) == PAGE_MESSAGES + 1
    assert client.messages[-1]["code"] == "INVALID_MESSAGE"
    assert client.messages[-1]["details"]["oldest"] == FIRST + 3 * PAGE_MESSAGES
    assert client.close_code == 1008


@pytest.mark.parametrize("missing", [1001, 1005])
def test_a_hole_in_the_log_is_not_skipped_in_silence(missing: int) -> None:
    gateway, book = kept()
    del book.told[missing]
    client = gateway.connect("?since=1000")
    settle(gateway)
    assert client.texts[:-1] == [told for seq, told in book.told.items() if seq < missing]
    assert client.messages[-1]["code"] == "INVALID_MESSAGE"
    assert client.close_code == 1008


# -- joining


def test_what_is_durable_but_not_published_yet_is_left_to_the_fan_out() -> None:
    gateway, book = kept()
    held = [book.enter(samples.order()) for _ in range(3)]
    client = gateway.connect("?since=1005")
    settle(gateway)
    assert client.texts == book.after(1005)[:5]
    book.newest += 3
    gateway.publish(*held)
    assert client.texts == book.after(1005)


def test_a_long_replay_overtakes_what_is_published_meanwhile() -> None:
    gateway, book = kept(20 * PAGE_MESSAGES)
    client = gateway.connect("?since=0")
    for _ in range(30):
        book.tell(gateway, *[samples.trade()] * (PAGE_MESSAGES // 2))
        gateway.clock.turn()
    assert client.texts != book.after(0)
    settle(gateway)
    book.tell(gateway, samples.order())
    settle(gateway)
    assert client.texts == book.after(0)


def test_what_was_published_earlier_in_the_turn_of_joining_comes_once() -> None:
    """Frames that wait for the end of the turn are for those who were there before."""
    gateway, book = kept(0)
    others = [gateway.connect() for _ in range(3)]
    client = gateway.connect("?since=0")
    book.tell(gateway, *[samples.order()] * 5)
    gateway.clock.turn()
    book.tell(gateway, *[samples.trade()] * 5)
    settle(gateway)
    for each in (*others, client):
        assert each.texts == book.after(0)


def test_events_without_a_number_are_for_those_who_are_live() -> None:
    gateway, book = kept(3 * PAGE_MESSAGES)
    client = gateway.connect("?since=0")
    gateway.clock.turn()
    gateway.fanout.publish(samples.quote("DURING"))
    settle(gateway)
    gateway.publish(samples.quote("LIVE"), samples.connection())
    assert client.texts[:-2] == book.after(0)
    assert [m["type"] for m in client.messages[-2:]] == ["quote", "connection"]


def test_what_is_stale_is_told_when_the_replay_is_over() -> None:
    stale: list[Any] = [samples.staleness()]
    gateway, book = kept(3 * PAGE_MESSAGES, greeting=lambda: stale)
    client, another = gateway.connect("?since=0"), gateway.connect("?since=0")
    gateway.clock.turn()
    settle(gateway)
    assert client.texts[:-1] == another.texts[:-1] == book.after(0)
    assert client.messages[-1]["event"] == "STALE"
    later = gateway.connect("?since=0")
    gateway.clock.turn()
    stale.clear()  # fresh again while the replay is under way
    settle(gateway)
    assert later.texts == book.after(0)


def test_the_subscriptions_hold_for_the_past_too() -> None:
    wanted = Subscription(Platform.MOCK, "AAPL", ("order_update",))
    gateway, book = kept(0, subscriptions=(wanted,))
    present = gateway.connect()
    for symbol in ("AAPL", "MSFT"):
        book.tell(gateway, samples.order(symbol), samples.trade(symbol), samples.position(symbol))
    book.tell(gateway, samples.alert(), samples.account(), samples.financing())
    settle(gateway)
    late = gateway.connect("?since=0")
    settle(gateway)
    assert late.texts == present.texts
    assert [m["type"] for m in late.messages] == ["order", "error"]


def test_a_page_of_which_nothing_is_wanted_does_not_end_the_replay() -> None:
    wanted = Subscription(Platform.MOCK, "AAPL", ("order_update",))
    gateway, book = kept(0, subscriptions=(wanted,))
    book.tell(gateway, *[samples.order("MSFT")] * (3 * PAGE_MESSAGES), samples.order("AAPL"))
    client = gateway.connect("?since=0")
    settle(gateway)
    assert client.texts == book.after(0)[-1:]


def test_a_message_of_another_version_is_told_whatever_the_subscriptions() -> None:
    gateway, book = kept(1, subscriptions=(Subscription(Platform.MOCK, "X", ("quote",)),))
    book.told[FIRST] = b'{"type":"novelty","seq":1001}'
    client = gateway.connect("?since=0")
    settle(gateway)
    assert client.texts == [b'{"type":"novelty","seq":1001}']


@pytest.mark.parametrize(
    "event", [samples.alert("no stop! " * 40_000), samples.order("x" * 300_000)]
)
def test_a_message_too_large_for_clients_is_replaced_as_it_was_live(event: Any) -> None:
    gateway, book = kept(0)
    present = gateway.connect()
    book.tell(gateway, event)
    settle(gateway)
    late = gateway.connect("?since=0")
    settle(gateway)
    assert late.texts == present.texts
    [told] = late.messages
    assert (told["seq"], told["epoch"]) == (FIRST, "e1")
    assert told["details"]["bytes"] > MAX_MESSAGE_BYTES


def test_large_messages_make_small_pages() -> None:
    gateway, book = kept(0)
    book.fill(20, "x" * 50_000)
    client = gateway.connect("?since=0")
    gateway.clock.turn()
    assert len(client.texts) == 1
    settle(gateway)
    assert client.texts == book.after(0)


# -- slow clients


def test_a_replay_much_longer_than_the_backlog_waits_for_its_reader() -> None:
    gateway, book = kept(5000)
    slow = gateway.connect("?since=0")
    slow.wire.stall()
    settle(gateway)
    assert len(slow.wire.buffer) < 3 * 64 * 1024
    assert not slow.wire.protocol.outlet.outbox
    reads = book.reads
    for _ in range(200):
        book.tell(gateway, *[samples.order()] * 10)
        settle(gateway)
    assert book.reads == reads
    assert gateway.meters.evictions == 0
    for _ in range(300):
        slow.wire.drain()
        slow.wire.stall()
        settle(gateway)
    slow.wire.drain()
    assert slow.texts == book.after(0)


def test_w47_one_that_was_closed_as_too_slow_loses_nothing_by_coming_again() -> None:
    gateway, book = kept(5000)
    slow = gateway.connect("?since=0")
    slow.wire.stall()
    gateway.clock.advance(119)
    assert gateway.meters.evictions == 0
    gateway.clock.advance(2)
    slow.wire.drain()
    heard = slow.texts
    assert 100 < len(heard) < 1000
    assert (slow.close_code, slow.close_reason) == (1008, "slow consumer")
    assert gateway.meters.evictions == 1
    again = gateway.connect(f"?since={msgspec.json.decode(heard[-1])['seq']}")
    settle(gateway)
    assert heard + again.texts == book.after(0)


def test_the_time_of_a_replay_does_not_count_afterwards() -> None:
    gateway, book = kept(5, limits=Limits(silence_seconds=None))
    client = gateway.connect("?since=0")
    gateway.clock.pump([10] * 30)
    book.tell(gateway, samples.order())
    settle(gateway)
    assert client.texts == book.after(0)


def test_replays_take_turns() -> None:
    """A short one does not wait for a long one, and nobody's turn is long."""
    gateway, book = kept(100 * PAGE_MESSAGES)
    long, short = gateway.connect("?since=0"), gateway.connect(f"?since={book.newest - 3}")
    gateway.clock.turn()
    assert book.reads == 1
    gateway.clock.turn()
    assert len(long.texts) == PAGE_MESSAGES
    assert short.texts == book.after(book.newest - 3)
    settle(gateway)
    assert long.texts == book.after(0)


def test_one_replay_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, book = kept(5 * PAGE_MESSAGES)
    bad, good = gateway.connect("?since=0"), gateway.connect("?since=0")
    protocol: Any = bad.wire.protocol
    monkeypatch.setattr(protocol, "join", lambda at: 1 / 0)
    settle(gateway)
    assert good.texts == book.after(0)
    assert bad.close_code == 1011


# -- the connection, meanwhile


def test_a_client_is_heard_and_answered_during_its_replay() -> None:
    gateway, book = kept(3 * PAGE_MESSAGES)
    client = gateway.connect("?since=0")
    gateway.clock.turn()
    client.ping(b"there?")
    client.say('{"type":"event_ack","events_processed":["evt-1"]}')
    assert client.of(Opcode.PONG) == [b"there?"]
    assert gateway.acks == [("client-1", ("evt-1",))]
    client.say("garbage")
    settle(gateway)
    texts = client.texts
    [complaint] = [text for text in texts if b"INVALID_MESSAGE" in text]
    texts.remove(complaint)
    assert texts == book.after(0)


@pytest.mark.parametrize("stalled", [False, True])
def test_a_client_that_leaves_during_its_replay_leaves_nothing_behind(stalled: bool) -> None:
    gateway, book = kept(2000)
    client = gateway.connect("?since=0")
    if stalled:
        client.wire.stall()
    gateway.clock.turn()
    assert gateway.meters.active == 1
    client.vanish()
    reads = book.reads
    settle(gateway)
    assert book.reads == reads
    assert gateway.meters.active == 0
    assert gateway.clock.getDelayedCalls() == []
    gateway.publish(samples.quote())


def test_a_client_that_closes_during_its_replay_is_told_no_more() -> None:
    gateway, _book = kept(2000)
    client = gateway.connect("?since=0")
    gateway.clock.turn()
    client.protocol.send_close(1000)
    client.push()
    settle(gateway)
    assert len(client.texts) == PAGE_MESSAGES
    assert client.close_code == 1000
    assert client.wire.lost


def test_the_gateway_can_stop_during_a_replay() -> None:
    gateway, _book = kept(2000)
    client = gateway.connect("?since=0")
    client.wire.stall()
    settle(gateway)
    stopped: list[Any] = []
    gateway.fanout.close_all().addCallback(stopped.append)
    gateway.clock.pump([0, 0.5])
    client.wire.drain()
    assert client.close_code == 1001
    gateway.clock.pump([0, 0])
    assert stopped == [None]
    assert gateway.clock.getDelayedCalls() == []


def test_clients_under_replay_count_for_the_limit_of_connections() -> None:
    gateway, _book = kept(2000, limits=Limits(connections=1))
    gateway.connect("?since=0")
    with pytest.raises(Exception, match="503"):
        gateway.connect("?since=0")
