"""G5: what an open connection does not tell is found out in time, and followed up step by step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.task import Clock

from tests.brokers.wires import Line, parts, pass_time
from tradegw.brokers.link.course import Rules
from tradegw.brokers.link.liveness import always
from tradegw.brokers.link.session import Session
from tradegw.brokers.link.stream import ORDINARY, Stream
from tradegw.testing.listener import Notebook


class Stand:
    """A live session: orders, and prices of AAPL and MSFT that must not be a minute apart."""

    def __init__(
        self, account: Rules = ORDINARY, prices: Rules = ORDINARY, is_open: Any = always
    ) -> None:
        self.clock = Clock()
        self.gateway = Notebook()
        self.account, self.prices = Line(), Line()
        given = parts(self.clock, self.gateway)
        self.orders = Stream("orders", self.account.connect, self.account.converse, given, account)
        self.quotes = Stream(
            "quotes",
            self.prices.connect,
            self.prices.converse,
            given,
            prices,
            lambda: ("AAPL", "MSFT"),
        )
        self.session = Session(given, self.orders, [self.quotes], is_open=is_open)
        self.watch = self.session.liveness.account
        self.symbols = self.session.liveness.prices[self.quotes].symbols
        for symbol in ("AAPL", "MSFT"):
            self.symbols.follow(symbol, 60)
        self.session.startService()
        self.account.log_on()
        self.prices.log_on()
        self.gateway.links.clear()

    @property
    def state(self) -> str:
        return self.session.status().state.value

    @property
    def told(self) -> list[tuple[str, tuple[Any, ...]]]:
        told, self.gateway.links = self.gateway.links, []
        return told

    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def wait(self, seconds: float, *, ticks: bool = True) -> None:
        """Second by second; prices come unless *ticks* says no. What is opened anew logs on."""
        for _ in range(int(seconds)):
            if ticks:
                for symbol in ("AAPL", "MSFT"):
                    self.symbols.ticked(symbol)
            pass_time(self.clock, 1)
            for line in (self.account, self.prices):
                if not line.last.is_open and not line.last.opening.called:
                    line.log_on()

    def send(self, order_id: str) -> None:
        """An order is sent, and answered."""
        since = self.watch.mark()
        self.watch.expect(order_id, since)


# -- own orders


def test_an_order_that_is_not_mentioned_is_a_suspicion() -> None:
    stand = Stand()
    stand.send("o1")
    stand.wait(9)
    assert stand.told == []
    stand.wait(1)
    assert stand.told == [("suspicion", ("orders: it does not tell of our orders (o1)",))]
    assert stand.state == "degraded"
    assert stand.session.status().suspected


def test_an_order_that_is_mentioned_is_none() -> None:
    stand = Stand()
    stand.send("o1")
    stand.watch.mentioned("o1")
    stand.wait(100)
    assert stand.told == []


def test_evidence_that_goes_on_opens_the_stream_anew_and_then_only_reduces() -> None:
    stand = Stand()
    found = []
    for number in range(3):
        stand.send(f"o{number}")
        stand.wait(12)
        found.append(stand.names())
    assert found == [
        ["suspicion"],
        ["suspicion", "down", "retry", "up"],
        ["suspicion", "unreliable", "down", "retry", "up"],
    ]


def test_the_reason_for_distrust_is_always_the_same() -> None:
    """So that an operator is told once, not with each order."""
    stand = Stand()
    for number in range(6):
        stand.send(f"o{number}")
        stand.wait(12)
    reasons = {given for name, given in stand.told if name == "unreliable"}
    assert reasons == {("orders: it does not tell of our orders",)}


def test_many_orders_that_are_missing_together_are_one_suspicion() -> None:
    stand = Stand()
    for number in range(50):
        stand.send(f"o{number}")
    stand.wait(20)
    ((name, (reason,)),) = stand.told
    assert name == "suspicion"
    assert reason == "orders: it does not tell of our orders (o0, o1, o2, ...)"


def test_a_suspicion_ends_when_nothing_is_missing_any_more() -> None:
    stand = Stand()
    stand.send("o1")
    stand.wait(10)
    assert stand.state == "degraded"
    stand.wait(601)
    assert stand.state == "live"


def test_fills_that_are_dropped_while_heartbeats_come_are_found_out() -> None:
    """The stream drops 14 of 18 fills; only a look at the broker shows them, each minute."""
    stand = Stand(Rules(silence_seconds=10))
    steps: list[str] = []
    for number in range(18):
        stand.account.last.say(b"beat")
        order_id = f"o{number}"
        since = stand.watch.mark()
        stand.watch.mentioned(order_id)  # it was accepted
        stand.watch.expect(order_id, since)
        if number % 9 < 2:
            stand.watch.mentioned(order_id)  # its fill
        else:
            stand.watch.missed((order_id,))  # what the gateway found a minute later
        for _ in range(12):
            stand.account.last.say(b"beat")
            stand.wait(5)
        steps += [name for name in stand.names() if name != "retry"]
    assert steps.index("suspicion") < steps.index("down") < steps.index("unreliable")


def test_a_fill_that_was_only_late_is_no_evidence() -> None:
    stand = Stand()
    stand.watch.missed(("o1",))
    stand.wait(5)
    stand.watch.mentioned("o1")
    stand.wait(60)
    assert stand.told == []


def test_a_lost_stream_is_not_blamed_for_what_it_could_not_tell() -> None:
    stand = Stand()
    stand.send("o1")
    before = stand.watch.mark()
    stand.account.last.lose("reset")
    stand.send("o2")
    between = stand.watch.mark()
    stand.wait(2)
    assert stand.names() == ["down", "retry", "up"]
    stand.watch.expect("o3", before)
    stand.watch.expect("o4", between)
    stand.wait(60)
    assert stand.told == []


def test_orders_that_are_answered_while_it_is_away_are_not_awaited() -> None:
    stand = Stand()
    stand.account.broken = OSError("no route")
    stand.account.last.lose("reset")
    stand.wait(16)
    stand.send("o1")
    stand.wait(14)  # no try in between, which would forget it
    assert set(stand.names()) == {"down", "retry"}


# -- heartbeats


def test_a_stream_that_is_away_owes_no_heartbeat() -> None:
    stand = Stand(Rules(silence_seconds=5))
    stand.account.broken = OSError("no route")
    stand.account.last.lose("reset")
    stand.wait(30)
    assert set(stand.names()) == {"down", "retry"}


def test_a_stream_that_is_silent_at_once_is_opened_anew_each_time() -> None:
    """Also where that is sooner than what was done last can have had its effect."""
    stand = Stand(Rules(silence_seconds=5, hold_seconds=1))
    stand.wait(60)
    assert stand.names().count("down") >= 7


@pytest.mark.parametrize("silence", [5.0, 10.0, 30.0])
def test_a_silent_account_stream_is_detected_within_its_contract(silence: float) -> None:
    stand = Stand(Rules(silence_seconds=silence))
    stand.account.last.say(b"news")
    stand.wait(silence)
    assert stand.told == []
    stand.wait(1)
    assert stand.names()[:2] == ["suspicion", "down"]


def test_any_message_breaks_the_silence_unless_only_heartbeats_count() -> None:
    stand = Stand(Rules(silence_seconds=10))
    for _ in range(20):
        stand.account.last.say(b"news")
        stand.wait(9)
    assert stand.told == []


def test_where_only_heartbeats_count_news_prove_nothing() -> None:
    stand = Stand(Rules(silence_seconds=10, beats=True))
    for _ in range(10):
        stand.account.last.say(b"beat")
        stand.wait(5)
    assert stand.told == []
    for _ in range(3):
        stand.account.last.say(b"news")
        stand.wait(5)
    assert "down" in stand.names()


def test_a_stream_that_falls_silent_again_and_again_is_not_relied_on() -> None:
    stand = Stand(Rules(silence_seconds=20))
    stand.wait(21)
    assert "unreliable" not in stand.names()
    stand.wait(25)
    assert "unreliable" in stand.names()


def test_a_silent_price_stream_is_opened_anew_and_orders_are_not_concerned() -> None:
    stand = Stand(prices=Rules(silence_seconds=10))
    stand.wait(11)
    assert stand.told == [
        ("prices_lost", (("AAPL", "MSFT"), "quotes: there is no sign of life from it"))
    ]
    assert stand.account.last.is_open
    stand.wait(1)
    assert len(stand.prices.tries) == 2


# -- prices


def test_one_quiet_symbol_is_stale_and_the_stream_stays() -> None:
    stand = Stand()
    for _ in range(60):
        stand.symbols.ticked("MSFT")
        stand.wait(1, ticks=False)
    assert stand.told == [
        ("prices_lost", (("AAPL",), "quotes: no prices, although the market is open"))
    ]
    assert len(stand.prices.tries) == 1
    assert stand.state == "live"


def test_subscribed_but_silent_is_opened_anew_with_growing_patience() -> None:
    stand = Stand()
    stand.prices.last.say(b"pong, or whatever")
    tries = []
    for _ in range(2000):
        before = len(stand.prices.tries)
        stand.wait(1, ticks=False)
        if len(stand.prices.tries) > before:
            tries.append(round(stand.clock.seconds()))
    gaps = [after - before for before, after in pairwise(tries)]
    assert tries[0] <= 62
    assert gaps[0] >= 60
    assert gaps == sorted(gaps)
    assert len(tries) <= 6


def test_prices_that_come_again_give_the_patience_back() -> None:
    stand = Stand()
    stand.wait(400, ticks=False)
    stand.wait(1000)
    before = len(stand.prices.tries)
    stand.wait(62, ticks=False)
    assert len(stand.prices.tries) == before + 1
    stand.wait(62, ticks=False)
    assert len(stand.prices.tries) == before + 2


def test_a_stream_of_prices_that_is_away_is_told_once() -> None:
    stand = Stand()
    stand.prices.broken = OSError("no route")
    stand.prices.last.lose("reset")
    stand.wait(200, ticks=False)
    assert stand.names().count("prices_lost") == 1


def test_a_closed_market_is_no_reason_for_anything() -> None:
    stand = Stand(is_open=lambda symbol: False)
    stand.wait(3600, ticks=False)
    assert stand.told == []


# -- the watch itself


def test_it_looks_whatever_the_session_believes() -> None:
    """The account's stream is away for good: prices are watched all the same."""
    stand = Stand()
    stand.account.broken = OSError("no route")
    stand.account.last.lose("reset")
    stand.told  # noqa: B018  (forget)
    stand.wait(61, ticks=False)
    assert "prices_lost" in stand.names()


def test_a_defect_in_one_look_does_not_end_the_others() -> None:
    stand = Stand(is_open=lambda symbol: bool(1 / 0))
    stand.send("o1")
    stand.wait(10, ticks=False)
    assert stand.names() == ["suspicion"]
    stand.wait(60)


def test_it_ends_with_the_session() -> None:
    stand = Stand()
    stand.session.stopService()
    assert stand.clock.getDelayedCalls() == []


# -- what is no fault of the stream


def test_a_session_that_was_stopped_for_long_blames_nobody_when_it_is_started_again() -> None:
    stand = Stand(account=Rules(silence_seconds=15), prices=Rules(silence_seconds=15))
    stand.send("o1")
    stand.session.stopService()
    pass_time(stand.clock, 600)
    stand.session.startService()
    pass_time(stand.clock, 18)
    assert "suspicion" not in stand.names()
    stand.account.log_on()
    stand.prices.log_on()
    stand.account.last.say(b"beat")
    stand.prices.last.say(b"beat")
    stand.wait(5)
    assert stand.state == "live"


def test_a_process_that_was_held_up_does_not_blame_the_streams_for_what_it_has_not_read() -> None:
    """Timers are dealt with before sockets: what came meanwhile is read after the first look."""
    stand = Stand(account=Rules(silence_seconds=15), prices=Rules(silence_seconds=15))
    stand.send("o1")
    stand.wait(2)
    stand.clock.advance(120)  # in one go: nothing of ours ran, and no socket was read
    stand.account.last.say(b"beat")
    stand.prices.last.say(b"beat")
    stand.watch.mentioned("o1")
    stand.wait(9)
    assert stand.told == []
    assert stand.state == "live"


def test_but_time_in_which_it_was_not_held_up_counts() -> None:
    stand = Stand(account=Rules(silence_seconds=15))
    stand.wait(5)
    stand.clock.advance(120)
    stand.wait(9)
    assert "suspicion" in stand.names()
