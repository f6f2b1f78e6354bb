"""The two breakers of the API, reset together or not at all (protocol 3.17, 9.12)."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from tradegw.errors import ResetCooldown
from tradegw.interfaces import IBreakers
from tradegw.model import wire
from tradegw.risk.breaker import Breaker
from tradegw.risk.breakers import Breakers


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.resets = 0
        self.breakers = Breakers(self.clock.seconds, self.on_reset)

    def on_reset(self) -> None:
        self.resets += 1

    def trip(self, breaker: Breaker) -> None:
        for _ in range(3):
            breaker.record_failure(self.clock.seconds())


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_keeps_its_promises(bench: Bench) -> None:
    assert verifyObject(IBreakers, bench.breakers)


def test_cb10_both_are_closed_by_default(bench: Bench) -> None:
    zero = b'{"state":"closed","failure_count":0}'
    assert wire.encode(bench.breakers.snapshot()) == b'{"adapter":%b,"exit_order":%b}' % (
        zero,
        zero,
    )


def test_each_counts_for_itself(bench: Bench) -> None:
    bench.trip(bench.breakers.adapter)
    assert bench.breakers.snapshot().adapter.state.value == "open"
    assert bench.breakers.snapshot().exit_order.state.value == "closed"


def test_a_reset_closes_both_and_is_told_once(bench: Bench) -> None:
    bench.trip(bench.breakers.adapter)
    bench.trip(bench.breakers.exit_order)
    assert bench.breakers.reset() == bench.breakers.snapshot()
    assert not bench.breakers.adapter.is_open
    assert not bench.breakers.exit_order.is_open
    assert bench.resets == 1


def test_a_reset_of_closed_breakers_works_and_starts_the_cooldown(bench: Bench) -> None:
    bench.breakers.reset()
    with pytest.raises(ResetCooldown):
        bench.breakers.reset()


def test_cb05_a_second_reset_within_a_minute_is_refused_and_they_stay_open(bench: Bench) -> None:
    bench.breakers.reset()
    bench.trip(bench.breakers.exit_order)
    bench.clock.advance(59)
    with pytest.raises(ResetCooldown):
        bench.breakers.reset()
    assert bench.breakers.exit_order.is_open
    assert bench.resets == 1
    bench.clock.advance(1)
    bench.breakers.reset()
    assert not bench.breakers.exit_order.is_open


@pytest.mark.parametrize("fresh", ["adapter", "exit_order"])
def test_w74_if_one_is_in_its_cooldown_neither_is_reset(bench: Bench, fresh: str) -> None:
    bench.clock.advance(100)
    getattr(bench.breakers, fresh).reset(bench.clock.seconds())
    bench.trip(bench.breakers.adapter)
    bench.trip(bench.breakers.exit_order)
    with pytest.raises(ResetCooldown):
        bench.breakers.reset()
    assert bench.breakers.adapter.is_open
    assert bench.breakers.exit_order.is_open
    assert bench.resets == 0


def test_only_the_reset_of_both_counts_as_one(bench: Bench) -> None:
    """A refused reset does not prolong the cool-down."""
    bench.breakers.reset()
    bench.clock.advance(59)
    with pytest.raises(ResetCooldown):
        bench.breakers.reset()
    bench.clock.advance(1)
    bench.breakers.reset()
    assert bench.resets == 2
