"""Numbered, durable, told: in this order (G3, W-38)."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from zope.interface.verify import verifyObject

from tests.orders.core import Sink, a_position
from tests.orders.journals import SlowJournal
from tests.orders.samples import a_trade, an_order
from tradegw.interfaces import IEventSink
from tradegw.model import wire
from tradegw.model.enums import (
    AlertCode,
    ConnectionEventKind,
    OrderEventKind,
    OrderStatus,
    PositionEventKind,
    TradeEventKind,
)
from tradegw.model.events import (
    AlertEvent,
    ConnectionEvent,
    Event,
    FinancingEvent,
    OrderEvent,
    PingEvent,
    PositionEvent,
    TradeEvent,
)
from tradegw.orders.blotter import Blotter, Links
from tradegw.orders.books import Books
from tradegw.orders.chronicle import Chronicle
from tradegw.orders.restoring import restore_orders
from tradegw.testing.broker import EPOCH


def an_event(order_id: str = "o1", **members: Any) -> OrderEvent:
    order = an_order(order_id, **members)
    return OrderEvent(timestamp=EPOCH, event=OrderEventKind.CREATED, order=order)


def a_trade_event(trade_id: str = "t1", **members: Any) -> TradeEvent:
    trade = a_trade(trade_id, **members)
    return TradeEvent(timestamp=EPOCH, event=TradeEventKind.FILLED, trade=trade)


def an_alert(order_id: str | None = None) -> AlertEvent:
    details = None if order_id is None else {"order_id": order_id}
    return AlertEvent(timestamp=EPOCH, code=AlertCode.INTERNAL_ERROR, message="oh", details=details)


LINK_LOST = ConnectionEvent(timestamp=EPOCH, event=ConnectionEventKind.BROKER_DISCONNECTED)
SEQUENCED: list[Event] = [
    an_event(),
    a_trade_event(),
    PositionEvent(timestamp=EPOCH, event=PositionEventKind.OPENED, position=a_position()),
    FinancingEvent(timestamp=EPOCH, symbol="A", amount=Decimal(1)),
    an_alert(),
]


class Bench:
    """A chronicle on a journal that is slow, and what came out of it."""

    def __init__(self, *, slow: bool = True) -> None:
        self.journal = SlowJournal("e1", 100)
        self.journal.slow = slow
        self.sink = Sink()
        self.blotter = Blotter()
        self.books = Books()
        self.chronicle = Chronicle(self.journal, self.sink, self.blotter, self.books, lambda: EPOCH)

    def publish(self, *events: Event) -> None:
        for event in events:
            self.chronicle.publish(event)

    @property
    def seqs(self) -> list[int | None]:
        """The numbers of what was told, in order."""
        return [event.seq for event in self.sink.events]

    def written(self) -> list[Any]:
        return [json.loads(body) for _seq, body in self.journal.events(0, 1000)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_keeps_its_promises(bench: Bench) -> None:
    assert verifyObject(IEventSink, bench.chronicle)


@pytest.mark.parametrize("event", SEQUENCED, ids=lambda event: type(event).__name__)
def test_what_is_told_is_in_the_journal_to_the_letter(bench: Bench, event: Event) -> None:
    bench.publish(event)
    assert bench.sink.events == []
    bench.journal.sync()
    (told,) = bench.sink.events
    assert told == replace(event, seq=100, epoch="e1")
    assert bench.journal.events(99, 10) == [(100, wire.encode(told))]


def test_numbers_grow_by_one_and_events_go_in_their_order(bench: Bench) -> None:
    bench.publish(*SEQUENCED)
    for told in range(1, len(SEQUENCED) + 1):
        bench.journal.sync(1)
        assert bench.seqs == list(range(100, 100 + told))
    assert [type(event) for event in bench.sink.events] == [type(each) for each in SEQUENCED]


def test_news_of_the_link_keep_their_place_without_a_number(bench: Bench) -> None:
    bench.publish(an_event(), LINK_LOST, an_event("o2"), PingEvent(timestamp=EPOCH))
    assert bench.sink.events == []
    bench.journal.sync(1)
    assert bench.seqs == [100, None]
    bench.journal.sync()
    assert bench.seqs == [100, None, 101, None]
    assert len(bench.written()) == 2


def test_what_is_not_written_down_waits_for_nothing(bench: Bench) -> None:
    bench.publish(LINK_LOST)
    assert bench.sink.events == [LINK_LOST]


def test_prices_overtake(bench: Bench) -> None:
    bench.publish(an_event())
    bench.chronicle.overtake(PingEvent(timestamp=EPOCH))
    assert [type(event) for event in bench.sink.events] == [PingEvent]


def test_a_failing_journal_leaves_nobody_in_the_dark(bench: Bench) -> None:
    bench.publish(an_event("o1"), LINK_LOST, an_event("o2"))
    bench.journal.fail("disk full")
    bench.publish(an_event("o3"), LINK_LOST, an_alert())
    assert bench.seqs == [None] * 6
    assert [event.order.id for event in bench.sink.events if isinstance(event, OrderEvent)] == [
        "o1",
        "o2",
        "o3",
    ]
    assert all(event.epoch is None for event in bench.sink.events)


def test_what_was_told_without_a_number_is_numbered_in_the_journal_once_that_works(
    bench: Bench,
) -> None:
    bench.publish(an_event("o1"))
    bench.journal.fail("disk full")
    bench.publish(an_event("o2"))
    bench.journal.slow = False
    bench.journal.recover()
    bench.publish(an_event("o3"))
    assert [message["seq"] for message in bench.written()] == [100, 101, 102]
    assert [message["order"]["id"] for message in bench.written()] == ["o1", "o2", "o3"]
    assert bench.seqs == [None, None, 102]  # and nothing is told twice


def test_it_is_empty_when_all_is_told(bench: Bench) -> None:
    assert bench.chronicle.empty().called
    bench.publish(an_event(), LINK_LOST)
    waiting = [bench.chronicle.empty(), bench.chronicle.empty()]
    assert not waiting[0].called
    bench.journal.sync()
    assert all(each.called for each in waiting)


def test_it_is_empty_also_when_the_journal_fails(bench: Bench) -> None:
    bench.publish(an_event())
    waiting = bench.chronicle.empty()
    bench.journal.fail("disk full")
    assert waiting.called


def test_an_alert_with_odd_details_blocks_nobody(bench: Bench) -> None:
    alert = replace(an_alert("x"), details={"order_id": ["a", "b"]})
    bench.publish(alert, an_event("o1"))
    bench.journal.sync()
    assert [kept.order_id for kept in bench.journal._told.values()] == [None, "o1"]


def test_the_audience_is_that_of_the_sink(bench: Bench) -> None:
    bench.sink.listeners = 7
    assert bench.chronicle.audience() == 7
    assert bench.chronicle.publish(an_event()) == 7


def test_events_are_found_by_the_order_they_are_about(bench: Bench) -> None:
    bench.publish(an_event("o1"), a_trade_event(order_id="o1"), an_alert("o1"), an_alert())
    bench.publish(an_event("o2"), a_trade_event("t2", order_id=""))
    bench.journal.sync()
    assert [seq for seq, _body in bench.journal.events_about("o1")] == [100, 101, 102]
    assert [seq for seq, _body in bench.journal.events_about("o2")] == [104]


# -- what is written beside


def test_an_order_is_written_with_the_event_as_it_was_told(bench: Bench) -> None:
    links = Links(client_order_id="sent", own_id="mine", correlation_id="i1")
    order = an_order("o1", client_order_id="sent")
    bench.blotter.accept(links, order)
    bench.publish(OrderEvent(timestamp=EPOCH, event=OrderEventKind.CREATED, order=order))
    assert bench.journal.order("o1") is None
    bench.journal.sync(1)
    again = Blotter()
    restore_orders(bench.journal, again)
    assert again.told("o1") == order
    assert again.links_of("o1") == links


def test_what_is_held_is_written_with_the_fill(bench: Bench) -> None:
    bench.publish(an_event(quantity=5, filled=3, status=OrderStatus.PARTIALLY_FILLED))
    assert bench.journal.net_positions() == []
    bench.journal.sync(1)
    assert [(each.symbol, each.quantity) for each in bench.journal.net_positions()] == [
        ("AAPL", Decimal(3))
    ]


def test_an_execution_is_known_with_its_event(bench: Bench) -> None:
    bench.publish(a_trade_event())
    assert not bench.journal.knows_execution("AAPL", "t1")
    bench.journal.sync(1)
    assert bench.journal.knows_execution("AAPL", "t1")


def test_a_correction_of_what_is_held_is_written(bench: Bench) -> None:
    bench.chronicle.correct("AAPL", Decimal(4))
    bench.journal.sync()
    assert bench.books.held("AAPL") == 4
    assert [each.quantity for each in bench.journal.net_positions()] == [4]


@given(st.lists(st.sampled_from(["order", "trade", "link", "sync", "fail", "recover"])))
def test_whatever_the_disk_does_all_is_told_once_in_order_and_written(steps: list[str]) -> None:
    bench = Bench()
    names = [f"n{number}" for number in range(len(steps))]
    published = []
    for name, step in zip(names, steps, strict=True):
        if step == "order":
            bench.publish(an_event(name))
        elif step == "trade":
            bench.publish(a_trade_event(name, order_id=name))
        elif step == "link":
            bench.publish(replace(LINK_LOST, error=name))
        elif step == "sync" and bench.journal.problem is None:
            bench.journal.sync()
        elif step == "fail":
            bench.journal.fail("disk full")
        elif step == "recover":
            bench.journal.recover()
        if step in ("order", "trade", "link"):
            published.append(name)
    bench.journal.recover()
    bench.journal.sync()
    assert [name_of(event) for event in bench.sink.events] == published
    numbers = [event.seq for event in bench.sink.events if event.seq is not None]
    assert all(before < after for before, after in itertools.pairwise(numbers))
    written = [message["seq"] for message in bench.written()]
    assert written == list(range(100, 100 + len(written)))
    assert len(written) == sum(step in ("order", "trade") for step in steps)


def name_of(event: Event) -> str | None:
    if isinstance(event, OrderEvent):
        return event.order.id
    if isinstance(event, TradeEvent):
        return event.trade.id
    assert isinstance(event, ConnectionEvent)
    return event.error
