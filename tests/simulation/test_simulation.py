"""Thousands of worlds that fail, and a gateway that does not."""

from __future__ import annotations

from collections import Counter

import pytest

from .__main__ import replay
from .run import Result, many
from .schedule import CROSSINGS, EVENT_FAULTS, REQUEST_FAULTS

SEEDS = 800
DISK_SEEDS = 200
NAIVE_SEEDS = 150


def _failures(results: list[Result], **how: bool) -> str:
    """How to see what went wrong; empty if nothing did."""
    failed = [result for result in results if result.complaints]
    lines = [f"{replay(result.seed, how)}\n    {result.complaints[0]}" for result in failed[:10]]
    return "\n".join([f"{len(failed)} seeds failed; run again:", *lines]) if failed else ""


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return list(many(range(SEEDS)))


def test_the_gateway_keeps_its_promises_whatever_fails_and_whenever_it_dies(
    results: list[Result],
) -> None:
    assert not _failures(results)


def test_it_keeps_them_on_a_disk_that_fails_at_times() -> None:
    results = list(many(range(SEEDS, SEEDS + DISK_SEEDS), disk=True))
    assert not _failures(results, disk=True)
    assert any(result.hits.get("disk_fails") for result in results)


def test_every_fault_struck_and_the_gateway_died_everywhere(results: list[Result]) -> None:
    hits: Counter[str] = Counter()
    for result in results:
        hits.update(result.hits)
    wanted = [*REQUEST_FAULTS, *EVENT_FAULTS, "link_down", "drop_stream"]
    wanted += ["legs made way", "closed beside resting orders", "dropped exit"]
    wanted += [f"died at {label}" for label in CROSSINGS]
    assert [what for what in wanted if not hits[what]] == []


def test_a_gateway_that_just_tries_again_fails_under_the_same_schedules() -> None:
    results = list(many(range(NAIVE_SEEDS), naive=True))
    failed = [result for result in results if result.complaints]
    assert len(failed) > NAIVE_SEEDS / 2
    complaints = " ".join(complaint for result in failed for complaint in result.complaints)
    assert "has 2 orders" in complaints, "nothing was doubled"
    assert "was refused (422), but" in complaints, "nothing was lied about"
