"""The trading state takes effect at once and outlives the process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import (
    ILogObserver,
    LogEvent,
    capturedLogs,
    formatEvent,
    globalLogPublisher,
)
from zope.interface import implementer, provider
from zope.interface.verify import verifyObject

from tests.orders.core import failure_of, order_request, result_of
from tradegw.errors import OrderDenied
from tradegw.interfaces import IAlarm, ITradingState
from tradegw.metrics.meters import Meters
from tradegw.model.enums import AlertCode, Platform
from tradegw.model.journal import Entry, Setting
from tradegw.model.trading import StateSetter, TradingState, TradingStatus
from tradegw.orders.trading import SETTING, TradingSwitch
from tradegw.testing.broker import EPOCH
from tradegw.testing.journal import MemoryJournal

ACTIVE, REDUCE_ONLY, HALTED = TradingState
CLIENT, SIGNAL, RECONCILIATION = StateSetter


class SlowJournal(MemoryJournal):
    """Nothing is durable before the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.committing: list[tuple[tuple[Entry, ...], Deferred[None]]] = []

    def keep(self, *entries: Entry) -> Deferred[None]:
        self.committing.append((entries, Deferred()))
        return self.committing[-1][1]

    def commit(self) -> None:
        committing, self.committing = self.committing, []
        for entries, kept in committing:
            super().keep(*entries)
            kept.callback(None)


@implementer(IAlarm)
class Alarms:
    def __init__(self) -> None:
        self.raised: list[tuple[AlertCode, str, Any]] = []

    def raise_alert(self, code: AlertCode, message: str, details: dict[str, Any] | None) -> None:
        self.raised.append((code, message, details))


class Desk:
    """A switch, and what it works with; each look at the clock is a second later."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        self.time = EPOCH
        self.journal = journal or MemoryJournal()
        self.alarms = Alarms()
        self.meters = Meters(CollectorRegistry(), Platform.MOCK)
        self.switch = TradingSwitch(self.journal, self.alarms, self.meters, self.now)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def restarted(self) -> Desk:
        return Desk(self.journal.reopened())

    def gauge(self) -> dict[str, float | None]:
        registry = self.meters.registry
        return {
            state.value: registry.get_sample_value("gateway_trading_state", {"state": state.value})
            for state in TradingState
        }


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def told() -> Iterator[list[LogEvent]]:
    """What was logged of the trading state."""
    seen: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event["log_namespace"].endswith("TradingSwitch"):
            seen.append(event)

    globalLogPublisher.addObserver(observe)
    yield seen
    globalLogPublisher.removeObserver(observe)


def test_keeps_its_promises(desk: Desk) -> None:
    assert verifyObject(ITradingState, desk.switch)


def test_at_the_first_start_everything_may_leave_and_nobody_said_so(desk: Desk) -> None:
    assert desk.switch.status() == TradingStatus(state=ACTIVE, since=EPOCH + timedelta(seconds=1))
    assert desk.switch.gate.is_open
    assert desk.gauge() == {"ACTIVE": 1, "REDUCE_ONLY": 0, "HALTED": 0}


def test_a_change_holds_at_once_and_is_answered_when_it_is_durable() -> None:
    journal = SlowJournal()
    desk = Desk(journal)
    answer = desk.switch.change(HALTED, "closing time", CLIENT)
    with pytest.raises(OrderDenied):
        desk.switch.gate.check(order_request(), None, order_request().quantity)
    assert desk.gauge() == {"ACTIVE": 0, "REDUCE_ONLY": 0, "HALTED": 1}
    assert not answer.called
    journal.commit()
    status = result_of(answer)
    assert (status.state, status.set_by, status.reason) == (HALTED, CLIENT, "closing time")
    assert status == desk.switch.status()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (None, "trading is HALTED now; set by client"),
        ("lunch", "trading is HALTED now; set by client: lunch"),
    ],
)
def test_the_log_says_why_if_anybody_said_so(desk: Desk, reason: str | None, said: str) -> None:
    with capturedLogs() as logged:
        desk.switch.change(HALTED, reason, CLIENT)
    assert said in [formatEvent(each) for each in logged]


def test_a_restart_changes_nothing_not_even_since_when(desk: Desk) -> None:
    for state in (HALTED, REDUCE_ONLY, ACTIVE):
        status = result_of(desk.switch.change(state, "why", SIGNAL))
        again = desk.restarted()
        assert again.switch.status() == status
        assert again.gauge()[state.value] == 1


def test_what_the_reconciliation_found_outlives_a_restart_too(desk: Desk) -> None:
    desk.switch.restrict("AAPL: 10 held, 12 expected")
    again = desk.restarted()
    assert again.switch.status() == desk.switch.status()
    assert again.switch.status().set_by is RECONCILIATION
    again.switch.lift()
    assert again.restarted().switch.gate.is_open


def test_distrust_is_told_once_outlives_a_restart_and_ends_with_active(desk: Desk) -> None:
    for _ in range(3):
        desk.switch.distrust("fills are missing")
    assert len(desk.alarms.raised) == 1
    again = desk.restarted()
    assert again.switch.status() == desk.switch.status()
    assert not again.switch.is_restricted  # by what the reconciliation would have to explain
    again.switch.lift()
    assert again.switch.status().state is REDUCE_ONLY
    again.switch.change(ACTIVE, None, CLIENT)
    assert again.restarted().switch.gate.is_open


@pytest.mark.parametrize("value", [b"", b"{", b"{}", b"null", b'{"operator":{"state":"OFF"}}'])
def test_what_cannot_be_read_is_taken_for_halted(value: bytes, told: list[LogEvent]) -> None:
    journal = MemoryJournal()
    journal.keep(Setting(name=SETTING, at=EPOCH, value=value))
    desk = Desk(journal)
    assert desk.switch.status().state is HALTED
    assert desk.switch.status().since == EPOCH
    assert any("log_failure" in event for event in told)
    assert result_of(desk.switch.change(ACTIVE, None, CLIENT)).state is ACTIVE


def test_while_the_journal_fails_a_change_holds_and_is_answered_at_once(
    desk: Desk, told: list[LogEvent]
) -> None:
    desk.journal.fail("disk full")
    assert result_of(desk.switch.change(HALTED, None, SIGNAL)).state is HALTED
    assert desk.switch.status().state is HALTED
    assert told[-1]["problem"] == "disk full"
    assert desk.restarted().switch.gate.is_open
    desk.journal.recover()
    assert desk.restarted().switch.status().state is HALTED


def test_a_journal_that_begins_to_fail_keeps_nobody_waiting(told: list[LogEvent]) -> None:
    journal = SlowJournal()
    desk = Desk(journal)
    first = desk.switch.change(HALTED, "one", CLIENT)
    second = desk.switch.change(HALTED, "two", CLIENT)
    journal.fail("disk full")
    assert [result_of(answer).reason for answer in (first, second)] == ["one", "two"]
    assert told[-1]["problem"] == "disk full"
    lines = len(told)
    journal.recover()
    journal.commit()
    assert len(told) == lines


def test_a_client_that_hangs_up_changes_nothing() -> None:
    journal = SlowJournal()
    desk = Desk(journal)
    answer = desk.switch.change(HALTED, None, CLIENT)
    answer.cancel()
    failure_of(answer, CancelledError)
    journal.commit()
    assert desk.restarted().switch.status().state is HALTED


def test_a_state_that_is_set_again_holds_since_it_was_set_first(desk: Desk) -> None:
    first = result_of(desk.switch.change(HALTED, "why", CLIENT))
    assert result_of(desk.switch.change(HALTED, "why", CLIENT)) == first
    for state, reason, set_by in (
        (HALTED, "why", SIGNAL),
        (HALTED, "another", SIGNAL),
        (ACTIVE, "another", SIGNAL),
    ):
        status = result_of(desk.switch.change(state, reason, set_by))
        assert (status.state, status.reason, status.set_by) == (state, reason, set_by)
        assert status.since > first.since


def test_active_acknowledges_what_the_reconciliation_found(desk: Desk) -> None:
    result_of(desk.switch.change(ACTIVE, None, CLIENT))
    desk.switch.restrict("why")
    assert desk.switch.status().state is REDUCE_ONLY
    found = desk.switch.status().since
    status = result_of(desk.switch.change(ACTIVE, None, CLIENT))
    assert (status.state, status.set_by) == (ACTIVE, CLIENT)
    assert status.since > found
    assert desk.restarted().switch.gate.is_open


def test_a_restriction_is_told_to_everybody_once(desk: Desk) -> None:
    for reason in ("one", "one", "two"):
        desk.switch.restrict(reason)
    assert [message for _, message, _ in desk.alarms.raised] == [
        "Only orders that reduce a position are taken: one",
        "Only orders that reduce a position are taken: two",
    ]
    assert desk.alarms.raised[0][2] == {"trading_state": "REDUCE_ONLY"}
    assert desk.gauge() == {"ACTIVE": 0, "REDUCE_ONLY": 1, "HALTED": 0}


def test_a_lift_leaves_what_an_operator_set(desk: Desk, told: list[LogEvent]) -> None:
    desk.switch.lift()
    assert told == []
    result_of(desk.switch.change(HALTED, "lunch", CLIENT))
    desk.switch.restrict("why")
    assert desk.switch.status().reason == "lunch; reconciliation: why"
    desk.switch.lift()
    assert (desk.switch.status().state, desk.switch.status().reason) == (HALTED, "lunch")
    assert desk.restarted().switch.status() == desk.switch.status()


def test_a_start_in_another_state_than_active_is_told(desk: Desk, told: list[LogEvent]) -> None:
    desk.restarted()
    assert told == []
    result_of(desk.switch.change(HALTED, "lunch", CLIENT))
    told.clear()
    desk.restarted()
    (line,) = told
    assert (line["state"], line["set_by"], line["reason"]) == ("HALTED", "client", "lunch")
