"""One order at the broker that protects an entry, as far as we know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ..model.enums import OrderStatus
from ..model.money import ZERO
from ..model.order import Order
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
    ended: bool = False
    """Its order is terminal, or never came to be."""
    in_doubt: bool = False
    """It was sent, or changed, and no answer came: it may rest at the broker."""
    ending: bool = False
    """We are cancelling it ourselves."""
    changing: bool = False
    """We are replacing it: the end of its order is not its own end."""
    by_client: bool = False
    """Its client is changing it, not we."""
    waivers: int = 0
    """How many cancels of its client are under way or worked."""
    resent: bool = False
    """It was sent again after no answer came: there may be a second order of its name."""
    unsettled: bool = False
    """A change of it was not answered: another order of its name may take its order's place."""
    doubted_at: float | None = None
    """When the doubt began, in seconds of this process."""
    asked: Decimal | None = None
    """The price to which it was moved last, and the broker said yes."""
    answered: Decimal | None = None
    """Where it rested then: brokers may round."""
    former: list[str] = field(default_factory=list)
    """The ids that its order had, oldest first."""
    native: bool = False
    """The broker placed it, and keeps it in step with the leg it is paired with."""
    dormant: bool = False
    """The broker has it, and may not work on it before the entry has filled."""

    @property
    def alive(self) -> bool:
        """It rests at the broker as far as we know, or is on its way there."""
        return self.changing or not (self.ended or self.in_doubt)

    @property
    def is_gone(self) -> bool:
        """It has ended, and no order will take its order's place."""
        return self.ended and not (self.in_doubt or self.changing)

    @property
    def came_to_nothing(self) -> bool:
        """It executed nothing and will not: nothing is lost if it is forgotten."""
        return self.is_gone and not self.waived and self.filled == 0

    @property
    def waived(self) -> bool:
        """Its client takes it away: it is not to be placed again."""
        return self.waivers > 0

    @property
    def unfilled(self) -> Decimal:
        return max(ZERO, self.quantity - self.filled)

    @property
    def remaining(self) -> Decimal:
        """What may still execute, as far as we know."""
        return self.unfilled if self.alive else ZERO

    @property
    def first_id(self) -> str | None:
        """The id under which its executions are counted."""
        return self.former[0] if self.former else self.order_id

    def was_moved_to(self, price: Decimal) -> bool:
        """Whether the broker moved it there, as well as it can, and it rests there still."""
        return self.asked == price and self.answered == self.price

    def take(self, order: Order) -> bool:
        """Take in the state of its order; whether anything changed. Fills never shrink."""
        before = self._known()
        if self.order_id not in (None, order.id):
            if not self.is_succeeded_by(order):
                return False
            self._leave_order()
        if self.order_id is None:
            self.order_id = order.id
            self.ended = self.in_doubt = False
        self.filled = max(self.filled, order.filled_quantity)
        if order.status.is_terminal:
            if self.unsettled and not self.ended and self.unfilled > 0:
                self.in_doubt = True  # the change may have been done after all: it is looked for
            self.ended = True
        elif not self.ended:
            self.dormant = self.native and order.status is OrderStatus.PENDING
            self.quantity = order.quantity or self.quantity
            self.price = trigger(self.kind, order) or self.price
        return before != self._known()

    def _known(self) -> tuple[object, ...]:
        return (self.order_id, self.filled, self.quantity, self.alive, self.ended, self.dormant)

    def is_succeeded_by(self, order: Order) -> bool:
        """Whether *order*, of another id, took the place of ours, rather than the reverse.

        Where it may be a second one as well, only if ours has just ended by a change.
        """
        if order.id in self.former or not exists(order):
            return False
        if self.resent:
            return self.changing and self.ended
        return self.changing or self.ended or self.unsettled

    def is_doubled_by(self, order: Order) -> bool:
        """Whether *order* is a second one beside ours: that arrived late, and both rest now."""
        return self.resent and order.id not in self.former and exists(order)

    def replaced_by(self, order: Order) -> None:
        """*order* took its order's place at the broker, maybe under the same id."""
        self.changing = False
        if order.id in self.former:
            return
        if order.id == self.order_id:
            self.unsettled = False
        else:
            self._leave_order()
        self.take(order)

    def _leave_order(self) -> None:
        if self.order_id is not None:
            self.former.append(self.order_id)
        self.order_id, self.unsettled = None, False


def exists(order: Order) -> bool:
    """Whether *order* is or was more than a name: it works, or it executed."""
    return not order.status.is_terminal or order.filled_quantity > 0


def trigger(kind: LegKind, order: Order) -> Decimal | None:
    """The price that matters in an order that is a leg of *kind*."""
    return order.stop_price if kind is LegKind.STOP_LOSS else order.limit_price
