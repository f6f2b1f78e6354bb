"""The simulated clock stands still, and its timers fire at their own times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock, deferLater
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from tradegw.brokers.backtest.clock import SimulatedClock

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


class Bench:
    """A simulated clock beside a reactor's, and what fired when in simulated seconds."""

    def __init__(self) -> None:
        self.reactor = Clock()
        self.clock = SimulatedClock(BEGIN, self.reactor)
        self.fired: list[tuple[str, float]] = []

    def fire(self, name: str) -> None:
        self.fired.append((name, self.clock.seconds()))

    def go(self, seconds: float) -> None:
        self.clock.go(BEGIN + timedelta(seconds=seconds))
        self.clock.fire()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_is_a_reactors_clock(bench: Bench) -> None:
    verifyObject(IReactorTime, bench.clock)
    verifyObject(IDelayedCall, bench.clock.callLater(1, bench.fire, "a"))


def test_time_passes_only_when_it_is_moved_and_never_back(bench: Bench) -> None:
    bench.reactor.advance(1000)
    assert (bench.clock.now(), bench.clock.seconds()) == (BEGIN, 0)
    bench.clock.go(BEGIN + timedelta(days=3650, microseconds=1))
    assert bench.clock.seconds() == 3650 * 86400 + 1e-6
    bench.clock.go(BEGIN)
    assert bench.clock.now() == BEGIN + timedelta(days=3650, microseconds=1)


def test_timers_fire_at_their_own_times_and_those_of_one_time_in_the_order_made(
    bench: Bench,
) -> None:
    for name, seconds in (("c", 3), ("a", 1), ("b", 1)):
        bench.clock.callLater(seconds, bench.fire, name)
    while (due := bench.clock.next_due) is not None:
        bench.clock.go(due)
        bench.clock.fire()
    assert bench.fired == [("a", 1), ("b", 1), ("c", 3)]


def test_a_cancelled_timer_is_not_due_and_cannot_be_cancelled_twice(bench: Bench) -> None:
    timer = bench.clock.callLater(1, bench.fire, "a")
    assert timer.active()
    timer.cancel()
    assert bench.clock.next_due is None
    assert not timer.active()
    with pytest.raises(AlreadyCancelled):
        timer.cancel()


def test_a_fired_timer_cannot_be_put_off(bench: Bench) -> None:
    timer = bench.clock.callLater(1, bench.fire, "a")
    bench.go(1)
    assert not timer.active()
    with pytest.raises(AlreadyCalled):
        timer.reset(1)


def test_a_timer_that_is_put_off_fires_once_at_the_later_time(bench: Bench) -> None:
    timer = bench.clock.callLater(1, bench.fire, "a")
    timer.delay(2)
    assert timer.getTime() == 3
    bench.go(1)
    assert bench.fired == []
    timer.reset(5)
    bench.go(3)
    assert bench.clock.next_due == BEGIN + timedelta(seconds=6)
    bench.go(6)
    assert bench.fired == [("a", 6)]
    assert bench.clock.getDelayedCalls() == []


def test_what_is_due_at_once_happens_in_the_next_turn_while_time_stands_still(
    bench: Bench,
) -> None:
    settled: list[float] = []
    bench.clock.settled = lambda: settled.append(bench.clock.seconds())
    bench.clock.callLater(0, lambda: bench.clock.callLater(0, bench.fire, "second"))
    assert bench.clock.has_due
    assert bench.fired == []
    bench.reactor.advance(0)
    assert bench.fired == [("second", 0)]
    assert not bench.clock.has_due
    assert settled == [0, 0]


def test_a_timer_that_fails_stops_no_other(bench: Bench) -> None:
    bench.clock.callLater(1, lambda: 1 // 0)
    bench.clock.callLater(1, bench.fire, "b")
    with capturedLogs() as logged:
        bench.go(1)
    assert bench.fired == [("b", 1)]
    assert [event["log_format"] for event in logged] == ["a timer failed"]


def test_coroutines_can_sleep_by_it(bench: Bench) -> None:
    deferLater(bench.clock, 2, bench.fire, "awake")
    bench.go(2)
    assert bench.fired == [("awake", 2)]
