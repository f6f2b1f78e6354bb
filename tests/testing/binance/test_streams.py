"""Streams on real sockets: names, envelopes, pings, and the ways in which they fail."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tradegw.testing.binance import Beside, Mood

from .wire import ask, private, socket

BUY: dict[str, Any] = {"symbol": "SOLUSDC", "side": "BUY", "type": "MARKET", "quantity": "1"}


def quote(double: Beside, bid: str = "101", ask: str = "102") -> None:
    double.do(lambda fake: fake.spot.set_quote("SOLUSDC", bid, ask))


def test_raw_streams_are_bare_and_combined_ones_wrapped(double: Beside) -> None:
    with (
        socket(double, "/ws/solusdc@bookTicker") as raw,
        socket(double, "/stream?streams=solusdc@bookTicker/solusdc@trade") as both,
    ):
        quote(double)
        told = raw.next()
        assert told.keys() == {"u", "s", "b", "B", "a", "A"}
        assert (told["s"], told["b"]) == ("SOLUSDC", "101.00000000")
        assert both.next() == {"stream": "solusdc@bookTicker", "data": told}
        assert both.next()["data"]["e"] == "trade"


def test_subscriptions_change_on_the_way(double: Beside) -> None:
    with socket(double, "/ws") as it:
        it.say(method="SUBSCRIBE", params=["solusdc@trade", "nosuch@trade"], id=1)
        assert it.next() == {"result": None, "id": 1}
        it.say(method="LIST_SUBSCRIPTIONS", id="two")
        assert it.next() == {"result": ["nosuch@trade", "solusdc@trade"], "id": "two"}
        quote(double)
        assert it.next()["e"] == "trade"
        it.say(method="SET_PROPERTY", params=["combined", True], id=3)
        it.next()
        quote(double)
        assert it.next()["stream"] == "solusdc@trade"
        it.say(method="NONSENSE", id=4)
        assert it.next()["code"] == 2


def test_who_says_too_much_is_dropped(double: Beside) -> None:
    with socket(double, "/ws") as it:
        for number in range(6):
            it.say(method="LIST_SUBSCRIPTIONS", id=number)
        assert [it.next()["id"] for _ in range(5)] == list(range(5))
        with pytest.raises(ConnectionClosed):
            it.raw()


def test_bars_come_open_and_then_closed(double: Beside) -> None:
    with socket(double, "/ws/solusdc@kline_1m") as it:
        quote(double)
        assert it.next()["k"]["x"] is False
        double.do(lambda fake: setattr(fake.stamps, "skew_ms", 60_000))
        quote(double)
        closed, opened = it.next()["k"], it.next()["k"]
        assert (closed["x"], opened["x"]) == (True, False)
        assert closed["T"] + 1 == opened["t"]


def test_who_does_not_answer_pings_is_dropped(double: Beside) -> None:
    def hurry(fake: Any) -> None:
        fake.market_streams.ping_seconds = 0.03
        fake.market_streams.pong_seconds = 0.12

    double.do(hurry)
    with socket(double, "/ws/solusdc@trade") as polite, socket(double, "/ws") as rude:
        rude.connection.protocol.receive_data = lambda data: None  # type: ignore[method-assign]
        until = time.monotonic() + 5
        while double.do(lambda fake: len(fake.market_streams.wires)) > 1:
            assert time.monotonic() < until
            with suppress(ConnectionClosed, OSError):
                rude.connection.pong(b"unasked")
        quote(double)
        assert polite.next()["e"] == "trade"


def test_a_connection_lives_a_day(double: Beside) -> None:
    double.do(lambda fake: setattr(fake.market_streams, "life_seconds", 0.02))
    with socket(double, "/ws") as it, pytest.raises(ConnectionClosed):
        it.raw()


def test_the_server_announces_its_end(double: Beside) -> None:
    with socket(double, "/stream") as market, private(double) as mine:
        double.do(lambda fake: fake.announce_shutdown())
        assert market.next()["stream"] == "!serverShutdown"
        assert mine.next()["event"]["e"] == "serverShutdown"


def test_private_events_come_in_an_envelope(double: Beside) -> None:
    with private(double) as it:
        ask(double, "POST", "/api/v3/order", **BUY)
        told = [it.next() for _ in range(3)]
        assert [each["subscriptionId"] for each in told] == [0, 0, 0]
        assert told[1]["event"]["X"] == "FILLED"


def test_streams_may_be_mute_or_drop_or_say_nonsense(double: Beside) -> None:
    with private(double) as it:
        double.do(lambda fake: fake.ws_api.set_mood(Mood.MUTE))
        ask(double, "POST", "/api/v3/order", **BUY)
        it.say(id=1, method="ping")
        assert it.next()["id"] == 1
        double.do(lambda fake: fake.ws_api.say_raw(b"garbage"))
        assert it.raw() == "garbage"
        double.do(lambda fake: fake.ws_api.drop())
        with pytest.raises(ConnectionClosed):
            it.raw()
    with private(double) as it:
        double.do(lambda fake: fake.ws_api.set_mood(Mood.FROZEN))
        with pytest.raises(TimeoutError):
            it.raw(0.05)


def test_there_is_nothing_at_other_paths(double: Beside) -> None:
    with pytest.raises(Exception, match="404"), socket(double, "/nowhere"):
        pass
