"""Where the broker keeps positions apart by their ids: whatever happens, at every quiet moment the
legs of each cover exactly what is open of it, and none outlives it.

Every entry opens a position of its own. What one executes too much cannot be taken from another:
the broker executes no order beyond the position that it names.
"""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exits.test_random_histories import EVENTS, UNIT, ZERO, Mortal
from tests.orders.core import Core, a_position, order_request
from tradegw.model.account import Position
from tradegw.model.enums import OrderStatus, PositionEventKind, Side
from tradegw.model.events import PositionEvent
from tradegw.model.order import ClosePositionRequest, Order
from tradegw.model.protection import ExitsChange
from tradegw.testing.broker import EPOCH


class Hedged(Mortal):
    """Positions bear the ids of the entries that opened them."""

    def __init__(self, *, holds: bool, **ways: bool) -> None:
        self.holds = holds
        self.closing: dict[str, str] = {}
        super().__init__(**ways)

    def made(self) -> Core:
        core = Core(hedges=True, holds=self.holds)
        close = core.broker._close

        def noted(position: Position, request: ClosePositionRequest, client_order_id: str) -> Order:
            order = close(position, request, client_order_id)
            self.closing[order.id] = position.id
            return order

        core.broker._close = noted  # type: ignore[method-assign]
        return core

    def place(self, name: str) -> str:
        """The id of the position that the entry opens."""
        return f"pos-{self.entries[name]}"

    def hold(self) -> None:
        """The broker holds what is open of each, and tells of those that are closed."""
        before, self.broker.held = self.broker.held, {}
        for name in self.entries:
            left, place = self.left(name), self.place(name)
            if left > 0:
                self.broker.held[place] = a_position(id=place, quantity=left)
        for place, position in before.items():
            if place not in self.broker.held:
                self.broker.listener.on_event(
                    PositionEvent(
                        timestamp=EPOCH, event=PositionEventKind.CLOSED, position=position
                    )
                )

    def closers(self, name: str) -> list[Order]:
        """What closes the position, beside its legs."""
        place = self.place(name)
        return [self.broker.orders[one] for one, whose in self.closing.items() if whose == place]

    def left(self, name: str) -> Decimal:
        """What is open of an entry."""
        closed = sum((order.filled_quantity for order in self.closers(name)), ZERO)
        return super().left(name) - closed

    # -- what happens

    def entry_fills(self, which: int, much: int) -> None:
        working = self.working_entries()
        if working:
            order = working[which % len(working)]
            total = min(order.quantity, order.filled_quantity + (much + 1) * UNIT)
            self.broker.fill(order.id, total, position_id=f"pos-{order.id}")

    def leg_fills(self, which: int, much: int) -> None:
        legs = self.working_legs()
        if legs:
            self.execute(legs[which % len(legs)], much)

    def execute(self, order: Order, much: int) -> None:
        """No more than is open."""
        place = self.closing.get(order.id, order.position_id)
        left = {self.place(name): self.left(name) for name in self.entries}
        part = min(order.remaining_quantity, (much + 1) * UNIT, left[str(place)])
        if part > 0:
            self.broker.fill(order.id, order.filled_quantity + part)

    def position_closes(self, which: int, much: int) -> None:
        """All of one, by an order from outside."""
        places = list(self.broker.held.values())
        if places:
            position = places[which % len(places)]
            order = self.broker._accept(
                order_request(
                    side=Side.SELL, quantity=str(position.quantity), position_id=position.id
                )
            )
            self.closing[order.id] = position.id
            self.broker.fill(order.id, position.quantity)

    def client_closes(self, which: int, much: int) -> None:
        places = list(self.broker.held.values())
        if places:
            position = places[which % len(places)]
            part = min(position.quantity, (much + 1) * UNIT) if which % 2 else None
            request = ClosePositionRequest(quantity=part)
            self.core.desk.close_position(position.id, request).addErrback(lambda _refused: None)

    def closes_fill(self, which: int, much: int) -> None:
        for name in self.entries:
            for order in self.closers(name):
                if order.status.is_terminal:
                    continue
                self.execute(order, much)
                if not self.broker.orders[order.id].status.is_terminal:
                    self.broker.end(order.id, OrderStatus.CANCELLED)

    def client_moves_legs(self, which: int, much: int) -> None:
        price = Decimal(80 + much)
        change = ExitsChange(stop_loss=price) if which % 2 else ExitsChange(take_profit=price + 30)
        for position_id in list(self.broker.held)[which % 3 :][:1]:
            self.core.desk.move_exits(position_id, change).addErrback(lambda _refused: None)

    # -- what must hold

    def quiet(self) -> None:
        for _ in range(3):
            self.closes_fill(0, 30)
            self.hold()
            self.advance(1)
        super().quiet()
        for leg in self.working_legs():
            assert leg.position_id in self.broker.held, f"{leg.client_order_id} outlives it"
        assert not self.doubled


hedged = st.builds(
    Hedged,
    holds=st.booleans(),
    renames=st.booleans(),
    slowly=st.booleans(),
    unheard=st.booleans(),
    cannot=st.booleans(),
)
HEDGED = [*EVENTS, *["dies"] * 3, *["client_closes", "closes_fill"] * 2]
histories = st.lists(
    st.tuples(st.sampled_from(HEDGED), st.integers(0, 30), st.integers(0, 15)),
    min_size=5,
    max_size=30,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(hedged, st.lists(histories, min_size=1, max_size=3))
def test_g2_at_every_quiet_moment_the_legs_of_each_position_cover_what_is_open_of_it(
    world: Hedged, chapters: list[list[tuple[str, int, int]]]
) -> None:
    world.enter(0, 15)
    for chapter in chapters:
        for event in chapter:
            world.happen(*event)
        world.quiet()
