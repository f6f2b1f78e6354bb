"""Carries out what the matching found: fills, cancels, rejections. State first, events after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from ..model.account import Trade
from ..model.enums import (
    AccountEventKind,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionEventKind,
    RejectReason,
    TimeInForce,
)
from ..model.money import ZERO, floor_to_step, trimmed
from ..model.order import OrderChange
from .account import MarginAccount
from .brackets import Brackets
from .ledger import Ledger
from .market import Market
from .outbox import Outbox
from .positions import Netted
from .terms import Terms
from .working import WorkingOrder

_ENDS: Final = {
    OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
    OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
}


class Desk:
    """Where an order, a trade, a position and the account change together."""

    def __init__(
        self,
        terms: Terms,
        account: MarginAccount,
        ledger: Ledger,
        outbox: Outbox,
        new_id: Callable[[], str],
    ) -> None:
        self._terms = terms
        self._account = account
        self._ledger = ledger
        self._outbox = outbox
        self._new_id = new_id
        self._brackets = Brackets(ledger, self, terms) if terms.native_brackets else None

    def accept(self, order: WorkingOrder) -> None:
        """*order* works from now on."""
        self._ledger.enter(order)
        self._outbox.order(OrderEventKind.CREATED, order)

    def place(self, order: WorkingOrder) -> None:
        """Accept an order of the exchange's own making; it has an id of ours only."""
        order.id = self._new_id()
        self.accept(order)

    def modified(self, order: WorkingOrder, time: datetime) -> None:
        """*order* was changed in place."""
        order.updated_at = time
        self._ledger.changed(order)
        self._outbox.order(OrderEventKind.MODIFIED, order)

    def amend(self, order: WorkingOrder, change: OrderChange, time: datetime) -> None:
        """Change *order* as asked; what was not mentioned stays."""
        prices = (change.limit_price, change.stop_price, change.trailing_distance)
        if any(price is not None for price in prices):
            order.active = order.rests = False
            self._ledger.requeue(order)
        elif change.quantity is not None and change.quantity > order.quantity:
            self._ledger.requeue(order)
        for name in change.__struct_fields__:
            value = getattr(change, name)
            if value is not None:
                setattr(order, name, value)
        self.modified(order, time)
        if self._brackets is not None:
            self._brackets.after_change(order, change, time)

    def end(self, order: WorkingOrder, status: OrderStatus, time: datetime) -> None:
        """*order* ends without (more) fills."""
        order.status = status
        order.updated_at = time
        self._ledger.finish(order)
        self._outbox.order(_ENDS[status], order)
        if self._brackets is not None:
            self._brackets.after_end(order, time)

    def reject(self, order: WorkingOrder, reason: RejectReason, time: datetime) -> None:
        """Refuse what is left of an accepted order."""
        order.reject_reason = reason
        self.end(order, OrderStatus.REJECTED, time)

    def execute(self, market: Market, order: WorkingOrder, price: Decimal) -> bool:
        """Fill *order* at *price*, as far as volume, position and money allow.

        Returns whether anything happened to it.
        """
        time = market.time
        if order.post_only and not order.rests:
            self.reject(order, RejectReason.POST_ONLY_VIOLATED, time)
            return True
        quantity = self._wanted(order)
        if not quantity:
            self.end(order, OrderStatus.CANCELLED, time)
            return True
        quantity = self._portion(market, order, quantity)
        if not quantity or (order.time_in_force is TimeInForce.FOK and quantity < order.remaining):
            return False
        if order.order_type not in (OrderType.LIMIT, OrderType.STOP_LIMIT):
            price = self._terms.slippage.against(order.side, price)
        self._account.mark(order.symbol, market.last)
        self._pay(market, order, quantity, price)
        return True

    def _wanted(self, order: WorkingOrder) -> Decimal:
        if not order.reduce_only:
            return order.remaining
        return min(order.remaining, self._account.reducible(order.symbol, order.side))

    def _portion(self, market: Market, order: WorkingOrder, wanted: Decimal) -> Decimal:
        """What of *wanted* may trade in this tick."""
        if order.whole:
            return wanted
        ratio = self._terms.partial_ratio
        is_first = not order.filled and order.time_in_force is not TimeInForce.FOK
        if ratio is not None and is_first:
            step = market.instrument.quantity_step
            part = trimmed(floor_to_step(order.quantity * ratio, step))
            if ZERO < part < wanted:
                wanted = part
                order.held_at = market.number
        left = market.left(order.side)
        return wanted if left is None else min(wanted, left)

    def _pay(self, market: Market, order: WorkingOrder, quantity: Decimal, price: Decimal) -> None:
        signed = order.side.sign * quantity
        if self._account.affords(order.symbol, signed, price):
            self._fill(market, order, quantity, price)
        else:
            closing = quantity - self._account.opening_part(order.symbol, signed)
            if closing:
                self._fill(market, order, closing, price)
            self.reject(order, RejectReason.INSUFFICIENT_MARGIN, market.time)
            return
        if order.is_working and not self._wanted(order):
            self.end(order, OrderStatus.CANCELLED, market.time)

    def _fill(self, market: Market, order: WorkingOrder, quantity: Decimal, price: Decimal) -> None:
        time = market.time
        maker = order.rests
        commission = self._terms.commission.charge(order.bill, quantity, price, maker=maker)
        market.take(order.side, quantity)
        order.fill(quantity, price, time)
        order.position_id = self._account.position_id(order.symbol)
        held = order.symbol in self._account.holdings
        signed = order.side.sign * quantity
        netted = self._account.settle(order.symbol, signed, price, commission, time)
        trade = Trade(
            id=self._new_id(),
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            commission=commission,
            commission_currency=self._terms.currency,
            timestamp=time,
            is_maker=maker,
        )
        self._ledger.add_trade(trade)
        if order.is_working:
            self._ledger.changed(order)
        else:
            self._ledger.finish(order)
        kind = OrderEventKind.PARTIALLY_FILLED if order.is_working else OrderEventKind.FILLED
        self._outbox.order(kind, order)
        self._outbox.trade(trade)
        self._tell_position(order.symbol, netted, was_held=held)
        self._outbox.account(AccountEventKind.BALANCE_UPDATED, self._account.snapshot(), time)
        if self._brackets is not None:
            self._brackets.after_fill(order, quantity, netted.opened, time)

    def _tell_position(self, symbol: str, netted: Netted, *, was_held: bool) -> None:
        if netted.closed is not None:
            last = netted.closed.position(
                self._account.position_id(symbol), symbol, self._account.marked(symbol)
            )
            gone = replace(last, quantity=ZERO, unrealized_pnl=ZERO)
            self._outbox.position(PositionEventKind.CLOSED, gone)
        current = self._account.position(symbol)
        if current is not None:
            is_new = netted.closed is not None or not was_held
            kind = PositionEventKind.OPENED if is_new else PositionEventKind.MODIFIED
            self._outbox.position(kind, current)
