"""From a ticket to an order; cancels, replacements and amends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..amounts import ZERO, is_multiple
from ..limits import Pool
from ..market import Market
from ..refusals import bad, filtered, poor, rejected, triggered_already
from ..stamps import Stamps
from .balances import Balances
from .book import Book
from .desk import Desk
from .filters import check_counts, check_filters, check_kind, check_position
from .herald import Herald
from .orders import Claim, Order
from .symbols import Symbol
from .telling import amended
from .tickets import Ticket

_FIRST_ORDER = 9_013_344_210


class Placing:
    """What clients do with single orders; every method may refuse, and changes nothing then.

    With ``may_trade`` set to false nothing is taken.
    """

    def __init__(
        self,
        stamps: Stamps,
        market: Market,
        balances: Balances,
        book: Book,
        desk: Desk,
        herald: Herald,
        pool: Pool,
    ) -> None:
        self.may_trade = True
        self.rejects: list[str] = []
        self.may_borrow = False
        self._stamps = stamps
        self._market = market
        self._balances = balances
        self._book = book
        self._desk = desk
        self._herald = herald
        self._pool = pool

    # -- checks

    def check(self, symbol: Symbol, ticket: Ticket, more: int = 1) -> None:
        """What is checked before the engine: kind, filters, how many orders there are."""
        check_kind(symbol, ticket)
        check_filters(symbol, ticket, self._market.quotes.get(symbol.symbol))
        open_orders = self._book.open(symbol.symbol)
        check_counts(symbol, ticket, open_orders, more)
        check_position(symbol, ticket, self._balances, open_orders)

    def check_engine(self, symbol: Symbol, ticket: Ticket) -> None:
        """What the engine checks, but for the balance."""
        if not self.may_trade:
            raise rejected("This action is disabled on this account.")
        if symbol.symbol in self.rejects:
            self.rejects.remove(symbol.symbol)
            raise rejected("Order rejected by the engine.")
        if ticket.client_id is not None and self._book.is_taken(symbol.symbol, ticket.client_id):
            raise rejected("Duplicate order sent.")
        quote = self._market.quotes.get(symbol.symbol)
        if quote is None:
            if ticket.type == "MARKET":
                raise rejected("No orders on book for this symbol.")
            return
        if ticket.type == "LIMIT_MAKER" and quote.reach(ticket.side, ticket.price):
            raise rejected("Order would immediately match and take.")
        if ticket.is_stop and ticket.stop_price and ticket.trailing_delta is None:
            above = quote.last >= ticket.stop_price
            if above if ticket.triggers_above else quote.last <= ticket.stop_price:
                raise triggered_already()

    # -- placing

    def place(self, symbol: Symbol, ticket: Ticket) -> Order:
        """Take an order."""
        self.check(symbol, ticket)
        self._pool.count_orders(1)
        return self.enter(symbol, ticket)

    def enter(self, symbol: Symbol, ticket: Ticket) -> Order:
        """The engine takes an order that was checked and counted."""
        self.check_engine(symbol, ticket)
        order = self.order(symbol, ticket)
        self.claim([order])
        self._book.add(order)
        self._desk.begin(order)
        self._herald.money()
        return order

    def order(self, symbol: Symbol, ticket: Ticket, list_id: int = -1) -> Order:
        """The order that *ticket* becomes; nothing is done with it."""
        now = self._stamps.ms()
        quote = self._market.quotes.get(symbol.symbol)
        price = ticket.stop_price or (quote.price(ticket.side) if quote is not None else ZERO)
        return Order(
            id=self._stamps.next(f"order {symbol.symbol}", _FIRST_ORDER),
            client_id=ticket.client_id or self._stamps.client_id(),
            symbol=symbol,
            side=ticket.side,
            type=ticket.type,
            tif=ticket.tif,
            qty=ticket.qty,
            quote_qty=ticket.quote_qty,
            price=ticket.price,
            stop_price=ticket.stop_price,
            iceberg=ticket.iceberg,
            trailing_delta=ticket.trailing_delta,
            stp=ticket.stp,
            strategy_id=ticket.strategy_id,
            strategy_type=ticket.strategy_type,
            list_id=list_id,
            time=now,
            update_time=now,
            claim_price=price,
            side_effect=ticket.side_effect,
            repays_at_cancel=ticket.repays_at_cancel,
        )

    def claim(self, orders: list[Order]) -> None:
        """Lock once what the dearest of *orders* needs; raises a refusal if there is less."""
        first = orders[0]
        gives = first.symbol.quote if first.side == "BUY" else first.symbol.base
        claim = Claim(gives, orders)
        needed = claim.need or self._cost(first)
        short = needed - self._balances.free[gives]
        if short > ZERO:
            if not self.may_borrow or first.side_effect not in ("MARGIN_BUY", "AUTO_BORROW_REPAY"):
                raise poor()
            first.borrowed = short
            self._balances.borrow(gives, short)
        for order in orders:
            order.claim = claim
        self._balances.settle(claim)

    def _cost(self, order: Order) -> Decimal:
        """What a MARKET order will take."""
        if order.side == "SELL":
            return order.qty
        if order.quote_qty:
            return order.quote_qty
        left, cost = order.qty, ZERO
        quote = self._market.quotes[order.symbol.symbol]
        for level in quote.asks:
            got = level.within(left)
            left, cost = left - got, cost + got * level.price
        return cost

    # -- cancelling

    def find(self, symbol: Symbol, order_id: int | None, client_id: str | None) -> Order | None:
        """An open order."""
        found = self._book.find(symbol.symbol, order_id, client_id)
        return found if found is not None and found.is_open else None

    def cancel(
        self, order: Order | None, client_id: str | None, restriction: str | None = None
    ) -> Order:
        """End *order*, if there is one."""
        if order is None:
            raise bad(-2011, "Unknown order sent.")
        allowed = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}
        if restriction is not None and order.status != allowed[restriction]:
            raise bad(-2011, "Order was not canceled due to cancel restrictions.")
        self._desk.cancel(order, client_id or self._stamps.client_id())
        return order

    # -- amending

    def amend(self, order: Order | None, qty: Decimal, client_id: str | None) -> dict[str, Any]:
        """Less of *order*, which keeps its id and its place."""
        if order is None:
            raise bad(-2038, "Unknown order sent.")
        symbol = order.symbol
        if not symbol.amend:
            raise bad(-2038, "Order amend is not supported for this symbol.")
        if not symbol.min_qty <= qty <= symbol.max_qty or not is_multiple(qty, symbol.step):
            raise filtered("LOT_SIZE")
        if order.amends >= symbol.max_amends:
            raise filtered("MAX_NUM_ORDER_AMENDS")
        if qty > order.qty:
            raise bad(-2038, "Order amend (quantity increase) is not supported.")
        if qty == order.qty or qty <= order.executed:
            raise bad(-2038, "The requested action would change no state; rejecting.")
        before = order.client_id
        order.qty, order.amends = qty, order.amends + 1
        order.orig_client_id, order.client_id = before, client_id or self._stamps.client_id()
        order.update_time = self._stamps.ms()
        if order.claim is not None:
            self._balances.settle(order.claim)
        execution = self._herald.order("REPLACED", order)
        self._herald.money()
        return {
            "transactTime": order.update_time,
            "executionId": execution,
            "amendedOrder": amended(order, before),
        }
