"""The judges of pairs, moved exits, halts and sweeps complain of what is planted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs
from twisted.internet.defer import Deferred, succeed

from tradegw.errors import OrderNotModifiable
from tradegw.model.enums import OrderStatus, OrderType, Side
from tradegw.model.order import Order, OrderChange, OrderRequest, Replaced
from tradegw.risk.trading import TradingGate

from .client import Intent, Said
from .judge import exits, halts, intents, pairs
from .run import Result, simulate
from .samples import order, venue, wish
from .schedule import schedule
from .steps import ATTACHED, FREE, GUARDED, PAIRED, tagged
from .succession import Succession
from .uncovered import Spell, Uncovered, summary
from .venue import Venue
from .wire import FaultyBroker
from .world import BEGINNING, World

DOUBLE_EXIT: dict[str, Any] = {
    "type": "error",
    "code": "OCO_DOUBLE_EXIT",
    "details": {"oco_group_id": "g"},
}

LEFT = {"c100": 1.0, "c101": 1.0}


def member(number: int, **members: Any) -> OrderRequest:
    return order(
        number, PAIRED, side=Side.SELL, oco_group_id="g", client_order_id=f"c{number}", **members
    )


def resting(number: int) -> OrderRequest:
    limit = {"order_type": OrderType.LIMIT, "limit_price": Decimal(120)}
    return structs.replace(member(number), **limit)


def asked(kind: str, body: Any, *answers: tuple[float, float, int | None]) -> Intent:
    said = [Said(begins, ends, 1, status, {}) for begins, ends, status in answers]
    number = 1 if kind == "reprice" else 700
    return Intent(kind, number, "PATCH", "/", body, answers=said, tries=len(said))


# -- pairs


@pytest.mark.parametrize(
    ("filled", "told", "complaint"),
    [
        (1, [], None),
        (1, [DOUBLE_EXIT], "g is said to have executed twice, and did not"),
        (2, [], "g executed 2.201 of 1.101, and nobody was told"),
        (2, [DOUBLE_EXIT], None),
    ],
)
def test_pairs_that_both_executed_are_seen(
    filled: int, told: list[Any], complaint: str | None
) -> None:
    one = venue()
    one.now = lambda: BEGINNING + timedelta(seconds=2)
    for number in (100, 101):
        request = member(number) if number < 100 + filled else resting(number)
        one.submit(request, "submit", at_once=number < 100 + filled)
    wishes = [wish(100, 201), wish(101, 201)]
    assert list(pairs.groups_execute_once(one, wishes, LEFT, told)) == [complaint] * bool(complaint)


@pytest.mark.parametrize(("left_at", "complaints"), [(1.0, 1), (3.0, 0)], ids=["rival", "later"])
def test_a_rival_that_rests_beside_a_fill_is_seen(left_at: float, complaints: int) -> None:
    one = venue()
    one.now = lambda: BEGINNING + timedelta(seconds=2)
    one.submit(member(100), "submit", at_once=True)
    one.now = lambda: BEGINNING + timedelta(seconds=4)
    one.submit(resting(101), "submit")
    wishes = [wish(100, 201), wish(101, 201)]
    found = list(pairs.groups_are_withdrawn(one, wishes, {**LEFT, "c101": left_at}))
    assert found == ["x3 rests, and x1 of g has filled whole"][:complaints]


# -- exits that are moved


def guarded(price: str) -> Venue:
    """An entry whose stop-loss of 96 rests at *price*."""
    one = venue()
    entry = order(1, GUARDED, client_order_id="c1", stop_loss=Decimal(96))
    one.submit(entry, "submit", at_once=True)
    stop = order(1, GUARDED, side=Side.SELL, client_order_id="c1-sl")
    at = {"order_type": OrderType.STOP, "stop_price": Decimal(price)}
    one.submit(structs.replace(stop, **at), "submit")
    return one


@pytest.mark.parametrize(
    ("price", "moves", "is_seen"),
    [
        ("96", [], False),
        ("95", [], True),
        ("95", [asked("move", {"stop_loss": "95"}, (1, 2, 200))], False),
        ("96", [asked("move", {"stop_loss": "95"}, (1, 2, 200))], True),
        ("96", [asked("reprice", {"stop_loss": "95"}, (1, 2, 200))], True),
        ("96", [asked("move", {"take_profit": "105"}, (1, 2, 200))], False),
        ("96", [asked("move", {"stop_loss": "95"}, (1, 2, None))], False),
        ("95", [asked("move", {"stop_loss": "95"}, (1, 2, None))], False),
        ("96", [asked("move", {"stop_loss": "95"}, (1, 2, None), (3, 4, 200))], True),
        (
            "95",
            [
                asked("move", {"stop_loss": "95"}, (1, 2, 200)),
                asked("move", {"stop_loss": "94"}, (5, 6, 200)),
            ],
            True,
        ),
        (
            "95",
            [
                asked("move", {"stop_loss": "95"}, (1, 6, 200)),
                asked("move", {"stop_loss": "94"}, (5, 7, 200)),
            ],
            False,
        ),
        (
            "94",
            [
                asked("move", {"stop_loss": "95"}, (1, 2, 200)),
                asked("move", {"stop_loss": "94"}, (5, 6, 502)),
            ],
            False,
        ),
    ],
)
def test_a_leg_that_is_not_where_it_was_put_is_seen(
    price: str, moves: list[Intent], is_seen: bool
) -> None:
    assert bool(list(exits.exits_are_where_they_were_put(guarded(price), moves))) is is_seen


# -- halts and sweeps


def switch(state: str, *answers: tuple[float, float, int | None]) -> Intent:
    return asked("switch", {"state": state}, *answers)


@pytest.mark.parametrize(
    ("left", "switches", "is_seen"),
    [
        (5.0, [switch("HALTED", (1, 2, 200))], True),
        (1.5, [switch("HALTED", (1, 2, 200))], False),
        (5.0, [switch("HALTED", (1, 2, None))], False),
        (5.0, [switch("ACTIVE", (1, 2, 200))], False),
        (5.0, [switch("HALTED", (1, 2, 200)), switch("ACTIVE", (4, 6, 200))], False),
        (3.0, [switch("HALTED", (1, 2, 200)), switch("ACTIVE", (4, 6, 200))], True),
    ],
)
def test_an_order_that_left_while_trading_was_halted_is_seen(
    left: float, switches: list[Intent], is_seen: bool
) -> None:
    one = venue()
    one.submit(order(1, client_order_id="c1"), "submit")
    sent = {"c1": left}
    assert bool(list(halts.nothing_leaves_that_must_not(one, switches, sent))) is is_seen


def test_what_reduces_may_leave_while_trading_is_halted() -> None:
    one = venue()
    one.submit(order(1, side=Side.BUY), "submit", at_once=True)
    one.submit(order(2, side=Side.SELL, client_order_id="c2", reduce_only=True), "submit")
    halted = [switch("HALTED", (1, 2, 200))]
    assert not list(halts.nothing_leaves_that_must_not(one, halted, {"c2": 5.0}))


def test_a_change_that_is_accepted_while_trading_is_halted_is_seen() -> None:
    wishes = [switch("HALTED", (1, 2, 200)), asked("replace", {}, (3, 4, 200))]
    assert len(list(halts.nothing_leaves_that_must_not(venue(), wishes, {}))) == 1


def test_the_state_that_must_hold_is_the_last_that_was_accepted() -> None:
    halted, lost = switch("HALTED", (1, 2, 200)), switch("REDUCE_ONLY", (3, 4, None))
    assert halts.states_that_may_hold([]) == {"ACTIVE"}
    assert halts.states_that_may_hold([halted]) == {"HALTED"}
    assert halts.states_that_may_hold([halted, lost]) == {"HALTED", "REDUCE_ONLY"}


@pytest.mark.parametrize(
    ("failed", "symbol", "complaints"), [((), FREE, 1), (("x1",), FREE, 0), ((), PAIRED, 0)]
)
def test_an_order_that_a_sweep_left_is_seen(
    failed: tuple[str, ...], symbol: str, complaints: int
) -> None:
    one = venue()
    one.submit(order(1, client_order_id="c1"), "submit")
    body = {"cancelled_count": 1, "failed_order_ids": failed}
    swept = [Said(1.0, 2.0, 1, 200, body)]
    sweep = Intent("sweep", 850, "DELETE", f"/v1/orders?symbol={symbol}", None, answers=swept)
    assert len(list(halts.sweeps_are_true(one, [sweep], {"c1": 0.5}))) == complaints


@pytest.mark.parametrize(("at", "complaints"), [(1.0, 0), (9.0, 1)], ids=["before", "after"])
def test_who_was_denied_by_the_trading_state_may_ask_again(at: float, complaints: int) -> None:
    one = venue()
    one.now = lambda: BEGINNING + timedelta(seconds=5)
    one.submit(order(1), "submit")
    denied = {"details": {"reject_code": "TRADING_HALTED"}}
    answers = [Said(at, at, 1, 422, denied), Said(4.5, 6.0, 1, 201, {"id": "x1"})]
    asker = Intent("enter", 1, "POST", "/v1/orders", {}, answers=answers)
    assert len(list(intents.answers_are_true(one, [asker]))) == complaints


# -- a broker that gives changed orders new ids


def test_an_order_that_is_renamed_ends_and_another_takes_its_place() -> None:
    one = venue(renames=True)
    heard: list[Any] = []
    one.submit(structs.replace(resting(1), client_order_id="c"), "submit")
    one.listeners.append(heard.append)
    done = one.replace("x1", OrderChange(limit_price=Decimal(121)))
    assert (done.order.id, done.previous_order_id) == ("x1.1", "x1")
    assert [(event.order.id, event.order.status) for event in heard] == [
        ("x1", OrderStatus.CANCELLED),
        ("x1.1", OrderStatus.OPEN),
    ]
    assert one.order_by_client_id("c").id == "x1.1"
    assert one.order("x1").status is OrderStatus.CANCELLED
    assert one.ids_of("x1") == ["x1", "x1.1"]
    assert [each.id for each in one.standing()] == ["x1.1"]
    with pytest.raises(OrderNotModifiable):
        one.cancel("x1")
    assert one.cancel("x1.1").status is OrderStatus.CANCELLED


def test_an_order_that_was_never_renamed_has_one_id() -> None:
    one = Succession()
    assert (one.last_of("x1"), one.first_of("x1"), one.all_of("x1")) == ("x1", "x1", ["x1"])


# -- time without a stop


def test_time_without_a_stop_is_measured_while_the_gateway_could_do_something() -> None:
    world = World(structs.replace(schedule(1, calm=True), exits=("stop_loss",)))
    measure = Uncovered(world)
    world.reach(up=True)
    world.venue.submit(order(1, GUARDED), "submit", at_once=True)
    world.run(2)
    world.reach(up=False)
    world.run(10)
    world.reach(up=True)
    world.run(11)
    stop = order(1, GUARDED, side=Side.SELL)
    at = {"order_type": OrderType.STOP, "stop_price": Decimal(90)}
    world.venue.submit(structs.replace(stop, **at), "submit")
    world.run(20)
    assert measure.spells() == [Spell(3.0, 0)]
    assert summary(measure.spells()) == "1, p50 3.000 s, p99 3.000 s, longest 3.000 s"
    assert summary([]) == "none"


# -- a gateway that is misled from end to end


def _nothing_is_cancelled(broker: FaultyBroker) -> None:
    """Says yes to every cancel in the paired symbol and does nothing."""
    genuine: Callable[[str], Deferred[Order]] = broker.cancel

    def cancel(order_id: str) -> Deferred[Order]:
        found = broker._venue.order(order_id)
        return genuine(order_id) if found.symbol != PAIRED else succeed(found)

    broker.cancel = cancel  # type: ignore[method-assign]


def _nothing_is_moved(broker: FaultyBroker) -> None:
    """Says that it has changed the prices of exits and has not."""

    def replace(order_id: str, change: OrderChange) -> Deferred[Replaced]:
        names = [name for name in ("limit_price", "stop_price") if getattr(change, name)]
        said = {name: getattr(change, name) for name in names}
        return succeed(Replaced(order=structs.replace(broker._venue.order(order_id), **said)))

    broker.replace = replace  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("sabotage", "complaint"),
    [(_nothing_is_cancelled, "has filled whole"), (_nothing_is_moved, "it was put to")],
)
def test_a_defect_on_the_way_to_the_broker_is_found(
    sabotage: Callable[[FaultyBroker], None], complaint: str
) -> None:
    assert _found(complaint, sabotage=sabotage) >= 2


def test_a_switch_that_stops_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TradingGate, "is_open", True)
    assert _found("HALTED since") >= 2


def _found(complaint: str, **how: Any) -> int:
    """In how many of the first seeds."""
    results: list[Result] = [simulate(seed, calm=True, deaths=False, **how) for seed in range(40)]
    return sum(any(complaint in each for each in result.complaints) for result in results)


# -- exits of a position that had none


@pytest.mark.parametrize(
    ("known_at", "rests", "complaint"),
    [
        (2.0, "1.2", None),
        (2.0, "1.3", "1.2 GOOG are held, 1.3 rest as stop_loss"),
        (2.0, "0.5", "1.2 GOOG are held, 0.5 rest as stop_loss, which was attached"),
        (100.5, "0.5", None),
    ],
)
def test_attached_exits_that_do_not_cover_are_seen(
    known_at: float, rests: str, complaint: str | None
) -> None:
    one = venue()
    one.submit(order(200, ATTACHED), "submit", at_once=True)
    stop = {"order_type": OrderType.STOP, "stop_price": Decimal(88), "quantity": Decimal(rests)}
    one.submit(structs.replace(order(1, ATTACHED, side=Side.SELL), **stop), "submit")
    wishes = [asked("attach", {"stop_loss": "88"}, (100, 101, 200))]
    known = {"x1": (tagged(1, 200), known_at)}
    assert list(exits.attached_exits_cover(one, wishes, known)) == [complaint] * (
        complaint is not None
    )
