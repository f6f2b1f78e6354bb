"""Tapes played back: pace, order, what is streamed, what can be asked, and never the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import LogEvent, capturedLogs

from tests.brokers.mock.stand import BUY, LIMIT, SELL, STOP, Stand, done, refused, tape
from tests.simulator.floor import shown
from tradegw.brokers.mock.pace import Pace
from tradegw.brokers.mock.replay import BATCH
from tradegw.errors import InvalidRequest, OrderRejected, SymbolNotFound
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, Timeframe
from tradegw.model.events import CandleEvent, Event, OrderEvent, QuoteEvent
from tradegw.model.market import Bar, BarQuery

M1, M2, M5, H1 = Timeframe.M1, Timeframe.M2, Timeframe.M5, Timeframe.H1
T0 = datetime(2024, 1, 1, 10, tzinfo=UTC)
BARS = (
    "2024-01-01T10:00:00Z,100,105,95,102,10",
    "2024-01-01T10:01:00Z,103,110,99,108,20",
    "2024-01-01T10:02:00Z,90,97,88,95,30",
    "2024-01-01T10:03:00Z,96,104,94,96,40",
)
QUOTES = (
    "2024-01-01T10:00:00.500Z,10,11",
    "2024-01-01T10:00:30Z,12,11.5",
    "2024-01-01T10:01:10Z,13,14",
    "2024-01-01T10:02:00Z,14,15",
)
TRADES = (
    "2024-01-01T10:00:00Z,20",
    "2024-01-01T10:00:00Z,22",
    "2024-01-01T10:00:59Z,21",
    "2024-01-01T10:01:00Z,25",
)
A_MINUTE_A_SECOND = "60"


def bars_of(stand: Stand, symbol: str, timeframe: Timeframe, **members: Any) -> list[Bar]:
    return done(stand.broker.bars(symbol, BarQuery(timeframe=timeframe, **members)))


def story(stand: Stand) -> list[str]:
    """What was streamed, shortly."""
    told = []
    for event in stand.events:
        if isinstance(event, QuoteEvent):
            told.append(f"{event.quote.symbol} {event.quote.last}")
        elif isinstance(event, CandleEvent):
            bar = event.bar
            told.append(f"{bar.symbol} {bar.timeframe} {bar.timestamp:%H:%M} {bar.close}")
        elif isinstance(event, OrderEvent):
            told.append(str(event.event))
    return told


@pytest.fixture
def bars(tmp_path: Path) -> str:
    return tape(tmp_path, "X.1m.csv", BARS)


@pytest.fixture
def quotes(tmp_path: Path) -> str:
    return tape(tmp_path, "Q.quotes.csv", QUOTES)


@pytest.fixture
def trades(tmp_path: Path) -> str:
    return tape(tmp_path, "T.trades.csv", TRADES)


class TestPace:
    def test_as_recorded_or_faster_with_long_pauses_cut(self) -> None:
        pace = Pace(60.0, T0)
        pace.start(5.0)
        assert pace.wait(T0, 5.0) == 0
        pace.passed(T0, 5.0)
        assert pace.wait(T0 + timedelta(seconds=30), 5.0) == 0.5
        pace.passed(T0 + timedelta(seconds=30), 5.5)
        assert pace.wait(T0 + timedelta(days=2), 5.5) == 1.0

    def test_a_small_lag_is_caught_up_with_and_a_long_one_let_go(self) -> None:
        pace = Pace(1.0, T0)
        pace.start(0.0)
        pace.passed(T0 + timedelta(seconds=1), 1.4)
        assert pace.wait(T0 + timedelta(seconds=2), 1.4) == pytest.approx(0.6)
        pace.passed(T0 + timedelta(seconds=2), 100.0)
        assert pace.wait(T0 + timedelta(seconds=3), 100.0) == pytest.approx(0.0)

    def test_bars_are_played_in_their_time(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars, MOCK_TAPE_SPEED=A_MINUTE_A_SECOND)
        stand.wait(0.99)
        assert stand.candles("X") == []
        stand.wait(0.02)
        assert len(stand.candles("X")) == 1
        stand.wait(2)
        assert len(stand.candles("X")) == 3

    def test_nights_and_weekends_take_a_second(self, tmp_path: Path) -> None:
        rows = ["2024-01-05T20:59:00Z,5,5,5,5", "2024-01-08T14:30:00Z,6,6,6,6"]
        stand = Stand(MOCK_TAPE=tape(tmp_path, "X.1m.csv", rows), MOCK_TAPE_SPEED=A_MINUTE_A_SECOND)
        stand.wait(3.01)
        assert [bar.close for bar in stand.candles("X")] == [5, 6]

    def test_what_is_due_together_is_played_in_bounded_turns(self, tmp_path: Path) -> None:
        rows = [f"2024-01-01T10:00:00Z,{number + 1}" for number in range(3 * BATCH)]
        stand = Stand(MOCK_TAPE=tape(tmp_path, "X.trades.csv", rows))
        played: list[int] = []

        def look() -> None:
            played.append(len(stand.quotes("X")))
            if len(played) < 4:
                stand.clock.callLater(0, look)

        stand.clock.callLater(0, look)
        stand.clock.advance(0)
        assert played == [BATCH, 2 * BATCH, 3 * BATCH, 3 * BATCH]
        assert [quote.last for quote in stand.quotes("X")] == list(range(1, 3 * BATCH + 1))

    def test_a_slow_listener_makes_the_turns_shorter(self, tmp_path: Path) -> None:
        rows = [f"2024-01-01T10:00:00Z,{number + 1}" for number in range(9)]
        played: list[int] = []

        def slow(event: Event) -> None:
            stand.clock.rightNow += 0.006

        stand = Stand(MOCK_TAPE=tape(tmp_path, "X.trades.csv", rows), react=slow)

        def look() -> None:
            played.append(len(stand.quotes("X")))
            if len(played) < 4:
                stand.clock.callLater(0, look)

        stand.clock.callLater(0, look)
        stand.clock.advance(0)
        assert played == [2, 4, 6, 8]


class TestStream:
    def test_without_subscriptions_bars_are_candles(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars)
        stand.play_out()
        assert story(stand) == [
            "X 1m 10:00 102",
            "X 1m 10:01 108",
            "X 1m 10:02 95",
            "X 1m 10:03 96",
        ]
        bar = stand.candles("X")[1]
        assert shown(bar.open, bar.high, bar.low, bar.volume) == [103, 110, 99, 20]

    def test_and_quotes_are_quotes(self, quotes: str) -> None:
        stand = Stand(MOCK_TAPE=quotes)
        stand.play_out()
        assert [shown(q.bid, q.ask) for q in stand.quotes("Q")] == [
            [10, 11],
            [Decimal("11.5"), 12],
            [13, 14],
            [14, 15],
        ]
        assert stand.told(CandleEvent) == []

    def test_and_trades_are_quotes_and_candles_of_a_minute(self, trades: str) -> None:
        stand = Stand(MOCK_TAPE=trades)
        stand.play_out()
        assert story(stand) == ["T 20", "T 22", "T 21", "T 1m 10:00 21", "T 25"]
        (bar,) = stand.candles("T")
        assert shown(bar.open, bar.high, bar.low, bar.close) == [20, 22, 20, 21]

    def test_a_candle_ends_with_its_minute_even_if_nothing_follows_for_long(
        self, tmp_path: Path
    ) -> None:
        rows = ["2024-01-01T10:00:00Z,20", "2024-01-01T15:00:00Z,25"]
        stand = Stand(
            MOCK_TAPE=tape(tmp_path, "T.trades.csv", rows), MOCK_TAPE_SPEED=A_MINUTE_A_SECOND
        )
        stand.wait(1.001)
        assert story(stand) == ["T 20", "T 1m 10:00 20"]
        assert stand.broker.exchange.time == T0 + timedelta(minutes=1)

    def test_with_subscriptions_what_they_ask_for(self, bars: str, quotes: str) -> None:
        stand = Stand(("X", "candle_2m,quote"), ("Q", "candle_1m"), MOCK_TAPE=f"{bars},{quotes}")
        stand.play_out()
        assert {e.quote.symbol for e in stand.told(QuoteEvent)} == {"X"}
        assert [quote.last for quote in stand.quotes("X")][:4] == [100, 95, 105, 102]
        assert {quote.volume for quote in stand.quotes("X")} == {None}
        assert [f"{bar.timestamp:%H:%M}" for bar in stand.candles("X", "2m")] == ["10:00", "10:02"]
        assert stand.candles("X") == []
        assert [bar.close for bar in stand.candles("Q")] == [Decimal("13.5"), Decimal("14.5")]

    def test_a_star_is_every_symbol_in_its_natural_way(self, bars: str, trades: str) -> None:
        stand = Stand(("*", "candle_*"), MOCK_TAPE=f"{bars},{trades}")
        stand.play_out()
        assert len(stand.candles("X")) == 4
        assert [bar.close for bar in stand.candles("T")] == [21, 25]
        assert stand.told(QuoteEvent) == []

    def test_candles_that_cannot_be_made_are_warned_of(self, tmp_path: Path) -> None:
        five = tape(tmp_path, "X.5m.csv", BARS[:1])
        with capturedLogs() as logs:
            Stand(("X", "candle_1m"), MOCK_TAPE=five)
        assert any("candles of 1m" in str(log.get("impossible")) for log in logs)

    def test_bars_of_several_lengths_are_told_as_recorded_and_the_shortest_drive(
        self, bars: str, tmp_path: Path
    ) -> None:
        two = tape(tmp_path, "X.2m.csv", ["2024-01-01T10:00:00Z,100,110,88,99,1"])
        stand = Stand(MOCK_TAPE=f"{two},{bars}")
        stand.play_out()
        assert story(stand)[:3] == ["X 1m 10:00 102", "X 1m 10:01 108", "X 2m 10:00 99"]
        assert len(stand.candles("X")) == 4
        assert bars_of(stand, "X", M2) == stand.candles("X", "2m")

    def test_quotes_drive_before_bars(self, tmp_path: Path) -> None:
        minute = tape(tmp_path, "Q.1m.csv", ["2024-01-01T10:00:00Z,70,70,70,70,1"])
        second = tape(tmp_path, "Q.quotes.csv", QUOTES)
        stand = Stand(MOCK_TAPE=f"{minute},{second}")
        stand.send(BUY, 1, symbol="Q")
        stand.play_out()
        (trade,) = done(stand.broker.trades(TradeQuery()))
        assert trade.price == 11
        assert [bar.close for bar in stand.candles("Q")] == [70]


class TestOrder:
    def test_at_one_instant_bars_end_before_others_open(self, tmp_path: Path) -> None:
        """An order that answers the end of one symbol's bar fills at the open of another's."""
        first = tape(tmp_path, "A.1m.csv", ["2024-01-01T09:59:00Z,1,1,1,1,1"])
        second = tape(tmp_path, "B.1m.csv", BARS[:1])
        sent: list[str] = []

        def react(event: Event) -> None:
            if isinstance(event, CandleEvent) and event.bar.symbol == "A":
                sent.append(stand.send(BUY, 1, symbol="B").id)

        stand = Stand(MOCK_TAPE=f"{second},{first}", react=react)
        stand.play_out()
        filled = stand.order(sent[0])
        assert filled.average_fill_price == 100
        assert filled.updated_at == T0

    def test_an_order_sent_when_a_bar_has_ended_fills_at_the_next_open(self, bars: str) -> None:
        sent: list[str] = []

        def react(event: Event) -> None:
            if isinstance(event, CandleEvent) and not sent:
                sent.append(stand.send(BUY, 10, symbol="X").id)

        stand = Stand(MOCK_TAPE=bars, react=react)
        stand.play_out()
        filled = stand.order(sent[0])
        assert filled.average_fill_price == 103
        assert filled.created_at == filled.updated_at == T0 + timedelta(minutes=1)

    def test_times_are_the_tapes_and_messages_bear_wall_time(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars, MOCK_TAPE_SPEED=A_MINUTE_A_SECOND)
        stand.wait(0.5)
        sent = stand.send(BUY, 1, symbol="X")
        assert T0 <= sent.created_at <= T0 + timedelta(minutes=1)
        stand.wait(1)
        for event in stand.events:
            assert event.timestamp.year == 2025
        assert done(stand.broker.trades(TradeQuery()))[0].timestamp.year == 2024
        assert done(stand.broker.positions())[0].opened_at.year == 2024

    def test_stops_and_limits_fill_inside_of_a_bar_on_the_way_to_the_nearer_extreme(
        self, bars: str
    ) -> None:
        """103/110/99/108: the low is nearer to the open."""
        stand = Stand(MOCK_TAPE=bars, MOCK_TAPE_SPEED=A_MINUTE_A_SECOND)
        stand.wait(1.01)
        limit = stand.send(BUY, 1, LIMIT, symbol="X", limit_price=100)
        stop = stand.send(BUY, 1, STOP, symbol="X", stop_price=105)
        stand.wait(1)
        assert stand.order(limit.id).average_fill_price == 100
        assert stand.order(limit.id).updated_at == T0 + timedelta(seconds=75)
        assert stand.order(stop.id).average_fill_price == 105
        first, second = done(stand.broker.trades(TradeQuery()))
        assert shown(first.order_id, second.order_id) == [limit.id, stop.id]

    def test_a_gateway_that_answers_a_fill_trades_in_the_same_bar(self, bars: str) -> None:
        sent: list[str] = []

        def react(event: Event) -> None:
            if isinstance(event, OrderEvent) and str(event.event) == "ORDER_FILLED" and not sent:
                sent.append(stand.send(SELL, 1, LIMIT, symbol="X", limit_price=109).id)

        stand = Stand(MOCK_TAPE=bars, react=react)
        stand.clock.advance(0)
        stand.send(BUY, 1, LIMIT, symbol="X", limit_price=100)
        stand.play_out()
        target = stand.order(sent[0])
        assert shown(target.average_fill_price, target.status) == [109, OrderStatus.FILLED]
        assert target.updated_at < T0 + timedelta(minutes=2)


class TestAsking:
    def test_only_the_symbols_of_the_tapes_are_known(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars)
        refused(stand.broker.quote("AAPL"), SymbolNotFound)
        refused(stand.broker.bars("AAPL", BarQuery(timeframe=M1)), SymbolNotFound)
        with pytest.raises(SymbolNotFound):
            stand.send(BUY, 1, symbol="AAPL")

    def test_before_its_first_price_a_symbol_has_no_quote_but_takes_orders(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars)
        refused(stand.broker.quote("X"), SymbolNotFound)
        sent = stand.send(BUY, 1, symbol="X")
        assert sent.created_at == T0
        stand.clock.advance(0)
        assert stand.order(sent.id).average_fill_price == 100

    def test_nothing_of_the_future_can_be_asked_for(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars, MOCK_TAPE_SPEED=A_MINUTE_A_SECOND)
        far = T0 + timedelta(days=1)
        stand.wait(1.5)
        assert [bar.close for bar in bars_of(stand, "X", M1, end=far)] == [102]
        assert bars_of(stand, "X", M2, end=far) == []
        stand.wait(0.6)
        assert len(bars_of(stand, "X", M1, start=T0, end=far)) == 2
        (two,) = bars_of(stand, "X", M2)
        assert shown(two.open, two.high, two.low, two.close, two.volume) == [100, 110, 95, 108, 30]

    def test_the_quote_is_what_was_shown_last(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars, MOCK_TAPE_SPEED=A_MINUTE_A_SECOND)
        stand.wait(0.34)
        quote = done(stand.broker.quote("X"))
        assert shown(quote.bid, quote.ask, quote.last) == [95, 95, 95]
        assert quote.timestamp == T0 + timedelta(seconds=20)
        assert quote.volume is None

    def test_the_quote_of_a_trade_tells_its_size(self, trades: str) -> None:
        stand = Stand(MOCK_TAPE=trades)
        stand.play_out()
        assert done(stand.broker.quote("T")) == stand.quotes("T")[-1]
        sized = tape(Path(trades).parent, "S.trades.csv", ["2024-01-01T10:00:00Z,20"])
        Path(sized).write_text("timestamp,price,size\n2024-01-01T10:00:00Z,20,7\n")
        stand = Stand(MOCK_TAPE=sized)
        stand.play_out()
        assert done(stand.broker.quote("S")).volume == 7

    def test_what_is_seen_up_to_now_does_not_depend_on_what_comes(self, tmp_path: Path) -> None:
        """The same tape with another end: byte for byte the same story until then."""

        def seen(rows: list[str], name: str) -> list[str]:
            folder = tmp_path / name
            folder.mkdir()
            stand = Stand(
                ("X", "*"),
                MOCK_TAPE=tape(folder, "X.1m.csv", rows),
                MOCK_TAPE_SPEED=A_MINUTE_A_SECOND,
            )
            story = []
            for _ in range(21):
                stand.wait(0.1)
                query = BarQuery(timeframe=M1, end=T0 + timedelta(days=9))
                answers = (
                    done(stand.broker.bars("X", query)),
                    done(stand.broker.bars("X", BarQuery(timeframe=M2))),
                    done(stand.broker.account()),
                )
                story.append(repr((answers, stand.broker.exchange.time)))
            return story + [repr(event) for event in stand.events]

        garbage = ["2024-01-01T10:02:00Z,90,7000,3,5,9", "2024-01-01T10:03:00Z,1,1,1,1,1"]
        until = 20
        true, false = seen(list(BARS), "true"), seen([*BARS[:2], *garbage], "false")
        assert true[:until] == false[:until]

    def test_bars_of_ticks_are_made_of_minutes(self, trades: str) -> None:
        stand = Stand(MOCK_TAPE=trades)
        stand.play_out()
        (bar,) = bars_of(stand, "T", M1)
        assert shown(bar.open, bar.close) == [20, 21]

    def test_bars_shorter_than_the_tapes_cannot_be_made(self, tmp_path: Path) -> None:
        stand = Stand(MOCK_TAPE=tape(tmp_path, "X.5m.csv", BARS[:1]))
        error = refused(stand.broker.bars("X", BarQuery(timeframe=M1)), InvalidRequest)
        assert error.details == {"field": "timeframe"}
        refused(stand.broker.bars("X", BarQuery(timeframe=M2)), InvalidRequest)
        assert bars_of(stand, "X", H1) == []


class TestEnd:
    def test_the_market_closes_and_cancels_still_work(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars)
        resting = stand.send(BUY, 1, LIMIT, symbol="X", limit_price=1)
        stand.send(BUY, 1, symbol="X")
        with capturedLogs() as logs:
            stand.play_out()
        assert [log for log in logs if "ended" in str(log.get("log_format"))]
        with pytest.raises(OrderRejected) as refusal:
            stand.send(BUY, 1, symbol="X")
        assert refusal.value.reject_code == "MARKET_CLOSED"
        assert done(stand.broker.cancel(resting.id)).status is OrderStatus.CANCELLED
        (position,) = done(stand.broker.positions())
        assert position.current_price == 96
        with pytest.raises(OrderRejected):
            stand.close("X")
        assert stand.clock.getDelayedCalls() == []

    def test_each_symbol_has_its_own_end(self, bars: str, trades: str) -> None:
        stand = Stand(MOCK_TAPE=f"{bars},{trades}", MOCK_TAPE_SPEED=A_MINUTE_A_SECOND)
        stand.wait(1.5)
        with pytest.raises(OrderRejected):
            stand.send(BUY, 1, symbol="T")
        stand.send(BUY, 1, symbol="X")

    def test_stop_leaves_nothing_running(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars)
        stand.wait(70)
        done(stand.broker.stopService())
        assert stand.clock.getDelayedCalls() == []

    def test_stop_from_within_an_event_too(self, bars: str) -> None:
        stand = Stand(MOCK_TAPE=bars)
        stand.react = lambda _event: done(stand.broker.stopService())
        stand.play_out()
        assert len(stand.events) == 1

    def test_a_file_that_was_spoilt_after_the_start_ends_the_tape(self, tmp_path: Path) -> None:
        path = tape(tmp_path, "X.1m.csv", BARS)
        stand = Stand(MOCK_TAPE=path, start=False)
        Path(path).write_text("timestamp,open,high,low,close\nrubbish\n")
        stand.broker.startService()
        with capturedLogs() as logs:
            stand.play_out()
        reasons: list[LogEvent] = [log for log in logs if "line 2" in str(log.get("reason"))]
        assert len(reasons) == 1
        with pytest.raises(OrderRejected):
            stand.send(BUY, 1, symbol="X")

    def test_a_listener_that_fails_does_not_stop_the_tape(self, bars: str) -> None:
        def react(event: Event) -> None:
            raise ValueError("not today")

        stand = Stand(MOCK_TAPE=bars, react=react)
        stand.play_out()
        assert len(stand.candles("X")) == 4
