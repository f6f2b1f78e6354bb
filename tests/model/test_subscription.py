"""What strategies want to hear (protocol 5.7)."""

from __future__ import annotations

import pytest

from tradegw.model.enums import Platform, Timeframe
from tradegw.model.subscription import (
    ACCOUNT,
    CANDLE,
    EVERYTHING,
    ORDER,
    POSITION,
    QUOTE,
    TRADE,
    Subscription,
)


def entry(*events: str, instrument: str = "AAPL") -> Subscription:
    return Subscription(platform=Platform.MOCK, instrument=instrument, events=events)


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("*", EVERYTHING),
        ("quote", QUOTE),
        ("quotes", QUOTE),
        ("candle_*", CANDLE),
        ("candle", CANDLE),
        ("bars", CANDLE),
        ("bar", CANDLE),
        ("candle_1m", "candle:1m"),
        ("candles.1w", "candle:1w"),
        ("order_update", ORDER),
        ("orders", ORDER),
        ("position_update", POSITION),
        ("positions", POSITION),
        ("trade_update", TRADE),
        ("trades", TRADE),
        ("trade", TRADE),
        ("account_update", ACCOUNT),
    ],
)
def test_each_pattern_stands_for_a_kind(pattern: str, kind: str) -> None:
    assert entry(pattern).kinds == {kind}
    assert entry(pattern).unknown_events == ()


@pytest.mark.parametrize("timeframe", Timeframe)
def test_every_timeframe_can_be_named_in_two_ways(timeframe: Timeframe) -> None:
    for pattern in (f"candle_{timeframe}", f"candles.{timeframe}"):
        assert entry(pattern).covers("AAPL", CANDLE, timeframe)
        others = [other for other in Timeframe if other is not timeframe]
        assert not any(entry(pattern).covers("AAPL", CANDLE, other) for other in others)


@pytest.mark.parametrize("pattern", ["Quote", "QUOTES", " quote", "candle_1M", "option_greeks", ""])
def test_what_nobody_knows_matches_nothing_and_is_reported(pattern: str) -> None:
    subscription = entry(pattern, "orders")
    assert subscription.kinds == {ORDER}
    assert subscription.unknown_events == (pattern,)


@pytest.mark.parametrize("kind", [QUOTE, CANDLE, ORDER, POSITION, TRADE, ACCOUNT])
def test_sf02_a_star_covers_every_kind_of_its_instrument(kind: str) -> None:
    assert entry("*").covers("AAPL", kind, Timeframe.M1)
    assert not entry("*").covers("MSFT", kind, Timeframe.M1)


def test_sf01_instrument_and_kind_must_both_match() -> None:
    subscription = entry("quote", "orders")
    assert subscription.covers("AAPL", QUOTE)
    assert subscription.covers("AAPL", ORDER)
    assert not subscription.covers("AAPL", TRADE)
    assert not subscription.covers("MSFT", QUOTE)


def test_sf02_a_star_as_instrument_covers_all() -> None:
    subscription = entry("quote", instrument="*")
    assert subscription.covers("AAPL", QUOTE)
    assert subscription.covers("BTC/USD", QUOTE)
    assert not subscription.covers("AAPL", ORDER)


def test_all_candles_cover_each_timeframe_but_no_quote() -> None:
    assert all(entry("bars").covers("AAPL", CANDLE, timeframe) for timeframe in Timeframe)
    assert not entry("bars").covers("AAPL", QUOTE)
