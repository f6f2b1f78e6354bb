"""Where orders meet the market."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import ZERO, down
from ..klines import Klines
from ..limits import Pool
from ..market import Market, Quote
from ..refusals import Refused
from ..stamps import Stamps
from .balances import Balances
from .book import Book
from .fees import Fees
from .herald import Herald
from .orders import Claim, Fill, Order, OrderList

_BASIS_POINTS = 10_000


class Desk:
    """Makes orders work, triggers, fills and ends them, and does what that does to their lists."""

    def __init__(
        self,
        stamps: Stamps,
        market: Market,
        klines: Klines,
        balances: Balances,
        book: Book,
        herald: Herald,
        pool: Pool,
    ) -> None:
        self.fees = Fees()
        self._stamps = stamps
        self._market = market
        self._klines = klines
        self._balances = balances
        self._book = book
        self._herald = herald
        self._pool = pool

    # -- beginning

    def begin(self, order: Order) -> None:
        """*order* is taken: it is told, and works unless it waits for a trigger."""
        order.status = "NEW"
        if order.type == "LIMIT_MAKER" and self._would_take(order):
            order.reject_reason = "WOULD_MATCH_IMMEDIATELY"
            self.end(order, "REJECTED")
            return
        if not order.is_stop:
            self._work(order)
        elif order.trailing_delta is not None and not order.stop_price:
            self._trail_from(order, self._market.quotes[order.symbol.symbol].last)
        self._herald.order("NEW", order)
        if order.is_on_book:
            self.meet(order)

    def _would_take(self, order: Order) -> bool:
        """Only of orders that waited for others; the rest were refused right away."""
        quote = self._market.quotes.get(order.symbol.symbol)
        return quote is not None and bool(quote.reach(order.side, order.limit))

    def _work(self, order: Order) -> None:
        order.is_on_book = True
        order.working_time = order.update_time = self._stamps.ms()

    def _trail_from(self, order: Order, last: Decimal) -> None:
        order.extreme, order.trailing_time = last, self._stamps.ms()

    # -- the market moves

    def move(self, symbol: str) -> None:
        """The market of *symbol* has moved."""
        quote = self._market.quotes[symbol]
        for order in self._book.open(symbol):
            if not order.is_open or order.status == "PENDING_NEW":
                continue  # the one before may have ended it
            if order.is_on_book:
                self.meet(order, is_maker=True)
            elif order.is_stop and self._is_triggered(order, quote.last):
                self.trigger(order)
        self._herald.money()

    def _is_triggered(self, order: Order, last: Decimal) -> bool:
        above = order.triggers_above
        if order.trailing_delta is None:
            return last >= order.stop_price if above else last <= order.stop_price
        if order.extreme is None:
            if (last >= order.stop_price) if above else (last <= order.stop_price):
                self._trail_from(order, last)
            return False
        order.extreme = min(order.extreme, last) if above else max(order.extreme, last)
        share = Decimal(order.trailing_delta) / _BASIS_POINTS
        if above:
            return last >= order.extreme * (1 + share)
        return last <= order.extreme * (1 - share)

    def trigger(self, order: Order) -> None:
        """A stop becomes an order of the market."""
        family = self._book.list_of(order)
        if family is not None:
            self._end_siblings(order, family)
        self._work(order)
        self._herald.order("NEW", order)
        self.meet(order)

    def meet(self, order: Order, *, is_maker: bool = False) -> None:
        """*order* trades with what there is."""
        quote = self._market.quotes.get(order.symbol.symbol)
        if order.symbol.symbol in self._market.held or order.symbol.status != "TRADING":
            return
        if quote is not None:
            self._sweep(order, quote, is_maker=is_maker)
        if not order.is_open:
            return
        if order.type in ("MARKET", "STOP_LOSS", "TAKE_PROFIT"):
            self.end(order, "EXPIRED", "INSUFFICIENT_LIQUIDITY")
        elif order.tif != "GTC":
            self.end(order, "EXPIRED", f"UNFILLED_{order.tif}_" + (
                "QUANTITY_EXPIRED" if order.tif == "IOC" else "ORDER_EXPIRED"))  # fmt: skip

    def _sweep(self, order: Order, quote: Quote, *, is_maker: bool) -> None:
        if order.tif == "FOK":
            depth = quote.depth(order.side, order.limit)
            if depth is not None and depth < order.remaining:
                return
        for level in tuple(quote.reach(order.side, order.limit)):
            wanted = self._wanted(order, level.price)
            got = level.within(wanted)
            if got <= ZERO:
                break
            quote.take(level, got)
            price = order.price if is_maker and order.limit is not None else level.price
            self.fill(order, got, price, is_maker=is_maker)
            if not order.is_open:
                break

    def _wanted(self, order: Order, price: Decimal) -> Decimal:
        if not order.quote_qty:
            return order.remaining
        return down((order.quote_qty - order.spent) / price, order.symbol.step)

    # -- a fill

    def fill(self, order: Order, qty: Decimal, price: Decimal, *, is_maker: bool) -> Fill:
        """*order* executes *qty* at *price*, which everybody sees."""
        if not order.executed:
            self._pool.order_traded()
        symbol, now = order.symbol, self._stamps.ms()
        order.executed += qty
        order.spent += qty * price
        order.update_time = now
        if order.quote_qty:
            order.qty = order.executed
        complete = self._is_complete(order, price)
        order.status = "FILLED" if complete else "PARTIALLY_FILLED"
        commission, asset = self._pay(order, qty, price, is_maker=is_maker)
        fill = Fill(
            id=self._stamps.next(f"trade {symbol.symbol}", 77_120_011),
            symbol=symbol.symbol,
            order_id=order.id,
            list_id=order.list_id,
            side=order.side,
            price=price,
            qty=qty,
            commission=commission,
            commission_asset=asset,
            time=now,
            is_maker=is_maker,
        )
        order.fills.append(fill)
        self._book.fills.append(fill)
        self._herald.order("TRADE", order, fill)
        self._after_fill(order)
        return fill

    def _is_complete(self, order: Order, price: Decimal) -> bool:
        if not order.quote_qty:
            return not order.remaining
        return self._wanted(order, price) < order.symbol.min_qty

    def _pay(
        self, order: Order, qty: Decimal, price: Decimal, *, is_maker: bool
    ) -> tuple[Decimal, str]:
        """Move the assets; returns the commission and of what it is."""
        symbol, balances = order.symbol, self._balances
        buys = order.side == "BUY"
        gives, gets = (symbol.quote, symbol.base) if buys else (symbol.base, symbol.quote)
        spent, got = (qty * price, qty) if buys else (qty, qty * price)
        bnb = self._market.quotes.get(f"BNB{symbol.quote}")
        commission, asset = self.fees.of(
            gets, got, qty * price, balances.free["BNB"], bnb, is_maker=is_maker
        )
        claim = order.claim or Claim(gives, [order])
        balances.settle(claim, spent)
        balances.add(gets, got)
        balances.add(asset, -commission)
        return commission, asset

    def _after_fill(self, order: Order) -> None:
        family = self._book.list_of(order)
        if order.side_effect in ("AUTO_REPAY", "AUTO_BORROW_REPAY"):
            gets = order.symbol.base if order.side == "BUY" else order.symbol.quote
            self._balances.repay(gets, self._balances.free[gets])
        if family is None:
            return
        if order is family.working:
            if order.status == "FILLED":
                self._rouse(family)
        else:
            self._end_siblings(order, family)
            self._close(family)

    # -- lists

    def _rouse(self, family: OrderList) -> None:
        """The working order is filled: the others begin, if there is enough for them."""
        exits = family.exits
        gives = exits[0].symbol.base if exits[0].side == "SELL" else exits[0].symbol.quote
        claim = Claim(gives, exits)
        for order in exits:
            order.claim, order.status = claim, "NEW"
            order.qty = family.received if family.sells_what_came else order.qty
        try:
            self._balances.settle(claim)
        except Refused:
            for order in exits:
                order.reject_reason = "INSUFFICIENT_BALANCES"
                order.status, order.update_time = "REJECTED", self._stamps.ms()
                self._herald.order("REJECTED", order)
            self._close(family)
            return
        for order in exits:
            if order.is_open:
                self.begin(order)

    def _end_siblings(self, order: Order, family: OrderList) -> None:
        for sibling in family.exits:
            if sibling is not order and order is not family.working and sibling.is_open:
                self._finish(sibling, "EXPIRED", "EXPIRED", "OCO_TRIGGER")

    def _close(self, family: OrderList) -> None:
        if family.is_open or family.status == "ALL_DONE":
            return
        family.type = family.status = "ALL_DONE"
        family.time = self._stamps.ms()
        self._herald.list(family)

    # -- the end

    def end(self, order: Order, status: str, reason: str | None = None) -> None:
        """*order* ends by itself; what depends on it ends, too."""
        self._finish(order, status, status, reason)
        family = self._book.list_of(order)
        if family is None:
            return
        for other in family.orders:
            if other.is_open:
                because = "OTO_PHASE_ONE_EXPIRED" if order is family.working else None
                self._finish(other, "EXPIRED", "EXPIRED", because)
        self._close(family)

    def cancel(self, order: Order, client_id: str) -> None:
        """*order* is cancelled, and the list it belongs to with it; they bear *client_id* then."""
        family = self._book.list_of(order)
        for each in [order] if family is None else family.orders:
            if each.is_open:
                each.cancel_client_id = client_id
                unused = min(each.borrowed, each.need)
                self._finish(each, "CANCELED", "CANCELED", None)
                if each.repays_at_cancel and each.claim is not None:
                    self._balances.repay(each.claim.asset, unused)
        if family is not None:
            self._close(family)
        self._herald.money()

    def _finish(self, order: Order, status: str, execution: str, reason: str | None) -> None:
        order.status, order.expiry_reason = status, reason
        order.update_time = self._stamps.ms()
        order.is_on_book = False
        if order.claim is not None:
            self._balances.settle(order.claim)
        self._herald.order(execution, order)
