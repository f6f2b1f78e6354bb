"""The gateway is killed while the broker keeps exits: they are found again, and made good."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold
from tests.orders.core import Core, order_request, result_of
from tradegw.exits.native.legs import GRACE_SECONDS
from tradegw.journal.durable import Journal
from tradegw.journal.opening import Options, open_journal
from tradegw.model.enums import OrderStatus, OrderType, Side
from tradegw.model.order import Order
from tradegw.testing.broker import ScriptedBroker

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT


def deafen(core: Core) -> None:
    """It is dead: it hears nothing more."""
    core.intake.on_event = lambda event: None  # type: ignore[method-assign]


def exits(broker: ScriptedBroker, order_type: OrderType) -> list[Order]:
    """The exits of that type which rest, whoever placed them."""
    return [
        order
        for order in broker.orders.values()
        if order.side is Side.SELL
        and order.order_type is order_type
        and not order.status.is_terminal
    ]


def total(broker: ScriptedBroker, order_type: OrderType) -> Decimal:
    return sum((order.remaining_quantity for order in exits(broker, order_type)), Decimal(0))


class OnDisk:
    """A gateway with the real journal at a broker that keeps exits; it can be killed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.journal: Journal | None = None
        self.core = Core(brackets=True)
        self.broker = self.core.broker
        self.restart()

    def kill(self) -> None:
        deafen(self.core)
        if self.journal is not None:
            self.journal.drop()

    def restart(self) -> None:
        """The next process reads what was durable."""
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
        self.core.wait(1)

    def entered(self) -> str:
        """An entry of one with both exits, filled and heard of; its order id."""
        request = order_request(stop_loss="90", take_profit="110", client_order_id="c1")
        work = self.core.desk.submit(request)
        self.core.wait(0.5)
        order_id = result_of(work).id
        self.broker.fill(order_id, "1")
        hold(self.broker, Decimal(1))
        self.core.wait(0.5)
        return order_id

    def covers(self, quantity: int) -> bool:
        """Whether exits of either kind rest for just that."""
        return total(self.broker, STOP) == total(self.broker, LIMIT) == quantity


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[OnDisk]:
    made = OnDisk(tmp_path)
    yield made
    made.kill()


def test_adopted_legs_are_known_after_a_restart_and_looked_after(gateway: OnDisk) -> None:
    legs = gateway.broker.keep_exits(gateway.entered(), "1")
    gateway.core.wait(0.5)
    gateway.kill()
    gateway.restart()
    (position,) = gateway.core.protection.positions()
    assert {leg.order_id for leg in position.plans[0].legs} == {leg.id for leg in legs.values()}
    gateway.broker.end(legs[STOP].id, OrderStatus.EXPIRED)
    gateway.core.wait(GRACE_SECONDS + 1)
    assert gateway.covers(1)
    assert len(gateway.core.alerts()) == 1


def test_legs_placed_while_it_was_dead_are_adopted(gateway: OnDisk) -> None:
    entry_id = gateway.entered()
    gateway.kill()
    gateway.broker.keep_exits(entry_id, "1")
    gateway.restart()
    gateway.core.wait(60)
    assert gateway.covers(1)
    assert gateway.core.alerts() == []


def test_after_a_restart_the_broker_has_its_time_as_well(gateway: OnDisk) -> None:
    entry_id = gateway.entered()
    gateway.kill()
    gateway.restart()
    gateway.core.wait(GRACE_SECONDS - 2)
    assert gateway.covers(0)
    gateway.broker.keep_exits(entry_id, "1")
    gateway.core.wait(60)
    assert gateway.covers(1)
    assert gateway.core.alerts() == []


def test_a_leg_that_was_dropped_while_it_was_dead_is_placed_here(gateway: OnDisk) -> None:
    legs = gateway.broker.keep_exits(gateway.entered(), "1")
    gateway.core.wait(0.5)
    gateway.kill()
    gateway.broker.end(legs[LIMIT].id, OrderStatus.REJECTED)
    gateway.restart()
    gateway.core.wait(GRACE_SECONDS + 1)
    assert gateway.covers(1)


def test_a_leg_that_executed_while_it_was_dead_ends_the_plan(gateway: OnDisk) -> None:
    legs = gateway.broker.keep_exits(gateway.entered(), "1")
    gateway.core.wait(0.5)
    gateway.kill()
    gateway.broker.fill(legs[LIMIT].id, "1")
    gateway.broker.end(legs[STOP].id, OrderStatus.CANCELLED)
    hold(gateway.broker, Decimal(0))
    gateway.restart()
    gateway.core.wait(60)
    assert gateway.core.guards() == 0
    assert gateway.core.alerts() == []
    assert gateway.covers(0)


# -- killed at every call to the broker ------------------------------------------------------------


class Life:
    """The broker covers nothing of a part, drops its stop later, and forgets its take-profit at the
    end; the gateway dies when it has made so many calls, *before* the last reaches the broker or
    after that.
    """

    def __init__(self, calls: int, *, before: bool) -> None:
        self.core = Core(brackets=True)
        self.broker = self.core.broker
        self.left = calls
        self.before = before
        self.died = False
        self._ask = self.core.line.ask
        self.core.line.ask = self._counted  # type: ignore[method-assign]  # it can die there

    def _counted(self, call: Callable[[], Deferred[Any]], *, always: bool = False) -> Deferred[Any]:
        self.left -= 1
        if self.left > 0:
            return self._ask(call, always=always)
        deafen(self.core)
        if self.left == 0 and not self.before:
            call().addErrback(lambda _failed: None)
        return Deferred()

    def step(self, happen: Callable[[], object]) -> None:
        happen()
        executed = [
            order.side.sign * order.filled_quantity for order in self.broker.orders.values()
        ]
        net = sum(executed, Decimal(0))
        hold(self.broker, net)
        for _ in range(4):
            if self.left <= 0 and not self.died:
                self.died = True
                self.core = crashed(self.core)
            self.core.wait(10)
        assert (total(self.broker, STOP), total(self.broker, LIMIT)) == (net, net)
        check_that_plans_are_kept(self.core)

    @property
    def entry_id(self) -> str | None:
        named = (one for one in self.broker.orders.values() if one.client_order_id == "c1")
        return next((one.id for one in named), None)

    def fill_entry(self, filled: str, *, places: bool) -> None:
        if self.entry_id is None:
            return
        self.broker.fill(self.entry_id, filled)
        if places:
            self.broker.keep_exits(self.entry_id, filled)

    def fill(self, order_type: OrderType, quantity: int) -> None:
        left = Decimal(quantity)
        for leg in exits(self.broker, order_type):
            now = min(left, leg.remaining_quantity)
            left -= now
            if now:
                self.broker.fill(leg.id, leg.filled_quantity + now)

    def drop(self, order_type: OrderType) -> None:
        for leg in exits(self.broker, order_type):
            self.broker.end(leg.id, OrderStatus.EXPIRED)

    def run(self) -> None:
        request = order_request(
            quantity="10", stop_loss="90", take_profit="110", client_order_id="c1"
        )
        self.step(lambda: self.core.desk.submit(request))
        self.step(lambda: self.fill_entry("4", places=False))
        self.step(lambda: self.fill_entry("10", places=True))
        self.step(lambda: self.drop(STOP))
        self.step(lambda: self.fill(LIMIT, 3))
        self.step(lambda: self.fill(STOP, 7))
        assert self.core.guards() == 0


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_call_the_legs_cover_what_is_open_at_every_step(before: bool) -> None:
    for calls in itertools.count(1):
        life = Life(calls, before=before)
        life.run()
        if not life.died:
            break
    assert calls > 8
