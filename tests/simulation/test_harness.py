"""The judge of the simulation complains of what is planted, and the simulation can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs
from twisted.internet.defer import Deferred, succeed
from zope.interface.verify import verifyObject

from tradegw.errors import OrderRejected, UnsupportedOperation
from tradegw.interfaces import IBroker
from tradegw.journal.opening import Options, open_journal
from tradegw.model.enums import OrderType, Side
from tradegw.model.journal import Intent as Intended
from tradegw.model.journal import IntentKind
from tradegw.model.limits import Lane
from tradegw.model.order import Order, OrderRequest
from tradegw.model.wire import to_builtins

from .client import Said
from .judge import exits, intents
from .judge import stream as streams
from .judge import told as tellings
from .life import Life, Lives
from .run import Result, simulate
from .samples import Immortal, order, stream, venue, wish
from .schedule import Death, schedule
from .steps import FREE, GUARDED, number_of, tagged
from .watch import Watch
from .wire import FaultyBroker
from .world import BEGINNING, World


def test_a_tag_survives_in_the_quantity() -> None:
    assert number_of(tagged(17, 321)) == 321


def test_a_broker_refuses_a_repeated_client_order_id_or_does_not() -> None:
    strict, loose = venue(), venue(refuses_repeats=False)
    for one in (strict, loose):
        one.submit(order(1, client_order_id="c"), "submit")
    with pytest.raises(OrderRejected):
        strict.submit(order(1, client_order_id="c"), "submit")
    second = loose.submit(order(1, client_order_id="c"), "submit")
    assert loose.order_by_client_id("c").id == second.id
    assert [o.client_order_id for o in loose.open_orders()] == ["c", "c"]


def test_events_bear_the_client_order_id_from_the_first_on() -> None:
    one = venue()
    heard: list[Any] = []
    one.listeners.append(heard.append)
    one.submit(order(1, client_order_id="c"), "submit")
    assert [event.order.client_order_id for event in heard] == ["c"]


def test_a_broker_that_cannot_find_client_order_ids_says_so() -> None:
    with pytest.raises(UnsupportedOperation):
        venue(finds_client_ids=False).order_by_client_id("c")


def test_the_faulty_broker_keeps_the_contract() -> None:
    world = World(schedule(1))
    assert verifyObject(IBroker, FaultyBroker(world, Immortal(), "test"))


def test_doubles_are_seen() -> None:
    one = venue(refuses_repeats=False)
    for _ in range(2):
        one.submit(order(1, client_order_id="c"), "submit")
    assert list(intents.at_most_one_each(one, [wish(1)])) == [
        "intent 1 has 2 orders: x1, x2",
        "2 orders were sent as c",
    ]


def test_an_order_that_nobody_wanted_is_seen() -> None:
    one = venue()
    one.submit(order(7), "submit")
    assert list(intents.at_most_one_each(one, [])) == ["order x1 was wanted by nobody (tag 7)"]


@pytest.mark.parametrize(
    ("there", "statuses", "complaint"),
    [
        (False, (201,), "accepted, but there is no order"),
        (True, (422,), "was refused (422), but x1"),
        (True, (502, 503), "only heard [502, 503]"),
        (True, (201, 503), "heard 503, but x1 was there"),
        (True, (None, 503), "heard 503, but x1 was there"),
        (True, (201, 409), "conflict with itself"),
    ],
)
def test_lies_are_seen(there: bool, statuses: tuple[int, ...], complaint: str) -> None:
    one = venue()
    if there:
        one.submit(order(1), "submit")
    complaints = list(intents.answers_are_true(one, [wish(1, *statuses)]))
    assert any(complaint in each for each in complaints), complaints


@pytest.mark.parametrize("statuses", [(201,), (202, 201), (None, 201), (None,)])
def test_the_truth_is_not_complained_of(statuses: tuple[int | None, ...]) -> None:
    one = venue()
    one.submit(order(1), "submit")
    assert list(intents.answers_are_true(one, [wish(1, *statuses)])) == []


@pytest.mark.parametrize(
    ("later", "complaints"),
    [
        (Said(4.0, 4.0, 1, 201, {"id": "x1"}), 0),
        (Said(4.0, 4.0, 1, None, None), 0),  # the order comes from this one
        (Said(6.0, 6.0, 1, None, None), 1),  # there was an order before this was asked
    ],
    ids=str,
)
def test_who_heard_that_nothing_could_be_sent_may_ask_again(later: Said, complaints: int) -> None:
    one = venue()
    one.now = lambda: BEGINNING + timedelta(seconds=5)
    one.submit(order(1), "submit")
    asked = wish(1, 503, 503)
    asked.answers.append(later)
    assert len(list(intents.answers_are_true(one, [asked]))) == complaints


def test_gaps_and_repeats_in_the_stream_are_seen() -> None:
    assert list(streams.the_stream_is_whole(stream(5, 6, 7))) == []
    assert list(streams.the_stream_is_whole(stream(5, 7))) == ["the stream jumps from 5 to 7"]
    assert list(streams.the_stream_is_whole(stream(5, 5))) == ["the stream jumps from 5 to 5"]


class Scribe:
    """As much of a gateway as writes one thing down, a second after its start."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.journal = open_journal(
            life.directory,
            "an-account",
            life.reactor,
            life.world.now,
            life.commit,
            Options(fsync=False),
        )

    def startService(self) -> None:
        self.life.reactor.callLater(1, self._write)

    def _write(self) -> None:
        at = self.life.world.now()
        intent = Intended(id=f"of {self.life.number}", kind=IntentKind.SUBMIT, at=at, body=b"{}")
        self.journal.write(intent).addErrback(lambda _failure: None)


@pytest.mark.parametrize(("label", "is_kept"), [("commit:before", False), ("commit:after", True)])
def test_the_next_life_finds_what_was_committed_and_nothing_else(
    label: str, is_kept: bool, tmp_path: Path
) -> None:
    plan = structs.replace(schedule(1, calm=True), deaths=(Death(label, 1, 5.0),))
    world = World(plan)
    lives = Lives(world, tmp_path, Scribe)
    lives.current.is_mortal = True
    world.run(3)
    assert not lives.current.alive
    world.run(7)
    assert lives.current.number == 2
    assert (lives.current.gateway.journal.intent("of 1") is not None) is is_kept
    world.run(9)
    assert lives.current.gateway.journal.intent("of 2") is not None
    lives.bury()


@pytest.mark.parametrize(
    ("legs", "is_alerted", "complains"), [(0, False, True), (1, False, False), (0, True, False)]
)
def test_a_fill_without_exits_that_nobody_was_told_of_is_seen(
    legs: int, is_alerted: bool, complains: bool
) -> None:
    world = World(structs.replace(schedule(1), exits=("stop_loss",)))
    watch = Watch(world, cast("Lives", SimpleNamespace(current=Immortal())))
    entry = world.venue.submit(order(1, GUARDED, client_order_id="c1"), "submit", at_once=True)
    for _ in range(legs):
        world.venue.submit(
            OrderRequest(
                symbol=GUARDED,
                side=Side.SELL,
                quantity=entry.quantity,
                order_type=OrderType.STOP,
                stop_price=Decimal(90),
                client_order_id="c1-sl",
            ),
            "submit",
        )
    if is_alerted:
        details = {"order_id": entry.id}
        watch.heard(
            {
                "type": "error",
                "code": "POSITION_UNPROTECTED",
                "details": details,
                "timestamp": world.now().isoformat(),
            }
        )
    watch.heard({"type": "order", "order": to_builtins(entry)})
    world.run(10)
    assert bool(list(watch.complaints([]))) is complains


class Log:
    def __init__(self, *events: tuple[int, bytes]) -> None:
        self._events = events

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        return [event for event in self._events if event[0] > after][:limit]


def test_a_stream_that_differs_from_the_journal_is_seen() -> None:
    heard = stream(5, 6)
    assert list(streams.the_stream_is_the_journal(heard, Log((5, b"{}"), (6, b"{}")))) == []
    assert list(streams.the_stream_is_the_journal(heard, Log((5, b"{}"), (6, b"[]"))))
    assert list(streams.the_stream_is_the_journal(heard, Log((5, b"{}"), (6, b"{}"), (7, b"{}"))))


def test_executions_that_were_not_told_once_are_seen() -> None:
    one = venue()
    one.submit(order(1), "submit", at_once=True)
    trade = one.trades()[0].id
    told = {"type": "trade", "trade": {"id": trade}}

    def complaints(*messages: Any) -> list[str]:
        return list(tellings.told_executions_are_true(one, SimpleNamespace(told=messages)))

    assert complaints(told) == []
    assert "never told" in complaints()[0]
    assert "2 times" in complaints(told, told)[0]


def test_exits_that_do_not_cover_are_seen() -> None:
    one = venue()
    one.submit(order(1, GUARDED), "submit", at_once=True)
    assert list(exits.exits_cover(one, ["stop_loss"])) == [
        "1.001 MSFT are held, 0 rest as stop_loss"
    ]


def _twice(broker: FaultyBroker) -> None:
    once = broker.submit

    def submit(request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        once(request, lane).addErrback(lambda _failure: None)
        return once(request, lane)

    broker.submit = submit  # type: ignore[method-assign]


def _into_the_void(broker: FaultyBroker) -> None:
    """Says yes to everything and does nothing."""
    template = broker.submit

    def submit(request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        made = venue().submit(request, "submit")
        return succeed(made) if request.symbol == FREE else template(request, lane)

    broker.submit = submit  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("sabotage", "complaint"),
    [(_twice, "has 2 orders"), (_into_the_void, "accepted, but there is no order")],
)
def test_a_defect_on_the_way_to_the_broker_is_found(
    sabotage: Callable[[FaultyBroker], None], complaint: str
) -> None:
    found = 0
    for result in _some(sabotage=sabotage):
        found += any(complaint in each for each in result.complaints)
    assert found >= 3


def _some(**how: Any) -> Iterator[Result]:
    for seed in range(12):
        yield simulate(seed, calm=True, deaths=False, **how)


@pytest.mark.parametrize("naive", [True, False])
def test_a_seed_runs_the_same_way_every_time(naive: bool) -> None:
    for seed in (3, 11):
        first, second = (simulate(seed, naive=naive) for _ in range(2))
        assert first.trace == second.trace
        assert first.complaints == second.complaints
