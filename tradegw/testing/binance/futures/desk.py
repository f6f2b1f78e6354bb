"""Where orders of futures meet the market, and positions come of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IReactorTime

from ..amounts import ZERO
from ..limits import Pool
from ..market import Market, Quote
from ..stamps import Stamps
from .book import Book
from .contracts import Contract
from .herald import Herald
from .orders import Fill, Order
from .wallet import Wallet

_FIRST_ORDER: Final = 41_200_118_233
_FIRST_TRADE: Final = 551_002_311


class Desk:
    """Fills and ends orders, and keeps the positions. ``maker`` and ``taker`` are rates."""

    def __init__(
        self,
        clock: IReactorTime,
        stamps: Stamps,
        market: Market,
        wallet: Wallet,
        book: Book,
        herald: Herald,
        pool: Pool,
    ) -> None:
        self.maker = Decimal("0.0002")
        self.taker = Decimal("0.0004")
        self._clock = clock
        self._stamps = stamps
        self._market = market
        self._wallet = wallet
        self._book = book
        self._herald = herald
        self._pool = pool

    def order_id(self, contract: Contract) -> int:
        """The next id; ids are unique within a symbol alone."""
        return self._stamps.next(f"future {contract.symbol}", _FIRST_ORDER)

    def begin(self, order: Order) -> None:
        """*order* is taken: told, and met with the market."""
        order.time = order.update_time = self._stamps.ms()
        self._book.add(order)
        self._herald.order("NEW", order)
        self.meet(order)
        if order.tif == "GTD" and order.is_open:
            self._clock.callLater((order.good_till - order.time) / 1000, self._run_out, order)

    def _run_out(self, order: Order) -> None:
        if order.is_open:
            self.end(order, "EXPIRED")

    def move(self, contract: Contract) -> None:
        """The market of *contract* has moved."""
        for order in self._book.open(contract.symbol):
            if order.is_open:  # the one before may have ended it
                self.meet(order, is_maker=True)

    def meet(self, order: Order, *, is_maker: bool = False) -> None:
        """*order* trades with what there is."""
        symbol = order.contract.symbol
        quote = self._market.quotes.get(symbol)
        if symbol in self._market.held or order.contract.status != "TRADING":
            return
        if quote is not None:
            self._sweep(order, quote, is_maker=is_maker)
        if order.is_open and (order.type == "MARKET" or order.tif in ("IOC", "FOK")):
            self.end(order, "EXPIRED")

    def _sweep(self, order: Order, quote: Quote, *, is_maker: bool) -> None:
        for level in tuple(quote.reach(order.side, order.limit)):
            wanted = order.remaining
            if order.reduce_only or order.close_position:
                wanted = min(wanted, self.closable(order))
            got = level.within(wanted)
            if got <= ZERO:
                break
            quote.take(level, got)
            price = order.price if is_maker and order.limit is not None else level.price
            self.fill(order, got, price, is_maker=is_maker)
            if not order.is_open:
                break

    def closable(self, order: Order) -> Decimal:
        """How much *order* can close of its position."""
        amount = self._wallet.position(order.contract, order.position_side).amount
        return max(ZERO, -order.sign * amount)

    def fill(
        self,
        order: Order,
        qty: Decimal,
        price: Decimal,
        *,
        is_maker: bool,
        execution: str = "TRADE",
    ) -> Fill:
        """*order* executes *qty* at *price*, and its position changes."""
        contract, now = order.contract, self._stamps.ms()
        if not order.executed:
            self._pool.order_traded()
        order.count(qty, price)
        order.update_time = now
        order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        position = self._wallet.position(contract, order.position_side)
        realized = position.take(order.sign * qty, price)
        position.update_time = now
        rate = self.maker if is_maker else self.taker
        commission = contract.value(qty, price) * rate
        self._wallet.balances[contract.asset] += realized - commission
        if self._wallet.is_isolated(contract):
            position.isolated_wallet = self._wallet.initial(position)
        fill = Fill(
            id=self._stamps.next(f"future trade {contract.symbol}", _FIRST_TRADE),
            contract=contract,
            order_id=order.id,
            side=order.side,
            position_side=order.position_side,
            price=price,
            qty=qty,
            realized=realized,
            commission=commission,
            time=now,
            is_maker=is_maker,
        )
        order.fills.append(fill)
        self._book.fills.append(fill)
        self._herald.order(execution, order, fill)
        self._herald.account("ORDER", [contract.asset], [position])
        self._follow(order)
        return fill

    def end(self, order: Order, status: str, reason: str = "0") -> None:
        """*order* ends: ``CANCELED`` or ``EXPIRED``."""
        order.status, order.expiry_reason = status, reason
        order.update_time = self._stamps.ms()
        self._herald.order(status, order)
        self._follow(order)

    def _follow(self, order: Order) -> None:
        """The conditional order that *order* came from is over with it."""
        algo = self._book.algos.get(order.algo_id)
        if algo is not None and not order.is_open and algo.status == "TRIGGERED":
            algo.status, algo.update_time = "FINISHED", self._stamps.ms()
            self._herald.algo(algo)

    # -- the end of money

    def check_margin(self) -> None:
        """Liquidate what the money does not bear any more."""
        for asset in {each.contract.asset for each in self._wallet.held()}:
            held = [each for each in self._wallet.held() if each.contract.asset == asset]
            needed = sum((self._wallet.maintenance(each) for each in held), ZERO)
            if self._wallet.equity(asset) <= needed:
                for position in held:
                    self.liquidate(position.contract, position.side)

    def liquidate(self, contract: Contract, side: str) -> Order:
        """Close a position by force, at the mark price."""
        for open_order in self._book.open(contract.symbol):
            self.end(open_order, "EXPIRED", "2")
        position = self._wallet.position(contract, side)
        now = self._stamps.ms()
        order = Order(
            id=self.order_id(contract),
            client_id=f"autoclose-{now}",
            contract=contract,
            side="SELL" if position.amount > 0 else "BUY",
            position_side=side,
            type="LIMIT",
            tif="IOC",
            qty=abs(position.amount),
            price=self._wallet.mark(contract),
            time=now,
        )
        self._book.add(order)
        self._herald.order("NEW", order)
        self.fill(order, order.qty, order.price, is_maker=False, execution="CALCULATED")
        return order
