"""Prices of the random walk: what is streamed, and what can be asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from twisted.logger import capturedLogs

from tests.brokers.mock.stand import BUY, NOON, Stand, done, refused
from tradegw.brokers.mock import walking
from tradegw.errors import OrderRejected, SymbolNotFound
from tradegw.market.bars import bar_end, bar_start
from tradegw.model.enums import Timeframe
from tradegw.model.events import CandleEvent, Event, QuoteEvent, TradeEvent
from tradegw.model.market import Bar, BarQuery

M1, M5, H1, D1 = Timeframe.M1, Timeframe.M5, Timeframe.H1, Timeframe.D1


class TestStream:
    def test_without_subscriptions_four_symbols_have_candles_at_once_and_every_2_seconds(
        self,
    ) -> None:
        stand = Stand()
        assert [event.bar.symbol for event in stand.told(CandleEvent)] == [
            "AAPL",
            "MSFT",
            "BTCUSD",
            "EURUSD",
        ]
        stand.wait(1.999)
        assert len(stand.events) == 4
        stand.wait(4.001)
        assert [bar.timestamp for bar in stand.candles("AAPL")] == [
            NOON + timedelta(seconds=seconds) for seconds in (0, 2, 4, 6)
        ]
        assert stand.told(QuoteEvent) == []

    def test_a_candle_is_what_came_since_the_last(self) -> None:
        stand = Stand(("AAPL", "quote,candle_1m"))
        stand.wait(2)
        (first, *since) = stand.quotes("AAPL")
        assert [quote.last for quote in (first,)] == [Decimal(150)]
        bar = stand.candles("AAPL")[1]
        prices = [quote.last for quote in since]
        assert (bar.open, bar.close) == (prices[0], prices[-1])
        assert (bar.high, bar.low) == (max(prices), min(prices))
        assert bar.volume == 200_000
        assert bar.timeframe is M1

    def test_quotes_come_with_every_tick_and_before_them_the_fills(self) -> None:
        stand = Stand(("AAPL", "quote"))
        stand.send(BUY, 1)
        stand.wait(0.5)
        kinds = [type(e) for e in stand.events if isinstance(e, QuoteEvent | TradeEvent)]
        assert kinds == [QuoteEvent, TradeEvent, QuoteEvent]
        quote = stand.quotes("AAPL")[-1]
        assert quote.bid < quote.last < quote.ask
        assert quote.bid_size == quote.ask_size == 100
        assert quote.volume == 50_000
        assert quote.provider == "mock"
        assert quote == done(stand.broker.quote("AAPL"))

    def test_only_what_is_subscribed_is_streamed(self) -> None:
        stand = Stand(("TSLA", "quote"), ("NVDA", "candle_1m"), ("ETHUSD", "order_update"))
        stand.wait(4)
        assert {e.quote.symbol for e in stand.told(QuoteEvent)} == {"TSLA"}
        assert {e.bar.symbol for e in stand.told(CandleEvent)} == {"NVDA"}
        assert stand.broker.exchange.last_tick("AAPL") is None

    def test_a_star_is_every_default_symbol(self) -> None:
        stand = Stand(("*", "*"), ("TSLA", "quote"))
        assert {e.quote.symbol for e in stand.told(QuoteEvent)} == {
            "AAPL",
            "MSFT",
            "BTCUSD",
            "EURUSD",
            "TSLA",
        }

    def test_larger_candles_are_made_of_the_small_ones(self) -> None:
        stand = Stand(("AAPL", "candle_1m,candle_5m"))
        stand.wait(20)
        minutes, (five, second) = stand.candles("AAPL"), stand.candles("AAPL", "5m")
        for made, parts in ((five, minutes[:5]), (second, minutes[5:10])):
            assert made.timestamp == parts[0].timestamp
            assert (made.open, made.close) == (parts[0].open, parts[-1].close)
            assert made.high == max(bar.high for bar in parts)
            assert made.low == min(bar.low for bar in parts)
            assert made.volume == sum(bar.volume for bar in parts)

    def test_larger_candles_come_without_the_small_ones_if_only_they_are_wanted(self) -> None:
        stand = Stand(("AAPL", "candle_2m"))
        stand.wait(8)
        assert stand.candles("AAPL") == []
        assert len(stand.candles("AAPL", "2m")) == 2

    @pytest.mark.parametrize(("tick_ms", "ticks"), [("250", 8), ("2000", 1), ("5000", 1)])
    def test_the_interval_of_ticks_can_be_set(self, tick_ms: str, ticks: int) -> None:
        stand = Stand(("AAPL", "quote,candle_1m"), MOCK_TICK_MS=tick_ms)
        stand.wait(max(2, int(tick_ms) / 1000))
        assert len(stand.quotes("AAPL")) == 1 + ticks
        assert len(stand.candles("AAPL")) == 2

    def test_a_listener_that_fails_stops_neither_the_tick_nor_the_others(self) -> None:
        failed: list[Event] = []

        def react(event: Event) -> None:
            if isinstance(event, QuoteEvent) and event.quote.symbol == "AAPL" and not failed:
                failed.append(event)
                raise ValueError("not today")

        stand = Stand(("AAPL", "quote"), ("MSFT", "quote"))
        stand.react = react
        stand.wait(1)
        assert len(failed) == 1
        assert len(stand.quotes("AAPL")) == len(stand.quotes("MSFT")) == 3


def test_a_wall_clock_that_is_set_back_never_turns_the_exchange_back() -> None:
    stand = Stand(("AAPL", "quote"))
    stand.wait(10)
    stand.late = timedelta(hours=-1)
    sent = stand.send(BUY, 1)
    stand.wait(1)
    filled = stand.order(sent.id)
    assert filled.created_at == filled.updated_at == NOON + timedelta(seconds=10)
    times = [quote.timestamp for quote in stand.quotes("AAPL")]
    assert times == sorted(times)


class TestSymbols:
    def test_any_symbol_has_a_price_of_100_and_walks_from_then_on(self) -> None:
        stand = Stand()
        assert done(stand.broker.quote("WHATEVER")).last == 100
        assert done(stand.broker.quote("btc/usd")).last == 50_000
        stand.wait(5)
        assert done(stand.broker.quote("WHATEVER")).last != 100

    def test_an_order_starts_a_walk_too(self) -> None:
        stand = Stand()
        sent = stand.send(BUY, 1, symbol="NEW")
        stand.wait(0.5)
        assert str(stand.order(sent.id).status) == "FILLED"

    def test_prices_do_not_depend_on_other_symbols(self) -> None:
        def prices(*others: str) -> list[Decimal]:
            stand = Stand(("AAPL", "quote"), MOCK_SEED="5")
            for other in others:
                done(stand.broker.quote(other))
            stand.wait(10)
            return [quote.last for quote in stand.quotes("AAPL")]

        assert prices() == prices("A", "B", "C")

    def test_subscriptions_that_cannot_be_served_are_warned_of(self) -> None:
        with capturedLogs() as logs:
            stand = Stand(("AAPL", "quote"), ("X" * 51, "quote"))
        assert [log["symbol"] for log in logs if "reason" in log] == ["X" * 51]
        assert len(stand.quotes("AAPL")) == 1

    def test_there_is_an_end_to_new_symbols(self) -> None:
        stand = Stand()
        for number in range(walking.MAX_SYMBOLS - 4):
            done(stand.broker.quote(f"S{number}"))
        found = refused(stand.broker.quote("ONEMORE"), SymbolNotFound)
        assert "200 symbols at most, and ONEMORE would be one more" in found.message
        done(stand.broker.quote("S1"))
        with pytest.raises(OrderRejected, match="200 symbols at most") as caught:
            stand.send(BUY, 1, symbol="ONEMORE")
        assert caught.value.reject_code == "INVALID_SYMBOL"
        stand.send(BUY, 1, symbol="S1")

    @pytest.mark.parametrize("symbol", ["\0", "A\nB", "A\x7f"])
    def test_what_cannot_be_printed_is_no_symbol(self, symbol: str) -> None:
        refused(Stand().broker.quote(symbol), SymbolNotFound)


class TestBars:
    def bars(self, stand: Stand, timeframe: Timeframe = M1, **members: object) -> list[Bar]:
        query = BarQuery(timeframe=timeframe, **members)  # type: ignore[arg-type]  # as written
        return done(stand.broker.bars("AAPL", query))

    @pytest.mark.parametrize("timeframe", Timeframe)
    def test_a_hundred_that_end_one_interval_ago_and_join_the_walk(
        self, timeframe: Timeframe
    ) -> None:
        stand = Stand()
        bars = self.bars(stand, timeframe)
        assert len(bars) == 100
        assert bar_end(bars[-1]) == bar_start(NOON, timeframe)
        assert bars[-1].close == 150
        for older, newer in pairwise(bars):
            assert bar_end(older) == newer.timestamp
            assert older.close == newer.open
        for bar in bars:
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert (bar.provider, bar.symbol, bar.timeframe) == ("mock", "AAPL", timeframe)

    def test_limits(self) -> None:
        stand = Stand()
        assert [len(self.bars(stand, limit=limit)) for limit in (0, 1, 250, 10_000, 99_999)] == [
            0,
            1,
            250,
            10_000,
            10_000,
        ]

    def test_start_and_end_are_inclusive_and_a_limit_keeps_the_newest(self) -> None:
        stand = Stand()
        start, end = NOON - timedelta(hours=5), NOON - timedelta(hours=2)
        bars = self.bars(stand, H1, start=start, end=end)
        assert [bar.timestamp.hour for bar in bars] == [7, 8, 9, 10]
        assert bars == self.bars(stand, H1, limit=5)[:4]
        assert self.bars(stand, H1, start=start, end=end, limit=2) == bars[2:]
        assert len(self.bars(stand, M1, start=NOON - timedelta(hours=5))) == 300
        assert self.bars(stand, H1, start=NOON + timedelta(days=1)) == []
        assert self.bars(stand, H1, end=NOON - timedelta(days=2000)) == []

    def test_what_has_been_walked_since_is_told_truly(self) -> None:
        stand = Stand(("AAPL", "quote"))
        before = self.bars(stand)
        stand.wait(150)
        bars = self.bars(stand)
        assert bars[:98] == before[2:]
        first, second = bars[98:]
        assert first.timestamp == NOON
        for bar, begin in ((first, 0), (second, 60)):
            prices = [
                quote.last
                for quote in stand.quotes("AAPL")
                if begin <= (quote.timestamp - NOON).total_seconds() < begin + 60
            ]
            assert len(prices) == 120
            assert (bar.open, bar.close) == (prices[0], prices[-1])
            assert (bar.high, bar.low) == (max(prices), min(prices))

    def test_larger_bars_join_what_was_before_with_what_was_walked(self) -> None:
        stand = Stand()
        stand.wait(601)
        older, newer = self.bars(stand, M5)[-2:]
        assert (older.timestamp, newer.timestamp) == (NOON, NOON + timedelta(minutes=5))
        assert older.open == 150

    def test_of_what_was_walked_long_ago_only_whole_bars_are_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(walking, "RECORDED_MINUTES", 12)
        stand = Stand(MOCK_TICK_MS="5000")
        stand.wait(20 * 60 + 5)
        walked = [bar for bar in self.bars(stand, M5) if bar.timestamp >= NOON]
        assert [bar.timestamp.minute for bar in walked] == [10, 15]

    def test_they_are_the_same_when_asked_again_and_after_a_restart(self) -> None:
        stand = Stand()
        assert self.bars(stand, D1) == self.bars(stand, D1) == self.bars(Stand(), D1)
        assert self.bars(stand, D1) != self.bars(Stand(MOCK_SEED="1"), D1)
