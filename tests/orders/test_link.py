"""The broker's link as clients see it (protocol 5.9, 9.9)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.orders.core import Core
from tests.orders.samples import a_trade
from tradegw.model import wire
from tradegw.model.enums import Timeframe, TradeEventKind
from tradegw.model.events import CandleEvent, Event, QuoteEvent, TradeEvent
from tradegw.model.market import Bar, Quote
from tradegw.testing.broker import EPOCH

FIELDS = ("type", "event", "symbols", "stale_since", "gap_duration_ms", "error")


@pytest.fixture
def core() -> Core:
    return Core()


def heard(core: Core) -> list[dict[str, Any]]:
    """What went out since the last call, without what is the same in all."""
    events, core.sink.events = core.sink.events, []
    messages = [json.loads(wire.encode(event)) for event in events]
    for message in messages:
        if message["type"] in ("connection", "data_staleness"):
            assert message["broker"] == "mock"
    return [{name: m[name] for name in FIELDS if name in m} for m in messages]


def up_and_lost(core: Core, *symbols: str, error: str | None = None) -> None:
    core.intake.on_link_up()
    core.intake.on_link_down(symbols, error)


def a_quote(symbol: str) -> QuoteEvent:
    price = Decimal("1.5")
    quote = Quote(symbol=symbol, provider="x", bid=price, ask=price, last=price, timestamp=EPOCH)
    return QuoteEvent(timestamp=EPOCH, quote=quote)


def a_candle(symbol: str) -> CandleEvent:
    one = Decimal(1)
    bar = Bar(
        symbol=symbol,
        provider="x",
        timeframe=Timeframe.M1,
        timestamp=EPOCH,
        open=one,
        high=one,
        low=one,
        close=one,
        volume=one,
    )
    return CandleEvent(timestamp=EPOCH, bar=bar)


def a_trade_event(symbol: str, trade_id: str = "t1") -> TradeEvent:
    trade = a_trade(trade_id, symbol=symbol)
    return TradeEvent(timestamp=EPOCH, event=TradeEventKind.FILLED, trade=trade)


def test_the_first_logon_is_no_news() -> None:
    core = Core(linked=False)
    core.intake.on_link_up()
    assert core.link.is_up
    assert heard(core) == []


def test_rc03_rc10_a_loss_is_told_and_then_what_is_stale(core: Core) -> None:
    up_and_lost(core, "MSFT", "AAPL", error="connection lost")
    assert heard(core) == [
        {"type": "connection", "event": "BROKER_DISCONNECTED", "error": "connection lost"},
        {
            "type": "data_staleness",
            "event": "STALE",
            "symbols": ["AAPL", "MSFT"],
            "stale_since": "2025-01-15T10:30:00Z",
        },
    ]
    assert not core.link.is_up
    assert core.count("gateway_broker_disconnections_total", platform="mock") == 1


def test_without_symbols_nothing_is_stale(core: Core) -> None:
    up_and_lost(core)
    assert heard(core) == [{"type": "connection", "event": "BROKER_DISCONNECTED"}]
    assert core.link.greeting() == []


def test_a_loss_is_told_once(core: Core) -> None:
    up_and_lost(core, "AAPL")
    heard(core)
    core.intake.on_link_down(("AAPL",), "again")
    assert heard(core) == []
    assert core.count("gateway_broker_disconnections_total", platform="mock") == 1


def test_a_second_stream_lost_later_tells_only_what_is_stale_besides(core: Core) -> None:
    up_and_lost(core, "AAPL")
    heard(core)
    core.clock.advance(5)
    core.intake.on_link_down(("AAPL", "MSFT"), None)
    assert heard(core) == [
        {
            "type": "data_staleness",
            "event": "STALE",
            "symbols": ["MSFT"],
            "stale_since": "2025-01-15T10:30:05Z",
        }
    ]


def test_rc04_the_return_tells_how_long_it_took(core: Core) -> None:
    up_and_lost(core, "AAPL")
    heard(core)
    core.clock.advance(12.345)
    core.intake.on_link_up()
    assert heard(core) == [
        {"type": "connection", "event": "BROKER_RECONNECTED", "gap_duration_ms": 12345}
    ]
    assert core.count("gateway_broker_reconnections_total", platform="mock") == 1


def test_a_return_is_told_once(core: Core) -> None:
    up_and_lost(core)
    core.intake.on_link_up()
    heard(core)
    core.intake.on_link_up()
    assert heard(core) == []


def test_each_gap_is_measured_from_its_own_loss(core: Core) -> None:
    up_and_lost(core)
    core.clock.advance(60)
    core.intake.on_link_up()
    core.clock.advance(60)
    core.intake.on_link_down((), None)
    core.clock.advance(1)
    core.intake.on_link_up()
    assert heard(core)[-1]["gap_duration_ms"] == 1000


def test_rc10_symbols_stay_stale_after_the_return_until_their_own_tick(core: Core) -> None:
    up_and_lost(core, "AAPL", "MSFT")
    core.intake.on_link_up()
    assert core.link.staleness
    heard(core)
    core.clock.advance(3)
    core.intake.on_event(a_quote("AAPL"))
    assert heard(core) == [
        {
            "type": "data_staleness",
            "event": "FRESH",
            "symbols": ["AAPL"],
            "stale_since": "2025-01-15T10:30:00Z",
        },
        {"type": "quote"},
    ]
    assert core.link.staleness.symbols == ("MSFT",)


@pytest.mark.parametrize("event", [a_quote("AAPL"), a_candle("AAPL"), a_trade_event("AAPL")])
def test_fresh_goes_out_just_before_the_tick_and_only_once(core: Core, event: Event) -> None:
    up_and_lost(core, "AAPL")
    heard(core)
    core.intake.on_event(event)
    if isinstance(event, TradeEvent):  # the same one would not be told twice
        event = a_trade_event("AAPL", "t2")
    core.intake.on_event(event)
    assert [message.get("event", message["type"]) for message in heard(core)] in (
        ["FRESH", "quote", "quote"],
        ["FRESH", "candle", "candle"],
        ["FRESH", "TRADE_FILLED", "TRADE_FILLED"],
    )


def test_a_tick_of_a_symbol_that_is_not_stale_says_nothing(core: Core) -> None:
    up_and_lost(core, "AAPL")
    heard(core)
    core.intake.on_event(a_quote("EURUSD"))
    assert heard(core) == [{"type": "quote"}]


def test_a_client_that_comes_later_is_greeted_with_all_that_is_stale(core: Core) -> None:
    up_and_lost(core, "AAPL")
    core.clock.advance(5)
    core.intake.on_link_down(("MSFT",), None)
    (greeting,) = core.link.greeting()
    message = json.loads(wire.encode(greeting))
    assert message["symbols"] == ["AAPL", "MSFT"]
    assert message["stale_since"] == "2025-01-15T10:30:00Z"
    assert message["timestamp"] == "2025-01-15T10:30:05Z"


def test_a_loss_before_the_first_logon_marks_but_has_no_gap() -> None:
    core = Core(linked=False)
    core.intake.on_link_down(("AAPL",), "refused")
    core.intake.on_link_up()
    assert [message["event"] for message in heard(core)] == ["STALE"]
    assert core.link.staleness.symbols == ("AAPL",)
