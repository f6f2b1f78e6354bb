"""The account's stream: what it says, and the key that opens it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tradegw.brokers.binance.futures import events
from tradegw.brokers.binance.futures.account_stream import AccountConversation, Ears
from tradegw.brokers.binance.futures.listen_key import KEEP_SECONDS, ListenKey
from tradegw.brokers.binance.futures.venue import COIN_M, USD_M, Venue
from tradegw.brokers.endpoint import Url
from tradegw.brokers.link.conversation import UpgradeRefused
from tradegw.errors import InvalidRequest, ProviderError, Unauthorized

from .payloads import account_told, algo_told, order_told

KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"


class Heard:
    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.progress: list[str] = []
        ears = Ears(
            **{name: self._ear(name) for name in ("ordered", "waited", "moved", "configured")},
            **{name: self._ear(name) for name in ("odd",)},
            **{name: self._silent(name) for name in ("warned", "ending", "opened", "gone")},
        )
        self.conversation = AccountConversation(self, ears)

    def _ear(self, name: str) -> Any:
        return lambda what: self.calls.append((name, what))

    def _silent(self, name: str) -> Any:
        return lambda: self.calls.append((name, None))

    def logged_on(self) -> None:
        self.progress.append("logged on")

    def refused(self, error: Exception) -> None:
        self.progress.append("refused")

    def failed(self, reason: str) -> None:
        self.progress.append(reason)

    def alive(self) -> None:
        pass

    def say(self, payload: bytes) -> None:
        self.conversation.received(payload, is_binary=False)

    @property
    def names(self) -> list[str]:
        return [name for name, _what in self.calls]


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_who_is_let_in_is_logged_on(heard: Heard) -> None:
    heard.conversation.opened(None)  # type: ignore[arg-type]  # nothing is sent
    assert heard.progress == ["logged on"]


def test_each_kind_of_news_is_heard_by_its_own(heard: Heard) -> None:
    heard.say(order_told())
    heard.say(algo_told())
    heard.say(account_told())
    heard.say(b'{"e":"MARGIN_CALL","E":1767225804106,"cw":"3.16","p":[]}')
    heard.say(b'{"e":"ACCOUNT_CONFIG_UPDATE","E":1,"T":1,"ac":{"s":"SOLUSDT","l":25}}')
    assert heard.names == ["ordered", "waited", "moved", "warned", "configured"]
    assert heard.calls[0][1].o.i == 41200118233
    assert heard.calls[1][1].o.ai is None
    assert heard.calls[4][1].ac == events.Leverage(s="SOLUSDT", l=25)


def test_a_combined_stream_says_the_same(heard: Heard) -> None:
    heard.say(b'{"stream":"pq","data":' + order_told() + b"}")
    assert heard.names == ["ordered"]


def test_executions_that_are_repeated_without_their_costs_are_left_out(heard: Heard) -> None:
    heard.say(b'{"e":"TRADE_LITE","E":1,"T":1,"s":"SOLUSDT","q":"5","i":1,"t":2,"l":"5"}')
    assert heard.names == []


def test_an_expired_key_ends_the_connection(heard: Heard) -> None:
    heard.say(b'{"e":"listenKeyExpired","E":"1767225804106","listenKey":"pq"}')
    assert heard.progress == ["Binance ended the stream: listenKeyExpired"]


@pytest.mark.parametrize(
    "payload", [b"\x00\xff", b"[]", b'{"e":"ORDER_TRADE_UPDATE","o":{"s":1}}', b"{"]
)
def test_what_cannot_be_read_is_odd_and_ends_nothing(heard: Heard, payload: bytes) -> None:
    heard.say(payload)
    assert set(heard.names) <= {"odd"}
    assert heard.progress == []


class Keys:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None

    async def listen_key(self) -> str:
        self.asked.append("POST")
        if self.error is not None:
            raise self.error
        return KEY

    async def keep_listen_key(self) -> None:
        self.asked.append("PUT")
        if self.error is not None:
            raise self.error


class Desk:
    def __init__(self, venue: Venue = USD_M) -> None:
        self.rest = cast("Any", Keys())
        self.clock = Clock()
        self.gone: list[bool] = []
        streams = Url.parse("wss://fstream.binance.com")
        self.key = ListenKey(self.rest, venue, streams, self.clock, lambda: self.gone.append(True))

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds // 60)):
            self.clock.advance(60)


def result(work: Deferred[Any]) -> Any:
    found: list[Any] = []
    work.addBoth(found.append)
    return found[0]


def test_the_private_route_is_taken_and_the_key_is_never_shown() -> None:
    target = result(Desk().key.target())
    assert (target.url.path, target.query) == ("/private/ws", f"listenKey={KEY}")
    coin = result(Desk(COIN_M).key.target())
    assert (coin.url.path, coin.query) == (f"/ws/{KEY}", "")
    assert KEY not in repr(target)
    assert KEY not in repr(coin)


def test_refused_credentials_are_told_as_such() -> None:
    desk = Desk()
    desk.rest.error = Unauthorized("Binance refused the credentials", "AUTH_FAILED")
    failure = result(desk.key.target())
    assert isinstance(failure.value, UpgradeRefused)
    assert failure.value.is_about_credentials


def test_the_key_is_kept_alive_twice_an_hour() -> None:
    desk = Desk()
    desk.key.opened()
    desk.wait(2 * KEEP_SECONDS + 60)
    assert desk.rest.asked == ["PUT", "PUT"]
    desk.key.stop()


def test_a_key_that_could_not_be_kept_is_tried_again_soon() -> None:
    desk = Desk()
    desk.key.opened()
    desk.rest.error = ProviderError("Binance failed", "binance")
    desk.wait(KEEP_SECONDS + 120)
    assert desk.rest.asked == ["PUT"] * 3
    assert desk.gone == []
    desk.key.stop()


def test_a_key_that_is_unknown_wants_another_connection() -> None:
    desk = Desk()
    desk.key.opened()
    desk.rest.error = InvalidRequest("Binance: This listenKey does not exist. (-1125)")
    desk.wait(KEEP_SECONDS)
    assert desk.gone == [True]
    desk.key.stop()
