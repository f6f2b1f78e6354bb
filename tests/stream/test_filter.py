"""Subscriptions decide what clients hear (protocol sections 5.7 and 9.8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.model.enums import Platform, Timeframe
from tradegw.model.events import Event
from tradegw.model.subscription import Subscription
from tradegw.stream import filter as filter_module
from tradegw.stream.filter import EventFilter

from .samples import (
    SYSTEM,
    account,
    candle,
    financing,
    order,
    position,
    quote,
    trade,
)

SUBJECT = (quote(), candle(), order(), trade(), position(), account(), financing())


def entry(
    instrument: str, *events: str, platform: Platform = Platform.ALPACA_PAPER
) -> Subscription:
    return Subscription(platform=platform, instrument=instrument, events=events)


def wanted(*entries: Subscription) -> EventFilter:
    return EventFilter(entries, Platform.ALPACA_PAPER)


@pytest.mark.parametrize("event", [*SUBJECT, *SYSTEM], ids=lambda e: type(e).__name__)
def test_an_empty_list_passes_everything(event: Event) -> None:
    assert wanted().passes(event)


@pytest.mark.parametrize("event", SYSTEM, ids=lambda e: type(e).__name__)
def test_the_gateways_own_news_passes_whatever_is_listed(event: Event) -> None:
    assert wanted(entry("XYZ", "quote")).passes(event)
    assert wanted(entry("XYZ", "no_such_kind")).passes(event)


def test_the_instrument_is_matched_exactly() -> None:
    only_apple = wanted(entry("AAPL", "quote"))
    assert only_apple.passes(quote("AAPL"))
    assert not only_apple.passes(quote("MSFT"))
    assert not only_apple.passes(quote("aapl"))
    assert not only_apple.passes(quote("AAPL2"))


def test_entries_of_another_platform_count_for_nothing() -> None:
    other = wanted(entry("AAPL", "*", platform=Platform.ALPACA_LIVE))
    assert not any(other.passes(event) for event in SUBJECT)


def test_a_kind_that_is_not_listed_is_held_back() -> None:
    """A list that names only quotes hides order events too (W-42): the filter is documented."""
    quotes = wanted(entry("AAPL", "quote"))
    assert [e for e in SUBJECT if quotes.passes(e)] == [quote()]


@pytest.mark.parametrize(
    ("pattern", "passing"),
    [
        ("quote", [quote()]),
        ("quotes", [quote()]),
        ("bars", [candle()]),
        ("bar", [candle()]),
        ("candle", [candle()]),
        ("candle_*", [candle()]),
        ("candle_1m", [candle()]),
        ("candles.1m", [candle()]),
        ("order_update", [order()]),
        ("orders", [order()]),
        ("trade_update", [trade(), financing()]),
        ("trades", [trade(), financing()]),
        ("trade", [trade(), financing()]),
        ("position_update", [position()]),
        ("positions", [position()]),
        ("account_update", [account()]),
        ("*", list(SUBJECT)),
        ("option_greeks", []),
    ],
)
def test_every_pattern_passes_its_kinds_and_no_other(pattern: str, passing: list[Event]) -> None:
    one = wanted(entry("AAPL", pattern))
    assert [event for event in SUBJECT if one.passes(event)] == passing


def test_several_kinds_of_one_entry_all_pass() -> None:
    both = wanted(entry("AAPL", "quote", "orders"))
    assert [e for e in SUBJECT if both.passes(e)] == [quote(), order()]


def test_entries_do_not_mix() -> None:
    two = wanted(entry("AAPL", "quote"), entry("MSFT", "bars"))
    assert two.passes(quote("AAPL"))
    assert two.passes(candle("MSFT"))
    assert not two.passes(candle("AAPL"))
    assert not two.passes(quote("MSFT"))


def test_two_entries_for_one_instrument_add_up() -> None:
    two = wanted(entry("AAPL", "quote"), entry("AAPL", "bars"))
    assert two.passes(quote("AAPL"))
    assert two.passes(candle("AAPL"))


def test_a_star_instrument_is_every_instrument() -> None:
    every = wanted(entry("*", "quote"), entry("AAPL", "bars"))
    assert every.passes(quote("AAPL"))
    assert every.passes(quote("EUR_USD"))
    assert every.passes(candle("AAPL"))
    assert not every.passes(candle("EUR_USD"))


def test_a_star_kind_is_limited_to_its_instrument() -> None:
    star = wanted(entry("AAPL", "*"))
    assert star.passes(order("AAPL"))
    assert not star.passes(order("MSFT"))


@pytest.mark.parametrize("timeframe", Timeframe)
@pytest.mark.parametrize("form", ["candle_{}", "candles.{}"])
def test_one_timeframe_is_not_another(timeframe: Timeframe, form: str) -> None:
    one = wanted(entry("AAPL", form.format(timeframe.value)))
    assert [t for t in Timeframe if one.passes(candle("AAPL", t))] == [timeframe]


@pytest.mark.parametrize("pattern", ["candle_*", "bars"])
def test_all_candles_are_all_timeframes_and_no_quotes(pattern: str) -> None:
    bars = wanted(entry("AAPL", pattern))
    assert all(bars.passes(candle("AAPL", t)) for t in Timeframe)
    assert not bars.passes(quote("AAPL"))


def test_the_account_passes_if_any_entry_lists_it() -> None:
    assert wanted(entry("AAPL", "quote"), entry("MSFT", "account_update")).passes(account())
    assert wanted(entry("MSFT", "*")).passes(account())
    assert not wanted(entry("AAPL", "quote", "orders")).passes(account())


def test_financing_rides_the_trades_of_its_symbol_and_not_the_orders() -> None:
    assert wanted(entry("AAPL", "trade_update")).passes(financing("AAPL"))
    assert not wanted(entry("AAPL", "trade_update")).passes(financing("MSFT"))
    assert not wanted(entry("AAPL", "order_update")).passes(financing("AAPL"))


def test_what_an_external_engine_waits_for_is_never_filtered() -> None:
    engine = EventFilter((entry("MSFT", "quote", platform=Platform.TEKTII),), Platform.TEKTII)
    assert all(engine.passes(event) for event in SUBJECT)


def test_a_backtest_is_filtered_as_a_live_broker_is() -> None:
    run = EventFilter((entry("MSFT", "quote", platform=Platform.BACKTEST),), Platform.BACKTEST)
    assert not any(run.passes(event) for event in SUBJECT)


@pytest.mark.parametrize(
    "pattern", ["Quote", "QUOTE", " quote", "quote ", "candle_1M", "candle_3m", "candles_1m", ""]
)
def test_letter_case_stray_spaces_and_unknown_timeframes_are_refused(pattern: str) -> None:
    listed = entry("AAPL", pattern)
    assert listed.unknown_events == (pattern,)
    assert not any(wanted(listed).passes(event) for event in SUBJECT)


def test_verdicts_that_are_remembered_stay_right_and_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filter_module, "MAX_REMEMBERED", 8)
    some = wanted(entry("A3", "quote"), entry("A4", "bars"))
    for _round in range(2):
        for number in range(50):
            symbol = f"A{number}"
            assert some.passes(quote(symbol)) == (number == 3)
            assert some.passes(candle(symbol)) == (number == 4)
    assert len(some._verdicts) <= 8


PATTERNS = st.sampled_from(
    ["quote", "bars", "candle_1m", "candle_5m", "orders", "trades", "account_update", "*", "none"]
)
ENTRIES = st.builds(
    Subscription,
    platform=st.sampled_from([Platform.ALPACA_PAPER, Platform.ALPACA_LIVE]),
    instrument=st.sampled_from(["AAPL", "MSFT", "*"]),
    events=st.lists(PATTERNS, max_size=3).map(tuple),
)


@given(entries=st.lists(ENTRIES, min_size=1, max_size=5))
def test_the_filter_agrees_with_asking_every_entry(entries: list[Subscription]) -> None:
    some = EventFilter(entries, Platform.ALPACA_PAPER)
    ours = [e for e in entries if e.platform is Platform.ALPACA_PAPER]
    for symbol in ("AAPL", "MSFT", "X"):
        for _again in range(2):
            assert some.passes(quote(symbol)) == any(e.covers(symbol, "quote") for e in ours)
            assert some.passes(order(symbol)) == any(e.covers(symbol, "order") for e in ours)
            for timeframe in (Timeframe.M1, Timeframe.M5):
                assert some.passes(candle(symbol, timeframe)) == any(
                    e.covers(symbol, "candle", timeframe) for e in ours
                )
