"""Events leave in order; a fill waits for its legs, but not for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from tests.orders.core import Sink
from tradegw.metrics.meters import Meters
from tradegw.model.enums import Platform
from tradegw.model.events import PingEvent
from tradegw.orders.blotter import Blotter
from tradegw.orders.books import Books
from tradegw.orders.chronicle import Chronicle
from tradegw.orders.release import PATIENCE_SECONDS, Release
from tradegw.testing.broker import EPOCH
from tradegw.testing.journal import MemoryJournal


def event(name: str) -> PingEvent:
    return PingEvent(timestamp=EPOCH, event_id=name)


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.sink = Sink()
        self.meters = Meters(CollectorRegistry(), Platform.MOCK)
        chronicle = Chronicle(MemoryJournal(), self.sink, Blotter(), Books(), lambda: EPOCH)
        self.release = Release(chronicle, self.clock, self.meters)

    @property
    def gone(self) -> str:
        """The names of the events that went out, in one text."""
        return "".join(str(gone.event_id) for gone in self.sink.events)

    @property
    def depth(self) -> float | None:
        return self.meters.registry.get_sample_value("gateway_release_queue_depth")

    def hold(self, name: str) -> Deferred[None]:
        """An event whose legs take until the Deferred fires."""
        legs: Deferred[None] = Deferred()
        self.release.let_go(self.release.hold(event(name)), legs)
        return legs

    def put(self, name: str) -> None:
        self.release.put(event(name))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_waits_for_nothing_goes_at_once(bench: Bench) -> None:
    bench.put("a")
    bench.release.let_go(bench.release.hold(event("b")), None)
    bench.release.let_go(bench.release.hold(event("c")), succeed(None))
    assert bench.gone == "abc"
    assert not bench.clock.getDelayedCalls()


def test_a_fill_waits_for_its_legs(bench: Bench) -> None:
    legs = bench.hold("a")
    assert bench.gone == ""
    legs.callback(None)
    assert bench.gone == "a"
    assert not bench.clock.getDelayedCalls()


def test_a_fill_waits_for_legs_that_hang_on_a_further_answer(bench: Bench) -> None:
    """A Deferred that was called but waits for another has not fired."""
    answer: Deferred[None] = Deferred()
    legs = succeed(None).addCallback(lambda _: answer)
    bench.release.let_go(bench.release.hold(event("a")), legs)
    assert bench.gone == ""
    answer.callback(None)
    assert bench.gone == "a"


def test_what_comes_after_waits_behind(bench: Bench) -> None:
    legs = bench.hold("a")
    bench.put("b")
    bench.release.let_go(bench.release.hold(event("c")), None)
    assert bench.gone == ""
    assert bench.depth == 3
    legs.callback(None)
    assert bench.gone == "abc"
    assert bench.depth == 0


def test_legs_that_settle_out_of_order_change_no_order(bench: Bench) -> None:
    first, second = bench.hold("a"), bench.hold("b")
    second.callback(None)
    assert bench.gone == ""
    first.callback(None)
    assert bench.gone == "ab"


def test_what_an_event_causes_comes_behind_it(bench: Bench) -> None:
    held = bench.release.hold(event("fill"))
    bench.put("leg")
    bench.release.let_go(held, None)
    assert bench.gone == "fillleg"


def test_failed_legs_hold_nothing_up(bench: Bench) -> None:
    legs = bench.hold("a")
    legs.errback(RuntimeError("a defect"))
    assert bench.gone == "a"
    legs.addErrback(lambda _expected: None)


def test_w20_after_two_seconds_a_fill_goes_without_its_legs(bench: Bench) -> None:
    legs = bench.hold("a")
    bench.put("b")
    bench.clock.advance(PATIENCE_SECONDS - 0.01)
    assert bench.gone == ""
    bench.clock.advance(0.01)
    assert bench.gone == "ab"
    legs.callback(None)
    assert bench.gone == "ab"


def test_w20_no_event_waits_longer_than_that_however_many_wait_before_it(bench: Bench) -> None:
    """Ten fills at once, whose legs all hang, are out two seconds later, not twenty."""
    for name in "abcdefghij":
        bench.hold(name)
    bench.clock.advance(PATIENCE_SECONDS)
    assert bench.gone == "abcdefghij"


def test_a_constant_stream_of_fills_starves_nobody(bench: Bench) -> None:
    for step in range(100):
        bench.hold(f"{step},")
        bench.clock.advance(0.1)
        overdue = max(0, step + 1 - 20)
        assert bench.gone.count(",") >= overdue
    bench.clock.advance(PATIENCE_SECONDS)
    assert bench.gone == "".join(f"{step}," for step in range(100))


def test_flush_lets_all_go_at_once(bench: Bench) -> None:
    legs = bench.hold("a")
    bench.put("b")
    bench.hold("c")
    bench.release.flush()
    assert bench.gone == "abc"
    assert not bench.clock.getDelayedCalls()
    legs.callback(None)
    bench.put("d")
    assert bench.gone == "abcd"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.integers(0, 40)), max_size=30))
def test_order_is_kept_and_nobody_is_early_or_late(plan: list[tuple[bool, int, int]]) -> None:
    """Each event comes *gap* ticks after the last and, if it waits, for *takes* ticks."""
    bench = Bench()
    for number, (waits, takes, gap) in enumerate(plan):
        bench.clock.pump([0.1] * gap)
        if waits:
            bench.clock.callLater(takes * 0.1 + 0.05, bench.hold(f"{number},").callback, None)
        else:
            bench.put(f"{number},")
    bench.clock.pump([0.1] * 21)
    assert bench.gone == "".join(f"{number}," for number in range(len(plan)))
