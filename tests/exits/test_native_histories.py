"""Random histories at brokers that keep exits in their own ways, and fail at it: whatever happens,
in the end the exits cover what is held, and never more.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final

import pytest
from msgspec import Struct
from msgspec.structs import replace as change_of

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold
from tests.orders.core import POSITION_ID, Core, order_request
from tradegw.errors import GatewayError, OrderRejected
from tradegw.model.enums import AlertCode, OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.market import Instrument
from tradegw.model.order import Order, OrderChange, OrderRequest, Replaced
from tradegw.model.protection import ExitsChange

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
HISTORIES: Final = 60
ACTIONS: Final = 12
QUANTITY: Final = 10


class Ways(Struct, frozen=True, kw_only=True):
    """How the broker keeps exits.

    ``at_once``   it has the legs from the beginning, and works on them when all has filled
    ``linked``    who cancels one cancels the other
    ``silent``    it does not tell what it does to the other
    ``rigid``     quantities of its legs cannot be changed by others
    ``polite``    nor then, but it says yes
    ``one``       what one order would sell no other can, but within its own pairs
    """

    at_once: bool = False
    linked: bool = False
    silent: bool = False
    rigid: bool = False
    polite: bool = False
    one: bool = False


class House:
    """A broker with such ways, a gateway, and somebody who makes things happen."""

    def __init__(self, ways: Ways, seed: int) -> None:
        self.ways = ways
        self.random = random.Random(seed)
        self.core = Core(brackets=True)
        self.broker = self.core.broker
        self.pairs: dict[str, str] = {}
        self.waived = False
        self._replace, self._cancel = self.broker._replaced, self.broker._cancelled
        self._accept = self.broker._accept
        self.broker._accept = self._accepted  # type: ignore[method-assign]
        if ways.one:
            self.broker.instruments["AAPL"] = Instrument(one_exit=True)
        self.broker._replaced = self._replaced  # type: ignore[method-assign]
        self.broker._cancelled = self._cancelled  # type: ignore[method-assign]
        request = order_request(
            quantity=str(QUANTITY),
            order_type=LIMIT,
            limit_price="100",
            stop_loss="90",
            take_profit="110",
            client_order_id="c1",
        )
        self.core.desk.submit(request)
        (self.entry_id,) = self.broker.orders
        if ways.at_once:
            self.place(QUANTITY, OrderStatus.PENDING)

    # -- the broker

    def place(self, quantity: int, status: OrderStatus = OrderStatus.OPEN) -> None:
        legs = self.broker.keep_exits(self.entry_id, str(quantity), status)
        stop, limit = legs[STOP].id, legs[LIMIT].id
        self.pairs |= {stop: limit, limit: stop}

    def _accepted(self, request: OrderRequest) -> Order:
        is_exit = request.side is Side.SELL and request.order_type in (STOP, LIMIT)
        if self.ways.one and is_exit:
            paired = max(self._paired(STOP), self._paired(LIMIT))
            others = [one for one in self.resting() if one.id not in self.pairs]
            reserved = paired + sum((one.remaining_quantity for one in others), Decimal(0))
            if reserved + request.quantity > self.net:
                raise OrderRejected("insufficient qty available")
        return self._accept(request)

    def _paired(self, order_type: OrderType) -> Decimal:
        legs = [one for one in self.working(order_type) if one.id in self.pairs]
        return sum((one.remaining_quantity for one in legs), Decimal(0))

    def resting(self) -> list[Order]:
        return self.working(STOP) + self.working(LIMIT)

    def _replaced(self, order_id: str, change: OrderChange) -> Replaced:
        if self.ways.rigid and order_id in self.pairs and change.quantity is not None:
            raise OrderRejected("not of a bracket")
        if self.ways.polite and order_id in self.pairs:
            change = change_of(change, quantity=None)
        return self._replace(order_id, change)

    def _cancelled(self, order_id: str) -> Order:
        order = self._cancel(order_id)
        if self.ways.linked and order_id in self.pairs:
            self.lower(self.broker.orders[self.pairs[order_id]], QUANTITY)
        return order

    def end(self, order_id: str, status: OrderStatus = OrderStatus.CANCELLED) -> None:
        if not self.broker.orders[order_id].status.is_terminal:
            self.broker.end(order_id, status)

    def working(self, order_type: OrderType) -> list[Order]:
        return [
            order
            for order in self.broker.orders.values()
            if order.side is Side.SELL
            and order.order_type is order_type
            and not order.status.is_terminal
            and order.status is not OrderStatus.PENDING
        ]

    @property
    def net(self) -> Decimal:
        orders = self.broker.orders.values()
        return sum((one.side.sign * one.filled_quantity for one in orders), Decimal(0))

    # -- what may happen

    def fill_entry(self) -> None:
        entry = self.broker.orders[self.entry_id]
        if entry.status.is_terminal:
            return
        much = self.random.randint(1, int(entry.remaining_quantity))
        legs_first = not self.ways.at_once and self.random.random() < 0.3
        if legs_first:
            self.place(much)
        self.broker.fill(entry.id, entry.filled_quantity + much)
        if not (self.ways.at_once or legs_first) and self.random.random() < 0.8:
            self.place(much)
        if self.ways.at_once and self.broker.orders[entry.id].status is OrderStatus.FILLED:
            for leg_id in self.pairs:
                if self.broker.orders[leg_id].status is OrderStatus.PENDING:
                    self.broker.work_on(leg_id)

    def end_entry(self) -> None:
        if self.broker.orders[self.entry_id].status.is_terminal:
            return
        self.end(self.entry_id)
        for leg_id in self.pairs:
            if self.broker.orders[leg_id].status is OrderStatus.PENDING:
                self.end(leg_id)

    def execute(self) -> None:
        """A leg executes, and the broker lowers the other, but not the gateway's."""
        legs = self.working(self.random.choice((STOP, LIMIT)))
        if not legs or self.net <= 0:
            return
        leg = self.random.choice(legs)
        much = min(self.random.randint(1, QUANTITY), int(leg.remaining_quantity), int(self.net))
        self.broker.fill(leg.id, leg.filled_quantity + much)
        other = self.broker.orders.get(self.pairs.get(leg.id, ""))
        if other is None or other.status.is_terminal:
            return
        if self.random.random() < 0.5:
            self.core.wait(self.random.choice((0.5, 2)))
            other = self.broker.orders[other.id]
        self.lower(other, much)

    def lower(self, other: Order, much: int) -> None:
        if other.status.is_terminal:
            return
        if self.ways.silent:
            self.broker.unheard = {OrderEventKind.CANCELLED, OrderEventKind.MODIFIED}
        if other.remaining_quantity <= much:
            self.end(other.id)
        else:
            self.broker._change(
                other,
                OrderEventKind.MODIFIED,
                quantity=other.quantity - much,
                remaining_quantity=other.remaining_quantity - much,
            )
        self.broker.unheard = set()

    def drop(self) -> None:
        legs = [one for one in self.resting() if one.id in self.pairs]
        if legs:
            status = self.random.choice((OrderStatus.EXPIRED, OrderStatus.REJECTED))
            self.end(self.random.choice(legs).id, status)

    def renew(self) -> None:
        """The broker puts another leg in the place of one, and tells so in either order."""
        legs = [one for one in self.resting() if one.id in self.pairs and not one.filled_quantity]
        if not legs:
            return
        old = self.random.choice(legs)
        new = change_of(old, id=f"{old.id}'")
        other = self.pairs.pop(old.id)
        self.pairs |= {new.id: other, other: new.id}
        self.broker.orders[new.id] = new
        steps = [
            lambda: self.broker.tell(new, OrderEventKind.CREATED),
            lambda: self.end(old.id),
        ]
        for step in self.random.sample(steps, 2):
            step()

    def sell(self) -> None:
        """Somebody sells some of it elsewhere."""
        if self.net <= 0:
            return
        much = str(self.random.randint(1, int(self.net)))
        order = self._accept(order_request(side=Side.SELL, quantity=much))
        self.broker.fill(order.id, much)

    def give_up(self) -> None:
        legs = self.resting()
        if legs:
            self.waived = True
            self.core.desk.cancel(self.random.choice(legs).id).addErrback(_refused)

    def move(self) -> None:
        price = Decimal(self.random.randint(80, 95))
        change = ExitsChange(stop_loss=price)
        self.core.desk.move_exits(POSITION_ID, change).addErrback(_refused)

    def reconcile(self) -> None:
        self.core.reconciled()

    def die(self) -> None:
        self.core = crashed(self.core)

    def pass_time(self) -> None:
        self.core.wait(self.random.choice((1, 4, 6)))

    def run(self) -> None:
        actions = [self.fill_entry, self.execute, self.drop, self.sell, self.pass_time, self.move]
        actions += [self.fill_entry, self.pass_time]
        rare = [self.end_entry, self.give_up, self.die, self.reconcile, self.renew]
        for _ in range(ACTIONS):
            self.random.choice(actions if self.random.random() < 0.8 else rare)()
            hold(self.broker, self.net)
        self.core.wait(60)
        self.core.reconciled()
        self.core.wait(60)

    def judge(self) -> None:
        assert self.net >= 0
        for order_type in (STOP, LIMIT):
            there = sum((one.remaining_quantity for one in self.working(order_type)), Decimal(0))
            assert there <= self.net
            is_held = self.ways.one and order_type is LIMIT
            assert self.waived or is_held or there == self.net
        if not self.waived:
            assert self.core.alerts(AlertCode.OCO_DOUBLE_EXIT) == []
        check_that_plans_are_kept(self.core)


def _refused(failure: object) -> None:
    assert isinstance(getattr(failure, "value", None), GatewayError)


@pytest.mark.parametrize(
    "ways",
    [
        Ways(),
        Ways(silent=True),
        Ways(linked=True, rigid=True),
        Ways(at_once=True, linked=True, rigid=True),
        Ways(at_once=True, linked=True, rigid=True, silent=True),
        Ways(at_once=True, linked=True, rigid=True, silent=True, one=True),
        Ways(at_once=True, linked=True, polite=True, silent=True, one=True),
    ],
    ids=[
        "pieces",
        "silent",
        "pieces linked",
        "at once",
        "at once and silent",
        "and one",
        "as Alpaca",
    ],
)
def test_in_the_end_the_exits_cover_what_is_held_and_never_more(ways: Ways) -> None:
    for seed in range(HISTORIES):
        house = House(ways, seed)
        house.run()
        try:
            house.judge()
        except AssertionError as error:
            raise AssertionError(f"history {seed}: {error}") from error
