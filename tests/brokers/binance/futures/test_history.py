"""Histories of futures, which show a week at a time, and without a time the last one alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tradegw.brokers.binance.calling import Query
from tradegw.brokers.binance.futures.history import KEPT, History
from tradegw.brokers.binance.times import number_of
from tradegw.errors import ProviderError

NOW = datetime(2026, 3, 2, 9, 41, tzinfo=UTC)
MOST = 10
WEEK_MS = 7 * 86_400_000


class Exchange:
    """Executions every so often, the newest at ``NOW``; so many are shown at a time."""

    def __init__(self, every: timedelta, count: int) -> None:
        self.times = [number_of(NOW - every * index) for index in reversed(range(count))]
        self.asked = 0

    async def ask(self, query: Query) -> list[int]:
        self.asked += 1
        window = {name: int(value) for name, value in query}
        start = window.get("startTime", number_of(NOW) - WEEK_MS)
        end = window.get("endTime", number_of(NOW))
        assert end - start <= WEEK_MS
        found = [at for at in self.times if start <= at <= end]
        return found[:MOST] if window else found[-MOST:]


def read(exchange: Exchange, since: datetime | None) -> list[int]:
    work = History(lambda: NOW).read(exchange.ask, int, int, MOST, since)
    found: list[list[int]] = []
    Deferred.fromCoroutine(work).addCallback(found.append)
    return found[0]


def test_what_is_older_than_a_week_is_found() -> None:
    exchange = Exchange(timedelta(days=3), 12)
    assert read(exchange, NOW - timedelta(days=20)) == exchange.times[-7:]
    assert read(exchange, NOW - timedelta(days=2)) == exchange.times[-3:]


@pytest.mark.parametrize("minutes", [7, 90, 700])
def test_it_is_whole_however_much_there_is(minutes: int) -> None:
    exchange = Exchange(timedelta(minutes=minutes), 600)
    since = NOW - timedelta(days=15)
    assert set(read(exchange, since)) >= {at for at in exchange.times if at >= number_of(since)}


def test_what_nobody_shows_any_more_is_not_asked_for() -> None:
    exchange = Exchange(timedelta(days=30), 12)
    assert read(exchange, NOW - timedelta(days=300)) == exchange.times[-3:]
    assert exchange.asked <= KEPT // timedelta(days=7) + 2


def test_the_newest_week_is_one_question() -> None:
    exchange = Exchange(timedelta(days=3), 12)
    read(exchange, None)
    assert exchange.asked == 1


def test_more_at_one_moment_than_is_shown_is_said() -> None:
    exchange = Exchange(timedelta(0), 11)
    exchange.times = [number_of(NOW - timedelta(days=9))] * 11
    work = History(lambda: NOW).read(exchange.ask, int, int, MOST, NOW - timedelta(days=9))
    failed: list[Failure] = []
    Deferred.fromCoroutine(work).addErrback(failed.append)
    assert failed[0].check(ProviderError)
