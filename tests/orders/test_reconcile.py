"""When the broker is asked how things stand, and that nothing stops it (G4, W-11, W-35, W-40)."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, failure_of, order_request, result_of
from tests.orders.samples import an_order
from tradegw.errors import NotReconciled, ProviderError, RateLimited
from tradegw.model.enums import ConnectionEventKind, OrderEventKind, OrderStatus, Side
from tradegw.model.events import AlertEvent, ConnectionEvent, OrderEvent
from tradegw.orders.reconcile import BLIND_SECONDS, MARGIN, RETRY_SECONDS
from tradegw.testing.broker import EPOCH

QUESTIONS = ("positions", "account", "open_orders", "closed_orders", "trades")
NOT_ASKED = RateLimited("slow down")


@pytest.fixture
def core() -> Core:
    return Core()


def asked(core: Core) -> int:
    """How often the broker was asked how things stand."""
    return len(core.broker.asked("positions"))


def link_news(core: Core) -> list[ConnectionEventKind]:
    return [event.event for event in core.sink.events if isinstance(event, ConnectionEvent)]


# -- at the start, and after a loss


def test_w11_at_the_start_the_broker_is_asked_before_orders_are_taken() -> None:
    core = Core(linked=False)
    work = core.desk.submit(order_request())
    assert core.broker.calls == []
    core.intake.on_link_up()
    assert result_of(work).id == "ord-1"
    names = [name for name, _argument in core.broker.calls]
    assert names == ["positions", "account", "open_orders", "submit"]


@pytest.mark.parametrize("question", QUESTIONS[:3])
def test_w35_as_long_as_it_could_not_be_asked_no_orders_are_taken(question: str) -> None:
    core = Core(linked=False)
    core.broker.plan(question, *[NOT_ASKED] * 4)
    core.intake.on_link_up()
    work = core.desk.submit(order_request())
    core.wait(5)
    failure_of(work, NotReconciled)
    assert not core.link.is_up
    core.wait(60)
    assert core.link.is_up
    core.submit()


@pytest.mark.parametrize("question", QUESTIONS)
def test_w35_the_return_of_the_link_is_told_after_what_was_missed(
    core: Core, question: str
) -> None:
    order_id = core.submit().id
    core.intake.on_link_down((), "lost")
    core.broker.unheard = set(OrderEventKind)
    core.broker.fill(order_id, "1")
    core.sink.events.clear()
    core.broker.plan(question, NOT_ASKED, NOT_ASKED)
    core.intake.on_link_up()
    core.wait(1)
    assert core.sink.events == []
    core.wait(2)
    fill, *_rest, back = core.sink.events
    assert isinstance(fill, OrderEvent)
    assert fill.event is OrderEventKind.FILLED
    assert isinstance(back, ConnectionEvent)
    assert (back.event, back.gap_duration_ms) == (ConnectionEventKind.BROKER_RECONNECTED, 3000)


def test_a_link_that_is_lost_again_while_the_broker_is_asked_is_not_back(core: Core) -> None:
    core.intake.on_link_down((), None)
    answer: Deferred[None] = Deferred()
    core.broker.plan("account", answer)
    core.intake.on_link_up()
    core.intake.on_link_down((), None)
    answer.callback(None)
    assert link_news(core) == [ConnectionEventKind.BROKER_DISCONNECTED]
    core.intake.on_link_up()
    assert link_news(core)[1:] == [ConnectionEventKind.BROKER_RECONNECTED]


# -- again and again


def test_it_is_asked_every_now_and_then() -> None:
    core = Core(reconcile_seconds=60)
    core.wait(59)
    assert asked(core) == 0
    core.wait(2)
    assert asked(core) == 1
    core.wait(180)
    assert asked(core) == 4


def test_the_next_time_is_counted_from_the_last_whatever_caused_that() -> None:
    core = Core(reconcile_seconds=60)
    core.wait(50)
    core.reconciled()
    core.wait(50)
    assert asked(core) == 1
    core.wait(10)
    assert asked(core) == 2


def test_a_periodic_one_tells_what_was_missed() -> None:
    core = Core(reconcile_seconds=60)
    order_id = core.submit().id
    core.broker.unheard = set(OrderEventKind)
    core.broker.end(order_id, OrderStatus.EXPIRED)
    core.wait(60)
    assert core.told()[-1] == (order_id, OrderEventKind.EXPIRED)


def test_what_is_over_is_asked_for_since_a_little_before_the_last_time(core: Core) -> None:
    core.wait(1000)
    core.reconciled()
    core.wait(500)
    core.reconciled()
    since = [query.since for query in core.broker.asked("closed_orders")]
    assert since == [EPOCH - MARGIN, EPOCH + timedelta(seconds=1000) - MARGIN]
    assert [query.since for query in core.broker.asked("trades")] == since


def test_the_next_process_asks_since_the_last_time_of_this_one(core: Core) -> None:
    core.wait(1000)
    core.reconciled()
    core.wait(500)
    again = Core(again=core, linked=False)
    core.broker.calls.clear()
    again.intake.on_link_up()
    (query,) = core.broker.asked("closed_orders")
    assert query.since == EPOCH + timedelta(seconds=1000) - MARGIN


def test_a_time_at_which_it_could_not_be_asked_is_not_the_last_time(core: Core) -> None:
    core.wait(1000)
    core.broker.plan("trades", NOT_ASKED)
    core.reconciliation.run("test")
    core.wait(1)
    since = [query.since for query in core.broker.asked("closed_orders")]
    assert since == [EPOCH - MARGIN] * 2


# -- on suspicion


def contradict(core: Core, order_id: str) -> None:
    """An event that cannot follow what was told before."""
    core.broker.tell(an_order(order_id, status=OrderStatus.REJECTED), OrderEventKind.REJECTED)
    core.broker.tell(an_order(order_id), OrderEventKind.MODIFIED)


def test_on_suspicion_it_is_asked_soon_once_for_all_that_is_suspected(core: Core) -> None:
    for number in range(5):
        contradict(core, f"o{number}")
    assert asked(core) == 0
    core.wait(1)
    assert asked(core) == 1
    assert core.count("gateway_order_anomalies_total", platform="mock") == 5


def test_suspicion_does_not_ask_all_the_time(core: Core) -> None:
    for number in range(100):
        contradict(core, f"o{number}")
        core.wait(0.25)
    assert 4 <= asked(core) <= 6


def test_a_contradiction_that_asking_itself_brought_up_is_no_suspicion(core: Core) -> None:
    core.broker.tell(
        an_order("o1", status=OrderStatus.FILLED, filled=1, side=Side.SELL),
        OrderEventKind.FILLED,
    )
    core.broker.orders["o1"] = an_order(
        "o1", status=OrderStatus.CANCELLED, filled=1, side=Side.SELL
    )
    core.intake.on_event(
        OrderEvent(
            timestamp=EPOCH,
            event=OrderEventKind.CANCELLED,
            order=core.broker.orders["o1"],
            reconciled=True,
        )
    )
    core.wait(1)
    assert asked(core) == 0


# -- could not ask, and one at a time


@pytest.mark.parametrize("question", QUESTIONS)
def test_w40_what_could_not_be_asked_is_asked_again_at_growing_distances(
    core: Core, question: str
) -> None:
    core.broker.plan(question, *[NOT_ASKED] * 7)
    work = core.reconciliation.run("test")
    began = core.clock.seconds()
    times: list[float] = []
    while not work.called:
        if asked(core) > len(times):
            times.append(core.clock.seconds() - began)
        core.wait(0.5)
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert pauses == [*RETRY_SECONDS, RETRY_SECONDS[-1]]


def test_the_distances_begin_anew_after_a_success(core: Core) -> None:
    core.broker.plan("account", *[NOT_ASKED] * 3, None, NOT_ASKED)
    core.reconciliation.run("test")
    core.wait(1 + 2 + 5)
    core.reconciliation.run("test")
    core.wait(1)
    assert asked(core) == 6


def test_who_cannot_ask_for_minutes_says_so_until_he_can(core: Core) -> None:
    """The streams may be there, so that nothing else would tell that nobody checks them."""
    core.broker.plan("account", *[NOT_ASKED] * 25)
    core.reconciliation.run("test")
    told: list[str] = []
    for _ in range(4):
        core.wait(BLIND_SECONDS - 60)
        told = [each.message for each in core.sink.events if isinstance(each, AlertEvent)]
    assert len(told) == 2
    assert "could not be asked how things stand for 3" in told[0]
    assert told[0].endswith("seconds: slow down")
    core.wait(10 * BLIND_SECONDS)
    assert [each for each in core.sink.events if isinstance(each, AlertEvent)][2:] == []


def test_two_at_once_are_one_after_the_other(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("account", answer)
    first, second, third = (core.reconciliation.run(f"cause {n}") for n in range(3))
    assert asked(core) == 1
    answer.callback(None)
    for work in (first, second, third):
        result_of(work)
    assert asked(core) == 2  # what was wanted meanwhile is not answered by what was asked before


def test_a_defect_of_ours_does_not_end_it(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_named: object) -> int:
        raise RuntimeError("a defect")

    monkeypatch.setattr(core._findings, "tell", broken)
    work = core.reconciliation.run("test")
    monkeypatch.undo()
    core.wait(1)
    result_of(work)


def test_after_the_stop_nothing_is_asked() -> None:
    core = Core(reconcile_seconds=60)
    contradict(core, "o1")
    core.finish()
    core.reconciliation.run("test")
    core.reconciliation.suspect("test")
    core.wait(1000)
    assert asked(core) == 0


@pytest.mark.parametrize("question", QUESTIONS)
def test_w46_a_broker_that_could_not_be_asked_for_a_while_takes_orders_at_once_afterwards(
    core: Core, question: str
) -> None:
    core.broker.plan(question, *[ProviderError("no answer")] * 5)
    work = core.reconciliation.run("test")
    core.wait(60)
    result_of(work)
    assert core.breakers.snapshot().adapter.failure_count == 0
    core.submit()


def test_a_stop_while_it_could_not_be_asked_ends_it(core: Core) -> None:
    core.broker.plan("account", *[NOT_ASKED] * 100)
    core.reconciliation.run("test")
    core.finish()
    core.wait(1000)
    assert asked(core) == 1


def test_a_clock_that_is_set_back_does_not_put_a_suspicion_off(core: Core) -> None:
    contradict(core, "o1")
    core.wait(1)
    core.clock.rightNow -= 3600
    contradict(core, "o2")
    core.wait(6)
    assert asked(core) == 2
