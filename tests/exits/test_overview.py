"""What clients see of the protection of positions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from tests.exits.restarting import crashed
from tests.orders.core import Core, a_position
from tradegw.errors import OrderRejected, PositionNotFound
from tradegw.interfaces import IProtection
from tradegw.model import wire
from tradegw.model.enums import OrderStatus, PositionEventKind, PositionSide, Side
from tradegw.model.events import PositionEvent
from tradegw.model.protection import (
    ExitQuantities,
    ExitTargets,
    LegState,
    LegType,
    PositionProtection,
    ProtectionState,
    Shortfall,
)

NONE = Decimal(0)
NOTHING = ExitQuantities(stop_loss=NONE, take_profit=NONE)


@pytest.fixture
def core() -> Core:
    return Core()


def seen(core: Core) -> PositionProtection:
    """The only one there is."""
    (position,) = core.protection.positions()
    return position


def states(core: Core) -> list[ProtectionState]:
    return [plan.state for plan in seen(core).plans]


def both(quantity: str) -> ExitQuantities:
    return ExitQuantities(stop_loss=Decimal(quantity), take_profit=Decimal(quantity))


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(IProtection, core.protection)


def test_without_exits_there_is_nothing_to_see(core: Core) -> None:
    core.broker.fill(core.submit(client_order_id="c1").id, "1")
    assert core.protection.positions() == []
    with pytest.raises(PositionNotFound):
        core.protection.position("AAPL")


def test_an_entry_that_works_is_pending(core: Core) -> None:
    entry_id = core.entered()
    one = seen(core)
    assert (one.symbol, one.side, one.quantity) == ("AAPL", PositionSide.LONG, NONE)
    assert (one.covered, one.uncovered, one.uncovered_since) == (NOTHING, NOTHING, None)
    (plan,) = one.plans
    assert (plan.order_id, plan.client_order_id) == (entry_id, "c1")
    assert plan.state is ProtectionState.PENDING
    assert plan.targets == ExitTargets(stop_loss=Decimal(90), take_profit=Decimal(110))
    assert plan.legs == ()
    assert plan.shortfalls == ()


def test_what_is_covered_is_shown_with_its_legs(core: Core) -> None:
    core.entered("0.4")
    one = seen(core)
    assert (one.quantity, one.covered, one.uncovered) == (Decimal("0.4"), both("0.4"), NOTHING)
    assert states(core) == [ProtectionState.COVERED]
    stop, profit = one.plans[0].legs
    assert (stop.order_id, stop.client_order_id) == (core.leg("c1-sl").id, "c1-sl")
    assert (stop.leg_type, profit.leg_type) == (LegType.STOP_LOSS, LegType.TAKE_PROFIT)
    assert (stop.state, stop.price, stop.remaining) == (
        LegState.RESTING,
        Decimal(90),
        Decimal("0.4"),
    )


def test_what_is_missing_is_shown_with_its_reason_and_its_beginning(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", OrderRejected("no money"))
    core.broker.fill(entry_id, "1")
    began = core.now()
    core.wait(0.5)
    one = seen(core)
    assert one.covered == ExitQuantities(stop_loss=Decimal(0), take_profit=Decimal(1))
    assert one.uncovered == ExitQuantities(stop_loss=Decimal(1), take_profit=Decimal(0))
    assert one.uncovered_since == one.plans[0].uncovered_since == began
    assert one.plans[0].shortfalls == (
        Shortfall(leg_type=LegType.STOP_LOSS, quantity=Decimal(1), reason="no money"),
    )
    assert states(core) == [ProtectionState.UNCOVERED]
    core.wait(1)
    assert (seen(core).uncovered, seen(core).uncovered_since) == (NOTHING, None)


def test_a_leg_that_is_on_its_way_covers_nothing_yet(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", Deferred())
    core.broker.fill(entry_id, "1")
    one = seen(core)
    assert (one.covered, one.uncovered.stop_loss) == (NOTHING, Decimal(1))
    assert [leg.state for leg in one.plans[0].legs] == [LegState.SENDING]
    assert one.plans[0].shortfalls[0].reason is None


def test_after_a_crash_such_a_leg_is_in_doubt(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", Deferred())
    core.broker.fill(entry_id, "1")
    again = crashed(core, linked=False)
    assert [leg.state for leg in seen(again).plans[0].legs] == [LegState.IN_DOUBT]


def test_legs_that_are_left_when_all_is_closed_are_ending(core: Core) -> None:
    core.entered("1")
    core.broker.cancels_slowly = True
    core.broker.fill(core.leg("c1-sl").id, "1")
    one = seen(core)
    assert (one.quantity, states(core)) == (NONE, [ProtectionState.ENDING])
    assert [leg.state for leg in one.plans[0].legs] == [LegState.ENDED, LegState.ENDING]
    core.broker.end(core.leg("c1-tp").id, OrderStatus.CANCELLED)
    assert core.protection.positions() == []


def test_a_leg_that_is_being_changed_says_so(core: Core) -> None:
    core.entered("1", take_profit=None)
    core.guardian.changing(core.leg("c1-sl").id)
    assert [leg.state for leg in seen(core).plans[0].legs] == [LegState.CHANGING]


def test_what_its_client_gave_up_is_not_uncovered(core: Core) -> None:
    core.entered("1")
    core.desk.cancel(core.leg("c1-sl").id)
    core.wait(1)
    one = seen(core)
    assert one.covered == ExitQuantities(stop_loss=Decimal(0), take_profit=Decimal(1))
    assert one.uncovered == NOTHING


def test_where_positions_are_netted_all_entries_of_a_symbol_are_one(core: Core) -> None:
    core.entered("1")
    core.entered("0.5", client_order_id="c2", take_profit=None)
    core.entered(client_order_id="c3", side=Side.SELL, stop_loss="110", take_profit="90")
    one = seen(core)
    assert (one.side, one.quantity) == (PositionSide.LONG, Decimal("1.5"))
    assert one.covered == ExitQuantities(stop_loss=Decimal("1.5"), take_profit=Decimal(1))
    assert [plan.client_order_id for plan in one.plans] == ["c1", "c2", "c3"]
    assert core.protection.position("AAPL") == one


def test_the_oldest_shortfall_of_a_position_counts(core: Core) -> None:
    first = core.entered(take_profit=None)
    core.entered(take_profit=None, client_order_id="c2")
    core.broker.plan("submit", *[OrderRejected("no")] * 100)
    core.broker.fill(first, "1")
    began = core.now()
    core.wait(10)
    core.broker.fill("ord-2", "1")
    assert seen(core).uncovered_since == began
    assert seen(core).uncovered.stop_loss == 2


def test_a_netted_position_is_found_by_the_id_that_clients_were_told_too(core: Core) -> None:
    core.entered("1")
    core.intake.on_event(
        PositionEvent(
            timestamp=core.now(), event=PositionEventKind.OPENED, position=a_position(id="net-1")
        )
    )
    assert core.protection.position("net-1").position_id == "net-1"
    with pytest.raises(PositionNotFound):
        core.protection.position("net-2")


def test_hedged_positions_are_shown_apart_and_not_found_by_symbol() -> None:
    core = Core(hedges=True)
    for name, position_id in (("c1", "p1"), ("c2", "p2")):
        core.broker.fill(core.entered(client_order_id=name), "1", position_id=position_id)
    core.entered(client_order_id="c3")
    shown = core.protection.positions()
    assert [one.position_id for one in shown] == ["p1", "p2", None]
    assert core.protection.position("p2").plans[0].client_order_id == "c2"
    with pytest.raises(PositionNotFound):
        core.protection.position("AAPL")


def test_looking_changes_nothing_and_can_be_sent(core: Core) -> None:
    core.entered("0.4")
    core.broker.calls.clear()
    first = wire.encode(core.protection.positions())
    assert wire.encode(core.protection.positions()) == first
    assert core.broker.calls == []
