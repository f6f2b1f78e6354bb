"""The dossier's pitfalls of streams, each under its number, against the double."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tradegw.model.enums import OrderStatus, OrderType, Platform, Side, Timeframe
from tradegw.model.events import CandleEvent, QuoteEvent
from tradegw.model.subscription import Subscription
from tradegw.testing.alpaca import Bar, Mood, Terms
from tradegw.testing.alpaca.stamps import moment_of

from .stand import MORNING, Stand

PRICES = (
    Subscription(Platform.ALPACA_PAPER, "AAPL", ("quote", "candle_1m", "candle_5m")),
    Subscription(Platform.ALPACA_PAPER, "ETH/USD", ("quote",)),
)


def ups(stand: Stand) -> int:
    return stand.told.names().count("up")


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand(subscriptions=PRICES)
    stand.start()
    stand.wait()
    yield stand
    stand.stop()


def quotes(stand: Stand) -> list[QuoteEvent]:
    return [event for event in stand.told.events if isinstance(event, QuoteEvent)]


def candles(stand: Stand) -> list[CandleEvent]:
    return [event for event in stand.told.events if isinstance(event, CandleEvent)]


def minute(at: int, close: str) -> Bar:
    price = Decimal(close)
    return Bar(
        moment=moment_of(MORNING + timedelta(minutes=at)),
        open=price - 1,
        high=price + 2,
        low=price - 2,
        close=price,
        volume=Decimal(100),
    )


def test_21_a_fill_that_comes_again_on_a_new_connection_is_known(stand: Stand) -> None:
    stand.fake.trading_stream.script.hold(1, "fill")
    stand.submit()
    stand.wait()
    message, _send = stand.fake.trading_stream.script._held[0]
    stand.fake.trading_stream.script.release()
    stand.wait()
    stand.fake.trading_stream.reset()
    stand.wait(30.0, until=lambda: ups(stand) == 2)
    stand.fake.trading_stream.send(message)
    stand.wait()
    assert len(stand.trades) == 1


def test_59_a_leg_that_executes_tells_that_its_entry_did(stand: Stand) -> None:
    """Though nobody told; what it executed is not passed over, and the rest is asked for."""
    stand.fake.hold_fills("AAPL")
    entry = stand.submit(
        order_type=OrderType.LIMIT, limit_price="231", stop_loss="220", take_profit="240"
    )
    stand.wait()
    stand.fake.trading_stream.script.lose(1, "fill")
    stand.fake.fill(entry.id)
    stand.fake.hold_fills("AAPL", hold=False)
    stand.fake.set_quote("AAPL", "240.50", "240.52")
    stand.wait()
    (sold,) = stand.trades
    assert (sold.trade.side, sold.trade.quantity) == (Side.SELL, Decimal(10))
    assert "suspicion" in stand.told.names()


def test_24_frames_are_read_whether_binary_or_text(stand: Stand) -> None:
    stand.fake.trading_stream.speaks_binary = False
    order = stand.submit()
    stand.wait()
    assert stand.order_events[-1].order.id == order.id
    assert stand.order_events[-1].order.status is OrderStatus.FILLED


def test_25_a_second_connection_waits_until_the_first_is_forgotten(stand: Stand) -> None:
    stream = stand.fake.trading_stream
    stream.lingers_seconds = 80
    before = len([call for call in stand.fake.calls if call.path == "/stream"])
    stream.reset()
    stand.wait(120.0, until=lambda: ups(stand) == 2)
    assert ups(stand) == 2
    tries = len([call for call in stand.fake.calls if call.path == "/stream"]) - before
    assert tries <= 5


def test_26_one_data_connection_waits_until_the_other_is_forgotten(stand: Stand) -> None:
    stream = stand.fake.data_streams["/v2/iex"]
    stream.lingers_seconds = 80
    before = len([call for call in stand.fake.calls if call.path == "/v2/iex"])
    stream.reset()
    stand.wait(0.5)
    stream.lingers_seconds = 0  # those that are refused take no place
    stand.wait(150.0)
    stand.fake.set_quote("AAPL", "232", "232.02")
    stand.wait()
    assert quotes(stand)[-1].quote.bid == Decimal(232)
    tries = len([call for call in stand.fake.calls if call.path == "/v2/iex"]) - before
    assert tries <= 6


def test_27_a_data_stream_that_is_silent_in_an_open_market_is_opened_anew(stand: Stand) -> None:
    stand.fake.data_streams["/v2/iex"].set_mood(Mood.MUTE)
    stand.wait(400.0, until=lambda: "prices_lost" in stand.told.names())
    assert "prices_lost" in stand.told.names()
    assert "down" not in stand.told.names()
    stand.wait(120.0)
    stand.fake.set_quote("AAPL", "232", "232.02")
    stand.wait()
    assert quotes(stand)[-1].quote.bid == Decimal(232)


def test_27_nobody_misses_the_prices_of_a_closed_market() -> None:
    stand = Stand(subscriptions=PRICES[:1])
    stand.fake.set_session("closed")
    stand.start()
    stand.wait(3600.0)
    assert "prices_lost" not in stand.told.names()
    stand.stop()


def test_27_crypto_is_missed_at_any_time() -> None:
    stand = Stand(subscriptions=PRICES)
    stand.fake.set_session("closed")
    stand.start()
    stand.wait(200.0, until=lambda: "prices_lost" in stand.told.names())
    assert stand.told.links[-1][1][0] == ("ETH/USD",)
    stand.stop()


def test_27_prices_that_come_are_not_missed(stand: Stand) -> None:
    for _ in range(10):
        stand.wait(60.0)
        stand.fake.set_quote("AAPL", "231.39", "231.41")
        stand.fake.set_quote("ETH/USD", "3000", "3001")
    assert "prices_lost" not in stand.told.names()


def test_29_a_logon_that_is_never_answered_is_given_up(stand: Stand) -> None:
    stand.fake.trading_stream.answers_logon = False
    stand.fake.trading_stream.reset()
    stand.wait(60.0)
    assert ups(stand) == 1
    stand.fake.trading_stream.answers_logon = True
    stand.wait(60.0, until=lambda: ups(stand) == 2)
    assert ups(stand) == 2


def test_29_the_logon_is_of_the_new_form(stand: Stand) -> None:
    assert stand.fake.trading_stream.logons == 1
    sent = json.loads(_logon(stand))
    assert sent.keys() == {"action", "key", "secret"}


def _logon(stand: Stand) -> bytes:
    from tradegw.brokers.alpaca.account_stream import logon  # noqa: PLC0415  (for this test alone)

    return logon(stand.own)


def test_29_a_stream_that_is_not_granted_is_no_logon() -> None:
    stand = Stand()
    stand.fake.trading_stream.grants = frozenset()
    stand.broker.startService()
    stand.wait(30.0)
    assert "up" not in stand.told.names()
    stand.stop()


def test_30_streams_of_stocks_and_crypto_are_two(stand: Stand) -> None:
    stand.fake.set_quote("AAPL", "232", "232.02")
    stand.fake.set_quote("ETH/USD", "3010", "3011")
    stand.wait()
    told = {event.quote.symbol: event.quote for event in quotes(stand)}
    assert told["AAPL"].last == Decimal("232.01")
    assert told["ETH/USD"].bid == Decimal(3010)
    paths = {call.path for call in stand.fake.calls if call.status == 101}
    assert paths == {"/stream", "/v2/iex", "/v1beta3/crypto/us"}


def test_46_a_side_that_nobody_quotes_makes_no_price(stand: Stand) -> None:
    before = len(quotes(stand))
    stand.fake.set_quote("AAPL", "0", "232.02", "231.40")
    stand.wait()
    assert len(quotes(stand)) == before


def test_the_account_stream_is_opened_without_any_subscription() -> None:
    stand = Stand()
    stand.start()
    assert [call.path for call in stand.fake.calls if call.status == 101] == ["/stream"]
    stand.stop()


def test_minutes_are_candles_and_make_longer_ones(stand: Stand) -> None:
    for at in range(4, 10):
        stand.fake.tell_bar("AAPL", minute(at, str(230 + at)))
    stand.fake.tell_bar("AAPL", minute(9, "300"), kind="u")  # a correction: not told again
    stand.fake.tell_bar("AAPL", minute(9, "239"))
    stand.wait()
    told = candles(stand)
    minutes = [event.bar for event in told if event.bar.timeframe is Timeframe.M1]
    fives = [event.bar for event in told if event.bar.timeframe is Timeframe.M5]
    assert [bar.close for bar in minutes] == [Decimal(230 + at) for at in range(4, 10)]
    assert [(bar.timestamp.minute, bar.close, bar.volume) for bar in fives] == [
        (45, Decimal(238), Decimal(500))
    ]


def test_a_candle_whose_last_minutes_had_no_trade_is_finished_all_the_same(stand: Stand) -> None:
    for at in (4, 5):
        stand.fake.tell_bar("AAPL", minute(at, str(230 + at)))
    stand.wait(9 * 60 + 20)
    fives = [event.bar for event in candles(stand) if event.bar.timeframe is Timeframe.M5]
    assert [(bar.timestamp.minute, bar.close) for bar in fives] == [(45, Decimal(235))]


def test_what_is_too_much_is_left_out_and_the_rest_is_streamed() -> None:
    names = [f"S{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(29)]
    wanted = ("AAPL", *names, "MSFT")
    stand = Stand(
        subscriptions=[Subscription(Platform.ALPACA_PAPER, name, ("quote",)) for name in wanted]
    )
    stand.start()
    stand.wait(5.0)
    stand.fake.set_quote("AAPL", "232", "232.02")
    stand.wait()
    assert quotes(stand)[-1].quote.bid == Decimal(232)
    assert [call.status for call in stand.fake.calls if call.path == "/v2/iex"] == [101]
    stand.stop()


def test_a_feed_without_subscription_is_told_and_tried_slowly() -> None:
    stand = Stand(subscriptions=PRICES[:1], ALPACA_FEED="sip")
    stand.start()
    stand.wait(200.0)
    tries = len([call for call in stand.fake.calls if call.path == "/v2/sip"])
    assert 1 < tries <= 5
    assert "down" not in stand.told.names()
    stand.stop()


def test_all_quotes_can_be_wanted() -> None:
    every = Subscription(Platform.ALPACA_PAPER, "*", ("quote",))
    stand = Stand(subscriptions=[every], terms=Terms(feed="sip"), ALPACA_FEED="sip")
    stand.start()
    stand.wait()
    stand.fake.set_quote("MSFT", "400", "400.02")
    stand.wait()
    assert quotes(stand)[-1].quote.symbol == "MSFT"
    stand.stop()


def test_59_unknown_kinds_of_prices_are_read_over(stand: Stand) -> None:
    stand.fake.tell_data("AAPL", "zz", x=1)
    stand.fake.set_quote("AAPL", "232", "232.02")
    stand.wait()
    assert quotes(stand)[-1].quote.bid == Decimal(232)


def test_trade_corrections_are_asked_about(stand: Stand) -> None:
    order = stand.submit(side=Side.BUY)
    stand.wait()
    stand.fake.tell("trade_bust", order.id)
    stand.wait()
    assert "suspicion" in stand.told.names()


def test_56_the_position_that_an_event_tells_is_no_more_than_a_hint(stand: Stand) -> None:
    """It disagrees with what REST says for a moment: positions are reckoned, or asked for."""
    script = stand.fake.trading_stream.script
    script.hold(1, "fill")
    stand.submit()
    stand.wait()
    message, _send = script._held[0]
    message["data"]["position_qty"] = "-4711"
    stand.fake.trading_stream.send(message)
    stand.wait()
    assert [event.trade.quantity for event in stand.trades] == [10]
    (held,) = stand.ask(stand.broker.positions())
    assert held.quantity == 10
    assert "4711" not in repr(stand.told.events)
