"""Whatever happens in whatever order: what is told alternates, and in the end the link is there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.test_session import Stand
from tests.brokers.wires import Line, pass_time
from tradegw.brokers.link.conversation import UpgradeRefused
from tradegw.errors import Unauthorized

Happening: TypeAlias = Callable[[Line], object]

# On a connection that is not open yet, on one that is, and on any: what the broker may do.
TO_OPEN: dict[str, Happening] = {
    "open": lambda line: line.last.open(),
    "no route": lambda line: line.last.fail(OSError("no route")),
    "unknown key": lambda line: line.last.fail(UpgradeRefused(401, "")),
    "too many": lambda line: line.last.fail(UpgradeRefused(429, "")),
}
OPEN: dict[str, Happening] = {
    "logon": lambda line: line.last.say(b"ok"),
    "news": lambda line: line.last.say(b"beat"),
    "refuse": lambda line: line.talk.progress.refused(Unauthorized("no", "BAD")),
    "fail": lambda line: line.talk.progress.failed("sequence broken"),
}
ANY: dict[str, Happening] = {
    "lose": lambda line: line.last.lose("reset"),
    "old news": lambda line: line.talks[0].progress.logged_on(),
}
TO_ALL = ("doubt", "renew", "wait", "wait long", "know", "stop", "start")

HISTORIES = st.lists(
    st.tuples(st.sampled_from([*TO_OPEN, *OPEN, *ANY, *TO_ALL]), st.booleans(), st.integers(0, 90)),
    max_size=40,
)


def is_new(line: Line) -> bool:
    return not line.last.is_open and not line.last.opening.called


def on_the_line(line: Line, event: str) -> None:
    if event in TO_OPEN and is_new(line):
        TO_OPEN[event](line)
    elif event in OPEN and line.last.is_open:
        OPEN[event](line)
    elif event in ANY:
        ANY[event](line)


def to_all(stand: Stand, event: str, number: int, *, account: bool) -> None:
    stream, session = stand.orders if account else stand.quotes, stand.session
    if event == "doubt":
        stream.doubt("silent")
    elif event == "renew":
        stream.renew()
    elif event.startswith("wait"):
        pass_time(stand.clock, number if event == "wait" else 10 * number)
    elif event == "know":
        let_know(stand, answer=bool(number % 5))
    elif event == "stop" and session.running:
        session.stopService()
    elif event == "start" and not session.running:
        session.startService()


def let_know(stand: Stand, *, answer: bool) -> None:
    """The gateway has found out how things stand, if it was asked to."""
    for known in stand.gateway.knowing:
        if not known.called:
            known.callback(answer)


def heal(stand: Stand) -> None:
    """The network is well from now on, and the broker lets everybody in."""
    if not stand.session.running:
        stand.session.startService()
    for _ in range(2000):
        for each in (*stand.account.tries[-2:], *stand.prices.tries[-2:]):
            if not each.is_open and not each.opening.called:
                each.open()
            if each.is_open:
                each.say(b"ok")
        let_know(stand, answer=True)
        stand.wait(1)
        if stand.state == "live":
            return
    raise AssertionError(f"still {stand.state}")


@settings(max_examples=200, deadline=None)
@given(HISTORIES, st.booleans())
def test_after_any_history_the_link_comes_up_and_all_was_told_in_order(
    history: list[tuple[str, bool, int]], is_up: bool
) -> None:
    stand = Stand(waits=True)
    if is_up:
        heal(stand)
    for event, account, number in history:
        on_the_line(stand.account if account else stand.prices, event)
        to_all(stand, event, number, account=account)
        assert len(stand.clock.getDelayedCalls()) <= 12
    heal(stand)
    told = [name for name in stand.gateway.names() if name in ("up", "down")]
    assert told[0] == "up"
    if "stop" not in [event for event, _, _ in history]:  # which is the end, and says nothing
        assert all(before != after for before, after in pairwise(told))
    stand.session.stopService()
    stand.wait(10)
    assert stand.clock.getDelayedCalls() == []
