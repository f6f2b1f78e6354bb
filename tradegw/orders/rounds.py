"""What is left to the members of an OCO group once one of them has executed; no input, no output.

A *round* begins with the first execution or rejection in a group, and has as its members whatever
worked or was on its way then. Together they may execute as much as the largest of them wanted: what
one executes the others lose. When one has filled, or was rejected, nothing is left to the others.
Members have names that outlive a new id of the broker's.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct, field

from ..model import wire
from ..model.enums import OrderStatus, Side
from ..model.money import ZERO
from ..model.order import Order

REMEMBERED_IDS: Final = 5
"""Earlier ids of an order whose late news are known as such."""


class Member(Struct, eq=False):
    """One order of a round, under whatever ids. ``carried`` is what it had executed under earlier
    ids and does not show under this one; ``sized`` says that the size of the round allows for it.
    """

    side: Side | None = None
    order_id: str | None = None
    executed: Decimal = ZERO
    carried: Decimal = ZERO
    sized: bool = False
    earlier: list[str] = field(default_factory=list)

    def take(self, order: Order) -> None:
        """*order* is how it is now."""
        if order.id in self.earlier:
            return
        if order.id != self.order_id:
            self._rename(order)
        self.executed = max(self.executed, self.carried + order.filled_quantity)

    def _rename(self, order: Order) -> None:
        if self.order_id is not None:
            self.earlier = [*self.earlier, self.order_id][-REMEMBERED_IDS:]
            shows_all = order.filled_quantity >= self.executed
            self.carried = ZERO if shows_all else self.executed
        self.order_id, self.side = order.id, order.side


class Round(Struct, eq=False):
    """It ``began``, by our clock, when the first execution was heard of. ``size`` is what all
    members together may execute; ``over`` when nothing is left to any; ``first`` the name of the
    first that executed; ``doubled`` when too much was executed.
    """

    id: str
    group: str
    symbol: str
    began: datetime | None = None
    size: Decimal = ZERO
    members: dict[str, Member] = {}
    first: str | None = None
    over: bool = False
    doubled: bool = False

    @property
    def executed(self) -> Decimal:
        """By all members together."""
        return sum((member.executed for member in self.members.values()), ZERO)

    @property
    def left(self) -> Decimal:
        """What those that work may execute yet."""
        return ZERO if self.over else max(ZERO, self.size - self.executed)

    def add(self, name: str, *, sized: bool = False) -> None:
        """*name* belongs to it. Unless it is *sized*, the size allows for what it turns out to be;
        one that came when the round had begun gets no more than what is left.
        """
        self.members.setdefault(name, Member(sized=sized))

    def take(self, name: str, order: Order) -> bool:
        """*order* is how the member *name* is now; whether too much was executed, said once."""
        member = self.members[name]
        if not member.sized:
            member.sized = True
            if not self.over:
                self.size = max(self.size, order.quantity)
        member.take(order)
        if member.executed and self.first is None:
            self.first = name
        is_too_much = self._overshot()
        if order.status is OrderStatus.FILLED and not self.over:
            self.over, self.size = True, min(self.size, self.executed)
        elif order.status is OrderStatus.REJECTED:
            self.over = True
        self.doubled = self.doubled or is_too_much
        return is_too_much

    def _overshot(self) -> bool:
        several = sum(member.executed > 0 for member in self.members.values()) > 1
        return several and not self.doubled and self.executed > self.size

    def excess(self, order: Order) -> Decimal | None:
        """What may remain of the working *order*, a member's, if that is less than what does."""
        if order.status.is_terminal or (len(self.members) == 1 and not self.over):
            return None
        return self.left if order.remaining_quantity > self.left or not self.left else None


_decoder = msgspec.json.Decoder(Round)


def encode(one: Round) -> bytes:
    """*one* as JSON."""
    return wire.encode(one)


def decode(body: bytes) -> Round:
    """What was written as *body*; raises ``msgspec.DecodeError`` if it is no round."""
    return _decoder.decode(body)
