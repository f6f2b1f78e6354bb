"""The broker's news on its way to the strategies (protocol 5.9, order_lifecycle 5 and 20.9)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from tests.orders.core import Core, a_position, result_of
from tests.orders.samples import a_trade, an_order
from tradegw.errors import JournalUnavailable
from tradegw.interfaces import IBrokerListener
from tradegw.model.account import Account
from tradegw.model.enums import (
    AccountEventKind,
    ConnectionEventKind,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionEventKind,
    RateLimitEventKind,
    TradeEventKind,
)
from tradegw.model.events import (
    AccountEvent,
    BacktestCompleteEvent,
    ConnectionEvent,
    FinancingEvent,
    OrderEvent,
    PositionEvent,
    QuoteEvent,
    RateLimitEvent,
    SequencedEvent,
    TradeEvent,
)
from tradegw.model.market import Quote
from tradegw.testing.broker import EPOCH

ZERO = Decimal(0)
ACCOUNT = Account(
    balance=ZERO,
    equity=ZERO,
    margin_used=ZERO,
    margin_available=ZERO,
    unrealized_pnl=ZERO,
    currency="USD",
)


@pytest.fixture
def core() -> Core:
    return Core()


def an_event(kind: OrderEventKind = OrderEventKind.CREATED, **members: Any) -> OrderEvent:
    return OrderEvent(timestamp=EPOCH, event=kind, order=an_order(**members))


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(IBrokerListener, core.intake)


@pytest.mark.parametrize(
    "event",
    [
        TradeEvent(timestamp=EPOCH, event=TradeEventKind.FILLED, trade=a_trade()),
        AccountEvent(timestamp=EPOCH, event=AccountEventKind.BALANCE_UPDATED, account=ACCOUNT),
        FinancingEvent(timestamp=EPOCH, symbol="EUR_USD", amount=Decimal("-4.5")),
        ConnectionEvent(timestamp=EPOCH, event=ConnectionEventKind.BROKER_CONNECTION_FAILED),
        BacktestCompleteEvent(timestamp=EPOCH),
        PositionEvent(timestamp=EPOCH, event=PositionEventKind.OPENED, position=a_position()),
        PositionEvent(timestamp=EPOCH, event=PositionEventKind.CLOSED, position=a_position()),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_concerns_no_exit_goes_out_as_it_came(core: Core, event: Any) -> None:
    core.intake.on_event(event)
    (told,) = core.sink.events
    assert replace(told, seq=None, epoch=None) == event
    assert (told.seq is not None) == isinstance(event, SequencedEvent)
    assert (told.epoch is not None) == isinstance(event, SequencedEvent)


@pytest.mark.parametrize(
    ("kind", "name"), [(RateLimitEventKind.HIT, "hit"), (RateLimitEventKind.WARNING, "warning")]
)
def test_rate_limits_are_counted(core: Core, kind: RateLimitEventKind, name: str) -> None:
    event = RateLimitEvent(timestamp=EPOCH, event=kind, requests_remaining=0, reset_at=EPOCH)
    core.intake.on_event(event)
    assert core.sink.events == [event]
    assert core.count("gateway_rate_limit_events_total", platform="mock", event_type=name) == 1


def test_rt10_order_events_are_counted_by_kind(core: Core) -> None:
    for order_id, kind, members in (
        ("o1", OrderEventKind.FILLED, {"status": OrderStatus.FILLED, "filled": 1}),
        ("o2", OrderEventKind.CANCELLED, {"status": OrderStatus.CANCELLED}),
        ("o3", OrderEventKind.CANCELLED, {"status": OrderStatus.CANCELLED}),
        ("o3", OrderEventKind.CANCELLED, {"status": OrderStatus.CANCELLED}),  # said twice
    ):
        core.intake.on_event(an_event(kind, order_id=order_id, **members))
    name = "gateway_order_events_total"
    assert core.count(name, platform="mock", event_type="filled") == 1
    assert core.count(name, platform="mock", event_type="cancelled") == 2


def test_rt01_a_fill_without_exits_is_delivered_as_it_is(core: Core) -> None:
    handle = core.submit()
    core.broker.fill(handle.id, "1", average_fill_price=Decimal("185.53"))
    event = core.order_events(handle.id)[-1]
    assert event.event is OrderEventKind.FILLED
    assert event.order.average_fill_price == Decimal("185.53")
    assert core.alerts() == []


def test_w50_an_event_before_the_answer_carries_the_correlation_id(core: Core) -> None:
    handle = core.submit()
    assert {event.order.correlation_id for event in core.order_events()} == {handle.correlation_id}
    assert handle.correlation_id is not None


def test_the_terminal_event_still_carries_the_correlation_id_and_so_do_reads(core: Core) -> None:
    handle = core.submit()
    core.broker.fill(handle.id, "1")
    assert core.order_events(handle.id)[-1].order.correlation_id == handle.correlation_id
    assert result_of(core.reads.order(handle.id)).correlation_id == handle.correlation_id


def test_lk03_a_legs_events_carry_the_link_on_order_and_envelope(core: Core) -> None:
    entry_id = core.entered("1")
    leg = core.leg("c1-sl")
    core.broker.fill(leg.id, "0.5")
    core.broker.fill(leg.id, "1")
    events = core.order_events(leg.id)
    assert [event.event for event in events] == [
        OrderEventKind.CREATED,
        OrderEventKind.PARTIALLY_FILLED,
        OrderEventKind.FILLED,
    ]
    for event in events:
        assert (event.parent_order_id, event.order.parent_order_id) == (entry_id, entry_id)


def test_lk02_the_entry_itself_has_no_parent(core: Core) -> None:
    entry_id = core.entered("1")
    for event in core.order_events(entry_id):
        assert (event.parent_order_id, event.order.parent_order_id) == (None, None)


@pytest.mark.parametrize("where", ["envelope", "order"])
def test_lk04_a_link_that_the_broker_gives_wins_on_both(core: Core, where: str) -> None:
    core.entered("1")
    leg = core.leg("c1-sl")
    event = OrderEvent(timestamp=EPOCH, event=OrderEventKind.MODIFIED, order=leg)
    if where == "envelope":
        event = replace(event, parent_order_id="theirs")
    else:
        event = replace(event, order=replace(leg, parent_order_id="theirs"))
    core.intake.on_event(event)
    told = core.order_events(leg.id)[-1]
    assert (told.parent_order_id, told.order.parent_order_id) == ("theirs", "theirs")


def test_lk07_no_link_is_invented(core: Core) -> None:
    core.intake.on_event(an_event(client_order_id="stranger-sl"))
    (told,) = core.order_events()
    assert (told.parent_order_id, told.order.parent_order_id) == (None, None)


def test_an_event_that_cannot_be_taken_in_stops_no_other(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: OrderEvent) -> None:
        raise RuntimeError("a defect")

    first, second = core.submit(oco_group_id="g"), core.submit(oco_group_id="g")
    monkeypatch.setattr(core.guardian, "on_order_event", broken)
    core.broker.fill(first.id, "1")
    assert core.order_events(first.id)[-1].event is OrderEventKind.FILLED
    assert core.broker.asked("cancel") == [second.id]  # the next listener was told all the same


def test_an_unknown_kind_of_event_is_passed_on_and_garbage_is_survived(core: Core) -> None:
    core.intake.on_event(OrderEvent(timestamp=EPOCH, event=OrderEventKind.CREATED, order=None))  # type: ignore[arg-type]  # a decoder's defect
    core.intake.on_event(an_event())
    assert [event.order.id for event in core.order_events()] == ["o1"]


def test_after_an_event_that_could_not_be_taken_in_the_broker_is_asked(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_name: str) -> None:
        raise JournalUnavailable("cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr(core.store, "intent_sent_as", unreadable)
        order = an_order("outside", client_order_id="by-hand", status=OrderStatus.OPEN)
        core.broker.orders["outside"] = order
        core.broker.tell(order, OrderEventKind.CREATED)
    assert core.order_events("outside") == []
    core.wait(10)
    (told,) = core.order_events("outside")
    assert told.reconciled


def test_a_fill_waits_for_a_broker_that_takes_its_time_with_the_legs(core: Core) -> None:
    entry_id = core.entered()
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.sink.events.clear()
    core.broker.fill(entry_id, "1")
    assert core.told() == []
    core.clock.advance(1)
    answer.callback(None)
    assert core.told() == [
        (entry_id, OrderEventKind.FILLED),
        (core.leg("c1-sl").id, OrderEventKind.CREATED),
        (core.leg("c1-tp").id, OrderEventKind.CREATED),
    ]


def test_prices_overtake_a_fill_that_waits(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", Deferred())
    core.sink.events.clear()
    core.broker.fill(entry_id, "1")
    price = Decimal(1)
    quote = Quote(symbol="AAPL", provider="x", bid=price, ask=price, last=price, timestamp=EPOCH)
    core.intake.on_event(QuoteEvent(timestamp=EPOCH, quote=quote))
    assert [type(event) for event in core.sink.events] == [QuoteEvent]


def test_trades_and_positions_stay_behind_the_fill_they_belong_to(core: Core) -> None:
    entry_id = core.entered()
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.sink.events.clear()
    core.broker.fill(entry_id, "1")
    trade = TradeEvent(timestamp=EPOCH, event=TradeEventKind.FILLED, trade=a_trade())
    opened = PositionEvent(timestamp=EPOCH, event=PositionEventKind.OPENED, position=a_position())
    core.intake.on_event(trade)
    core.intake.on_event(opened)
    assert core.sink.events == []
    answer.callback(None)
    kinds = [type(event) for event in core.sink.events]
    assert kinds[0] is OrderEvent
    assert kinds.index(TradeEvent) < kinds.index(PositionEvent)


def test_a_legs_acceptance_is_told_after_the_fill_that_caused_it(core: Core) -> None:
    entry_id = core.entered("1")
    kinds = [
        (event.order.order_type, event.event)
        for event in core.order_events()
        if event.order.id != entry_id or event.event is OrderEventKind.FILLED
    ]
    assert kinds == [
        (OrderType.MARKET, OrderEventKind.FILLED),
        (OrderType.STOP, OrderEventKind.CREATED),
        (OrderType.LIMIT, OrderEventKind.CREATED),
    ]
