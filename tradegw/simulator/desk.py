"""Carries out what the matching found: fills, cancels, rejections. State first, events after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ..model.account import Trade
from ..model.enums import (
    AccountEventKind,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionEventKind,
    RejectReason,
    Side,
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
from .slippage import drawn
from .terms import Terms
from .working import WorkingOrder

_ENDS: Final = {
    OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
    OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
}


class Ids(Struct, frozen=True):
    """Makes the ids of orders and of trades."""

    order: Callable[[], str]
    trade: Callable[[], str]


class Deal(NamedTuple):
    """The price at which something fills, and what it would be without slippage."""

    price: Decimal
    base: Decimal


Filled: TypeAlias = Callable[[Market, WorkingOrder, Trade, str, Deal], None]
"""Hears of each fill, with the key of the holding, before it is told."""


class Desk:
    """Where an order, a trade, a position and the account change together."""

    def __init__(
        self,
        terms: Terms,
        account: MarginAccount,
        ledger: Ledger,
        outbox: Outbox,
        ids: Ids,
        filled: Filled | None = None,
    ) -> None:
        self._terms = terms
        self._account = account
        self._ledger = ledger
        self._outbox = outbox
        self._ids = ids
        self._filled = filled
        self.revision = 0
        """Grows with everything that is done here."""
        self._brackets = Brackets(ledger, self, terms) if terms.native_brackets else None

    def accept(self, order: WorkingOrder) -> None:
        """*order* works from now on."""
        self.revision += 1
        self._ledger.enter(order)
        self._outbox.order(OrderEventKind.CREATED, order)

    def place(self, order: WorkingOrder) -> None:
        """Accept an order of the exchange's own making; it has an id of ours only."""
        order.id = self._ids.order()
        if self._terms.latency and not order.whole:
            order.arrives_at = order.created_at + self._terms.latency
        self.accept(order)

    def modified(self, order: WorkingOrder, time: datetime) -> None:
        """*order* was changed in place."""
        self.revision += 1
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
        self.revision += 1
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
        deal = self._deal(market, order, quantity, price)
        self._account.mark(order.symbol, market.last)
        self._pay(market, order, quantity, deal)
        return True

    def _wanted(self, order: WorkingOrder) -> Decimal:
        if not order.reduce_only:
            return order.remaining
        return min(order.remaining, self._account.reducible(order))

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

    def _deal(self, market: Market, order: WorkingOrder, quantity: Decimal, price: Decimal) -> Deal:
        """The price that is paid, with slippage for those that take what there is."""
        slippage = self._terms.slippage
        if slippage.is_none or order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
            return Deal(price, price)
        volume = market.volume(order.side)
        luck = ZERO
        if slippage.random_bps:
            luck = drawn(self._terms.seed, order.symbol, order.ordinal, order.bill.fills)
        paid = slippage.against(
            order.side,
            price,
            step=market.instrument.price_step,
            luck=luck,
            share=quantity / volume if volume else ZERO,
        )
        return Deal(paid, price)

    def _pay(self, market: Market, order: WorkingOrder, quantity: Decimal, deal: Deal) -> None:
        if not self._terms.short and not order.reduce_only and order.side is Side.SELL:
            reason, allowed = RejectReason.INSUFFICIENT_BALANCE, quantity
            allowed -= self._account.opening_part(order, quantity)
        elif self._account.affords(order, quantity, deal.price):
            reason, allowed = None, quantity
        else:
            reason = RejectReason.INSUFFICIENT_MARGIN
            allowed = quantity - self._account.opening_part(order, quantity)
        for key, part in self._account.parts(order, allowed) if allowed else ():
            self._fill(market, order, key, part, deal)
        if reason is not None and allowed < quantity:
            self.reject(order, reason, market.time)
        elif order.is_working and not self._wanted(order):
            self.end(order, OrderStatus.CANCELLED, market.time)

    def _fill(
        self, market: Market, order: WorkingOrder, key: str, quantity: Decimal, deal: Deal
    ) -> None:
        time, price, symbol = market.time, deal.price, order.symbol
        maker, worth = order.rests, self._account.worth(symbol)
        commission = self._terms.commission.charge(order.bill, quantity, price * worth, maker=maker)
        market.take(order.side, quantity)
        order.fill(quantity, price, time)
        if not (self._terms.hedging and order.reduce_only):
            order.position_id = self._account.position_id(key)
        held = key in self._account.holdings
        netted = self._account.settle(key, order.side.sign * quantity, price, commission, time)
        trade = Trade(
            id=self._ids.trade(),
            order_id=order.id,
            symbol=symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            commission=commission,
            commission_currency=self._terms.currency,
            timestamp=time,
            is_maker=maker,
        )
        self._ledger.add_trade(trade)
        self.revision += 1
        if order.is_working:
            self._ledger.changed(order)
        else:
            self._ledger.finish(order)
        if self._filled is not None:
            self._filled(market, order, trade, key, deal)
        kind = OrderEventKind.PARTIALLY_FILLED if order.is_working else OrderEventKind.FILLED
        self._outbox.order(kind, order)
        self._outbox.trade(trade)
        self._tell_position(key, netted, was_held=held)
        self._outbox.account(AccountEventKind.BALANCE_UPDATED, self._account.snapshot(), time)
        if self._brackets is not None:
            self._brackets.after_fill(order, quantity, netted.opened, time)

    def _tell_position(self, key: str, netted: Netted, *, was_held: bool) -> None:
        if netted.closed is not None:
            last = self._account.shown(key, netted.closed)
            gone = replace(last, quantity=ZERO, unrealized_pnl=ZERO)
            self._outbox.position(PositionEventKind.CLOSED, gone)
        current = self._account.position(key)
        if current is not None:
            is_new = netted.closed is not None or not was_held
            kind = PositionEventKind.OPENED if is_new else PositionEventKind.MODIFIED
            self._outbox.position(kind, current)
