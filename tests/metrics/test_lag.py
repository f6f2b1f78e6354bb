"""How late the reactor calls back."""

from __future__ import annotations

from twisted.internet.task import Clock

from tradegw.metrics.lag import ReactorLag


def test_lateness_is_observed_once_a_second_while_running() -> None:
    clock = Clock()
    seen: list[float] = []
    watch = ReactorLag(clock, seen.append)
    watch.startService()
    clock.advance(0.5)
    assert seen == []
    clock.advance(0.5)
    assert seen == [0.0]
    clock.advance(1.25)
    assert seen == [0.0, 0.25]
    watch.stopService()
    clock.advance(10)
    assert seen == [0.0, 0.25]
    assert clock.getDelayedCalls() == []


def test_it_can_be_stopped_twice_and_started_again() -> None:
    clock = Clock()
    seen: list[float] = []
    watch = ReactorLag(clock, seen.append, interval=2.0)
    watch.startService()
    watch.stopService()
    watch.stopService()
    watch.startService()
    clock.advance(2)
    assert seen == [0.0]
