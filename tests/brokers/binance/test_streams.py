"""The streams at the double: logon, time, rotation, prices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from tests.brokers.binance.stand import MORNING, Stand, request
from tradegw.brokers.binance import keys
from tradegw.brokers.binance.rotation import DAY_SECONDS, Rotation
from tradegw.brokers.binance.times import number_of
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, Platform, Timeframe
from tradegw.model.events import (
    AccountEvent,
    AlertEvent,
    CandleEvent,
    OrderEvent,
    PositionEvent,
    QuoteEvent,
    TradeEvent,
)
from tradegw.model.subscription import Subscription
from tradegw.secrecy import Secret
from tradegw.testing.binance import Bar, Terms, drop, refuse

from .payloads import REPORT

SOL = Subscription(
    Platform.BINANCE_TESTNET, "SOLUSDC", ("quote", "candle_1m", "candle_2m", "candle_1h")
)


def made(**members: Any) -> Stand:
    return Stand(**members)


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand(subscriptions=(SOL,))
    stand.start()
    yield stand
    stand.stop()


def events(stand: Stand, kind: type[Any]) -> list[Any]:
    return [event for event in stand.told.events if isinstance(event, kind)]


# -- logon


def test_an_ed25519_key_logs_the_connection_on() -> None:
    stand = made()
    stand.own = replace(
        stand.own,
        api_key=Secret(Terms().ed25519_key),
        key=keys.private(stand.fake.ed25519_pem),
    )
    stand.new_broker()
    stand.start()
    order = stand.submit(client_order_id="c-1")
    stand.wait()
    assert stand.events_of(order.id)[-1] is OrderEventKind.FILLED
    stand.stop()


@pytest.mark.parametrize("skew", [-40.0, 5.0])
def test_1_a_clock_that_is_wrong_is_found_out_at_the_start(skew: float) -> None:
    stand = made(skew_seconds=skew)
    stand.start()
    assert stand.submit().status is OrderStatus.FILLED
    (alert,) = events(stand, AlertEvent)
    assert "clock" in alert.message
    stand.stop()


def test_1_a_logon_that_is_refused_for_its_time_asks_for_that_and_is_repeated() -> None:
    stand = made()
    stand.fake.faults.plan(
        refuse(400, -1021, "Timestamp for this request was 1000ms ahead."),
        "WS",
        "userDataStream.subscribe.signature",
    )
    stand.broker.startService()
    stand.wait(0.5)
    assert stand.told.names() == ["up"]
    assert sum(call.path == "/ws-api/v3" for call in stand.fake.calls) == 1
    stand.stop()


@pytest.mark.parametrize("skew", [30.0, -30.0])
def test_1_a_clock_that_is_set_meanwhile_costs_one_repeat(stand: Stand, skew: float) -> None:
    stand.skew = timedelta(seconds=skew)
    order = stand.submit(client_order_id="c-1")
    assert order.status is OrderStatus.FILLED
    assert len(stand.calls("POST", "order")) == 2
    assert len(stand.spot.orders) == 1


def test_a_time_that_is_refused_again_is_a_definite_no(stand: Stand) -> None:
    refusal = refuse(400, -1021, "Timestamp for this request is outside of the recvWindow.")
    stand.fake.faults.plan(refusal, "POST", "/api/v3/order", times=5)
    stand.refused(stand.broker.submit(request()))
    assert len(stand.calls("POST", "order")) == 2
    assert stand.spot.orders == []


# -- the end of a connection


def test_a_connection_that_is_about_to_end_is_relieved_without_a_gap(stand: Stand) -> None:
    before = [*stand.fake.ws_api.wires, *stand.fake.market_streams.wires]
    stand.fake.announce_shutdown()
    stand.wait(5.0)
    after = [*stand.fake.ws_api.wires, *stand.fake.market_streams.wires]
    assert len(before) == len(after) == 2
    assert not set(before) & set(after)
    assert not {"down", "prices_lost"} & set(stand.told.names())
    order = stand.submit()
    stand.wait()
    assert stand.events_of(order.id) == [OrderEventKind.CREATED, OrderEventKind.FILLED]
    stand.spot.set_quote("SOLUSDC", "2.10", "2.11")
    stand.wait()
    assert events(stand, QuoteEvent)[-1].quote.bid == Decimal("2.10")


def test_each_connection_is_renewed_before_its_day_is_over() -> None:
    clock, renewed = Clock(), []
    rotation = Rotation(clock, lambda: renewed.append(clock.seconds()))
    rotation.opened()
    clock.advance(DAY_SECONDS - 1)
    assert renewed == []
    clock.advance(1)
    assert renewed == [DAY_SECONDS]
    rotation.opened()  # the new one
    clock.advance(DAY_SECONDS)
    assert renewed == [DAY_SECONDS, 2 * DAY_SECONDS]
    rotation.opened()
    clock.advance(DAY_SECONDS / 2)
    rotation.opened()  # of two, the older one needs no care any more
    clock.advance(DAY_SECONDS / 2)
    assert len(renewed) == 2
    rotation.stop()
    assert not clock.getDelayedCalls()


def test_a_subscription_that_is_ended_is_begun_anew(stand: Stand) -> None:
    stand.fake.ws_api.terminate()
    stand.wait(20.0, until=lambda: stand.told.names().count("up") == 2)
    assert [name for name in stand.told.names() if name in ("up", "down")] == ["up", "down", "up"]


def test_13_and_17_who_is_banned_waits_before_the_next_connection() -> None:
    stand = made()
    until = number_of(MORNING) + 300_000
    banned = refuse(418, -1003, "Way too much request weight used; IP banned.")
    assert banned.answer is not None
    body = {"code": -1003, "msg": "IP banned.", "data": {"retryAfter": until}}
    stand.fake.faults.plan(
        replace(banned, answer=replace(banned.answer, body=body)),
        "WS",
        "userDataStream.subscribe.signature",
    )
    stand.broker.startService()
    stand.wait(250.0)
    assert stand.fake.ws_api.logons <= 1
    assert "up" not in stand.told.names()
    stand.wait(120.0, until=lambda: "up" in stand.told.names())
    assert "up" in stand.told.names()
    stand.stop()


def test_neither_logs_nor_errors_hold_a_credential() -> None:
    texts: list[str] = []

    @implementer(ILogObserver)
    def note(event: LogEvent) -> None:
        texts.append(f"{formatEvent(event)} {event}")

    globalLogPublisher.addObserver(note)
    try:
        stand = made()
        stand.start()
        for fault in (refuse(400, -1022, "Signature for this request is not valid."), drop()):
            stand.fake.faults.plan(fault, "POST", "/api/v3/order")
            texts.append(repr(stand.refused(stand.broker.submit(request()))))
        stand.fake.faults.plan(refuse(401, -2015, "no"), "WS")
        stand.fake.ws_api.reset()
        stand.wait(10.0)
        stand.stop()
    finally:
        globalLogPublisher.removeObserver(note)
    said = "\n".join(texts)
    assert "Binance" in said
    for secret in (Terms().secret, Terms().key, "signature="):
        assert secret not in said


# -- what the stream tells


def test_22_an_execution_is_told_before_what_the_order_did(stand: Stand) -> None:
    order = stand.submit(order_type=OrderType.LIMIT, limit_price="1.50", client_order_id="c-1")
    stand.spot.fill(stand.number(order.id))
    stand.wait()
    told = [
        "trade" if isinstance(event, TradeEvent) else event.event
        for event in stand.told.events
        if isinstance(event, (TradeEvent, OrderEvent))
    ]
    assert told == [OrderEventKind.CREATED, "trade", OrderEventKind.FILLED]


def test_16_what_executed_at_once_is_told_although_the_stream_does_not(stand: Stand) -> None:
    stand.fake.ws_api.script.lose(1, "TRADE")
    order = stand.submit()
    (event,) = stand.trades
    assert (event.trade.order_id, event.trade.quantity) == (order.id, Decimal(10))
    assert (event.trade.commission, event.trade.commission_currency) == (Decimal("0.01"), "SOL")
    (listed,) = stand.ask(stand.broker.trades(TradeQuery()))
    assert listed.id == event.trade.id


def test_what_is_told_twice_is_told_once(stand: Stand) -> None:
    stand.fake.ws_api.script.repeat(1, "NEW")
    stand.fake.ws_api.script.repeat(1, "TRADE", copies=3)
    order = stand.submit()
    stand.wait()
    assert stand.events_of(order.id) == [OrderEventKind.CREATED, OrderEventKind.FILLED]
    assert len(stand.trades) == 1


def test_15_a_symbol_that_nobody_knows_is_told_of_all_the_same(stand: Stand) -> None:
    stand.fake.ws_api.tell({**REPORT, "s": "NEWCOINUSDT", "i": 7})
    stand.wait()
    assert stand.order_events[-1].order.id == "NEWCOINUSDT:7"
    assert stand.trades[-1].trade.symbol == "NEWCOINUSDT"


def test_an_unknown_execution_type_is_a_change_and_stops_nothing(stand: Stand) -> None:
    stand.fake.ws_api.tell({**REPORT, "x": "BLESSED", "X": "NEW"})
    stand.wait()
    assert stand.order_events[-1].event is OrderEventKind.MODIFIED


def test_25_other_shapes_of_events_are_understood(stand: Stand) -> None:
    bare, old = {**REPORT, "i": 71}, {"stream": "x", "data": {**REPORT, "i": 72}}
    stand.fake.ws_api.say_raw(msgspec.json.encode(bare))
    stand.fake.ws_api.say_raw(msgspec.json.encode(old))
    stand.wait()
    assert {event.order.id for event in stand.order_events} == {"SOLUSDC:71", "SOLUSDC:72"}


def test_executions_are_followed_by_position_and_money(stand: Stand) -> None:
    stand.submit()
    stand.wait(10.0)
    (opened,) = events(stand, PositionEvent)
    assert (opened.position.symbol, opened.position.quantity) == ("SOLUSDC", Decimal("9.99"))
    assert events(stand, AccountEvent)[-1].account.currency == "USDC"
    stand.submit(order_type=OrderType.MARKET, quantity="5")
    stand.wait(10.0)
    assert events(stand, PositionEvent)[-1].position.quantity == Decimal("14.985")


# -- prices


def test_quotes_have_both_sides_and_the_last_price(stand: Stand) -> None:
    stand.wait(2.0)
    stand.spot.set_quote("SOLUSDC", "2.20", "2.22", "2.22")
    stand.wait(2.0)
    stand.spot.set_quote("SOLUSDC", "2.21", "2.23", "2.22")
    stand.wait(2.0)
    quote = events(stand, QuoteEvent)[-1].quote
    assert (quote.symbol, quote.bid, quote.ask) == ("SOLUSDC", Decimal("2.21"), Decimal("2.23"))
    assert quote.last == Decimal("2.22")


def test_a_side_that_is_empty_is_no_price(stand: Stand) -> None:
    before = len(events(stand, QuoteEvent))
    stand.spot.set_quote("SOLUSDC", "0", "2.22", "2.22")
    stand.wait(2.0)
    assert len(events(stand, QuoteEvent)) == before


def bar(minute: int, close: str) -> Bar:
    open_ms = number_of(MORNING.replace(minute=0)) + minute * 60_000
    price = Decimal(close)
    two = Decimal(2)
    return Bar(
        time=open_ms,
        open=two,
        high=max(price, two),
        low=min(price, two),
        close=price,
        volume=Decimal(7),
    )


def test_24_bars_are_told_when_they_are_finished_and_longer_ones_made_of_them(
    stand: Stand,
) -> None:
    for minute in (50, 51):
        stand.spot.tell_bar("SOLUSDC", bar(minute, "2.5"), is_closed=False)
        stand.spot.tell_bar("SOLUSDC", bar(minute, f"2.{minute}"))
        stand.spot.tell_bar("SOLUSDC", bar(minute, f"2.{minute}"))  # twice, as from two connections
    stand.wait(2.0)
    told = [event.bar for event in events(stand, CandleEvent)]
    assert [(each.timeframe, each.close, each.volume) for each in told] == [
        (Timeframe.M1, Decimal("2.50"), Decimal(7)),
        (Timeframe.M1, Decimal("2.51"), Decimal(7)),
        (Timeframe.M2, Decimal("2.51"), Decimal(14)),
    ]


def test_every_symbol_at_once_cannot_be_streamed() -> None:
    everything = Subscription(Platform.BINANCE_TESTNET, "*", ("*",))
    stand = made(subscriptions=(everything,))
    stand.start()
    assert stand.fake.market_streams.wires == []
    stand.stop()
