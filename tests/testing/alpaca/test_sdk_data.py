"""The broker's own SDK reads market data of the double, by calls and by streams."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tradegw.testing.alpaca import Bar, Beside, FakeAlpaca

from . import sdk
from .sdk import APIError, Heard, data_requests, listening, timeframe

DAY = datetime(2026, 3, 2, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def moment(minute: int) -> int:
    return (int(MORNING.timestamp()) + 60 * minute) * 1_000_000_000


def bar(minute: int, close: str = "101") -> Bar:
    price = Decimal(close)
    return Bar(
        moment=moment(minute),
        open=Decimal(100),
        high=max(price, Decimal(100)) + minute,
        low=Decimal(99),
        close=price,
        volume=Decimal(10),
        trades=2,
    )


def with_bars(symbol: str) -> Callable[[FakeAlpaca], None]:
    return lambda fake: fake.add_bars(symbol, [bar(minute) for minute in range(7)])


def test_bars_are_read_and_coarser_ones_built(double: Beside) -> None:
    double.do(with_bars("AAPL"))
    with sdk.stocks(double) as client:

        def bars(frame: Any, **members: Any) -> list[Any]:
            query = data_requests.StockBarsRequest(
                symbol_or_symbols=["AAPL"], timeframe=frame, start=DAY, **members
            )
            return list(client.get_stock_bars(query).data["AAPL"])

        minutes = bars(timeframe.TimeFrame.Minute)
        assert [each.timestamp for each in minutes] == [
            MORNING + timedelta(minutes=minute) for minute in range(7)
        ]
        assert (minutes[3].open, minutes[3].close, minutes[3].volume) == (100, 101, 10)
        five = bars(timeframe.TimeFrame(5, timeframe.TimeFrameUnit.Minute))
        assert [(each.high, each.volume) for each in five] == [(105, 50), (107, 20)]
        [day] = bars(timeframe.TimeFrame.Day)
        assert day.timestamp == datetime(2026, 3, 2, 5, tzinfo=UTC)
        assert [
            each.timestamp for each in bars(timeframe.TimeFrame.Minute, sort="desc", limit=2)
        ] == [
            MORNING + timedelta(minutes=6),
            MORNING + timedelta(minutes=5),
        ]


def test_bars_are_of_today_unless_told_otherwise(double: Beside) -> None:
    double.do(with_bars("AAPL"))
    with sdk.stocks(double) as client:
        query = {"symbols": "AAPL", "timeframe": "1Min"}
        assert client.get("/stocks/bars", query) == {"bars": {}, "next_page_token": None}
        query["start"] = "2026-03-02T14:35:00Z"
        assert len(client.get("/stocks/bars", query)["bars"]["AAPL"]) == 2
        with pytest.raises(APIError, match="invalid timeframe"):
            client.get("/stocks/bars", {"symbols": "AAPL", "timeframe": "fortnight"})


def test_pages_are_followed_over_symbols(double: Beside) -> None:
    double.do(with_bars("AAPL"))
    double.do(with_bars("MSFT"))
    with sdk.stocks(double) as client:
        query: dict[str, Any] = {"symbols": "MSFT,AAPL", "timeframe": "1Min", "limit": 5}
        query["start"] = "2026-03-02"
        found: list[tuple[str, str]] = []
        pages = 0
        while pages == 0 or query["page_token"]:
            page = client.get("/stocks/bars", query)
            found += [(symbol, each["t"]) for symbol, bars in page["bars"].items() for each in bars]
            query["page_token"] = page["next_page_token"]
            pages += 1
        assert pages == 3
        assert len(found) == len(set(found)) == 14


def test_latest_quotes_trades_and_snapshots(double: Beside) -> None:
    double.do(with_bars("AAPL"))
    with sdk.stocks(double) as client:
        quotes = client.get_stock_latest_quote(
            data_requests.StockLatestQuoteRequest(symbol_or_symbols=["AAPL", "KO"])
        )
        assert list(quotes) == ["AAPL"]
        assert (quotes["AAPL"].bid_price, quotes["AAPL"].ask_price) == (100, 100.02)
        trades = client.get_stock_latest_trade(
            data_requests.StockLatestTradeRequest(symbol_or_symbols="AAPL")
        )
        assert trades["AAPL"].price == 100.01
        snapshot = client.get_stock_snapshot(
            data_requests.StockSnapshotRequest(symbol_or_symbols="AAPL")
        )["AAPL"]
        assert snapshot.latest_quote.ask_price == 100.02
        assert snapshot.daily_bar.volume == 70
        assert snapshot.previous_daily_bar is None


def test_recent_data_of_all_exchanges_need_a_subscription(double: Beside) -> None:
    with sdk.stocks(double) as client, pytest.raises(APIError, match="recent SIP data"):
        client.get_stock_latest_quote(
            data_requests.StockLatestQuoteRequest(symbol_or_symbols="AAPL", feed="sip")
        )


def test_coins_need_their_slash(double: Beside) -> None:
    double.do(with_bars("BTC/USD"))
    with sdk.coins(double) as client:
        quote = client.get_crypto_latest_quote(
            data_requests.CryptoLatestQuoteRequest(symbol_or_symbols="BTC/USD")
        )["BTC/USD"]
        assert (quote.bid_price, quote.ask_price) == (50000, 50010)
        bars = client.get_crypto_bars(
            data_requests.CryptoBarsRequest(
                symbol_or_symbols="BTC/USD", timeframe=timeframe.TimeFrame.Hour, start=DAY
            )
        )
        assert [each.volume for each in bars.data["BTC/USD"]] == [70]
        snapshot = client.get_crypto_snapshot(
            data_requests.CryptoSnapshotRequest(symbol_or_symbols="BTC/USD")
        )["BTC/USD"]
        assert snapshot.latest_trade.price == 50005
        with pytest.raises(APIError, match="invalid symbol: BTCUSD does not match"):
            client.get("/crypto/us/latest/quotes", {"symbols": "BTCUSD"})


def test_stocks_are_streamed(double: Beside) -> None:
    quotes, trades, bars = Heard(), Heard(), Heard()
    stream = sdk.StockDataStream(double.key, double.secret, url_override=f"{double.ws_url}/v2/iex")

    def subscribe(stream: Any) -> None:
        stream.subscribe_quotes(quotes.hear, "AAPL")
        stream.subscribe_trades(trades.hear, "*")
        stream.subscribe_bars(bars.hear, "AAPL")

    with listening(double, stream, "/v2/iex", subscribe):
        double.do(lambda fake: fake.set_quote("MSFT", "411", "411.1", "411.05"))
        double.do(lambda fake: fake.set_quote("AAPL", "101", "101.02", ask_size=7))
        double.do(lambda fake: fake.tell_bar("AAPL", bar(0)))
        quote = quotes.next()
        assert (quote.symbol, quote.bid_price, quote.ask_price) == ("AAPL", 101, 101.02)
        assert quote.ask_size == 7
        assert [each.price for each in trades.take(2)] == [411.05, 101.01]
        minute = bars.next()
        assert (minute.timestamp, minute.close) == (MORNING, 101)
        double.do(lambda fake: fake.set_quote("AAPL", "102", "102.02"))
        assert quotes.next().bid_price == 102  # and nothing of the other before


def test_coins_are_streamed(double: Beside) -> None:
    heard = Heard()
    path = "/v1beta3/crypto/us"
    stream = sdk.CryptoDataStream(double.key, double.secret, url_override=double.ws_url + path)
    with listening(double, stream, path, lambda it: it.subscribe_quotes(heard.hear, "BTC/USD")):
        double.do(lambda fake: fake.tell_data("BTC/USD", "zz", whatever=1))
        double.do(lambda fake: fake.set_quote("BTC/USD", "51000.5", "51001"))
        quote = heard.next()
        assert (quote.symbol, quote.bid_price) == ("BTC/USD", 51000.5)
