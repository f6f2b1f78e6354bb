"""What news of an order means, given what its clients were told of it last. The table is total.

Brokers repeat themselves, tell things late and out of order, and fill what they had cancelled. So
an event is judged by the two statuses, by the cumulative filled quantity, which never shrinks, and
by the time of the broker's last change to the order as far as it works::

    NEWS      it goes on as one would expect
    REPEATED  all of it was told already
    LATE      something newer was told already
    ODD       it cannot follow, but it is a fill, and fills count: told, noted, and asked about
    BROKEN    it cannot follow: not told, noted, and asked about
"""

from __future__ import annotations

import enum
from typing import Final

from msgspec.structs import replace

from ..model.enums import TERMINAL_STATUSES, OrderEventKind, OrderStatus
from ..model.money import ZERO
from ..model.order import Order


class Meaning(enum.Enum):
    """See the module."""

    NEWS = "news"
    REPEATED = "repeated"
    LATE = "late"
    ODD = "odd"
    BROKEN = "broken"

    @property
    def is_told(self) -> bool:
        return self in (Meaning.NEWS, Meaning.ODD)

    @property
    def is_anomaly(self) -> bool:
        return self in (Meaning.ODD, Meaning.BROKEN)


_KEY: Final = {
    "n": Meaning.NEWS,
    "=": Meaning.REPEATED,
    "-": Meaning.LATE,
    "!": Meaning.ODD,
    "x": Meaning.BROKEN,
}

_STATUSES: Final = (
    OrderStatus.PENDING,
    OrderStatus.OPEN,
    OrderStatus.PARTIALLY_FILLED,
    OrderStatus.PENDING_CANCEL,
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
    OrderStatus.REJECTED,
    OrderStatus.EXPIRED,
)

# Rows: what was told. Columns: what is said now, both in the order of _STATUSES.
_TABLE: Final = {
    OrderStatus.PENDING: "=nnnnnnn",
    OrderStatus.OPEN: "-=nnnnnn",
    OrderStatus.PARTIALLY_FILLED: "--=nnnnn",
    OrderStatus.PENDING_CANCEL: "-nn=nnnn",  # a cancel may be refused: it works again
    OrderStatus.FILLED: "----=xxx",
    OrderStatus.CANCELLED: "--!-!=--",  # cancelled, then filled: seen in the real world
    OrderStatus.REJECTED: "xx!x!-=-",
    OrderStatus.EXPIRED: "--!-!--=",
}

FOLLOWS: Final = {
    (told, now): _KEY[letter]
    for told, row in _TABLE.items()
    for now, letter in zip(_STATUSES, row, strict=True)
}


def meaning(told: Order | None, kind: OrderEventKind, now: Order) -> Meaning:
    """What the event *kind* with the order as it is *now* means after *told*; ``None`` is nothing
    told yet.
    """
    if told is None:
        return Meaning.NEWS
    follows = FOLLOWS[told.status, now.status]
    if now.filled_quantity > told.filled_quantity:
        return Meaning.NEWS if told.status not in TERMINAL_STATUSES else Meaning.ODD
    if _is_older(told, now):
        return follows if follows is Meaning.BROKEN else Meaning.LATE
    if follows is Meaning.ODD:  # a fill that was counted already
        return Meaning.LATE
    if kind is OrderEventKind.CREATED:  # told in another way already, or twice
        return Meaning.REPEATED if follows is Meaning.REPEATED else _late(follows)
    if follows is Meaning.REPEATED and _differs(told, now):
        return Meaning.NEWS
    return follows


def _late(follows: Meaning) -> Meaning:
    return Meaning.NEWS if follows is Meaning.NEWS else Meaning.LATE


def _is_older(told: Order, now: Order) -> bool:
    """Whether the working order *now* is how it was before it was as *told*.

    What works although it was being cancelled must be newer: else it is how it was before that.
    """
    if now.status in TERMINAL_STATUSES:
        return False
    if now.filled_quantity < told.filled_quantity:
        return True
    is_back = told.status is OrderStatus.PENDING_CANCEL and now.status is not told.status
    return now.updated_at < told.updated_at or (is_back and now.updated_at == told.updated_at)


def disagrees(told: Order, now: Order) -> bool:
    """Whether the broker shows an order that works as another than was *told*, yet as no newer one:
    what shows it may be behind, or does not say when that changed.
    """
    if told.status in TERMINAL_STATUSES or now.filled_quantity != told.filled_quantity:
        return False
    may_follow = FOLLOWS[told.status, now.status] in (Meaning.NEWS, Meaning.REPEATED)
    return may_follow and _is_older(told, now) and _differs(told, now)


def _differs(told: Order, now: Order) -> bool:
    """Whether an order of the same status was changed."""
    if now.filled_quantity < told.filled_quantity:
        return False
    return replace(now, updated_at=told.updated_at, outside=told.outside) != told


def merged(told: Order | None, now: Order) -> Order:
    """The order to be told: fills never shrink, and what is dead stays dead."""
    if told is None:
        return now
    filled = max(told.filled_quantity, now.filled_quantity)
    dead = told.status in TERMINAL_STATUSES and now.status is not OrderStatus.FILLED
    status = told.status if dead else now.status
    if status is now.status and filled == now.filled_quantity:
        return now
    return replace(
        now,
        status=status,
        filled_quantity=filled,
        remaining_quantity=max(now.quantity - filled, ZERO),
    )


_KIND_OF: Final = {
    OrderStatus.PARTIALLY_FILLED: OrderEventKind.PARTIALLY_FILLED,
    OrderStatus.FILLED: OrderEventKind.FILLED,
    OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
    OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
}


def missing_event(told: Order | None, now: Order) -> OrderEventKind:
    """The kind of the event that takes clients from what they were *told* to how it is *now*."""
    if (
        told is not None
        and told.status is now.status
        and now.filled_quantity <= told.filled_quantity
    ):
        return OrderEventKind.MODIFIED
    created = OrderEventKind.CREATED if told is None else OrderEventKind.MODIFIED
    return _KIND_OF.get(now.status, created)
