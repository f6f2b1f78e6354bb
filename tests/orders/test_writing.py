"""A disk that neither takes an intent nor refuses it: nothing leaves late, nothing that protects
is held back.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tests.orders.journals import SlowJournal
from tradegw.errors import JournalUnavailable
from tradegw.model.identifiers import ClientOrderIdRule
from tradegw.model.journal import Verdict
from tradegw.model.order import ClosePositionRequest, OrderChange
from tradegw.orders.writing import URGENT_SECONDS, WRITE_SECONDS


@pytest.fixture
def store() -> SlowJournal:
    return SlowJournal()


@pytest.fixture
def core(store: SlowJournal) -> Core:
    return Core(store=store)


def test_an_order_does_not_leave_when_the_disk_answers_at_last(
    core: Core, store: SlowJournal
) -> None:
    store.slow = True
    sent = core.desk.submit(order_request(client_order_id="c1"))
    core.wait(WRITE_SECONDS)
    assert "has not answered" in failure_of(sent, JournalUnavailable).message
    core.wait(900)
    store.sync()
    core.wait(900)
    assert core.broker.asked("submit") == []
    recorded = store.intent_sent_as("c1")
    assert recorded is not None
    assert recorded.outcome is not None
    assert recorded.outcome.verdict is Verdict.REJECTED  # also for the next process


def test_its_id_is_free_again(core: Core, store: SlowJournal) -> None:
    store.slow = True
    refused = core.desk.submit(order_request(client_order_id="c1"))
    core.wait(WRITE_SECONDS)
    failure_of(refused, JournalUnavailable)
    store.slow = False
    store.sync()
    handle = result_of(core.desk.submit(order_request(client_order_id="c1")))
    assert core.broker.orders[handle.id].client_order_id == "c1"
    assert len(core.broker.asked("submit")) == 1


def test_a_close_leaves_without_the_record(core: Core, store: SlowJournal) -> None:
    core.broker.held["pos-1"] = a_position()
    store.slow = True
    closing = core.desk.close_position("pos-1", ClosePositionRequest())
    core.wait(URGENT_SECONDS)
    assert len(core.broker.asked("close")) == 1
    store.sync()
    assert result_of(closing).outcome is None


def test_legs_leave_where_an_id_is_taken_twice(core: Core, store: SlowJournal) -> None:
    core.broker.client_order_ids = ClientOrderIdRule(unique=False)
    entry = core.entered()
    store.slow = True
    core.broker.fill(entry, "1")
    core.wait(2 * URGENT_SECONDS)  # one after the other
    assert len(core.live_legs()) == 2


def test_a_change_is_given_up(core: Core, store: SlowJournal) -> None:
    handle = core.submit(limit_price=Decimal(10))
    store.slow = True
    changing = core.desk.replace(handle.id, OrderChange(limit_price=Decimal(11)))
    core.wait(WRITE_SECONDS)
    failure_of(changing, JournalUnavailable)
    store.sync()
    core.wait(900)
    assert core.broker.asked("replace") == []


def test_what_waits_is_answered_in_order(core: Core, store: SlowJournal) -> None:
    store.slow = True
    sent = [core.desk.submit(order_request(client_order_id=f"c{n}")) for n in range(5)]
    core.wait(WRITE_SECONDS / 2)
    store.sync()
    ids = [result_of(each).client_order_id for each in sent]
    assert all(first < second for first, second in pairwise(map(str, ids)))
