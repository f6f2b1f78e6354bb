"""What time it is at the broker."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from tests.brokers.peer import NOON
from tradegw.brokers.clock import DRIFT, SECOND, ZERO, Bounds, BrokerClock, alarm
from tradegw.model.events import AlertEvent
from tradegw.testing.listener import Notebook


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class Stand:
    """A broker whose clock is *ahead* of ours."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.clock = Clock()
        self.ahead = seconds(ahead)
        self.alarms: list[str | None] = []
        self.late = ZERO
        self.broker = BrokerClock(self.now, self.clock.seconds, SECOND, self.alarms.append)

    def now(self) -> datetime:
        return NOON + self.late + seconds(self.clock.seconds())

    def call(self, there: float, back: float, precision: timedelta = ZERO) -> None:
        """A call of which both ways took so long."""
        self.clock.advance(there)
        theirs = self.now() + self.ahead
        if precision:
            theirs -= (theirs - NOON) % precision
        self.clock.advance(back)
        self.broker.answered(theirs, there + back, precision)


def test_before_anything_was_told_our_own_time_is_believed() -> None:
    stand = Stand(5)
    assert stand.broker.bounds is None
    assert stand.broker.offset == ZERO
    assert stand.broker.now() == stand.now()


def test_one_answer_bounds_the_offset_by_its_way_there_and_back() -> None:
    stand = Stand(5)
    stand.call(0.1, 0.3)
    assert stand.broker.bounds == Bounds(seconds(4.7), seconds(5.1))
    assert stand.broker.offset == seconds(4.7)
    assert stand.broker.now() == stand.now() + seconds(4.7)


def test_a_clock_that_may_be_right_is_left_alone() -> None:
    stand = Stand(0.05)
    stand.call(0.1, 0.3)
    assert stand.broker.offset == ZERO


def test_the_faster_answer_is_the_better_one() -> None:
    stand = Stand(-5)
    stand.call(2, 2)
    stand.call(0.01, 0.02)
    stand.call(3, 1)
    bounds = stand.broker.bounds
    assert bounds is not None
    assert bounds.high - bounds.low < seconds(0.032)
    assert bounds.low <= seconds(-5) <= bounds.high


def test_dates_of_whole_seconds_tell_less_but_many_of_them_tell_much() -> None:
    stand = Stand(5)
    stand.call(0.01, 0.01, SECOND)
    first = stand.broker.bounds
    assert first is not None
    assert first.high - first.low == seconds(1.02)
    for _ in range(60):
        stand.clock.advance(0.37)
        stand.call(0.01, 0.01, SECOND)
    later = stand.broker.bounds
    assert later is not None
    assert later.high - later.low < seconds(0.15)
    assert later.low <= seconds(5) <= later.high


def test_one_answer_that_contradicts_all_others_is_not_believed() -> None:
    stand = Stand(2)
    stand.call(0.1, 0.1)
    before = stand.broker.offset
    stand.ahead = seconds(-300)
    stand.call(0.1, 0.1)
    assert abs(stand.broker.offset - before) < seconds(0.01)
    stand.ahead = seconds(2)
    stand.call(0.1, 0.1)
    assert abs(stand.broker.offset - before) < seconds(0.2)


def test_when_our_clock_was_set_two_answers_are_enough() -> None:
    stand = Stand(2)
    stand.call(0.1, 0.1)
    stand.late = seconds(-60)
    stand.ahead = seconds(62)
    stand.call(0.1, 0.1)
    stand.call(0.1, 0.1)
    assert abs(stand.broker.offset - seconds(62)) < seconds(0.3)


def test_what_was_learned_long_ago_binds_less() -> None:
    stand = Stand(5)
    stand.call(0.01, 0.01)
    stand.clock.advance(3600)
    stand.ahead += seconds(3600 * DRIFT * 0.9)
    stand.call(0.01, 0.01)
    assert abs(stand.broker.offset - stand.ahead) < seconds(0.05)


def test_clocks_that_are_apart_are_told_once_and_when_they_agree_again() -> None:
    stand = Stand(0.9)
    stand.call(0.001, 0.001)
    assert stand.alarms == []
    stand.ahead = seconds(7)
    for _ in range(4):
        stand.call(0.001, 0.001)
    (alarm,) = stand.alarms
    assert alarm is not None
    assert "6.9" in alarm
    stand.ahead = ZERO
    for _ in range(4):
        stand.call(0.001, 0.001)
    assert stand.alarms[1:] == [None]


def test_clocks_that_are_apart_are_an_alert() -> None:
    notebook = Notebook()
    tell = alarm(notebook, lambda: NOON)
    tell("the broker's clock is 7 seconds ahead of ours")
    tell(None)
    (event,) = notebook.events
    assert isinstance(event, AlertEvent)
    assert "7 seconds" in event.message


@pytest.mark.parametrize("header", [None, "", "yesterday", "99 Foo 2026", "Mon, 02 Mar 2026"])
def test_a_date_that_cannot_be_read_is_ignored(header: str | None) -> None:
    stand = Stand()
    stand.broker.dated(header, 0.1)
    assert stand.broker.bounds is None


def test_a_date_is_read_as_the_time_of_the_answer_cut_down_to_seconds() -> None:
    stand = Stand()
    stand.clock.advance(0.2)
    stand.broker.dated("Mon, 02 Mar 2026 12:00:30 GMT", 0.2)
    assert stand.broker.bounds == Bounds(seconds(29.8), seconds(31))


offsets = st.floats(-1000, 1000).map(seconds)
ways = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), min_size=1, max_size=30)


@given(offsets, ways, st.booleans())
def test_the_truth_is_always_within_the_bounds_and_they_only_get_tighter(
    ahead: timedelta, calls: list[tuple[float, float]], whole_seconds: bool
) -> None:
    stand = Stand()
    stand.ahead = ahead
    narrowest = None
    for there, back in calls:
        stand.call(there, back, SECOND if whole_seconds else ZERO)
        bounds = stand.broker.bounds
        assert bounds is not None
        assert bounds.low - seconds(1e-5) <= ahead <= bounds.high + seconds(1e-5)
        assert abs(stand.broker.offset) <= abs(ahead) + seconds(1e-5)
        width = bounds.high - bounds.low
        slack = seconds((there + back) * DRIFT * 2 + 1e-5)
        assert narrowest is None or width <= narrowest + slack
        narrowest = width


@given(st.lists(offsets, min_size=4, max_size=4))
def test_meeting_is_symmetrical_and_within_both(marks: list[timedelta]) -> None:
    one, other = Bounds(*sorted(marks[:2])), Bounds(*sorted(marks[2:]))
    met = one.meet(other)
    assert met == other.meet(one)
    assume(met is not None)
    assert met is not None
    assert max(one.low, other.low) == met.low <= met.least <= met.high
    assert one.meet(met) == met
