"""Plans of positions in the real journal: the gateway is killed, and the next one goes on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute

from tests.exits.restarting import crashed, hold
from tests.exits.test_trailing_orders import request
from tests.exits.test_trails import tick
from tests.orders.core import POSITION_ID, SYMBOL, Core, order_request, result_of
from tests.orders.journals import SlowJournal
from tradegw.journal.durable import Journal
from tradegw.journal.opening import Options, open_journal
from tradegw.model.enums import OrderType
from tradegw.model.market import Instrument
from tradegw.model.order import Order
from tradegw.model.protection import ExitsChange, ExitsMoved

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
BOTH = ExitsChange(stop_loss=Decimal(90), take_profit=Decimal(110))


class OnDisk:
    """A gateway with the real journal that holds one, bought without exits; it can be killed."""

    def __init__(self, directory: Path, *, one_exit: bool = False) -> None:
        self.directory = directory
        self.journal: Journal | None = None
        self.core = Core()
        self.broker = self.core.broker
        self.broker.order_types = (OrderType.MARKET, STOP, LIMIT)
        self.broker.instruments[SYMBOL] = Instrument(one_exit=one_exit)
        self.restart()
        self.broker.fill(self.after(self.core.desk.submit(order_request())).id, "1")
        hold(self.broker, Decimal(1))
        self.core.wait(1)

    def restart(self) -> None:
        """The process dies, and the next one reads what was durable."""
        if self.journal is not None:
            self.journal.drop()
        self.journal = open_journal(
            self.directory,
            "scripted-account",
            self.core.clock,
            self.core.now,
            execute,
            Options(fsync=False, new_epoch=lambda: "e1"),
        )
        store: Any = self.journal
        self.core = crashed(self.core, store=store)
        self.core.wait(10)

    def after(self, work: Deferred[Any]) -> Any:
        self.core.wait(1)
        return result_of(work)

    def attach(self, change: ExitsChange = BOTH) -> ExitsMoved:
        moved = self.after(self.core.desk.move_exits(POSITION_ID, change))
        assert isinstance(moved, ExitsMoved)
        return moved

    def working(self) -> list[Order]:
        return [order for order in self.broker.orders.values() if not order.status.is_terminal]

    def rest(self) -> list[OrderType]:
        return [order.order_type for order in self.working()]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[OnDisk]:
    made = OnDisk(tmp_path)
    yield made
    assert made.journal is not None
    made.journal.drop()


def test_its_legs_are_known_again_and_pair_up(disk: OnDisk) -> None:
    disk.attach()
    disk.restart()
    assert disk.rest() == [STOP, LIMIT]
    (shown,) = disk.core.protection.positions()
    assert shown.covered.stop_loss == shown.covered.take_profit == 1
    disk.broker.fill(disk.working()[0].id, "1")
    disk.core.wait(5)
    assert disk.working() == []
    assert disk.core.alerts() == []


def test_its_quantity_is_held_and_was_not_executed_by_an_order(disk: OnDisk) -> None:
    """Else the next process would take the position for twice what it is."""
    disk.attach()
    disk.restart()
    disk.restart()
    assert disk.core.guardian._holdings.held(SYMBOL) == 1
    assert disk.core.alerts() == []
    assert len(disk.working()) == 2


def test_a_plan_that_ended_does_not_come_back(disk: OnDisk) -> None:
    disk.attach()
    for order in disk.working():
        disk.after(disk.core.desk.cancel(order.id))
    disk.restart()
    assert disk.working() == []
    assert disk.core.protection.positions() == []


def test_a_clients_trailing_stop_follows_on(disk: OnDisk) -> None:
    tick(disk.core, 100)
    handle = disk.after(disk.core.desk.submit(request()))
    disk.restart()
    tick(disk.core, 120)
    disk.core.wait(2)
    assert disk.broker.orders[handle.id].stop_price == 115
    assert disk.after(disk.core.desk.submit(request())).id == handle.id
    disk.after(disk.core.desk.cancel(handle.id))
    disk.restart()
    assert disk.working() == []


def test_what_rests_in_the_place_of_a_stop_makes_way_after_a_restart(tmp_path: Path) -> None:
    disk = OnDisk(tmp_path, one_exit=True)
    disk.attach()
    assert disk.rest() == [STOP]
    tick(disk.core, 110)
    assert disk.rest() == [LIMIT]
    disk.restart()
    assert disk.rest() in ([LIMIT], [STOP])
    disk.core.wait(60)
    assert disk.rest() == [STOP]
    assert disk.journal is not None
    disk.journal.drop()


def test_no_leg_is_sent_before_its_plan_is_durable() -> None:
    store = SlowJournal()
    core = Core(store=store, linked=False)
    hold(core.broker, Decimal(1))
    core.intake.on_link_up()
    store.slow = True
    work = core.desk.move_exits(POSITION_ID, BOTH)
    core.wait(0.5)
    assert core.broker.asked("submit") == []
    store.sync()
    store.slow = False
    core.wait(2)
    result_of(work)
    assert len(core.broker.asked("submit")) == 2


def test_a_disk_that_hangs_does_not_leave_it_without_protection() -> None:
    store = SlowJournal()
    core = Core(store=store, linked=False)
    hold(core.broker, Decimal(1))
    core.intake.on_link_up()
    store.slow = True
    core.desk.move_exits(POSITION_ID, BOTH)
    core.wait(5)
    assert core.live(STOP) == core.live(LIMIT) == 1
