"""Under a restricted trading state the broker's own ledger never shows more exposure to come,
whatever clients ask for and however late, lost or concurrent the answers are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, order_request, result_of
from tradegw.errors import ProviderError
from tradegw.model.enums import OrderType, PositionSide, Side
from tradegw.model.money import ZERO
from tradegw.model.order import ClosePositionRequest, Order, OrderChange
from tradegw.model.trading import StateSetter, TradingState
from tradegw.testing.broker import Lost

LIMIT = {"order_type": OrderType.LIMIT, "limit_price": "50"}

sides = st.sampled_from(Side)
# A few sizes and few orders, so that what is asked for often just fits, or just does not.
quantities = st.sampled_from([Decimal(1), Decimal(3), Decimal(4), Decimal(6)])
which = st.integers(0, 2)
answers = st.sampled_from(["prompt", "late", "late", "lost", "no"])
reduces = st.sampled_from([True, True, True, False])
submits = st.tuples(st.just("submit"), reduces, quantities, st.booleans(), answers)
resizes = st.tuples(st.just("resize"), quantities, answers)
steps = st.one_of(
    *[submits] * 3,
    *[resizes] * 3,
    st.tuples(st.just("reprice"), which, quantities, answers),
    st.tuples(st.just("cancel"), which, answers),
    st.tuples(st.just("close"), quantities, answers),
    st.tuples(st.just("fill"), which, quantities),
    st.tuples(st.just("hold")),
    st.tuples(st.just("release")),
    st.tuples(st.just("answer")),
)


class Story:
    """A position and orders of better days, then a restricted state, then anything."""

    def __init__(self, state: TradingState, before: list[tuple[Side, Decimal, bool]]) -> None:
        self.core = Core()
        self.first = before[0][0] if before else Side.SELL
        self.changing: set[str] = set()
        self.late: list[Deferred[None]] = []
        self.held: list[Any] | None = None
        self._write = self.core.store.write
        self.core.store.write = self._hold_or_write  # type: ignore[method-assign]
        for side, quantity, filled in before:
            order_id = self.core.submit(side=side, quantity=str(quantity), **LIMIT).id
            if filled:
                self.core.broker.fill(order_id, quantity)
        result_of(self.core.trading.change(state, None, StateSetter.CLIENT))

    def _hold_or_write(self, *entries: Any) -> Deferred[None]:
        if self.held is None:
            return self._write(*entries)
        done: Deferred[None] = Deferred()
        self.held.append((entries, done))
        return done

    def working(self) -> list[Order]:
        orders = self.core.broker.orders.values()
        return [order for order in orders if not order.status.is_terminal]

    @property
    def reach(self) -> tuple[Decimal, Decimal]:
        """How short and how long the account can get by fills alone, by the broker's ledger."""
        filled = (o.side.sign * o.filled_quantity for o in self.core.broker.orders.values())
        net = sum(filled, ZERO)
        sells = [o.remaining_quantity for o in self.working() if o.side is Side.SELL]
        buys = [o.remaining_quantity for o in self.working() if o.side is Side.BUY]
        return min(net - sum(sells, ZERO), ZERO), max(net + sum(buys, ZERO), ZERO)

    def step(self, what: str, *told: Any) -> None:
        if self.core.breakers.adapter.is_open:
            self.core.breakers.adapter.reset(self.core.clock.seconds())
        getattr(self, what)(*told)
        self.core.clock.advance(0.01)

    def submit(self, reduces: bool, quantity: Decimal, marked: bool, answer: str) -> None:
        self.plan("submit", answer)
        side = self.first.opposite if reduces else self.first
        asked = order_request(side=side, quantity=quantity, reduce_only=marked, **LIMIT)
        self.ignore(self.core.desk.submit(asked))

    def resize(self, quantity: Decimal, answer: str) -> None:
        """All that works, at once."""
        for number in range(len(self.working())):
            self.change(number, OrderChange(quantity=quantity), answer)

    def reprice(self, number: int, price: Decimal, answer: str) -> None:
        self.change(number, OrderChange(limit_price=price), answer)

    def change(self, number: int, change: OrderChange, answer: str) -> None:
        """Not while an earlier one is under way: a lower quantity could come after a higher."""
        if number < len(self.working()) and self.working()[number].id not in self.changing:
            order_id = self.working()[number].id
            self.changing.add(order_id)
            self.plan("replace", answer)
            work = self.core.desk.replace(order_id, change)
            self.ignore(work.addBoth(lambda _done: self.changing.discard(order_id)))

    def cancel(self, number: int, answer: str) -> None:
        if number < len(self.working()):
            self.plan("cancel", answer)
            self.ignore(self.core.desk.cancel(self.working()[number].id))

    def close(self, quantity: Decimal, answer: str) -> None:
        """Part of what is held, or more, at a price."""
        filled = (o.side.sign * o.filled_quantity for o in self.core.broker.orders.values())
        net = sum(filled, ZERO)
        side = PositionSide.LONG if net > 0 else PositionSide.SHORT
        held = a_position(id="p", quantity=abs(net), side=side)
        self.core.broker.held = {"p": held} if net else {}
        self.plan("close", answer)
        request = ClosePositionRequest(
            quantity=quantity, order_type=OrderType.LIMIT, limit_price=Decimal(50)
        )
        self.ignore(self.core.desk.close_position("p", request))

    def fill(self, number: int, quantity: Decimal) -> None:
        if number < len(self.working()):
            order = self.working()[number]
            total = min(order.filled_quantity + quantity, order.quantity)
            self.core.broker.fill(order.id, total)

    def hold(self) -> None:
        """What is written from now on is not durable yet."""
        self.held = self.held or []

    def release(self) -> None:
        held, self.held = self.held or [], None
        for entries, done in held:
            self._write(*entries).chainDeferred(done)

    def answer(self) -> None:
        """The oldest late call takes effect, and is answered."""
        if self.late:
            self.late.pop(0).callback(None)

    def plan(self, call: str, answer: str) -> None:
        if answer == "late":
            self.late.append(Deferred())
            self.core.broker.plan(call, self.late[-1])
        elif answer != "prompt":
            error = ProviderError("no answer")
            self.core.broker.plan(call, Lost(error) if answer == "lost" else error)
        else:
            self.core.broker.plan(call, None)

    @staticmethod
    def ignore(work: Deferred[Any]) -> None:
        work.addErrback(lambda _failure: None)


@pytest.mark.parametrize("state", [TradingState.REDUCE_ONLY, TradingState.HALTED])
@settings(max_examples=200)
@given(
    first=sides,
    before=st.lists(st.tuples(sides, quantities, st.booleans()), max_size=2),
    steps=st.lists(steps, max_size=12),
)
def test_exposure_is_never_raised(
    state: TradingState, first: Side, before: list[tuple[Side, Decimal, bool]], steps: list[Any]
) -> None:
    story = Story(state, [(first, Decimal(6), True), *before])
    for step in [*steps, ("release",), *[("answer",)] * len(steps)]:
        shortest, longest = story.reach
        story.step(*step)
        now = story.reach
        assert now[0] >= shortest
        assert now[1] <= longest


def test_the_property_sees_what_an_open_gate_lets_through() -> None:
    story = Story(TradingState.ACTIVE, [])
    story.step("submit", True, Decimal(5), False, "prompt")
    assert story.reach == (ZERO, Decimal(5))
