"""A change as it is recorded: whole, and with what it was to change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from ..model.order import Order, OrderChange
from ..model.protection import ExitsChange


class Change(OrderChange, frozen=True, omit_defaults=True, kw_only=True):
    """What a client wants of an order. ``guarded``: its exits are ours to keep; ``before`` is what
    of all that was asked for the order had, as far as that was known.
    """

    guarded: bool = False
    before: OrderChange | None = None

    @classmethod
    def of(cls, change: OrderChange, order: Order, *, guarded: bool) -> Change:
        """*change* is wanted of *order*."""
        wanted = _members(change)
        before = OrderChange(**{name: getattr(order, name) for name in wanted})
        return cls(**wanted, guarded=guarded, before=before)

    @property
    def exits(self) -> ExitsChange:
        """What is ours to do."""
        if not self.guarded:
            return ExitsChange()
        return super().exits

    @property
    def is_native(self) -> bool:
        """Whether it is the broker that changes exits."""
        return not self.guarded and (self.stop_loss, self.take_profit) != (None, None)

    @property
    def at_broker(self) -> OrderChange:
        """What is the broker's."""
        change = OrderChange(**_members(self))
        return without_exits(change) if self.guarded else change

    def shows_in(self, order: Order) -> bool:
        """Whether the broker did its part: *order* is as wanted, or nearer to that than before,
        since brokers round what they are given, and do all of a change or nothing.
        """
        wanted = _members(self.at_broker)
        if all(getattr(order, name) == value for name, value in wanted.items()):
            return True
        return self.before is not None and any(
            _is_nearer(getattr(order, name), getattr(self.before, name), value)
            for name, value in wanted.items()
        )


def without_exits(change: OrderChange) -> OrderChange:
    """What *change* leaves to the broker where the exits are ours."""
    distance = change.trailing_distance if change.trailing_type is None else None
    return replace(
        change, stop_loss=None, take_profit=None, trailing_distance=distance, trailing_type=None
    )


def _members(change: OrderChange) -> dict[str, Any]:
    """What *change* names."""
    named = {name: getattr(change, name) for name in OrderChange.__struct_fields__}
    return {name: value for name, value in named.items() if value is not None}


def _is_nearer(now: Decimal | None, before: Decimal | None, wanted: Decimal) -> bool:
    if now is None or now == before:
        return False
    return before is None or abs(now - wanted) < abs(before - wanted)
