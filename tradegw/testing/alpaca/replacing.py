"""``PATCH /v2/orders/{id}``: a new order takes the place of another, if the venue has it so."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from .amounts import ZERO, is_whole
from .book import Book
from .desk import Desk
from .orders import EXITING, Order
from .placing import Placing
from .refusals import forbidden, unprocessable
from .rules import Rules
from .stamps import Stamps
from .tickets import WITH_LIMIT, WITH_STOP, Change

_REPLACEABLE: Final = frozenset({"new", "partially_filled", "held"})


class Replacing:
    """Replaces orders.

    What the successor of a partly filled order is for nobody is sure of: by default it is for the
    quantity asked for, or the original total, with nothing filled, as has been reported; with
    ``carries_fills`` it counts what its predecessor got.
    """

    def __init__(
        self, stamps: Stamps, book: Book, rules: Rules, desk: Desk, placing: Placing
    ) -> None:
        self.carries_fills = False
        self._stamps = stamps
        self._book = book
        self._rules = rules
        self._desk = desk
        self._placing = placing

    def replace(self, order: Order, change: Change) -> Order:
        """Ask for another order in the place of *order*; returns that, which does not stand yet.

        Raises a refusal, and changes nothing then.
        """
        _check_order(order)
        _check_change(order, change)
        new = self._successor(order, change)
        if _terms(new) == _terms(order):
            raise forbidden("order parameters are not changed")
        self._rules.check_successor(order, new)
        new.client_order_id = self._placing.fresh_id(change.client_order_id)
        before = order.status
        self._book.add(new)
        self._desk.change(order, "pending_replace")
        self._desk.tell("pending_new", new)
        self._desk.later(lambda: self._take_place(order, new, before))
        return new

    def adjust(self, order: Order, change: Change) -> Order:
        """Replace *order* without being asked to, as for a dividend or a split."""
        new, before = self._successor(order, change), order.status
        new.client_order_id = self._placing.fresh_id(None)
        self._book.add(new)
        self._take_place(order, new, before)
        return new

    def _successor(self, order: Order, change: Change) -> Order:
        moment = self._stamps.take()
        carried = self.carries_fills
        by_percent = order.trail_percent is not None
        trail = change.trail
        return replace(
            order,
            id=self._stamps.uuid(),
            client_order_id="",
            created_at=moment,
            updated_at=moment,
            submitted_at=self._stamps.take(),
            qty=change.qty or order.qty,
            time_in_force=change.time_in_force or order.time_in_force,
            limit_price=change.limit_price or order.limit_price,
            stop_price=change.stop_price or order.stop_price,
            trail_percent=(trail or order.trail_percent) if by_percent else None,
            trail_price=None if by_percent else (trail or order.trail_price),
            status="pending_new",
            filled_qty=order.filled_qty if carried else ZERO,
            filled_value=order.filled_value if carried else ZERO,
            times={},
            replaces=order.id,
            legs=[],
        )

    def _take_place(self, old: Order, new: Order, before: str) -> None:
        if not old.is_open:
            self._desk.tell("order_replace_rejected", old)
            self._desk.end(new, "rejected", alone=True)
            return
        self._desk.supersede(old, new)
        if before == "held":
            self._desk.change(new, "held")
        else:
            self._desk.change(new, "partially_filled" if new.filled_qty else "new")
        self._desk.meet(new)


def _check_order(order: Order) -> None:
    if not order.is_open:
        raise unprocessable(f'order is already in "{order.status}" state')
    if order.status == "pending_replace" or order.is_queued_successor:
        raise unprocessable("order chain not fully replaced")
    if order.status not in _REPLACEABLE:
        raise unprocessable(f"cannot replace order in {order.status} status")
    if order.qty is None or not (order.asset.is_crypto or is_whole(order.qty)):
        raise unprocessable("unable to replace order, it is notional or fractional")


def _check_change(order: Order, change: Change) -> None:
    grouped = order.order_class in EXITING
    if grouped and (change.qty, change.time_in_force, change.trail) != (None, None, None):
        raise unprocessable("unable to replace order, only prices of complex orders can be changed")
    if change.limit_price is not None and order.type not in WITH_LIMIT:
        raise unprocessable(f"unable to replace order, {order.type} orders have no limit price")
    if change.stop_price is not None and order.type not in WITH_STOP:
        raise unprocessable(f"unable to replace order, {order.type} orders have no stop price")
    if change.trail is not None and order.type != "trailing_stop":
        raise unprocessable(f"unable to replace order, {order.type} orders do not trail")
    if change.qty is None:
        return
    if not order.asset.is_crypto and not is_whole(change.qty):
        raise unprocessable("unable to replace order, qty must be whole")
    if change.qty <= order.filled_qty:
        raise unprocessable("unable to replace order, qty must be more than filled")


def _terms(order: Order) -> tuple[Decimal | str | None, ...]:
    return (
        order.qty,
        order.time_in_force,
        order.limit_price,
        order.stop_price,
        order.trail_price,
        order.trail_percent,
    )
