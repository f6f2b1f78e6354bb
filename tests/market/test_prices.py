"""The last quote of each symbol, and whether it still says what the market is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tradegw.market.prices import FRESH, MAX_SYMBOLS, Prices
from tradegw.model.events import QuoteEvent
from tradegw.model.market import Quote

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=900)
INSTANT = timedelta(microseconds=1)


def quoted(symbol: str, bid: int = 99, at: datetime = NOON) -> QuoteEvent:
    price = Decimal(bid)
    quote = Quote(
        symbol=symbol, provider="x", bid=price, ask=price + 2, last=price, timestamp=LONG_AGO
    )
    return QuoteEvent(timestamp=at, quote=quote)


def seen(*events: QuoteEvent, most: int = MAX_SYMBOLS) -> Prices:
    prices = Prices(most)
    for event in events:
        prices.see(event)
    return prices


def test_nothing_is_known_of_a_symbol_without_a_quote() -> None:
    assert seen(quoted("MSFT")).fresh("AAPL", NOON) is None


def test_each_symbol_has_its_newest_quote_whatever_time_that_bears_itself() -> None:
    newest = quoted("AAPL", 101)
    prices = seen(quoted("AAPL", 99), quoted("MSFT", 7), newest)
    assert prices.fresh("AAPL", NOON) is newest.quote


@pytest.mark.parametrize("sign", [1, -1], ids=["passes", "was set back"])
def test_a_quote_is_fresh_for_a_while_after_it_came(sign: int) -> None:
    prices = seen(quoted("AAPL"))
    assert prices.fresh("AAPL", NOON + sign * FRESH) is not None
    assert prices.fresh("AAPL", NOON + sign * (FRESH + INSTANT)) is None


def test_a_lost_stream_takes_its_quotes_with_it_until_the_next_comes() -> None:
    prices = seen(quoted("AAPL"), quoted("MSFT"))
    prices.forget(["AAPL", "TSLA"])
    assert prices.fresh("AAPL", NOON) is None
    assert prices.fresh("MSFT", NOON) is not None
    prices.see(quoted("AAPL"))
    assert prices.fresh("AAPL", NOON) is not None


def test_of_too_many_symbols_the_one_seen_first_is_forgotten() -> None:
    prices = seen(quoted("A"), quoted("B"), quoted("A"), quoted("C"), most=2)
    assert [prices.fresh(symbol, NOON) is not None for symbol in "ABC"] == [False, True, True]
