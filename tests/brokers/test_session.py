"""A session is what the account's stream does; prices come and go beside it."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from tests.brokers.wires import Line, parts, pass_time
from tradegw.brokers.link.session import TABLE, Session
from tradegw.brokers.link.stream import Stream
from tradegw.config.settings import Reconnect
from tradegw.errors import Unauthorized
from tradegw.model.enums import AlertCode
from tradegw.model.events import AlertEvent
from tradegw.model.link import SessionState
from tradegw.testing.listener import Notebook

INPUTS = sorted(
    ["connecting", "opened", "up", "known", "impaired", "whole", "away", "stop", "stopped"]
)


class Stand:
    """A started session of one account's stream and one of prices, for a gateway that waits."""

    def __init__(
        self, *, waits: bool = False, start: bool = True, echo_seconds: float = 10
    ) -> None:
        self.clock = Clock()
        self.gateway = Notebook(waits=waits)
        self.account, self.prices = Line(), Line()
        given = parts(self.clock, self.gateway, Reconnect(max_duration_secs=60))
        self.orders = Stream("orders", self.account.connect, self.account.converse, given)
        self.quotes = Stream(
            "quotes",
            self.prices.connect,
            self.prices.converse,
            given,
            symbols=lambda: ("AAPL", "MSFT"),
        )
        self.session = Session(given, self.orders, [self.quotes], echo_seconds=echo_seconds)
        if start:
            self.session.startService()

    @property
    def state(self) -> str:
        return self.session.status().state.value

    @property
    def heard(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What the gateway was told of the link since the last time, tries apart."""
        told, self.gateway.links = self.gateway.links, []
        return [each for each in told if each[0] != "retry"]

    def log_on(self) -> None:
        """Both streams, and the gateway knows how things stand."""
        self.account.log_on()
        self.prices.log_on()
        assert self.state == "live"
        assert self.heard == [("up", ())]

    def wait(self, seconds: float) -> None:
        pass_time(self.clock, seconds)


# -- the table


def test_every_state_has_a_row_for_every_input() -> None:
    assert set(TABLE) == set(SessionState)
    assert {state: sorted(rows) for state, rows in TABLE.items()} == dict.fromkeys(TABLE, INPUTS)


def in_state(state: SessionState) -> Stand:
    """A session that got there the usual way."""
    stand = Stand(waits=True)
    if state is SessionState.DOWN:
        stand.account.last.fail(OSError("no route"))
    elif state is not SessionState.CONNECTING:
        stand.account.last.open()
    if state in (SessionState.RECONCILING, SessionState.LIVE, SessionState.DEGRADED):
        stand.account.last.say(b"ok")
    if state is SessionState.LIVE:
        stand.prices.log_on()
    if state in (SessionState.LIVE, SessionState.DEGRADED):
        stand.gateway.knowing[-1].callback(True)
    if state is SessionState.STOPPING:
        stand.account.last.closes_at_once = False
        stand.session.stopService()
    assert stand.state == state
    return stand


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", list(SessionState))
def test_every_input_is_survived_in_every_state(state: SessionState, name: str) -> None:
    stand = in_state(state)
    getattr(stand.session._inputs, name)()
    then = TABLE[state][name][0]
    settled = {SessionState.LIVE: {"live", "degraded"}}.get(then, {then.value})
    assert stand.state in settled


# -- the usual way


def test_it_is_live_when_the_gateway_knows_how_things_stand() -> None:
    stand = Stand(waits=True)
    stand.prices.log_on()
    assert stand.state == "connecting"
    stand.account.last.open()
    assert stand.state == "logging_on"
    stand.account.last.say(b"ok")
    assert stand.state == "reconciling"
    stand.gateway.knowing[-1].callback(True)
    assert stand.state == "live"


def test_who_found_out_for_a_lost_logon_does_not_make_the_next_one_live() -> None:
    stand = Stand(waits=True)
    stand.prices.log_on()
    stand.account.log_on()
    stand.account.last.lose()
    stand.wait(1)
    stand.account.log_on()
    first, second = stand.gateway.knowing
    first.callback(True)
    assert stand.state == "reconciling"
    second.callback(True)
    assert stand.state == "live"


def test_a_gateway_that_could_not_find_out_does_not_make_it_live() -> None:
    stand = Stand(waits=True)
    stand.account.log_on()
    stand.gateway.knowing[-1].callback(False)
    assert stand.state == "reconciling"


# -- the account's stream


def test_the_first_connection_is_tried_again_like_any_other() -> None:
    stand = Stand()
    stand.account.last.fail(OSError("no route"))
    assert stand.state == "down"
    stand.wait(1)
    stand.account.log_on()
    assert stand.gateway.names() == ["retry", "up"]


def test_a_lost_link_is_told_once_and_so_is_its_return() -> None:
    stand = Stand()
    stand.log_on()
    stand.account.last.lose("reset")
    assert stand.state == "down"
    stand.wait(1)
    stand.account.last.fail(OSError("no route"))
    stand.wait(2)
    stand.account.log_on()
    assert stand.state == "live"
    assert stand.heard == [("down", ((), "reset")), ("up", ())]


def test_what_cannot_be_brought_up_is_told_once_and_tried_on() -> None:
    stand = Stand(start=False)
    stand.account.broken = OSError("no route")
    stand.session.startService()
    stand.prices.log_on()
    stand.wait(600)
    assert stand.heard == [("failed", ("orders: no logon for 60 seconds: no route",))]
    stand.account.broken = None
    while stand.state == "down":
        stand.wait(1)
    stand.account.log_on()
    assert stand.state == "live"


def test_refused_credentials_are_told_clearly() -> None:
    stand = Stand()
    stand.account.last.open()
    stand.account.talk.progress.refused(Unauthorized("key unknown", "BAD"))
    assert stand.heard == [("failed", ("the broker refuses the credentials: key unknown",))]
    assert stand.state == "down"


# -- prices


def test_one_of_two_streams_dead_is_no_lost_link() -> None:
    stand = Stand()
    stand.log_on()
    stand.prices.last.lose("reset")
    assert stand.state == "degraded"
    assert stand.heard == [("prices_lost", (("AAPL", "MSFT"), "reset"))]
    stand.wait(1)
    stand.prices.log_on()
    assert stand.state == "live"
    assert stand.heard == []


def test_prices_that_are_lost_again_are_told_again() -> None:
    stand = Stand()
    stand.log_on()
    for _ in range(2):
        stand.prices.last.lose("reset")
        stand.wait(2)
        stand.prices.log_on()
    assert [name for name, _ in stand.heard] == ["prices_lost", "prices_lost"]


def test_prices_that_never_came_are_told_once() -> None:
    stand = Stand(start=False)
    stand.prices.broken = OSError("no route")
    stand.session.startService()
    stand.account.log_on()
    stand.wait(600)
    assert stand.heard == [("prices_lost", (("AAPL", "MSFT"), "no route")), ("up", ())]
    assert stand.state == "degraded"
    (alert,) = stand.gateway.events
    assert isinstance(alert, AlertEvent)
    assert alert.message.startswith("quotes: no prices, which are tried on: ")
    assert "no logon for 60 seconds: no route" in alert.message


def test_prices_whose_credentials_are_refused_are_an_alert_and_the_link_stays() -> None:
    stand = Stand()
    stand.log_on()
    stand.prices.talk.progress.refused(Unauthorized("no such subscription", "BAD"))
    stand.wait(600)
    (alert,) = stand.gateway.events
    assert isinstance(alert, AlertEvent)
    assert alert.code is AlertCode.INTERNAL_ERROR
    assert "refuses the credentials: no such subscription" in alert.message
    assert [name for name, _ in stand.heard] == ["prices_lost"]
    assert stand.state == "degraded"


def test_orders_do_not_wait_for_prices() -> None:
    stand = Stand()
    stand.account.log_on()
    assert stand.state == "degraded"
    assert stand.heard == [("up", ())]


def test_a_session_without_prices_is_whole() -> None:
    clock, gateway, line = Clock(), Notebook(), Line()
    given = parts(clock, gateway)
    session = Session(given, Stream("orders", line.connect, line.converse, given))
    session.startService()
    line.log_on()
    assert session.status().state == "live"


def test_prices_that_come_with_the_account_are_stale_with_it() -> None:
    clock, gateway, line = Clock(), Notebook(), Line()
    given = parts(clock, gateway)
    both = Stream("all", line.connect, line.converse, given, symbols=lambda: ("AAPL",))
    session = Session(given, both)
    session.startService()
    line.log_on()
    line.last.lose("reset")
    assert gateway.links[-1] == ("down", (("AAPL",), "reset"))


# -- what it says of itself


def test_health_tells_of_each_stream() -> None:
    stand = Stand()
    stand.log_on()
    stand.prices.last.lose("reset")
    assert stand.gateway.session is not None
    status = stand.gateway.session()
    assert [(each.name, each.state.value, each.problem) for each in status.streams] == [
        ("orders", "live", None),
        ("quotes", "waiting", "reset"),
    ]
    assert not status.suspected


# -- the end


@pytest.mark.parametrize("state", [s for s in SessionState if s is not SessionState.STOPPING])
def test_it_ends_quietly_from_every_state(state: SessionState) -> None:
    stand = in_state(state)
    before = len(stand.gateway.links)
    stopped: list[object] = []
    stand.session.stopService().addCallback(stopped.append)
    assert stopped
    assert stand.state == "down"
    assert stand.gateway.links[before:] == []
    assert stand.clock.getDelayedCalls() == []


def test_it_waits_for_the_goodbye_but_not_for_ever() -> None:
    stand = in_state(SessionState.STOPPING)
    stand.wait(5)
    assert stand.state == "down"
    assert stand.clock.getDelayedCalls() == []


def test_it_can_be_started_again() -> None:
    stand = Stand()
    stand.log_on()
    stand.session.stopService()
    stand.session.startService()
    assert stand.state == "connecting"
    stand.log_on()
