"""Whatever happens, at every quiet moment the legs cover exactly what is open.

The oracle knows only the broker's ledger, the positions it closed, and what clients cancelled. Each
entry is judged by itself until both exits of one have executed: what that sold too much is taken
from the other entries, and bought back where they hold less. From then on they are judged together.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold, timers
from tests.orders.core import POSITION_ID, Core, a_position, order_request
from tradegw.errors import (
    InternalError,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ResetCooldown,
    UnsupportedOperation,
)
from tradegw.exits.pursuit import UNTOLD_SECONDS
from tradegw.model.enums import AlertCode, OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.order import Order, OrderChange
from tradegw.model.protection import ExitsChange
from tradegw.testing.broker import Lost
from tradegw.testing.listener import Notebook

ZERO, UNIT = Decimal(0), Decimal("0.1")
KINDS = {OrderType.STOP: "StopLoss", OrderType.LIMIT: "TakeProfit"}
HANG = "hang"
TROUBLES: list[tuple[str, Any]] = [
    ("submit", OrderRejected("no")),
    ("submit", ProviderError("no answer")),
    ("submit", InternalError("unreadable")),
    ("submit", RateLimited("slow down")),
    ("submit", Lost(ProviderError("no answer"))),
    ("submit", Lost(InternalError("unreadable"))),
    ("submit", HANG),
    ("cancel", ProviderError("no answer")),
    ("cancel", OrderNotModifiable("it", "says no")),
    ("cancel", Lost(ProviderUnavailable("no answer"))),
    ("cancel", HANG),
    ("replace", UnsupportedOperation("replace", "here")),
    ("replace", ProviderError("no answer")),
    ("replace", OrderRejected("no")),
    ("replace", Lost(ProviderError("no answer"))),
    ("replace", HANG),
    ("open_orders", ProviderError("no answer")),
    ("closed_orders", ProviderError("no answer")),
    ("order", ProviderError("no answer")),
]
ENDS = [OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED]


class World:
    """Up to three entries in one symbol at a broker that obeys at times.

    Each event takes two numbers, which say to what it happens and how much of it.
    """

    def __init__(self, *, renames: bool, slowly: bool, unheard: bool, cannot: bool) -> None:
        self.given_up: Counter[str] = Counter()
        self.core = self.watched(self.made())
        self.broker = self.core.broker
        self.broker.renames = renames
        self.broker.cancels_slowly = slowly
        self.cannot_replace = cannot
        if unheard:
            self.broker.unheard = {OrderEventKind.CREATED}
        self.entries: dict[str, str] = {}
        self.targets: dict[str, list[OrderType]] = {}
        self.closed: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.hanging: list[Deferred[None]] = []
        self.covered_at: dict[tuple[str, OrderType], int] = {}
        self.doubled: set[str] = set()
        self.moved: set[OrderType] = set()
        """Exits that a client has moved, and so may want again although it took some away."""
        self.is_closed_by_hand = False

    def made(self) -> Core:
        return Core()

    def hold(self) -> None:
        """The broker will say what it holds."""
        hold(self.broker, self.net)

    def watched(self, core: Core) -> Core:
        """*core*, of which it is noted when the cancel of a leg came to nothing, and checked that
        it writes down whatever it knows before it asks the broker.
        """
        ask, keep = core.line.ask, core.guardian.keep

        def checked(call: Callable[[], Deferred[Any]], *, always: bool = False) -> Deferred[Any]:
            check_that_plans_are_kept(core)
            return ask(call, always=always)

        def noted(order_id: str) -> None:
            if not self.broker.orders[order_id].status.is_terminal:
                self.given_up[order_id] -= 1
            keep(order_id)

        core.line.ask = checked  # type: ignore[method-assign]  # as the type says above
        core.guardian.keep = noted  # type: ignore[method-assign]
        return core

    # -- the ledger --------------------------------------------------------------------------------

    def entry(self, name: str) -> Order:
        return self.broker.orders[self.entries[name]]

    def legs(self, name: str, kind: OrderType | None = None) -> list[Order]:
        prefixes = (f"{name}-sl", f"{name}-tp")
        return [
            order
            for order in self.broker.orders.values()
            if (order.client_order_id or "").startswith(prefixes)
            and kind in (None, order.order_type)
            and order.id not in self.broker.successors  # whose fills their successors carry
        ]

    def working(self, name: str, kind: OrderType | None = None) -> list[Order]:
        return [leg for leg in self.legs(name, kind) if not leg.status.is_terminal]

    def working_legs(self) -> list[Order]:
        return [leg for name in self.entries for leg in self.working(name)]

    def working_entries(self) -> list[Order]:
        return [e for e in map(self.entry, self.entries) if not e.status.is_terminal]

    def left(self, name: str) -> Decimal:
        """What is open of an entry; negative if its legs executed too much."""
        exited = sum((leg.filled_quantity for leg in self.legs(name)), ZERO)
        return self.entry(name).filled_quantity - exited - self.closed[name]

    @property
    def net(self) -> Decimal:
        """What the broker holds: every execution counts, whoever sent the order."""
        executed = (
            order.side.sign * order.filled_quantity
            for order in self.broker.orders.values()
            if order.id not in self.broker.successors
        )
        return sum(executed, ZERO)

    def bought_back(self) -> list[Order]:
        """What the gateway closes because both exits of a pair executed; no client's exit of the
        short that was left by that.
        """
        return [
            order
            for order in self.broker.orders.values()
            if order.side is Side.BUY
            and order.order_type is OrderType.MARKET
            and order.id not in self.entries.values()
        ]

    def exits_of_short(self) -> list[Order]:
        """What a client attached to the short that a double exit left behind."""
        return [
            order
            for order in self.broker.orders.values()
            if order.side is Side.BUY and order.order_type in KINDS and not order.status.is_terminal
        ]

    def needed(self, name: str, kind: OrderType) -> Decimal:
        return max(ZERO, self.left(name) - self.waived(name, kind))

    def waived(self, name: str, kind: OrderType) -> Decimal:
        waived = (
            leg.quantity - leg.filled_quantity
            for leg in self.legs(name, kind)
            if self.given_up[leg.id] > 0 and leg.status.is_terminal
        )
        return sum(waived, ZERO)

    def live(self, name: str, kind: OrderType) -> Decimal:
        return sum((leg.remaining_quantity for leg in self.working(name, kind)), ZERO)

    def wanted(self) -> Iterator[tuple[str, OrderType]]:
        return ((name, kind) for name in self.entries for kind in self.targets[name])

    # -- what happens ------------------------------------------------------------------------------

    def enter(self, which: int, much: int) -> None:
        name = f"e{len(self.entries)}"
        if len(self.entries) == 3 or self.broker._outcomes["submit"]:
            return
        self.core.breakers.adapter.reset(self.core.clock.seconds())
        self.targets[name] = [[*KINDS], [OrderType.STOP], [OrderType.LIMIT]][max(0, which % 5 - 2)]
        self.entries[name] = self.core.entered(
            client_order_id=name,
            quantity=str((much + 1) * UNIT),
            stop_loss="90" if OrderType.STOP in self.targets[name] else None,
            take_profit="110" if OrderType.LIMIT in self.targets[name] else None,
        )

    def entry_fills(self, which: int, much: int) -> None:
        working = self.working_entries()
        if working:
            order = working[which % len(working)]
            total = min(order.quantity, order.filled_quantity + (much + 1) * UNIT)
            self.broker.fill(order.id, total, position_id=POSITION_ID)

    def entry_ends(self, which: int, much: int) -> None:
        working = self.working_entries()
        if working:
            self.broker.end(working[which % len(working)].id, ENDS[much % 3])

    def leg_fills(self, which: int, much: int) -> None:
        legs = self.working_legs()
        if not legs:
            return
        leg = legs[which % len(legs)]
        name = str(leg.client_order_id)[:2]
        part = min(leg.remaining_quantity, (much + 1) * UNIT)
        if self.closed[name]:  # the ledger cannot tell who closed what, if both do
            part = min(part, max(ZERO, self.left(name)))
        if self.is_closed_by_hand:
            part = min(part, max(ZERO, self.net))
        if part > 0:
            self.broker.fill(leg.id, leg.filled_quantity + part)

    def both_exits_fill(self, which: int, much: int) -> None:
        """Before anything is heard of either."""
        pairs = [
            (stops[0], profits[0])
            for name in self.entries
            if (stops := self.working(name, OrderType.STOP))
            and (profits := self.working(name, OrderType.LIMIT))
            and not self.is_closed_by_hand
        ]
        if not pairs:
            return
        listener, notebook = self.broker.listener, Notebook()
        self.broker.listener = notebook
        for leg in pairs[which % len(pairs)]:
            part = min(leg.remaining_quantity, (much + 1) * UNIT)
            self.broker.fill(leg.id, leg.filled_quantity + part)
        self.broker.listener = listener
        self.hold()
        for event in notebook.events:
            listener.on_event(event)

    def leg_dies(self, which: int, much: int) -> None:
        legs = self.working_legs()
        if legs:
            self.broker.end(legs[which % len(legs)].id, ENDS[much % 3])

    def position_closes(self, which: int, much: int) -> None:
        """By an order from outside."""
        for name in self.entries:
            self.closed[name] += max(ZERO, self.left(name))
        self.sell_by_hand(max(ZERO, self.net))

    def sell_by_hand(self, total: Decimal) -> None:
        if total:
            self.is_closed_by_hand = True
            order = self.broker._accept(order_request(side=Side.SELL, quantity=str(total)))
            self.broker.fill(order.id, total)

    def what_is_bought_back_fills(self, which: int, much: int) -> None:
        """No more of it than there is to close: it is reduce-only."""
        for order in self.bought_back():
            part = min(order.quantity, max(ZERO, -self.net))
            if not order.status.is_terminal and part:
                self.broker.fill(order.id, part)
            if not self.broker.orders[order.id].status.is_terminal:
                self.broker.end(order.id, OrderStatus.CANCELLED)
            self.hold()

    def trouble(self, which: int, much: int) -> None:
        name, outcome = TROUBLES[which % len(TROUBLES)]
        for _ in range(much % 5 + 1):
            if outcome is HANG:
                self.hanging.append(Deferred())
            self.broker.plan(name, self.hanging[-1] if outcome is HANG else outcome)

    def an_answer_comes(self, which: int, much: int) -> None:
        if self.hanging:
            answer = self.hanging.pop(0)
            if which % 3 == 0:
                answer.errback(ProviderError("no answer"))
                answer.addErrback(lambda _nobody_asked: None)
            else:
                answer.callback(None)

    def slow_cancels_are_carried_out(self, which: int, much: int) -> None:
        for leg in [*self.working_legs(), *self.exits_of_short()]:
            if leg.status is OrderStatus.PENDING_CANCEL:
                self.broker.end(leg.id, OrderStatus.CANCELLED)

    def link_is_lost_and_back(self, which: int, much: int) -> None:
        self.core.intake.on_link_down((), None)
        self.core.intake.on_link_up()

    def client_cancels_a_leg(self, which: int, much: int) -> None:
        legs = [
            leg
            for leg in self.working_legs()
            if leg.status is not OrderStatus.PENDING_CANCEL
            and self.core.guardian._plans.of_leg_id(leg.id) is not None  # else it is in doubt
        ]
        if not legs:
            return
        order_id = legs[which % len(legs)].id
        self.given_up[order_id] += 1
        self.core.desk.cancel(order_id).addErrback(lambda _refused: None)

    def client_moves_legs(self, which: int, much: int) -> None:
        self.broker.held.setdefault(POSITION_ID, a_position())
        price = Decimal(80 + much)
        self.moved.add(OrderType.STOP if which % 2 else OrderType.LIMIT)
        change = ExitsChange(stop_loss=price) if which % 2 else ExitsChange(take_profit=price + 30)
        self.core.desk.move_exits(POSITION_ID, change).addErrback(lambda _refused: None)

    def client_changes_a_leg(self, which: int, much: int) -> None:
        stops = [
            leg
            for leg in self.working_legs()
            if leg.order_type is OrderType.STOP
            and not self.given_up[leg.id]  # else nobody knows what its client wants
        ]
        if stops:
            change = OrderChange(stop_price=Decimal(80 + much))
            work = self.core.desk.replace(stops[which % len(stops)].id, change)
            work.addErrback(lambda _refused: None)

    def time_passes(self, which: int, much: int) -> None:
        self.advance(much + 1)
        self.reset_breakers()

    # -- what must hold ----------------------------------------------------------------------------

    def happen(self, event: str, which: int, much: int) -> None:
        if self.cannot_replace and not self.broker._outcomes["replace"]:
            self.broker.plan("replace", *[UnsupportedOperation("replace", "here")] * 20)
        getattr(self, event)(which, much)
        self.hold()
        self.doubled |= {name for name in self.entries if self.left(name) < 0}
        check_that_plans_are_kept(self.core)
        for name, kind in self.wanted():
            if self.live(name, kind) >= self.needed(name, kind):
                self.covered_at[name, kind] = len(self.core.sink.events)

    def a_shortfall_is_told_in_time(self, which: int, much: int) -> None:
        since = dict(self.covered_at)
        self.advance(UNTOLD_SECONDS)
        for name, kind in self.wanted():
            if self.doubled or self.live(name, kind) >= self.needed(name, kind):
                continue
            later = self.core.sink.events[since.get((name, kind), 0) :]
            told = [alert.details or {} for alert in self.core.alerts() if alert in later]
            assert any(
                "leg_type" in details
                or (
                    details["order_id"] == self.entries[name]
                    and KINDS[kind] in [failed["type"] for failed in details["failed_exits"]]
                )
                for details in told
            ), f"nobody was told that {name} has no (full) {kind}"

    def quiet(self) -> None:
        """The broker obeys again, and enough time passes: then all is exact."""
        self.broker._outcomes.clear()
        while self.hanging:
            self.hanging.pop(0).callback(None)
        self.look_around()
        for _ in range(6):
            self.slow_cancels_are_carried_out(0, 0)
            if self.bought_back():  # what was not closed since a close was under way is found then
                self.what_is_bought_back_fills(0, 0)
                self.look_around()
            self.advance(70)
            self.reset_breakers()
        self.doubled |= {name for name in self.entries if self.left(name) < 0}
        if self.doubled:
            self.check_all_together()
            return
        for name, kind in self.wanted():
            live, needed = self.live(name, kind), self.needed(name, kind)
            wanted = (needed, self.left(name)) if kind in self.moved else (needed,)
            assert live in wanted, f"{name} {kind}: {live} rest, {needed} needed"
        assert not self.pending()
        unfinished = [
            name
            for name in self.entries
            if not self.entry(name).status.is_terminal or self.left(name) > 0
        ]
        assert self.core.guards() == len(unfinished)

    def check_all_together(self) -> None:
        """Nobody can say whose it was that a double exit sold too much, but that is all sold."""
        assert not self.pending()
        open_of = {name: self.open_quantity(name) for name in self.entries}
        for name, (least, most) in open_of.items():
            assert least <= most, f"the exits of {name} do not cover the same"
            assert least <= self.entry(name).filled_quantity, f"{name} is covered twice"
        least = sum((least for least, _ in open_of.values()), ZERO)
        most = sum((most for _, most in open_of.values()), ZERO)
        assert least <= max(ZERO, self.net) <= most, f"{least} to {most} covered of {self.net}"
        working = {name for name in self.entries if not self.entry(name).status.is_terminal}
        if not self.check_short():
            owed = (max(ZERO, -self.left(name)) for name in working)
            assert self.net >= -sum(owed, ZERO), f"{self.net} are held after a double exit"
        assert self.core.guards() >= len(working)
        self.check_what_was_told()

    def check_short(self) -> bool:
        """Whether a client keeps the short that a double exit left behind, and attached exits to
        it: then it is left to that client, and they cover it exactly.
        """
        exits: defaultdict[OrderType, Decimal] = defaultdict(Decimal)
        for order in self.exits_of_short():
            exits[order.order_type] += order.remaining_quantity
        for kind, covered in exits.items():
            assert covered == -self.net, f"{covered} of {self.net} are covered by a {kind}"
        return bool(exits)

    def open_quantity(self, name: str) -> tuple[Decimal, Decimal]:
        """What is open of an entry by what protects it: at least, and at most."""
        least, most = [], []
        for kind in self.targets[name]:
            live, waived = self.live(name, kind), self.waived(name, kind)
            least.append(live + waived if live else ZERO)
            most.append(live + waived)
        return max(least), min(most)

    def check_what_was_told(self) -> None:
        """Of every double exit, and of everything that is bought back because of one."""
        alerts = [alert.details or {} for alert in self.core.alerts(AlertCode.OCO_DOUBLE_EXIT)]
        told = {details["oco_group_id"] for details in alerts}
        assert {self.entries[name] for name in self.doubled} <= told
        undone = [alert.details or {} for alert in self.core.alerts()]
        bought = sum((order.quantity for order in self.bought_back()), ZERO)
        assert bought == sum((one["quantity"] for one in undone if "double_exit" in one), ZERO)

    def look_around(self) -> None:
        """An order that arrives when nobody waits for it any more, and of which nobody tells, is
        found by the next reconciliation.
        """
        self.core.reconciliation.run("time")

    def pending(self) -> bool:
        """Whether anything is to happen yet."""
        return bool(timers(self.core))

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass, with a halt at each timer."""
        clock = self.core.clock
        until = clock.seconds() + seconds
        while clock.seconds() < until:
            due = min([until, *(call.getTime() for call in clock.getDelayedCalls())])
            clock.advance(max(0, due - clock.seconds()))

    def reset_breakers(self) -> None:
        with contextlib.suppress(ResetCooldown):
            self.core.breakers.reset()


EVENTS = [
    *["entry_fills"] * 5,
    *["leg_fills"] * 4,
    *["trouble"] * 4,
    *["enter", "leg_dies", "an_answer_comes", "time_passes", "a_shortfall_is_told_in_time"] * 2,
    "entry_ends",
    "position_closes",
    "slow_cancels_are_carried_out",
    "link_is_lost_and_back",
    "client_cancels_a_leg",
    "client_moves_legs",
    "client_changes_a_leg",
    "what_is_bought_back_fills",
]
worlds = st.builds(
    World, renames=st.booleans(), slowly=st.booleans(), unheard=st.booleans(), cannot=st.booleans()
)
histories = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 30), st.integers(0, 15)),
    min_size=5,
    max_size=30,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(worlds, st.lists(histories, min_size=1, max_size=3))
def test_at_every_quiet_moment_the_legs_cover_exactly_what_is_open(
    world: World, chapters: list[list[tuple[str, int, int]]]
) -> None:
    world.enter(0, 15)
    for chapter in chapters:
        for event in chapter:
            world.happen(*event)
        world.quiet()


class Mortal(World):
    """The gateway dies now and then."""

    def dies(self, which: int, much: int) -> None:
        """The scripted broker dates all its orders alike, and what is old is not asked for."""
        for order in self.broker.orders.values():
            self.broker.orders[order.id] = replace(order, updated_at=self.core.now())
        self.core = self.watched(crashed(self.core))

    def position_closes(self, which: int, much: int) -> None:
        """A part of it, by an order from outside: the oldest entry's is closed first."""
        total = part = min(max(ZERO, self.net), (much + 1) * UNIT)
        for name in self.entries:
            closed = min(part, max(ZERO, self.left(name)))
            self.closed[name] += closed
            part -= closed
        self.sell_by_hand(total)


mortal = st.builds(
    Mortal, renames=st.booleans(), slowly=st.booleans(), unheard=st.booleans(), cannot=st.booleans()
)
deadly = st.lists(
    st.tuples(st.sampled_from([*EVENTS, *["dies"] * 5]), st.integers(0, 30), st.integers(0, 15)),
    min_size=5,
    max_size=30,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(mortal, st.lists(deadly, min_size=1, max_size=3))
def test_g2_so_they_do_if_the_gateway_is_killed_again_and_again(
    world: Mortal, chapters: list[list[tuple[str, int, int]]]
) -> None:
    world.enter(0, 15)
    for chapter in chapters:
        for event in chapter:
            world.happen(*event)
        world.quiet()


DOUBLE = [*EVENTS, *["both_exits_fill"] * 5]
doubles = st.lists(
    st.tuples(st.sampled_from(DOUBLE), st.integers(0, 30), st.integers(0, 15)),
    min_size=5,
    max_size=30,
)
deadly_doubles = st.lists(
    st.tuples(st.sampled_from([*DOUBLE, *["dies"] * 5]), st.integers(0, 30), st.integers(0, 15)),
    min_size=5,
    max_size=30,
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(worlds, st.lists(doubles, min_size=1, max_size=3))
def test_w07_what_both_exits_sold_too_much_is_bought_back_once(
    world: World, chapters: list[list[tuple[str, int, int]]]
) -> None:
    world.enter(0, 15)
    for chapter in chapters:
        for event in chapter:
            world.happen(*event)
        world.quiet()


@settings(max_examples=80, deadline=None, derandomize=True)
@given(mortal, st.lists(deadly_doubles, min_size=1, max_size=3))
def test_w07_so_it_is_if_the_gateway_is_killed_again_and_again(
    world: Mortal, chapters: list[list[tuple[str, int, int]]]
) -> None:
    world.enter(0, 15)
    for chapter in chapters:
        for event in chapter:
            world.happen(*event)
        world.quiet()
