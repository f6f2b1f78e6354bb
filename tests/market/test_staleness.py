"""Which instruments are stale, and since when (order_lifecycle 20.13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tradegw.market.staleness import Staleness

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=30)


def stale(*symbols: str) -> Staleness:
    staleness = Staleness()
    staleness.mark(symbols, NOON)
    return staleness


def test_sl01_marking_marks_all_and_a_tick_clears_only_its_own() -> None:
    staleness = stale("AAPL", "MSFT", "TSLA")
    staleness.refresh("MSFT")
    assert staleness.symbols == ("AAPL", "TSLA")


def test_sl02_a_tick_returns_the_time_once_and_then_nothing() -> None:
    staleness = stale("AAPL")
    assert staleness.refresh("AAPL") == NOON
    assert staleness.refresh("AAPL") is None


def test_sl02_an_unknown_symbol_is_never_stale() -> None:
    assert stale("AAPL").refresh("EURUSD") is None


def test_is_true_while_anything_is_stale() -> None:
    staleness = stale("AAPL")
    assert staleness
    staleness.refresh("AAPL")
    assert not staleness
    assert staleness.symbols == ()
    assert staleness.earliest is None


def test_a_second_loss_keeps_the_earlier_time_and_names_only_the_new() -> None:
    staleness = stale("AAPL")
    assert staleness.mark(("MSFT", "AAPL", "MSFT"), LATER) == ("MSFT",)
    assert staleness.earliest == NOON
    assert staleness.refresh("AAPL") == NOON
    assert staleness.refresh("MSFT") == LATER


def test_the_symbols_come_in_alphabetical_order() -> None:
    assert stale("TSLA", "AAPL").symbols == ("AAPL", "TSLA")
