"""The streams, frame by frame: how they log on, what they refuse, and how they go wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from tradegw.testing.alpaca import Beside, Mood, Terms, refuse, running

from .wire import ask, logged_on, socket

BUY = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
COINS = "/v1beta3/crypto/us"


def error(code: int, words: str) -> list[dict[str, Any]]:
    return [{"T": "error", "code": code, "msg": words}]


# -- orders


def test_frames_of_orders_are_binary_json_and_nothing_is_said_first(double: Beside) -> None:
    with socket(double, "/stream/") as it:
        it.say(action="auth", key=double.key, secret=double.secret)
        frame = it.raw()
        assert isinstance(frame, bytes)
        assert json.loads(frame) == {
            "stream": "authorization",
            "data": {"action": "authenticate", "status": "authorized"},
        }
        it.say(action="listen", data={"streams": ["trade_updates", "nonsense"]})
        assert it.next() == {"stream": "listening", "data": {"streams": ["trade_updates"]}}


def test_the_old_way_to_log_on_is_deprecated_and_works(double: Beside) -> None:
    with socket(double, "/stream") as it:
        data = {"key_id": double.key, "secret_key": double.secret}
        it.say(action="authenticate", data=data)
        told = it.next()["data"]
        assert told["status"] == "authorized"
        assert "deprecated" in told["message"]


def test_nobody_listens_without_the_right_secret(double: Beside) -> None:
    with socket(double, "/stream") as it:
        it.say(action="listen", data={"streams": ["trade_updates"]})
        assert it.next()["data"] == {"action": "listen", "status": "unauthorized"}
        it.say(action="auth", key=double.key, secret="wrong")
        assert it.next()["data"]["message"] == "access key verification failed"


def test_a_second_listener_to_orders_is_refused_until_the_place_is_free(double: Beside) -> None:
    def try_again() -> int:
        with pytest.raises(InvalidStatus) as caught, socket(double, "/stream"):
            pass
        return caught.value.response.status_code

    with logged_on(double):
        assert try_again() == 429
        double.do(lambda fake: setattr(fake.trading_stream, "lingers_seconds", 0.1))
    assert try_again() == 429
    seen = 429
    while seen == 429:
        try:
            with logged_on(double):
                seen = 101
        except InvalidStatus as refusal:
            seen = refusal.response.status_code
    assert seen == 101


def test_numbers_of_orders_are_strings(double: Beside) -> None:
    with logged_on(double) as it:
        ask(double, "POST", "/v2/orders", BUY)
        fill = [it.next()["data"] for _ in range(3)][2]
        assert (fill["event"], fill["price"], fill["qty"]) == ("fill", "100.02", "1")
        assert fill["order"]["cancel_requested_at"] is None
        assert "source" not in fill["order"]


def test_a_mute_stream_heartbeats_and_a_dumb_one_no_more_than_that(double: Beside) -> None:
    with logged_on(double) as it:
        double.do(lambda fake: fake.trading_stream.set_mood(Mood.MUTE))
        ask(double, "POST", "/v2/orders", BUY)
        it.connection.ping().wait(10)
        it.say(action="listen", data={"streams": []})
        assert it.next()["stream"] == "listening"  # and no event before it
        double.do(lambda fake: fake.trading_stream.set_mood(Mood.DUMB))
        it.say(action="listen", data={"streams": ["trade_updates"]})
        assert it.connection.ping().wait(10)
        with pytest.raises(TimeoutError):
            it.raw(0.05)


def test_a_frozen_stream_does_not_even_answer_a_ping(double: Beside) -> None:
    with logged_on(double) as it:
        double.do(lambda fake: fake.trading_stream.set_mood(Mood.FROZEN))
        assert not it.connection.ping().wait(0.05)
        with logged_on(double) as other:
            ask(double, "POST", "/v2/orders", BUY)
            assert other.next()["data"]["event"] == "pending_new"
        with pytest.raises(TimeoutError):
            it.raw(0.05)


def test_a_stream_may_be_told_nothing_from_the_beginning(double: Beside) -> None:
    double.do(lambda fake: setattr(fake.trading_stream, "mood_of_new", Mood.MUTE))
    with logged_on(double) as it:
        ask(double, "POST", "/v2/orders", BUY)
        it.say(action="listen", data={"streams": []})
        assert it.next()["stream"] == "listening"


def test_a_logon_may_stay_without_an_answer(double: Beside) -> None:
    double.do(lambda fake: setattr(fake.trading_stream, "answers_logon", False))
    with socket(double, "/stream") as it:
        it.say(action="auth", key=double.key, secret=double.secret)
        with pytest.raises(TimeoutError):
            it.raw(0.05)


@pytest.mark.parametrize("politely", [True, False])
def test_a_stream_is_dropped_with_and_without_a_goodbye(double: Beside, politely: bool) -> None:
    with logged_on(double) as it:
        double.do(lambda fake: fake.trading_stream.drop(politely=politely))
        with pytest.raises(ConnectionClosed) as caught:
            it.raw()
        assert (caught.value.rcvd is not None) is politely


def test_garbage_and_unknown_events_are_sent_as_told(double: Beside) -> None:
    with logged_on(double) as it:
        _status, order = ask(double, "POST", "/v2/orders", BUY)
        for _ in range(3):
            it.next()
        double.do(lambda fake: fake.trading_stream.say_raw(b"\x00{garbage"))
        assert it.raw() == b"\x00{garbage"
        double.do(lambda fake: fake.tell("trade_bust", order["id"]))
        assert it.next()["data"]["event"] == "trade_bust"


def test_events_may_be_late(double: Beside) -> None:
    double.do(lambda fake: fake.trading_stream.script.delay(1, 0.05, "new"))
    with logged_on(double) as it:
        ask(double, "POST", "/v2/orders", BUY)
        told = [it.next()["data"]["event"] for _ in range(3)]
    assert told == ["pending_new", "fill", "new"]


# -- market data


def test_data_streams_greet_and_answer_with_what_is_subscribed(double: Beside) -> None:
    with socket(double, "/v2/iex") as it:
        assert it.next() == [{"T": "success", "msg": "connected"}]
        it.say(action="subscribe", trades=["AAPL"])
        assert it.next() == error(401, "not authenticated")
        it.say(action="auth", key=double.key, secret="wrong")
        assert it.next() == error(402, "auth failed")
        it.say(action="auth", key=double.key, secret=double.secret)
        assert it.next() == [{"T": "success", "msg": "authenticated"}]
        it.say(action="auth", key=double.key, secret=double.secret)
        assert it.next() == error(403, "already authenticated")
        it.say(action="subscribe", trades=["MSFT"], quotes=["AAPL", "MSFT"])
        it.next()
        it.say(action="unsubscribe", quotes=["MSFT"])
        [told] = it.next()
        assert (told["trades"], told["quotes"], told["corrections"]) == (
            ["MSFT"],
            ["AAPL"],
            ["MSFT"],
        )
        it.connection.send("{")
        assert it.next() == error(400, "invalid syntax")


def test_headers_of_the_upgrade_log_on(double: Beside) -> None:
    signed = {"APCA_API_KEY_ID": double.key, "APCA_API_SECRET_KEY": double.secret}
    with socket(double, "/v2/iex", **signed) as it:
        assert [it.next()[0]["msg"] for _ in range(2)] == ["connected", "authenticated"]


def test_market_data_are_json_with_numbers(double: Beside) -> None:
    with logged_on(double, "/v2/iex") as it:
        it.say(action="subscribe", quotes=["AAPL"], statuses=["*"])
        it.next()
        double.do(lambda fake: fake.set_quote("AAPL", "100.5", "0"))
        [quote] = it.next()
        assert (quote["bp"], quote["ap"], quote["as"]) == (100.5, 0, 0)
        double.do(lambda fake: fake.halt("AAPL"))
        [status] = it.next()
        assert (status["T"], status["S"], status["sc"]) == ("s", "AAPL", "H")


def test_one_connection_an_endpoint_and_the_first_survives(double: Beside) -> None:
    with logged_on(double, "/v2/iex") as first, socket(double, "/v2/iex") as second:
        second.next()
        second.say(action="auth", key=double.key, secret=double.secret)
        assert second.next() == error(406, "connection limit exceeded")
        first.say(action="subscribe", quotes=["AAPL"])
        assert first.next()[0]["quotes"] == ["AAPL"]
        with logged_on(double, COINS) as coins:
            coins.say(action="subscribe", quotes=["BTC/USD"])
            assert coins.next()[0]["quotes"] == ["BTC/USD"]


def test_symbols_are_limited_and_must_be_of_the_feed(double: Beside) -> None:
    def name(number: int) -> str:
        return "".join(chr(65 + number // 26**at % 26) for at in range(3))

    with logged_on(double, "/v2/iex") as it:
        it.say(action="subscribe", trades=[name(number) for number in range(31)])
        assert it.next() == error(405, "symbol limit exceeded")
        it.say(action="subscribe", orderbooks=["AAPL"])
        assert it.next() == error(410, "invalid subscribe action for this feed")
    with logged_on(double, COINS) as it:
        it.say(action="subscribe", quotes=["BTCUSD"])
        assert it.next() == error(400, "invalid syntax")


def test_all_exchanges_need_a_subscription(double: Beside) -> None:
    with socket(double, "/v2/sip") as it:
        it.next()
        it.say(action="auth", key=double.key, secret=double.secret)
        assert it.next() == error(409, "insufficient subscription")
    with running(Terms(feed="sip")) as rich, logged_on(rich, "/v2/sip"):
        assert rich.do(lambda fake: fake.data_streams["/v2/sip"].logons) == 1


def test_slow_clients_are_told_and_cut_off(double: Beside) -> None:
    with logged_on(double, "/v2/iex") as it:
        double.do(lambda fake: fake.data_streams["/v2/iex"].cut_slow_clients())
        assert it.next() == error(407, "slow client")
        with pytest.raises(ConnectionClosedError):
            it.raw()


def test_upgrades_can_be_refused_like_calls(double: Beside) -> None:
    double.do(lambda fake: fake.faults.plan(refuse(503), path="/v2/iex"))
    with pytest.raises(InvalidStatus, match="503"), socket(double, "/v2/iex"):
        pass
