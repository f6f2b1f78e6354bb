"""Same request, same answer; another request under the same name, a conflict (G1, W-01)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, failure_of, order_request, result_of
from tradegw.errors import (
    GatewayError,
    IntentConflict,
    InvalidRequest,
    NotSent,
    OrderRejected,
    ProviderError,
    RateLimited,
)
from tradegw.model.enums import OrderEventKind, OrderType
from tradegw.model.identifiers import ClientOrderIdRule
from tradegw.model.order import OrderHandle, OrderRequest, Unresolved
from tradegw.orders import intents, wanted
from tradegw.testing.broker import EPOCH, Lost

NAMES = [("c1", None), (None, "k1"), ("c1", "k1")]


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture(params=NAMES, ids=["by client order id", "by key", "by both"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Deferred[OrderHandle]]:
    """Submits an order to a core under the same name again and again."""
    client_order_id, key = request.param

    def submit(core: Core, **members: Any) -> Deferred[OrderHandle]:
        wanted = order_request(client_order_id=client_order_id, **members)
        return core.desk.submit(wanted, key)

    return submit


Ask = Callable[..., Deferred[OrderHandle]]


def sent(core: Core) -> list[OrderRequest]:
    return core.broker.asked("submit")


def test_repeats_while_the_first_is_under_way_wait_for_its_answer(core: Core, ask: Ask) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    works = [ask(core) for _ in range(5)]
    assert len(sent(core)) == 1
    answer.callback(None)
    assert len({result_of(work) for work in works}) == 1
    assert len(core.broker.orders) == 1


def test_a_repeat_afterwards_gets_the_same_answer(core: Core, ask: Ask) -> None:
    first = result_of(ask(core))
    core.broker.fill(first.id, "1")
    assert result_of(ask(core)) == first  # the answer then, not the order now
    assert len(sent(core)) == 1


def test_a_repeat_after_a_restart_gets_the_same_answer(core: Core, ask: Ask) -> None:
    first = result_of(ask(core))
    again = Core(again=Core(again=core))
    assert result_of(ask(again)) == first
    assert len(core.broker.orders) == 1


def test_numbers_may_be_spelled_differently(core: Core, ask: Ask) -> None:
    limit = {"order_type": OrderType.LIMIT}
    first = result_of(ask(core, quantity="1", limit_price="50", **limit))
    assert result_of(ask(core, quantity="1.00", limit_price="5E1", **limit)) == first


def test_a_repeat_of_what_was_refused_is_refused_alike_also_after_a_restart(
    core: Core, ask: Ask
) -> None:
    core.broker.plan("submit", OrderRejected("no money", "INSUFFICIENT_FUNDS"))
    errors = [failure_of(ask(core), OrderRejected) for _ in range(2)]
    errors.append(failure_of(ask(Core(again=core)), OrderRejected))
    assert {(error.message, error.reject_code) for error in errors} == {
        ("no money", "INSUFFICIENT_FUNDS")
    }
    assert core.broker.orders == {}


def test_a_repeat_of_what_was_malformed_is_refused_alike(core: Core, ask: Ask) -> None:
    core.broker.plan("submit", InvalidRequest("tick size", "limit_price"))
    for _ in range(3):
        assert failure_of(ask(core), InvalidRequest).details == {"field": "limit_price"}
        core = Core(again=core)
    assert core.broker.orders == {}


@pytest.mark.parametrize("error", [RateLimited("slow down", 3), NotSent("no link")])
def test_what_was_refused_for_the_moment_may_be_sent_again(
    core: Core, ask: Ask, error: GatewayError
) -> None:
    core.broker.plan("submit", error, error)
    failure_of(ask(core), type(error))
    failure_of(ask(core), type(error))
    again = Core(again=core)
    assert result_of(ask(again)).id == "ord-1"
    assert len(core.broker.orders) == 1


@pytest.mark.parametrize("when", ["under way", "settled", "after a restart", "refused", "in doubt"])
def test_another_request_under_the_same_name_is_a_conflict(core: Core, ask: Ask, when: str) -> None:
    outcome: Any = {
        "under way": Deferred(),
        "refused": OrderRejected("no"),
        "in doubt": ProviderError("no answer"),
    }.get(when)
    core.broker.plan("submit", outcome)
    ask(core).addErrback(lambda _refused: None)
    if when == "after a restart":
        core = Core(again=core)
    error = failure_of(ask(core, quantity="2"), IntentConflict)
    assert error.details is not None
    assert (error.details["field"], error.details["provided"]) in [
        ("client_order_id", "c1"),
        ("Idempotency-Key", "k1"),
    ]
    assert len(core.broker.orders) <= 1


def test_a_conflict_changes_nothing(core: Core, ask: Ask) -> None:
    first = result_of(ask(core, stop_loss="90"))
    failure_of(ask(core, stop_loss="80"), IntentConflict)
    assert core.guards() == 1
    assert result_of(ask(core, stop_loss="90")) == first


def test_a_repeat_in_doubt_gets_what_is_found_out(core: Core, ask: Ask) -> None:
    core.broker.unheard.add(OrderEventKind.CREATED)
    core.broker.plan("submit", Lost(ProviderError("no answer")))
    first = ask(core)
    core.wait(0.1)
    second = ask(core)
    core.wait(1)
    assert [result_of(work).id for work in (first, second)] == ["ord-1", "ord-1"]


def test_a_repeat_in_doubt_after_a_restart_has_the_same_handle_until_it_is_known(
    core: Core, ask: Ask
) -> None:
    core.broker.unheard.add(OrderEventKind.CREATED)
    core.broker.plan("submit", Lost(ProviderError("no answer")))
    core.broker.plan("order_by_client_id", *[ProviderError("no answer")] * 12)
    first = ask(core)
    core.wait(10)
    handle = result_of(first)
    core.finish()
    again = Core(again=core, linked=False)
    work = ask(again)
    again.wait(10)
    assert result_of(work) == handle
    assert handle.outcome is Unresolved.UNKNOWN
    again.intake.on_link_up()
    assert result_of(ask(again)).id == "ord-1"
    assert len(core.broker.orders) == 1


def test_the_same_client_order_id_under_another_key_is_the_same_order(core: Core) -> None:
    request = order_request(client_order_id="c1")
    first = result_of(core.desk.submit(request, "k1"))
    assert result_of(core.desk.submit(request, "k2")) == first
    assert result_of(core.desk.submit(request)) == first
    assert len(sent(core)) == 1


@pytest.mark.parametrize("first_key", [None, "k1"])
@pytest.mark.parametrize("when", ["at once", "when memory forgot", "after a restart", "in doubt"])
def test_a_key_that_was_answered_stands_for_that_request_from_then_on(
    core: Core, first_key: str | None, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "REMEMBERED", 2)
    request = order_request(client_order_id="c1")
    if when == "in doubt":
        core.broker.plan("submit", ProviderError("no answer"))
    works = [core.desk.submit(request, key) for key in (first_key, "k2", "k2")]
    core.wait(10)
    first, *repeats = [result_of(work) for work in works]
    assert repeats == [first, first]
    if when == "when memory forgot":
        for number in range(5):
            core.submit(client_order_id=f"other-{number}")
    if when == "after a restart":
        core = Core(again=core)
    count = len(sent(core))
    for other in (order_request(), order_request(client_order_id="c2")):
        failure_of(core.desk.submit(other, "k2"), IntentConflict)
    again = core.desk.submit(request, "k2")
    core.wait(10)
    assert result_of(again) == first
    assert len(sent(core)) == count
    assert when == "in doubt" or [each.intent.id for each in core.store.unresolved()] == []


def test_so_does_a_key_that_could_not_be_written_down_yet(core: Core) -> None:
    request = order_request(client_order_id="c1")
    first = result_of(core.desk.submit(request))
    core.store.fail("disk full")
    assert result_of(core.desk.submit(request, "k")) == first
    failure_of(core.desk.submit(order_request(), "k"), IntentConflict)


def test_a_key_of_another_request_is_a_conflict_whatever_name_comes_with_it(core: Core) -> None:
    named = order_request(client_order_id="c1")
    core.desk.submit(named)
    core.desk.submit(order_request(), "k")
    failure_of(core.desk.submit(named, "k"), IntentConflict)


def test_a_key_of_what_was_refused_for_the_moment_is_free_again(core: Core) -> None:
    request = order_request(client_order_id="c1")
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.desk.submit(request)
    failed = core.desk.submit(request, "k")
    answer.errback(RateLimited("slow down"))
    failure_of(failed, RateLimited)
    assert result_of(core.desk.submit(order_request(), "k")).id
    assert Core(again=core).store.unresolved() == []


def test_orders_without_a_name_are_all_different(core: Core) -> None:
    request = order_request()
    handles = {result_of(core.desk.submit(request)).id for _ in range(3)}
    assert len(handles) == 3


def test_a_key_is_no_client_order_id(core: Core) -> None:
    first = result_of(core.desk.submit(order_request(client_order_id="x")))
    second = result_of(core.desk.submit(order_request(), "x"))
    assert first.id != second.id


def test_the_client_order_id_of_a_leg_is_taken(core: Core) -> None:
    core.entered("1")
    failure_of(core.desk.submit(order_request(client_order_id="c1-sl")), IntentConflict)
    failure_of(Core(again=core).desk.submit(order_request(client_order_id="c1-sl")), IntentConflict)


def test_the_id_that_the_gateway_made_for_an_order_is_taken(core: Core) -> None:
    made = core.submit().client_order_id
    failure_of(core.desk.submit(order_request(client_order_id=made)), IntentConflict)


def test_answers_that_memory_forgot_are_found_in_the_journal(
    core: Core, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "REMEMBERED", 2)
    first = result_of(ask(core))
    for number in range(5):
        core.submit(client_order_id=f"other-{number}")
    assert len(core.intents._by_id) == 2
    assert result_of(ask(core)) == first
    failure_of(ask(core, quantity="2"), IntentConflict)
    assert result_of(core.reads.order(str(first.correlation_id))).id == first.id


# -- ids that the broker does not take


@pytest.fixture
def narrow() -> Core:
    core = Core()
    core.broker.client_order_ids = ClientOrderIdRule(longest=32, character="[a-z0-9-]")
    return core


@pytest.mark.parametrize("own", ["Uppercase", "x" * 33, "with space", "\u00e9"])
def test_an_id_that_the_broker_does_not_take_is_the_clients_all_the_same(
    narrow: Core, own: str
) -> None:
    handle = narrow.submit(client_order_id=own)
    (request,) = sent(narrow)
    assert narrow.broker.client_order_ids.fits(str(request.client_order_id))
    assert handle.client_order_id == own
    assert result_of(narrow.desk.submit(order_request(client_order_id=own))) == handle
    narrow.broker.fill(handle.id, "1")
    assert {event.order.client_order_id for event in narrow.order_events(handle.id)} == {own}
    assert result_of(narrow.reads.order(handle.id)).client_order_id == own
    again = Core(again=narrow)
    assert result_of(again.reads.order(handle.id)).client_order_id == own


def test_the_legs_of_an_id_that_leaves_no_room_for_theirs_fit_as_well(narrow: Core) -> None:
    narrow.entered("1", client_order_id="x" * 32)
    legs = [str(leg.client_order_id) for leg in narrow.broker.orders.values()][1:]
    assert len(legs) == 2
    assert all(narrow.broker.client_order_ids.fits(each) for each in legs)


def test_what_is_made_here_fits_the_shortest_of_brokers() -> None:
    made = wanted.minted("id", EPOCH)
    assert len(made) + 8 <= 32
    assert wanted.is_minted(made)
    assert not wanted.is_minted("mine")
    assert not wanted.is_minted(None)
