"""Orders: what a client asks for, what the broker holds, what may be changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

from .enums import (
    MarginMode,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
    TrailingType,
)
from .enums import Unresolved as Unresolved  # noqa: PLC0414  (here it is looked for)
from .protection import ExitsChange, Trail, UnprotectedPosition


class OrderRequest(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An order as the client wants it; the body of ``POST /v1/orders``.

    Quantities are in base units, prices in the quote currency. ``null`` means absent, for every
    optional member. Which prices an order type needs, and which it must not have, is checked.

    ``trailing_stop`` attaches a stop that follows the market; with a ``stop_loss`` beside it, that
    is the first stop where it is the closer one. A ``trailing_distance`` is of a TRAILING_STOP.
    """

    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: TrailingType | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_stop: Trail | None = None
    position_id: str | None = None
    reduce_only: bool | None = None
    post_only: bool | None = None
    hidden: bool | None = None
    display_quantity: Decimal | None = None
    margin_mode: MarginMode | None = None
    leverage: Decimal | None = None
    client_order_id: str | None = None
    oco_group_id: str | None = None
    time_in_force: TimeInForce | None = None

    @property
    def tif(self) -> TimeInForce:
        """Time in force, good till cancelled unless told otherwise."""
        return self.time_in_force or TimeInForce.GTC

    @property
    def wants_exits(self) -> bool:
        fixed = self.stop_loss is not None or self.take_profit is not None
        return fixed or self.trailing_stop is not None


class OrderChange(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What to change of a working order; members left out keep their values.

    ``quantity`` is the new total, not the rest. A ``trailing_distance`` with a ``trailing_type`` is
    of the stop that protects what the order fills; without, of the order itself, a TRAILING_STOP.
    """

    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    quantity: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: TrailingType | None = None

    @property
    def exits(self) -> ExitsChange:
        """What it changes of the exits."""
        distance = None if self.trailing_type is None else self.trailing_distance
        return ExitsChange(
            stop_loss=self.stop_loss,
            take_profit=self.take_profit,
            trailing_distance=distance,
            trailing_type=self.trailing_type,
        )


class Order(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An order as the broker holds it. ``id`` is the broker's; times are UTC."""

    id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    status: OrderStatus
    time_in_force: TimeInForce
    created_at: datetime
    updated_at: datetime
    client_order_id: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: TrailingType | None = None
    average_fill_price: Decimal | None = None
    reject_reason: RejectReason | None = None
    position_id: str | None = None
    parent_order_id: str | None = None
    reduce_only: bool | None = None
    post_only: bool | None = None
    hidden: bool | None = None
    display_quantity: Decimal | None = None
    oco_group_id: str | None = None
    correlation_id: str | None = None
    outside: bool | None = None
    """It was not sent through this gateway."""


class OrderHandle(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The short answer to a submit: enough to find the order again.

    With the ``outcome`` unknown, ``id`` is the gateway's own name for the attempt, which leads to
    the order as soon as that is known.
    """

    id: str
    status: OrderStatus
    client_order_id: str | None = None
    correlation_id: str | None = None
    outcome: Unresolved | None = None


class Replaced(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A changed order; ``previous_order_id`` only where the broker gave it a new id."""

    order: Order
    previous_order_id: str | None = None
    outcome: Unresolved | None = None


class OrderQuery(Struct, frozen=True, kw_only=True):
    """Which orders to list. Times: created at or after ``since``, before ``until``."""

    symbol: str | None = None
    status: frozenset[OrderStatus] | None = None
    side: Side | None = None
    client_order_id: str | None = None
    oco_group_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


class ClosePositionRequest(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How to close a position: ``quantity`` absent closes all of it."""

    quantity: Decimal | None = None
    order_type: OrderType | None = None
    limit_price: Decimal | None = None


class CancelResult(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The order after a cancel; its status may still be ``PENDING_CANCEL``."""

    success: bool
    order: Order
    outcome: Unresolved | None = None


class CancelAllResult(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How many working orders were cancelled, how many could not be, and which.

    *unprotected_positions* are open, and what protected them was among the cancelled.
    """

    cancelled_count: int
    failed_count: int
    failed_order_ids: tuple[str, ...] | None = None
    unprotected_positions: tuple[UnprotectedPosition, ...] | None = None


CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far the broker's clock may be behind ours."""


def is_older(order: Order, since: datetime | None) -> bool:
    """Whether *order* was there before *since*, and bears a client order id of ours by chance.

    Another program may have used that, or this one before its state directory was made anew.
    """
    return since is not None and order.created_at < since - CLOCKS_DIFFER
