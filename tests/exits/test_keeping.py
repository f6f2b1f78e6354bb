"""Plans as they are written into the journal and read from it."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exits.restarting import check_that_plans_are_kept
from tests.orders.core import Core, order_request
from tradegw.errors import OrderNotModifiable, OrderRejected
from tradegw.exits.guarded import Guarded
from tradegw.exits.keeping import Keeping, decode, encode
from tradegw.exits.leg import Leg
from tradegw.exits.plan import Plan
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.journal import Entry, PlanState
from tradegw.model.order import OrderChange
from tradegw.model.protection import LegKind
from tradegw.testing.broker import EPOCH
from tradegw.testing.journal import MemoryJournal

PASSING = {"ending", "doubted_at", "by_client", "short", "restored", "instrument", "trusting"}
"""What the next process does not hear of."""

names = st.text(max_size=8)
numbers = st.decimals("0", "1e12", places=18).map(lambda number: number.normalize())
kinds = st.sampled_from(LegKind)
legs = st.builds(
    Leg,
    kind=kinds,
    client_order_id=names,
    quantity=numbers,
    price=numbers,
    order_id=names,
    filled=numbers,
    ended=st.booleans(),
    in_doubt=st.booleans(),
    waivers=st.integers(0, 3),
    resent=st.booleans(),
    unsettled=st.booleans(),
    former=st.lists(names, max_size=2),
)
plans = st.builds(
    Plan,
    intent_id=names,
    client_order_id=st.none() | names,
    symbol=names,
    exit_side=st.sampled_from(Side),
    targets=st.dictionaries(kinds, numbers),
    seed=st.none() | names,
    serial=st.integers(0, 2**60),
    entry_id=st.none() | names,
    position_id=st.none() | names,
    entry_filled=numbers,
    entry_ended=st.booleans(),
    in_doubt=st.booleans(),
    unsettled=st.booleans(),
    former=st.lists(names, max_size=2),
    spent=numbers,
    closed=numbers,
    closers=st.dictionaries(names, numbers, max_size=2),
    charges=st.dictionaries(names, numbers, max_size=2),
    missed=numbers,
    legs=st.lists(legs, max_size=3),
    numbers=st.dictionaries(kinds, st.integers(0, 99)),
)


def members(value: Plan | Leg) -> dict[str, Any]:
    found = {
        field.name: getattr(value, field.name)
        for field in fields(value)
        if field.name not in PASSING
    }
    if isinstance(value, Plan):
        found["legs"] = [members(leg) for leg in value.legs]
    return found


@given(plans)
def test_every_member_comes_back_as_it_was_and_decimals_are_exact(plan: Plan) -> None:
    assert members(decode(encode(plan))) == members(plan)


def a_plan() -> Plan:
    return Plan.of("i1", order_request(stop_loss="90", take_profit="110"), "c1")


@pytest.mark.parametrize("kind", [Plan, Leg])
def test_no_member_is_forgotten_unless_it_is_meant_to_be(kind: type[Any]) -> None:
    plan = a_plan()
    plan.legs.append(plan.next_leg(LegKind.STOP_LOSS, Decimal(1)))
    written = msgspec.json.decode(encode(plan))
    written = written if kind is Plan else written["legs"][0]
    assert written.keys() == {field.name for field in fields(kind)} - PASSING


def test_what_was_under_way_is_in_doubt_for_the_next_process() -> None:
    plan = a_plan()
    plan.changing = True
    sent, resting = (plan.next_leg(kind, Decimal(1)) for kind in LegKind)
    resting.order_id, resting.changing, resting.ending = "o2", True, True
    plan.legs = [sent, resting]
    again = decode(encode(plan))
    assert (again.changing, again.in_doubt, again.unsettled) == (False, True, True)
    assert [leg.in_doubt for leg in again.legs] == [True, True]
    assert [leg.unsettled for leg in again.legs] == [False, True]
    assert not any(leg.alive or leg.changing or leg.ending for leg in again.legs)


@pytest.mark.parametrize("ended", [True, False])
def test_a_leg_whose_fate_was_known_is_not_in_doubt(ended: bool) -> None:
    plan = a_plan()
    leg = plan.next_leg(LegKind.STOP_LOSS, Decimal(1))
    leg.order_id, leg.ended = None if ended else "o2", ended
    plan.legs = [leg]
    assert not decode(encode(plan)).legs[0].in_doubt


def test_a_plan_that_cannot_be_read_is_named() -> None:
    journal = MemoryJournal()
    journal.keep(PlanState(plan_id="odd", at=EPOCH, over=False, body=b'{"intent_id":1}'))
    with pytest.raises(ValueError, match="exit plan odd in the journal cannot be read"):
        Keeping(journal, lambda: EPOCH).plans()


def test_plans_come_back_in_the_order_in_which_they_came() -> None:
    journal = MemoryJournal()
    keeping = Keeping(journal, lambda: EPOCH)
    for serial in (10, 9, 11):
        plan = a_plan()
        plan.intent_id, plan.serial = f"i{serial}", serial
        keeping.keep(Guarded(plan))
    assert [plan.serial for plan, _ in keeping.plans()] == [9, 10, 11]


# -- when it is written --------------------------------------------------------------------------


class Listening(MemoryJournal):
    """Remembers what it was given, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[Entry, ...]] = []

    def _record(self, entries: tuple[Entry, ...]) -> None:
        self.given.append(entries)
        super()._record(entries)

    def about(self, plan_id: str) -> list[Plan]:
        """The plan, each time it was written."""
        return [
            decode(entry.body)
            for entries in self.given
            for entry in entries
            if isinstance(entry, PlanState) and entry.plan_id == plan_id
        ]


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    monkeypatch.setattr("tests.orders.core.MemoryJournal", Listening)
    return Core()


def given_of(core: Core) -> list[tuple[Entry, ...]]:
    assert isinstance(core.store, Listening)
    return core.store.given


def kinds_given(core: Core) -> list[str]:
    """What was written, one after the other, without what tells clients."""
    written = [type(entry).__name__ for entries in given_of(core) for entry in entries]
    return [name for name in written if name in ("PlanState", "Intent")]


def test_a_plan_is_written_before_the_order_that_it_protects(core: Core) -> None:
    given_of(core).clear()
    core.entered()
    assert kinds_given(core)[:2] == ["PlanState", "Intent"]


def test_a_fill_and_the_leg_that_it_causes_are_written_at_once_and_before_the_leg(
    core: Core,
) -> None:
    entry_id = core.entered(take_profit=None)
    given_of(core).clear()
    core.broker.fill(entry_id, "1")
    assert kinds_given(core)[:2] == ["PlanState", "Intent"]
    assert isinstance(core.store, Listening)
    first = core.store.about("id1")[0]
    assert first.entry_filled == 1
    assert [leg.order_id for leg in first.legs] == [None]
    assert len(core.store.about("id1")) <= 3


def test_nothing_is_written_if_nothing_changed(core: Core) -> None:
    entry_id = core.entered("1")
    given_of(core).clear()
    core.broker.fill(entry_id, "1")
    core.guardian.reconciled()
    assert "PlanState" not in kinds_given(core)


def test_what_one_execution_did_to_several_plans_is_written_together(core: Core) -> None:
    """Else it could be counted for the one and not for the other."""
    core.entered("1", client_order_id="long")
    given_of(core).clear()
    exits = {"stop_loss": "110", "take_profit": "90"}
    short = core.entered(client_order_id="short", side=Side.SELL, quantity="2", **exits)
    core.broker.fill(short, "2")
    together = [each for each in given_of(core) if len(each) == 2]
    assert [
        (decode(one.body).closed, decode(other.body).spent)
        for one, other in together
        if isinstance(one, PlanState) and isinstance(other, PlanState)
    ] == [(Decimal(1), Decimal(1))]


def test_w71_all_that_happens_to_a_plan_is_written(core: Core) -> None:
    core.broker.renames = True
    entry_id = core.entered(order_type=OrderType.LIMIT, limit_price="100")
    check_that_plans_are_kept(core)
    core.broker.fill(entry_id, "0.4")
    check_that_plans_are_kept(core)
    core.desk.replace(entry_id, OrderChange(limit_price=Decimal(101)))
    check_that_plans_are_kept(core)
    core.desk.replace(core.live_legs()[0].id, OrderChange(stop_price=Decimal(95)))
    check_that_plans_are_kept(core)
    core.guardian.waive(core.live_legs()[0].id)
    check_that_plans_are_kept(core)
    core.guardian.keep(core.live_legs()[0].id)
    core.guardian.changing(core.live_legs()[0].id)
    check_that_plans_are_kept(core)
    core.guardian.unchanged(core.live_legs()[0].id, in_doubt=True)
    check_that_plans_are_kept(core)
    core.broker.unheard = {OrderEventKind.MODIFIED}
    core.guardian.on_positions([])
    check_that_plans_are_kept(core)
    core.broker.end(core.broker.successors[entry_id], OrderStatus.CANCELLED)
    check_that_plans_are_kept(core)
    assert core.guards() == 0


def test_a_plan_whose_entry_was_refused_does_not_come_back(core: Core) -> None:
    core.broker.plan("submit", OrderRejected("no"))
    core.desk.submit(order_request(stop_loss="90")).addErrback(lambda _refused: None)
    assert core.store.plans() == []


def test_a_change_of_exits_is_written_before_it_is_answered(core: Core) -> None:
    order_id = core.submit().id
    core.desk.replace(order_id, OrderChange(stop_loss=Decimal(90)))
    (state,) = core.store.plans()
    assert decode(state.body).targets == {LegKind.STOP_LOSS: 90}


def test_while_the_journal_fails_legs_are_placed_and_written_down_later(core: Core) -> None:
    entry_id = core.entered()
    core.store.fail("no space left")
    core.broker.fill(entry_id, "1")
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == 1
    core.store.recover()
    check_that_plans_are_kept(core)


def test_a_leg_that_cannot_be_moved_is_written_as_it_is(core: Core) -> None:
    core.entered("1")
    core.broker.plan("replace", OrderNotModifiable("leg", "no"))
    work = core.desk.replace(core.leg("c1-sl").id, OrderChange(stop_price=Decimal(95)))
    work.addErrback(lambda _refused: None)
    check_that_plans_are_kept(core)
