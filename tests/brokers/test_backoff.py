"""Pauses double up to the cap, with jitter on top, and are forgotten only when told."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.link.backoff import FACTOR, JITTER, REFUSED_SECONDS, Backoff

SECONDS = st.floats(min_value=0.001, max_value=86_400)
RANDOM = st.floats(min_value=0, max_value=1, exclude_max=True)


def test_rc01_the_usual_pauses() -> None:
    backoff = Backoff(1, 60, lambda: 0.0)
    assert [backoff.failed() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_jitter_adds_at_most_a_quarter() -> None:
    backoff = Backoff(1, 60, lambda: 0.9999)
    assert backoff.failed() == pytest.approx(1.25, abs=0.001)


@given(initial=SECONDS, most=SECONDS, random=RANDOM, failures=st.integers(1, 2000))
def test_a_pause_is_never_longer_than_the_cap_and_its_jitter(
    initial: float, most: float, random: float, failures: int
) -> None:
    backoff = Backoff(initial, most, lambda: random)
    pauses = [backoff.failed() for _ in range(failures)]
    assert all(0 < pause <= most * (1 + JITTER) for pause in pauses)
    assert pauses == sorted(pauses)
    assert pauses[0] >= min(initial, most)


@given(initial=SECONDS, most=SECONDS, failures=st.integers(0, 50))
def test_each_pause_doubles_or_is_the_cap(initial: float, most: float, failures: int) -> None:
    backoff = Backoff(initial, most, lambda: 0.0)
    pauses = [backoff.failed() for _ in range(failures + 2)]
    for before, after in pairwise(pauses):
        assert after == pytest.approx(min(before * FACTOR, most))


@given(initial=SECONDS, most=SECONDS, failures=st.integers(0, 50))
def test_what_held_starts_again_from_the_first(initial: float, most: float, failures: int) -> None:
    backoff = Backoff(initial, most, lambda: 0.0)
    first = backoff.failed()
    for _ in range(failures):
        backoff.failed()
    backoff.held()
    assert backoff.failed() == first


@given(initial=SECONDS, most=SECONDS, random=RANDOM, failures=st.integers(0, 20))
def test_refused_credentials_are_never_tried_fast(
    initial: float, most: float, random: float, failures: int
) -> None:
    backoff = Backoff(initial, most, lambda: random)
    for _ in range(failures):
        backoff.failed()
    assert backoff.refused() >= max(REFUSED_SECONDS, most)
    assert backoff.failures == failures + 1
