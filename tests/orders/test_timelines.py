"""Everything recorded of an order, as one story (issue 3.9)."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from zope.interface.verify import verifyObject

from tests.orders.core import Core, failure_of, order_request, result_of
from tradegw.errors import OrderNotFound, OrderRejected, ProviderError, RateLimited
from tradegw.interfaces import ITimelines
from tradegw.model.enums import OrderEventKind
from tradegw.model.journal import Step
from tradegw.model.order import OrderChange
from tradegw.model.trading import Timeline
from tradegw.testing.broker import EPOCH, Lost


@pytest.fixture
def core() -> Core:
    return Core()


def story(core: Core, order_id: str) -> Timeline:
    return result_of(core.timelines.timeline(order_id))


def names(timeline: Timeline) -> list[str]:
    return [step.step for step in timeline.steps]


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(ITimelines, core.timelines)


def test_an_order_has_its_whole_story(core: Core) -> None:
    handle = core.submit(client_order_id="c", quantity="3")
    core.wait(1)
    core.broker.fill(handle.id, "3")
    told = story(core, handle.id)
    course = [name for name in names(told) if not name.startswith("order_")]
    assert course == [
        "received",
        "checked",
        "written",
        "sent",
        "answered",
        "settled",
        "outcome_accepted",
    ]
    assert [name for name in names(told) if name not in course] == ["order_created", "order_filled"]
    assert (told.order_id, told.client_order_id, told.correlation_id) == (
        handle.id,
        "c",
        handle.correlation_id,
    )


def test_the_steps_of_one_process_say_how_long_each_took(core: Core) -> None:
    core.broker.plan("submit", Lost(ProviderError("no answer")))
    core.broker.unheard = set(OrderEventKind)
    core.desk.submit(order_request())
    core.wait(0.25)
    took = {step.step: step.after_us for step in story(core, "ord-1").steps}
    assert took["in_doubt"] == 0
    assert took["settled"] == 250_000
    assert took["received"] is None


def test_what_happened_is_in_order(core: Core) -> None:
    order_id = core.entered("1")
    core.wait(1)
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    for each in (order_id, core.legs()[0].id, core.legs()[1].id):
        times = [step.at for step in story(core, each).steps]
        assert all(before <= after for before, after in itertools.pairwise(times))


def test_the_request_and_the_events_are_shown_as_they_were(core: Core) -> None:
    handle = core.submit(client_order_id="c", quantity="3")
    steps = {step.step: step.detail for step in story(core, handle.id).steps}
    received = steps["received"]
    assert received is not None
    assert received["kind"] == "submit"
    assert (received["request"]["quantity"], received["sent_as"]) == ("3", "c")
    created = steps["order_created"]
    assert created is not None
    assert created["order"]["id"] == handle.id


def test_cancels_and_changes_of_an_order_belong_to_it(core: Core) -> None:
    handle = core.submit()
    result_of(core.desk.replace(handle.id, OrderChange(limit_price=Decimal(7))))
    result_of(core.desk.cancel(handle.id))
    told = story(core, handle.id)
    kinds = [step.detail["kind"] for step in told.steps if step.step == "received" and step.detail]
    assert sorted(kinds) == ["cancel", "replace", "submit"]
    assert told.correlation_id == handle.correlation_id


def test_a_leg_has_a_story_of_its_own_without_that_of_its_entry(core: Core) -> None:
    entry_id = core.entered("1")
    leg = story(core, core.leg("c1-sl").id)
    assert leg.client_order_id == "c1-sl"
    kinds = [step.detail["kind"] for step in leg.steps if step.step == "received" and step.detail]
    assert kinds == ["leg"]
    entry = story(core, entry_id)
    kinds = [step.detail["kind"] for step in entry.steps if step.step == "received" and step.detail]
    assert kinds == ["submit"]


def test_the_handle_leads_to_the_same_story(core: Core) -> None:
    handle = core.submit()
    assert story(core, str(handle.correlation_id)) == story(core, handle.id)


def test_an_order_in_doubt_has_the_beginning_of_a_story(core: Core) -> None:
    core.broker.plan("submit", ProviderError("no answer"))
    core.broker.plan("order_by_client_id", *[RateLimited("slow down")] * 5)
    work = core.desk.submit(order_request())
    core.wait(10)
    handle = result_of(work)
    told = story(core, handle.id)
    assert names(told)[0] == "received"
    assert names(told)[-1] == "outcome_unknown"
    core.wait(100)
    assert {"outcome_rejected", "order_rejected"} <= set(names(story(core, handle.id)))


def test_a_refusal_is_shown_with_its_reason(core: Core) -> None:
    core.broker.plan("submit", OrderRejected("no money", "INSUFFICIENT_FUNDS"))
    failure_of(core.desk.submit(order_request()), OrderRejected)
    last = story(core, "id1").steps[-1]
    assert last.step == "outcome_rejected"
    assert last.detail is not None
    assert last.detail["message"] == "no money"


def test_a_process_that_died_before_the_outcome_leaves_what_it_knew(core: Core) -> None:
    core.broker.plan("submit", Lost(ProviderError("no answer")))
    core.broker.unheard = set(OrderEventKind)
    core.desk.submit(order_request())
    core.finish()
    again = Core(again=core)
    again.wait(1)
    assert {"received", "settled", "outcome_accepted", "order_created"} <= set(
        names(story(again, "ord-1"))
    )


def test_an_outside_order_has_its_events(core: Core) -> None:
    core.broker.unheard = set(OrderEventKind)
    order = result_of(core.broker.submit(order_request()))
    core.reconciled()
    told = story(core, order.id)
    assert names(told) == ["order_created"]
    assert told.correlation_id is None


def test_what_was_noted_is_part_of_the_story(core: Core) -> None:
    handle = core.submit()
    for subject in (handle.id, str(handle.correlation_id), "other"):
        core.store.keep(Step(subject=subject, at=EPOCH, name="noted", detail=b'{"a":1}'))
    assert names(story(core, handle.id)).count("noted") == 2


def test_of_an_unknown_order_there_is_no_story(core: Core) -> None:
    failure_of(core.timelines.timeline("nope"), OrderNotFound)


def test_an_order_is_found_by_the_id_that_its_client_gave_it(core: Core) -> None:
    handle = core.submit(client_order_id="mine")
    core.wait(1)
    assert story(core, "mine") == story(core, handle.id)


def test_a_refused_order_is_found_by_its_clients_id_and_by_the_answer(core: Core) -> None:
    core.broker.plan("submit", OrderRejected("no money", "INSUFFICIENT_FUNDS"))
    refused = failure_of(core.desk.submit(order_request(client_order_id="mine")), OrderRejected)
    core.wait(1)
    assert refused.details is not None
    told = story(core, "mine")
    assert told.correlation_id == told.order_id == refused.details["correlation_id"]
    assert names(told)[-1] == "outcome_rejected"
    assert story(core, refused.details["correlation_id"]) == told
