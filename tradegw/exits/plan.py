"""What protection an entry must have, and which legs are known to rest at the broker.

All quantities are in base units. ``entry_filled`` only grows; what protection must cover is what
was filled and has not been closed again, by a leg or otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ..model.enums import OrderType, Side, TimeInForce
from ..model.money import ZERO
from ..model.order import Order, OrderRequest
from ..model.protection import LegKind


@dataclass(eq=False)
class Leg:
    """One order at the broker that protects (part of) an entry."""

    kind: LegKind
    client_order_id: str
    quantity: Decimal
    price: Decimal
    order_id: str | None = None
    filled: Decimal = ZERO
    alive: bool = True
    ending: bool = False
    """We are cancelling it ourselves."""
    waived: bool = False
    """Its client takes it away; it is not to be replaced."""

    @property
    def unfilled(self) -> Decimal:
        return max(ZERO, self.quantity - self.filled)

    @property
    def remaining(self) -> Decimal:
        """What may still execute."""
        return self.unfilled if self.alive else ZERO

    def take(self, order: Order) -> bool:
        """Take in the state of its order; whether anything changed. Fills never shrink."""
        before = (self.order_id, self.filled, self.quantity, self.alive)
        self.order_id = order.id
        self.filled = max(self.filled, order.filled_quantity)
        if not order.status.is_terminal and self.alive:
            self.quantity = order.quantity
        elif order.status.is_terminal:
            self.alive = False
        return before != (self.order_id, self.filled, self.quantity, self.alive)


@dataclass(eq=False)
class Plan:
    """The protection of one entry order. A leg kind that is not in ``targets`` is not wanted."""

    intent_id: str
    symbol: str
    exit_side: Side
    targets: dict[LegKind, Decimal]
    seed: str | None = None
    entry_id: str | None = None
    position_id: str | None = None
    entry_filled: Decimal = ZERO
    entry_done: bool = False
    closed: Decimal = ZERO
    legs: list[Leg] = field(default_factory=list)
    numbers: dict[LegKind, int] = field(default_factory=dict)
    short: dict[LegKind, str] = field(default_factory=dict)
    """Kinds whose last leg failed, and why; not tried again until this is cleared."""

    @classmethod
    def of(cls, intent_id: str, request: OrderRequest, seed: str | None) -> Plan:
        """The plan that *request* asks for, sent under client id *intent_id*."""
        wanted = {LegKind.STOP_LOSS: request.stop_loss, LegKind.TAKE_PROFIT: request.take_profit}
        return cls(
            intent_id=intent_id,
            symbol=request.symbol,
            exit_side=request.side.opposite,
            targets={kind: price for kind, price in wanted.items() if price is not None},
            seed=seed or None,
        )

    @property
    def open_quantity(self) -> Decimal:
        """What was filled and is not closed again."""
        exited = sum((leg.filled for leg in self.legs), ZERO)
        return max(ZERO, self.entry_filled - exited - self.closed)

    @property
    def is_over(self) -> bool:
        """Nothing more will be filled, nothing is open and no leg can execute any more."""
        return self.entry_done and self.open_quantity == 0 and not any(self.live_legs())

    def live_legs(self, kind: LegKind | None = None) -> Iterator[Leg]:
        """The legs that may still execute (of one kind), oldest first."""
        return (leg for leg in self.legs if leg.alive and kind in (None, leg.kind))

    def take_entry(self, order: Order) -> bool:
        """Take in the state of the entry; whether anything changed."""
        before = (self.entry_id, self.entry_filled, self.entry_done)
        self.entry_id = order.id
        self.position_id = order.position_id or self.position_id
        self.entry_filled = max(self.entry_filled, order.filled_quantity)
        self.entry_done = self.entry_done or order.status.is_terminal
        return before != (self.entry_id, self.entry_filled, self.entry_done)

    def release(self) -> None:
        """What is open now was closed by something else than a leg."""
        self.closed += self.open_quantity

    def next_leg(self, kind: LegKind, quantity: Decimal) -> Leg:
        """A leg to be placed, with its own client order id: ``<seed>-sl``, ``<seed>-sl-1``, ..."""
        number = self.numbers.get(kind, 0)
        self.numbers[kind] = number + 1
        name = f"{self.seed or self.entry_id}-{kind.value}"
        return Leg(
            kind=kind,
            client_order_id=name if number == 0 else f"{name}-{number}",
            quantity=quantity,
            price=self.targets[kind],
        )

    def request_for(self, leg: Leg) -> OrderRequest:
        """The order that places *leg*: a stop, or a limit to take the profit."""
        is_stop = leg.kind is LegKind.STOP_LOSS
        return OrderRequest(
            symbol=self.symbol,
            side=self.exit_side,
            quantity=leg.remaining,
            order_type=OrderType.STOP if is_stop else OrderType.LIMIT,
            stop_price=leg.price if is_stop else None,
            limit_price=None if is_stop else leg.price,
            time_in_force=TimeInForce.GTC,
            client_order_id=leg.client_order_id,
            position_id=self.position_id,
            reduce_only=True if self.position_id is not None else None,
        )
