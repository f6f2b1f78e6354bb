"""Where positions are netted, what executes against a position closes it, leg or not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from tests.exits.restarting import crashed, hold, timers
from tests.exits.test_random_histories import ENDS, HANG, TROUBLES, UNIT, ZERO
from tests.orders.core import Core, a_position, failure_of, result_of
from tradegw.errors import OrderRejected, ResetCooldown
from tradegw.model.enums import (
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionEventKind,
    PositionSide,
    Side,
)
from tradegw.model.events import PositionEvent
from tradegw.model.order import Order, OrderChange
from tradegw.testing.broker import EPOCH

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
AT_PRICE: dict[str, Any] = {"order_type": LIMIT, "limit_price": "105"}
EXITS = {
    Side.BUY: {"stop_loss": "90", "take_profit": "110"},
    Side.SELL: {"stop_loss": "110", "take_profit": "90"},
}


@pytest.fixture
def core() -> Core:
    return Core()


def bought(core: Core, name: str, fill: str = "1", side: Side = Side.BUY) -> str:
    """A guarded entry of one."""
    return core.entered(fill, client_order_id=name, side=side, **EXITS[side])


def sold(core: Core, fill: str, quantity: str = "1") -> str:
    """An order to sell without exits, as a client closes by hand."""
    order_id = core.submit(side=Side.SELL, quantity=quantity).id
    core.broker.fill(order_id, fill)
    return order_id


def rests(core: Core, side: Side, kind: OrderType) -> Decimal:
    legs = [leg for leg in core.live_legs() if leg.side is side and leg.order_type is kind]
    return sum((leg.remaining_quantity for leg in legs), ZERO)


def covers(core: Core, quantity: str, side: Side = Side.SELL) -> None:
    assert rests(core, side, STOP) == rests(core, side, LIMIT) == Decimal(quantity)
    assert rests(core, side.opposite, STOP) == rests(core, side.opposite, LIMIT) == 0


def test_w18_a_partial_close_by_another_order_shrinks_the_legs(core: Core) -> None:
    bought(core, "a")
    order_id = sold(core, "0.4")
    covers(core, "0.6")
    core.broker.fill(order_id, "1")
    covers(core, "0")
    assert core.guards() == 0


def test_the_oldest_entry_is_closed_first(core: Core) -> None:
    bought(core, "a")
    bought(core, "b")
    sold(core, "1")
    assert {leg.client_order_id for leg in core.live_legs()} == {"b-sl", "b-tp"}


def test_an_opposite_entry_protects_only_what_it_opens(core: Core) -> None:
    bought(core, "a", "0.4")
    bought(core, "b", "1", Side.SELL)
    covers(core, "0.6", Side.BUY)


def test_an_opposite_entry_that_only_closes_needs_no_protection(core: Core) -> None:
    bought(core, "a")
    bought(core, "b", "1", Side.SELL)
    assert core.live_legs() == []
    assert core.guards() == 0
    assert core.alerts() == []


def test_an_execution_in_another_symbol_closes_nothing(core: Core) -> None:
    bought(core, "a")
    core.broker.fill(core.submit(side=Side.SELL, symbol="MSFT").id, "1")
    covers(core, "1")


def test_a_leg_that_executes_releases_no_other_entry(core: Core) -> None:
    bought(core, "a")
    bought(core, "b")
    core.broker.fill(core.leg("a-sl").id, "1")
    assert {leg.client_order_id for leg in core.live_legs()} == {"b-sl", "b-tp"}


def test_w61_after_a_position_that_the_broker_says_is_gone_nothing_is_netted(core: Core) -> None:
    bought(core, "a")
    sold(core, "1")
    core.intake.on_event(core.close_event())
    bought(core, "b", "1", Side.SELL)
    covers(core, "1", Side.BUY)


class World:
    """Guarded entries both ways, and orders by hand that only close, in one symbol."""

    def __init__(self, *, slowly: bool, told: bool) -> None:
        self.core = Core()
        self.broker = self.core.broker
        self.broker.cancels_slowly = slowly
        self.told = told
        self.net = ZERO
        self.entries: dict[str, str] = {}
        self.hanging: list[Deferred[None]] = []

    def fill(self, order: Order, quantity: Decimal) -> None:
        before, self.net = self.net, self.net + order.side.sign * quantity
        hold(self.broker, self.net)
        self.broker.fill(order.id, order.filled_quantity + quantity)
        if not self.told:
            return
        if before and (not self.net or (self.net > 0) != (before > 0)):
            self.tell(PositionEventKind.CLOSED, before, ZERO)
        if self.net:
            kind = PositionEventKind.MODIFIED if before else PositionEventKind.OPENED
            self.tell(kind, self.net, abs(self.net))

    def tell(self, kind: PositionEventKind, net: Decimal, quantity: Decimal) -> None:
        side = PositionSide.LONG if net > 0 else PositionSide.SHORT
        position = a_position(side=side, quantity=quantity)
        self.core.intake.on_event(PositionEvent(timestamp=EPOCH, event=kind, position=position))

    # -- what happens ------------------------------------------------------------------------------

    def enter(self, which: int, much: int) -> None:
        if self.broker._outcomes["submit"] or len(self.entries) == 6:
            return
        self.core.breakers.adapter.reset(self.core.clock.seconds())
        side = Side.SELL if which % 2 else Side.BUY
        name = f"e{len(self.entries)}"
        quantity = str((much + 1) * UNIT)
        self.entries[name] = self.core.entered(
            client_order_id=name, side=side, quantity=quantity, **EXITS[side]
        )

    def entry_fills(self, which: int, much: int) -> None:
        orders = [self.broker.orders[order_id] for order_id in self.entries.values()]
        working = [order for order in orders if not order.status.is_terminal]
        if working:
            order = working[which % len(working)]
            self.fill(order, min((much + 1) * UNIT, order.remaining_quantity))

    def closes_by_hand(self, which: int, much: int) -> None:
        quantity = min((much + 1) * UNIT, abs(self.net))
        if quantity and not self.broker._outcomes["submit"]:
            self.core.breakers.adapter.reset(self.core.clock.seconds())
            side = Side.SELL if self.net > 0 else Side.BUY
            handle = self.core.submit(side=side, quantity=str(quantity))
            self.fill(self.broker.orders[handle.id], quantity)

    def leg_fills(self, which: int, much: int) -> None:
        legs = self.core.live_legs()
        if not legs:
            return
        leg = legs[which % len(legs)]
        found = self.core.guardian._plans.of_leg_id(leg.id)
        most = found[0].plan.open_quantity if found is not None else ZERO  # no double exits here
        part = min((much + 1) * UNIT, leg.remaining_quantity, most)
        if part > 0:
            self.fill(leg, part)

    def leg_dies(self, which: int, much: int) -> None:
        legs = self.core.live_legs()
        if legs:
            self.broker.end(legs[which % len(legs)].id, ENDS[much % 3])

    def trouble(self, which: int, much: int) -> None:
        name, outcome = TROUBLES[which % len(TROUBLES)]
        if outcome is HANG:
            self.hanging.append(Deferred())
        self.broker.plan(name, self.hanging[-1] if outcome is HANG else outcome)

    def an_answer_comes(self, which: int, much: int) -> None:
        if self.hanging:
            self.hanging.pop(0).callback(None)

    def time_passes(self, which: int, much: int) -> None:
        self.core.wait(much / 4)
        self.obey()

    def obey(self) -> None:
        for leg in self.core.live_legs():
            if leg.status is OrderStatus.PENDING_CANCEL:
                self.broker.end(leg.id, OrderStatus.CANCELLED)
        with contextlib.suppress(ResetCooldown):
            self.core.breakers.reset()

    def quiet(self) -> None:
        """The broker obeys again, and enough time passes: then all is exact."""
        self.broker._outcomes.clear()
        while self.hanging:
            self.hanging.pop(0).callback(None)
        for _ in range(6):
            self.obey()
            for _ in range(10):
                due = [call.getTime() for call in timers(self.core)]
                self.core.clock.advance(max(0, min(due, default=0) - self.core.clock.seconds()))
            self.core.clock.advance(30)
        covers(self.core, str(abs(self.net)), Side.SELL if self.net > 0 else Side.BUY)
        assert not timers(self.core)


EVENTS = [
    *["enter", "entry_fills", "entry_fills", "leg_fills", "closes_by_hand"] * 2,
    *["trouble", "leg_dies", "an_answer_comes", "time_passes"],
]
worlds: st.SearchStrategy[World] = st.builds(World, slowly=st.booleans(), told=st.booleans())
histories = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 30), st.integers(0, 15)),
    min_size=5,
    max_size=30,
)


@settings(max_examples=200)
@given(worlds, st.lists(histories, min_size=1, max_size=3))
def test_at_every_quiet_moment_the_legs_cover_exactly_the_net_position(
    world: World, chapters: list[list[tuple[str, int, int]]]
) -> None:
    for chapter in chapters:
        for event, which, much in chapter:
            happen: Callable[[int, int], Any] = getattr(world, event)
            happen(which, much)
        world.quiet()


@pytest.mark.parametrize("overtakes", [True, False])
def test_what_an_order_had_sold_before_it_was_renamed_is_not_taken_off_twice(
    core: Core, overtakes: bool
) -> None:
    """It goes on under another id, with what it had executed; it has no plan itself."""
    core.broker.renames = True
    bought(core, "a", "1")
    order_id = core.submit(side=Side.SELL, quantity="0.5", **AT_PRICE).id
    core.broker.fill(order_id, "0.2")
    covers(core, "0.8")
    if not overtakes:
        core.broker.unheard = {OrderEventKind.CREATED}
    changed = result_of(core.desk.replace(order_id, OrderChange(limit_price=Decimal(106))))
    covers(core, "0.8")
    core.broker.fill(changed.order.id, "0.3")
    covers(core, "0.7")
    again = result_of(core.desk.replace(changed.order.id, OrderChange(limit_price=Decimal(107))))
    core.broker.fill(again.order.id, "0.5")
    covers(core, "0.5")
    assert core.guardian.holdings.held("AAPL") == Decimal("0.5")


def test_nor_is_it_counted_twice_when_it_gets_exits_under_its_new_id(core: Core) -> None:
    core.broker.renames = True
    entry_id = core.submit(quantity="1", order_type=LIMIT, limit_price="100").id
    core.broker.fill(entry_id, "0.2")
    changed = result_of(core.desk.replace(entry_id, OrderChange(limit_price=Decimal(101))))
    exits = OrderChange(stop_loss=Decimal(90), take_profit=Decimal(110))
    result_of(core.desk.replace(changed.order.id, exits))
    covers(core, "0.2")
    again = result_of(core.desk.replace(changed.order.id, OrderChange(limit_price=Decimal(102))))
    covers(core, "0.2")
    core.broker.fill(again.order.id, "0.6")
    covers(core, "0.6")
    assert core.guardian.holdings.held("AAPL") == Decimal("0.6")


def test_nor_is_it_after_a_restart(core: Core) -> None:
    core.broker.renames = True
    bought(core, "a", "1")
    order_id = core.submit(side=Side.SELL, quantity="0.5", **AT_PRICE).id
    core.broker.fill(order_id, "0.2")
    hold(core.broker, Decimal("0.8"))
    core = crashed(core)
    changed = result_of(core.desk.replace(order_id, OrderChange(limit_price=Decimal(106))))
    core.broker.fill(changed.order.id, "0.3")
    covers(core, "0.7")


def test_a_change_that_is_refused_leaves_it_as_it_was(core: Core) -> None:
    bought(core, "a", "1")
    order_id = core.submit(side=Side.SELL, quantity="0.5", **AT_PRICE).id
    core.broker.plan("replace", OrderRejected("no"))
    failure_of(core.desk.replace(order_id, OrderChange(limit_price=Decimal(106))), OrderRejected)
    core.broker.fill(order_id, "0.2")
    core.broker.fill(order_id, "0.5")
    covers(core, "0.5")
