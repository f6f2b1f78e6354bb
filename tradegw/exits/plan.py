"""What protection an entry must have, and which legs are known to rest at the broker.

All quantities are in base units. ``entry_filled`` only grows; what protection must cover is what
was filled and has not been closed again, by a leg or otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..model.enums import OrderType, Side, TimeInForce
from ..model.market import Instrument
from ..model.money import ZERO
from ..model.order import Order, OrderRequest, is_older
from ..model.protection import ExitsChange, LegKind, Trail
from .leg import Leg, exists, trigger
from .naming import LegName
from .quantity import leg_price, price_step, whole
from .trailing import Ratchet, better


@dataclass(eq=False)
class Plan:
    """The protection of one entry order. A leg kind that is not in ``targets`` is not wanted."""

    intent_id: str
    client_order_id: str | None
    symbol: str
    exit_side: Side
    targets: dict[LegKind, Decimal]
    ratchet: Ratchet | None = None
    """How the stop-loss follows the market, if it does: its target only comes closer then."""
    seed: str | None = None
    since: datetime | None = None
    """When it was made: orders of its names that are older are others."""
    serial: int = 0
    """Plans are numbered in the order in which they came."""
    entry_id: str | None = None
    position_id: str | None = None
    entry_filled: Decimal = ZERO
    entry_ended: bool = False
    changing: bool = False
    """Its client replaces the entry: the end of its order is not its own end."""
    in_doubt: bool = False
    """Nobody knows whether such a change was done: nor is it then."""
    unsettled: bool = False
    """And as long as nobody told, another order of its name is what took its place."""
    former: list[str] = field(default_factory=list)
    """The ids that the entry had, oldest first."""
    spent: Decimal = ZERO
    """What of its fills only closed an opposite position and opened nothing to protect."""
    closed: Decimal = ZERO
    """What was opened and then closed by something else than a leg."""
    closers: dict[str, Decimal] = field(default_factory=dict)
    """The orders, no legs, that closed some of it, and what each had executed by then."""
    legs: list[Leg] = field(default_factory=list)
    numbers: dict[LegKind, int] = field(default_factory=dict)
    restored: bool = False
    """An earlier process may have sent legs that it could not write down any more."""
    uncovered_since: datetime | None = None
    """When protection began to be missing that is missing still."""
    holds: dict[str, Decimal] = field(default_factory=dict)
    """What legs must not cover, since closes that are under way need it: by the closes' intents."""
    charges: dict[str, Decimal] = field(default_factory=dict)
    """What commissions took of what its fills bought, by execution; a rebate is negative."""
    undone: Decimal = ZERO
    """What of ``overshot`` was dealt with, in whatever way."""
    missed: Decimal = ZERO
    """What of ``closed`` was found to be gone, and no order told of: commissions not heard of yet,
    maybe."""
    instrument: Instrument | None = None
    """What the broker demands of its legs, as far as that is known now; not written down."""
    short: dict[LegKind, str] = field(default_factory=dict)
    """Kinds whose last leg failed, and why; not tried again until this is cleared."""

    @classmethod
    def of(
        cls, intent_id: str, request: OrderRequest, seed: str | None, since: datetime | None = None
    ) -> Plan:
        """The plan that *request* asks for, which was made at *since*."""
        wanted = {LegKind.STOP_LOSS: request.stop_loss, LegKind.TAKE_PROFIT: request.take_profit}
        trail, exit_side = request.trailing_stop, request.side.opposite
        return cls(
            intent_id=intent_id,
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            exit_side=exit_side,
            targets={kind: price for kind, price in wanted.items() if price is not None},
            ratchet=None if trail is None else Ratchet(trail, exit_side),
            seed=seed or None,
            since=since,
        )

    @classmethod
    def of_working(cls, entry: Order, change: ExitsChange) -> Plan:
        """A plan for an order that works already."""
        wanted = {LegKind.STOP_LOSS: change.stop_loss, LegKind.TAKE_PROFIT: change.take_profit}
        return cls(
            intent_id=entry.id,
            client_order_id=None,
            symbol=entry.symbol,
            exit_side=entry.side.opposite,
            targets={kind: price for kind, price in wanted.items() if price is not None},
            seed=entry.client_order_id,
            since=entry.created_at,
        )

    @property
    def kinds(self) -> list[LegKind]:
        """Which exits are wanted; one that trails has no target before it has a price."""
        trailing = [] if self.ratchet is None else [LegKind.STOP_LOSS]
        return list(dict.fromkeys([*trailing, *self.targets]))

    @property
    def exited(self) -> Decimal:
        """What its legs executed."""
        return sum((leg.filled for leg in self.legs), ZERO)

    @property
    def open_quantity(self) -> Decimal:
        """What was filled and is not closed again."""
        return max(ZERO, self.opened - self.exited - self.closed)

    @property
    def held(self) -> Decimal:
        """What of that makes way for closes."""
        return min(self.open_quantity, sum(self.holds.values(), ZERO))

    @property
    def opened(self) -> Decimal:
        """What its fills opened, less what commissions took of it."""
        return max(ZERO, self.entry_filled - self.spent - self.commission)

    @property
    def commission(self) -> Decimal:
        """What commissions took of what its fills bought. Rebates are not protected."""
        return max(ZERO, sum(self.charges.values(), ZERO))

    def charge(self, execution_id: str, quantity: Decimal) -> bool:
        """The commission of that execution of the entry took *quantity*; whether that is news.

        What was found to be gone before is not taken off twice.
        """
        if execution_id in self.charges:
            return False
        self.charges[execution_id] = quantity
        known = max(ZERO, min(self.missed, self.closed, quantity))
        self.closed -= known
        self.missed -= known
        return True

    @property
    def overshot(self) -> Decimal:
        """How much more the legs executed than there was: both sides of a pair filled."""
        return max(ZERO, self.exited - self.opened)

    @property
    def entry_done(self) -> bool:
        return self.entry_ended and not (self.changing or self.in_doubt)

    @property
    def first_id(self) -> str | None:
        """The id under which the entry's executions are counted."""
        return self.former[0] if self.former else self.entry_id

    @property
    def is_over(self) -> bool:
        """Nothing more will be filled, nothing is open that could be sold or bought back, and no
        leg can execute any more.
        """
        if not self.entry_done or whole(self.open_quantity, self.instrument) > 0:
            return False
        return not any(leg.alive or leg.in_doubt for leg in self.legs)

    def live_legs(self, kind: LegKind | None = None) -> Iterator[Leg]:
        """The legs that rest at the broker (of one kind), oldest first."""
        return (leg for leg in self.legs if leg.alive and kind in (None, leg.kind))

    def staying_legs(self, kind: LegKind | None = None) -> Iterator[Leg]:
        """Those of them that nobody is taking away."""
        return (leg for leg in self.live_legs(kind) if not (leg.ending or leg.waived))

    def doubt_unanswered(self) -> None:
        """Legs that were being placed when the work on them broke off are looked for."""
        for leg in self.legs:
            if leg.order_id is None and not leg.ended:
                leg.in_doubt = True

    def may_become(self, order: Order) -> bool:
        """Whether *order*, which bears the entry's name, is the entry or took its place."""
        if is_older(order, self.since):
            return False
        if self.entry_id is None:
            return True
        if order.id in self.former or order.side is self.exit_side or not exists(order):
            return False
        return self.changing or self.unsettled

    def take_entry(self, order: Order, spent: Decimal = ZERO) -> bool:
        """Take in the state of the entry, whose new fills closed *spent*; whether it changed.

        What is told late of an order that the entry was before is no news.
        """
        if order.id in self.former:
            return False
        self.spent += spent - min(spent, max(ZERO, self.overshot - self.undone))  # counted as that
        before = (self.entry_id, self.entry_filled, self.entry_ended)
        had_open = self.open_quantity > 0
        self.entry_id = order.id
        self.symbol = order.symbol  # the broker may write it in another way than the client
        self.position_id = order.position_id or self.position_id
        if order.filled_quantity > self.entry_filled:
            self.entry_filled = order.filled_quantity
            self.missed = ZERO  # what is charged from now on may be of this fill
        self.entry_ended = self.entry_ended or order.status.is_terminal
        if self.open_quantity > 0:
            self._trail_from(order.average_fill_price, anew=not had_open)
        return before != (self.entry_id, self.entry_filled, self.entry_ended)

    def _trail_from(self, price: Decimal | None, *, anew: bool) -> None:
        """The entry filled at *price*; *anew* after all it had filled before was closed."""
        if self.ratchet is None:
            return
        if anew and self.has_mark:  # an old mark may be beyond the market by now
            self.ratchet = Ratchet(self.ratchet.trail, self.exit_side)
            self.targets.pop(LegKind.STOP_LOSS, None)
        self.ratchet.begin(price)
        self.follow()

    @property
    def has_mark(self) -> bool:
        """Whether its stop follows the market already."""
        return self.ratchet is not None and self.ratchet.mark is not None

    def trail(self, trail: Trail, price: Decimal | None) -> None:
        """The stop follows by *trail* from now on; what is open begins at *price*, unless it has
        followed before.
        """
        old, self.ratchet = self.ratchet, Ratchet(trail, self.exit_side)
        if old is not None:
            self.ratchet.mark, self.ratchet.moved_at = old.mark, old.moved_at
        if self.opened > 0:
            self.ratchet.begin(price)
        self.follow()

    def follow(self) -> bool:
        """The stop-loss belongs where the ratchet is, if that is closer; whether it moved on."""
        stop = None if self.ratchet is None else self.ratchet.stop(price_step(self.instrument))
        return stop is not None and self.tighten(stop)

    def tighten(self, stop: Decimal) -> bool:
        """The stop-loss belongs at *stop*, if that is closer; whether it moved on."""
        old = self.targets.get(LegKind.STOP_LOSS)
        if old is not None and not better(self.exit_side, old, stop):
            return False
        self.targets[LegKind.STOP_LOSS] = stop
        return True

    def would_loosen(self, stop: Decimal) -> bool:
        """Whether *stop* is further away than the stop of a trail that has begun."""
        if not self.has_mark:
            return False
        old = self.targets.get(LegKind.STOP_LOSS)
        return old is not None and better(self.exit_side, stop, old)

    def entry_succeeded_by(self, order_id: str) -> None:
        """The order of that id took the entry's place, or is the entry under the same id."""
        if order_id != self.entry_id:
            if self.entry_id is not None:
                self.former.append(self.entry_id)
            self.entry_id, self.entry_ended = order_id, False
        self.in_doubt = self.unsettled = False

    def entry_replaced_by(self, order: Order) -> None:
        """*order* took the entry's place at the broker, maybe under the same id."""
        if order.id not in self.former:
            self.entry_succeeded_by(order.id)
        self.changing = False
        self.take_entry(order)

    def take_leg(self, leg: Leg, order: Order) -> bool:
        """Take in the state of *leg*'s order; whether anything changed."""
        changed = leg.take(order)
        self._count_once()
        return changed

    def leg_replaced_by(self, leg: Leg, order: Order) -> None:
        """*order* took the place of *leg*'s at the broker, maybe under the same id."""
        leg.replaced_by(order)
        self._count_once()

    def _count_once(self) -> None:
        """A leg's fill may be told after the end of the position that it closed."""
        twice = self.exited + self.closed - self.opened
        if twice > 0:
            self.closed -= min(self.closed, twice)

    def release(self, quantity: Decimal | None = None, by: Order | None = None) -> Decimal:
        """*quantity* of what is open (all of it by default) was closed by something else than a
        leg, the order *by* if that is known; how much of that it was.
        """
        released = self.open_quantity
        if quantity is not None:
            released = min(released, quantity)
        self.closed += released
        if by is None:
            self.missed += released
        elif released:
            self.closers[by.id] = by.filled_quantity
        return released

    def price(self, kind: LegKind) -> Decimal:
        """Where a leg of *kind*, which has a target, belongs on the broker's price steps."""
        return self.on_step(kind, self.targets[kind])

    def on_step(self, kind: LegKind, price: Decimal) -> Decimal:
        """*price* of a leg of *kind* on the broker's price steps."""
        return leg_price(kind, price, self.exit_side, self.instrument)

    def next_leg(self, kind: LegKind, quantity: Decimal) -> Leg:
        """A leg to be placed, with its own client order id."""
        number = self.numbers.get(kind, 0)
        self.numbers[kind] = number + 1
        return Leg(
            kind=kind,
            client_order_id=str(LegName(str(self.seed or self.entry_id), kind, number)),
            quantity=quantity,
            price=self.price(kind),
            resent=self.restored,
        )

    def lost_leg(self, name: LegName, order: Order) -> Leg | None:
        """The leg that *order*, which bears *name*, is, if an earlier process sent it and could not
        write that down any more.
        """
        is_ours = self.restored and name.kind in self.targets and name.seed in self._seeds
        fits = order.symbol == self.symbol and order.side is self.exit_side and exists(order)
        fits = fits and not is_older(order, self.since)
        if not (is_ours and fits) or any(leg.client_order_id == str(name) for leg in self.legs):
            return None
        self.numbers[name.kind] = max(self.numbers.get(name.kind, 0), name.number + 1)
        leg = Leg(
            kind=name.kind,
            client_order_id=str(name),
            quantity=order.quantity,
            price=trigger(name.kind, order) or self.targets[name.kind],
            resent=True,
        )
        self.legs.append(leg)
        return leg

    @property
    def _seeds(self) -> tuple[str | None, ...]:
        return (self.seed,) if self.seed else (self.entry_id, *self.former)

    def request_for(self, leg: Leg) -> OrderRequest:
        """The order that places *leg*: a stop, or a limit to take the profit."""
        is_stop = leg.kind is LegKind.STOP_LOSS
        return OrderRequest(
            symbol=self.symbol,
            side=self.exit_side,
            quantity=leg.unfilled,
            order_type=OrderType.STOP if is_stop else OrderType.LIMIT,
            stop_price=leg.price if is_stop else None,
            limit_price=None if is_stop else leg.price,
            time_in_force=TimeInForce.GTC,
            client_order_id=leg.client_order_id,
            position_id=self.position_id,
            reduce_only=True if self.position_id is not None else None,
        )
