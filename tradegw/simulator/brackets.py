"""Exits and OCO groups kept by the exchange itself, for accounts that ask for it.

Every fill that opens gets its own pair of exits, of just that quantity. The exits of a pair share
it: what one fills the other loses. Orders of one OCO group are all-or-nothing: a full fill or a
rejection of one cancels the others.

The terms can have it fail as real ones do: late, forgetful, or cancelling both exits for one.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from ..model.enums import OrderStatus, OrderType, TimeInForce, TrailingType
from ..model.money import HUNDRED, ZERO
from ..model.order import OrderChange
from ..model.protection import LegKind
from .amounts import tidy
from .ledger import Ledger
from .terms import Terms
from .working import WorkingOrder


class Places(Protocol):
    """What the brackets need of the desk."""

    def place(self, order: WorkingOrder) -> None:
        """Accept an order of the exchange's own making."""

    def modified(self, order: WorkingOrder, time: datetime) -> None:
        """Tell of a change."""

    def amend(self, order: WorkingOrder, change: OrderChange, time: datetime) -> None:
        """Change an order in place."""

    def end(self, order: WorkingOrder, status: OrderStatus, time: datetime) -> None:
        """Take an order out of the market."""


class Brackets:
    """Places, shrinks and cancels what belongs together."""

    def __init__(self, ledger: Ledger, desk: Places, terms: Terms) -> None:
        self._ledger = ledger
        self._desk = desk
        self._terms = terms
        self._exits = 0

    def after_fill(
        self, order: WorkingOrder, quantity: Decimal, opened: Decimal, time: datetime
    ) -> None:
        """*order* was filled by *quantity*, and *opened* of it now needs its exits."""
        self._shrink_sibling(order, quantity, time)
        if (order.stop_loss, order.take_profit, order.trail) != (None, None, None):
            order.opened += opened
        if order.opened and not (self._terms.brackets_when_filled and order.is_working):
            opened, order.opened = order.opened, ZERO
            self._protect(order, opened, time)
        if not order.is_working:
            self._cancel_group(order, time)

    def after_end(self, order: WorkingOrder, time: datetime) -> None:
        """*order* has ended without being filled."""
        if self._terms.brackets_linked and order.sibling_id is not None:
            sibling = self._ledger.working(order.sibling_id)
            if sibling is not None:
                self._desk.end(sibling, OrderStatus.CANCELLED, time)
        if order.opened:
            opened, order.opened = order.opened, ZERO
            self._protect(order, opened, time)
        if order.status is OrderStatus.REJECTED:
            self._cancel_group(order, time)

    def after_change(self, entry: WorkingOrder, change: OrderChange, time: datetime) -> None:
        """*entry* was changed: its exits that rest already move with it."""
        if change.stop_loss is None and change.take_profit is None:
            return
        for leg in self._ledger.all_working():
            if leg.parent_order_id != entry.id:
                continue
            if leg.order_type is OrderType.STOP and change.stop_loss is not None:
                self._desk.amend(leg, OrderChange(stop_price=change.stop_loss), time)
            if leg.order_type is OrderType.LIMIT and change.take_profit is not None:
                self._desk.amend(leg, OrderChange(limit_price=change.take_profit), time)

    def _shrink_sibling(self, order: WorkingOrder, quantity: Decimal, time: datetime) -> None:
        sibling = None if order.sibling_id is None else self._ledger.working(order.sibling_id)
        if sibling is None:
            return
        if sibling.remaining <= quantity:
            self._desk.end(sibling, OrderStatus.CANCELLED, time)
        else:
            sibling.quantity -= quantity
            self._desk.modified(sibling, time)

    def _protect(self, entry: WorkingOrder, quantity: Decimal, time: datetime) -> None:
        legs = []
        for kind, price in (
            (LegKind.STOP_LOSS, _stop_of(entry)),
            (LegKind.TAKE_PROFIT, entry.take_profit),
        ):
            if price is not None and not self._is_forgotten():
                legs.append(self._leg(entry, kind, price, quantity, time))
        entry.brackets += 1
        for leg in legs:
            self._desk.place(leg)
        if len(legs) > 1:
            legs[0].sibling_id, legs[1].sibling_id = legs[1].id, legs[0].id

    def _is_forgotten(self) -> bool:
        self._exits += 1
        return self._terms.brackets_lose > 0 and self._exits % self._terms.brackets_lose == 0

    def _leg(
        self, entry: WorkingOrder, kind: LegKind, price: Decimal, quantity: Decimal, time: datetime
    ) -> WorkingOrder:
        client_order_id = f"{entry.client_order_id or entry.id}-{kind.value}"
        if entry.brackets:
            client_order_id += f"-{entry.brackets}"
        is_taken = self._ledger.find_by_client_id(client_order_id) is not None
        is_stop = kind is LegKind.STOP_LOSS
        return WorkingOrder(
            id="",
            symbol=entry.symbol,
            side=entry.side.opposite,
            order_type=OrderType.STOP if is_stop else OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=quantity,
            created_at=time,
            updated_at=time,
            stop_price=price if is_stop else None,
            limit_price=None if is_stop else price,
            reduce_only=True,
            reduces=True,
            client_order_id=None if is_taken else client_order_id,
            parent_order_id=entry.id,
            position_id=entry.position_id,
        )

    def _cancel_group(self, order: WorkingOrder, time: datetime) -> None:
        if order.oco_group_id is None:
            return
        for other in self._ledger.all_working():
            if other.oco_group_id == order.oco_group_id and other.is_working:
                self._desk.end(other, OrderStatus.CANCELLED, time)


def _stop_of(entry: WorkingOrder) -> Decimal | None:
    """Where the stop begins: with one that follows, where that is or at the fixed one, if closer.

    It does not follow here.
    """
    trail, fixed = entry.trail, entry.stop_loss
    if trail is None or not entry.filled:
        return fixed
    paid, sign = entry.notional / entry.filled, entry.side.sign
    share = trail.distance / HUNDRED * paid
    reach = share if trail.kind is TrailingType.PERCENT else trail.distance
    begun = tidy(paid - sign * reach)
    return begun if fixed is None or sign * begun > sign * fixed else fixed
