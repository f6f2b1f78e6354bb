"""What protection an entry must have, and which legs are known to rest at the broker.

All quantities are in base units. ``entry_filled`` only grows; what protection must cover is what
was filled and has not been closed again, by a leg or otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..model.enums import OrderStatus, OrderType, TimeInForce
from ..model.money import ZERO
from ..model.order import Order, OrderRequest, is_older
from ..model.protection import ExitsChange, LegKind
from .aims import Aims
from .leg import Leg, exists, trigger
from .naming import LegName
from .quantity import whole
from .trailing import Ratchet


@dataclass(eq=False)
class Plan(Aims):
    """The protection of one entry order. A leg kind that is not in ``targets`` is not wanted."""

    intent_id: str
    client_order_id: str | None
    symbol: str
    seed: str | None = None
    since: datetime | None = None
    """When it was made: orders of its names that are older are others."""
    serial: int = 0
    """Plans are numbered in the order in which they came."""
    entry_id: str | None = None
    position_id: str | None = None
    entry_ended: bool = False
    native: bool = False
    """The broker was asked to keep these exits itself; what it fails to cover is covered here."""
    complete: bool = False
    """All of the entry has filled."""
    taken: bool = False
    """The broker failed at that, and does not cover what is open by itself."""
    trusting: bool = False
    """The broker is given time to put its own legs right: nothing is placed in their stead. Not
    written down."""
    changing: bool = False
    """Its client replaces the entry: the end of its order is not its own end."""
    in_doubt: bool = False
    """Nobody knows whether such a change was done: nor is it then."""
    unsettled: bool = False
    """And as long as nobody told, another order of its name is what took its place."""
    former: list[str] = field(default_factory=list)
    """The ids that the entry had, oldest first."""
    numbers: dict[LegKind, int] = field(default_factory=dict)
    restored: bool = False
    """An earlier process may have sent legs that it could not write down any more."""
    uncovered_since: datetime | None = None
    """When protection began to be missing that is missing still."""
    given_up: bool = False
    """It had no stop for too long: a close was sent for what has none."""
    short: dict[LegKind, str] = field(default_factory=dict)
    """Kinds whose last leg failed, and why; not tried again until this is cleared."""
    of_position: bool = False
    """It protects what was held already: there is no entry, and nothing more fills."""
    own_name: str | None = None
    """The client order id of its first stop, where that is the order of a client itself."""
    resting: LegKind = LegKind.STOP_LOSS
    """Which exit rests where only one can."""
    awaited: bool = False
    """That order is on its way: what becomes of it is found out by its intent."""

    @classmethod
    def of(
        cls,
        intent_id: str,
        request: OrderRequest,
        seed: str | None,
        since: datetime | None = None,
        *,
        native: bool = False,
    ) -> Plan:
        """The plan that *request* asks for, which was made at *since*; with *native* exits it is
        the broker that is asked for them.
        """
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
            native=native,
            trusting=native,
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
    def entry_done(self) -> bool:
        return self.entry_ended and not (self.changing or self.in_doubt)

    @property
    def parent_id(self) -> str | None:
        """What its legs belong to: its entry; without one its client's own stop, or the plan."""
        if not self.of_position:
            return self.entry_id
        own = (leg.first_id for leg in self.legs if leg.client_order_id == self.own_name)
        return next(own, None) or self.intent_id

    @property
    def is_ready(self) -> bool:
        """Whether legs may be placed for it."""
        return self.parent_id is not None and not self.awaited

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

    def take_over(self) -> None:
        """The broker's time is up: what it does not cover is covered from here."""
        self.trusting, self.taken = False, True

    def protecting_legs(self, kind: LegKind | None = None) -> Iterator[Leg]:
        """Those of them that the broker works on, or will when it is their turn."""
        return (leg for leg in self.live_legs(kind) if self.complete or not leg.dormant)

    def staying_legs(self, kind: LegKind | None = None) -> Iterator[Leg]:
        """Those of them that nobody is taking away."""
        return (leg for leg in self.live_legs(kind) if not (leg.ending or leg.waived))

    def doubt_unanswered(self) -> None:
        """Legs that were being placed when the work on them broke off are looked for."""
        for leg in self.legs:
            if leg.order_id is None and not (leg.ended or self.awaits(leg)):
                leg.in_doubt = True

    def awaits(self, leg: Leg) -> bool:
        """Whether *leg* is the order of its client that is on its way."""
        return self.awaited and leg.client_order_id == self.own_name

    def wanted(self, kind: LegKind) -> Decimal:
        """How much legs of *kind* are to protect: what is open, less what its client gave up."""
        if kind not in self.kinds:
            return ZERO
        waived = (
            leg.unfilled for leg in self.legs if leg.kind is kind and leg.waived and not leg.alive
        )
        return max(ZERO, self.open_quantity - sum(waived, ZERO))

    def gave_up(self, kind: LegKind) -> bool:
        """Whether its client took all legs of *kind* away."""
        return kind in self.kinds and self.open_quantity > 0 and self.wanted(kind) == 0

    def want_again(self, kind: LegKind) -> None:
        """Its client wants legs of *kind* for all of it, whatever was taken away before."""
        for leg in self.legs:
            if leg.kind is kind and leg.ended:
                leg.waivers = 0

    @property
    def held_kind(self) -> LegKind | None:
        """The exit that is held back here, since the broker takes but one of the two."""
        takes_one = self.instrument is not None and self.instrument.one_exit
        if not takes_one or (self.native and not self.taken) or len(self.kinds) < len(LegKind):
            return None
        held = next(kind for kind in LegKind if kind is not self.resting)
        return held if self.wanted(self.resting) > 0 else None

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

        What an order that the entry was before executed is the entry's as well: that which was to
        take its place may have been too late. What both tell of counts once.
        """
        is_former = order.id in self.former
        if is_former and order.filled_quantity <= self.entry_filled:
            return False
        self.spent += spent - min(spent, self.excess)  # which is counted as that
        before = (self.entry_id, self.entry_filled, self.entry_ended)
        had_open = self.open_quantity > 0
        self.entry_id = self.entry_id if is_former else order.id
        self.symbol = order.symbol  # the broker may write it in another way than the client
        self.position_id = order.position_id or self.position_id
        if order.filled_quantity > self.entry_filled:
            self.entry_filled = order.filled_quantity
            self.missed = ZERO  # what is charged from now on may be of this fill
        self.entry_ended = self.entry_ended or (order.status.is_terminal and not is_former)
        self.complete = self.complete or order.status is OrderStatus.FILLED
        if self.open_quantity > 0:
            if not had_open:
                self.resting = LegKind.STOP_LOSS
            self.trail_from(order.average_fill_price, anew=not had_open)
        return before != (self.entry_id, self.entry_filled, self.entry_ended)

    def unwant(self, kind: LegKind) -> None:
        """No leg of *kind* is wanted any more."""
        self.targets.pop(kind, None)
        self.short.pop(kind, None)
        if kind is LegKind.STOP_LOSS:
            self.ratchet = None

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
        before = leg.quantity
        changed = leg.take(order)
        self.count_once()
        if self.of_position:
            self._heed(leg, before)
        return changed

    def _heed(self, leg: Leg, before: Decimal) -> None:
        """What a client did to its own stop, of the quantity *before*, or to all legs of a plan of
        a position, it did to what is protected.
        """
        if leg.by_client and leg.client_order_id == self.own_name:
            self.release(max(ZERO, before - leg.quantity))
        if not any(self.wanted(kind) for kind in self.kinds):
            self.release()  # it gave up all of it

    def leg_replaced_by(self, leg: Leg, order: Order) -> None:
        """*order* took the place of *leg*'s at the broker, maybe under the same id."""
        before = leg.quantity
        leg.replaced_by(order)
        self.count_once()
        if self.of_position:
            self._heed(leg, before)

    def next_name(self, kind: LegKind) -> str:
        """The client order id of the next leg of *kind*."""
        number = self._number(kind)
        if self.own_name is not None and kind is LegKind.STOP_LOSS and number == 0:
            return self.own_name
        return str(LegName(str(self.seed or self.entry_id), kind, number))

    def _number(self, kind: LegKind) -> int:
        return self.numbers.get(kind, int(self.native))  # the first name may be the broker's

    def next_leg(self, kind: LegKind, quantity: Decimal) -> Leg:
        """A leg to be placed, with its own client order id."""
        name = self.next_name(kind)
        self.numbers[kind] = self._number(kind) + 1
        return Leg(
            kind=kind,
            client_order_id=name,
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
