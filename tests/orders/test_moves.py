"""A move of exits is answered when it will last, and in time (protocol 3.11, W-58)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred

from tests.exits.restarting import crashed
from tests.orders.core import POSITION_ID, Core, a_position, failure_of, result_of
from tests.orders.journals import SlowJournal
from tradegw.errors import OrderRejected
from tradegw.model.enums import OrderType, Unresolved
from tradegw.model.protection import ExitsChange, ExitsMoved

TO_95 = ExitsChange(stop_loss=Decimal(95))
UNKNOWN = ExitsMoved(position_id=POSITION_ID, outcome=Unresolved.UNKNOWN)


@pytest.fixture
def store() -> SlowJournal:
    return SlowJournal()


@pytest.fixture
def core(store: SlowJournal) -> Core:
    """A long position of two, in two entries, each with a stop at 90."""
    core = Core(store=store)
    core.entered("1", take_profit=None)
    core.entered("1", take_profit=None, client_order_id="c2")
    core.broker.held[POSITION_ID] = a_position(quantity=Decimal(2))
    return core


def stops(core: Core) -> list[Decimal | None]:
    return [leg.stop_price for leg in core.live_legs() if leg.order_type is OrderType.STOP]


def test_w58_the_answer_waits_until_the_new_target_is_durable(
    core: Core, store: SlowJournal
) -> None:
    store.slow = True
    work = core.desk.move_exits(POSITION_ID, TO_95)
    assert stops(core) == [95, 95]
    assert not work.called
    store.sync()
    moved = result_of(work)
    assert moved.stop_loss is not None
    assert (moved.stop_loss.trigger_price, moved.outcome) == (Decimal(95), None)
    again = crashed(core)
    plans = again.protection.position("AAPL").plans
    assert [plan.targets.stop_loss for plan in plans] == [95, 95]


def test_w58_a_disk_that_hangs_holds_the_answer_up_for_a_second(
    core: Core, store: SlowJournal
) -> None:
    store.slow = True
    work = core.desk.move_exits(POSITION_ID, TO_95)
    core.wait(0.9)
    assert not work.called
    core.wait(0.2)
    assert result_of(work).outcome is None
    assert stops(core) == [95, 95]


def test_w58_a_disk_that_fails_does_not_hold_it_up(core: Core, store: SlowJournal) -> None:
    store.fail("full")
    work = core.desk.move_exits(POSITION_ID, TO_95)
    assert result_of(work).outcome is None
    assert stops(core) == [95, 95]


def test_w58_many_slow_legs_do_not_add_up_and_are_moved_all_the_same(core: Core) -> None:
    core.entered("1", take_profit=None, client_order_id="c3")
    going: list[Deferred[None]] = [Deferred() for _ in range(3)]
    core.broker.plan("replace", *going)
    work = core.desk.move_exits(POSITION_ID, TO_95)
    for number, leg in enumerate(going, 1):
        core.clock.callLater(4 * number, leg.callback, None)
    core.wait(9.9)
    assert not work.called
    core.wait(0.2)
    assert result_of(work) == UNKNOWN
    assert stops(core) == [95, 95, 90]
    core.wait(2)
    assert stops(core) == [95, 95, 95]
    targets = [plan.targets.stop_loss for plan in core.protection.position("AAPL").plans]
    assert targets == [95, 95, 95]


def test_w58_a_refusal_is_answered_as_it_is(core: Core) -> None:
    core.broker.plan("replace", OrderRejected("no"))
    failure_of(core.desk.move_exits(POSITION_ID, TO_95), OrderRejected)
    assert stops(core) == [90, 90]
