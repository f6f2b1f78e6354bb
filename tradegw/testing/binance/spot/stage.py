"""What a test does with an account and its market, and what it can look at."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from ..amounts import ONE, ZERO, down
from ..klines import Bar
from ..market import Amount, Level, levels_of
from .orders import Fill, Order, OrderList
from .symbols import Symbol
from .telling import queried
from .tickets import Ticket
from .world import World

_OUTSIDE: Final = "outside"


class Stage:
    """One account, and the market around it.

    ``world`` has the parts, with switches of their own: ``world.desk.fees``,
    ``world.book.lag_seconds``, ``world.placing.may_trade``, ``world.pool``.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    # -- the ledger

    @property
    def orders(self) -> list[Order]:
        """Every order that was taken, those of lists included."""
        return list(self.world.book.all())

    @property
    def lists(self) -> list[OrderList]:
        """Every order list."""
        return list(self.world.book.lists.values())

    @property
    def executions(self) -> list[Fill]:
        """Every fill."""
        return self.world.book.fills

    @property
    def balances(self) -> dict[str, Decimal]:
        """Free and locked together, of all there is."""
        held = self.world.balances
        return {asset: held.total(asset) for asset in held.assets() if held.total(asset)}

    def locked(self, asset: str) -> Decimal:
        """What orders keep of *asset*."""
        return self.world.balances.locked[asset]

    def order(self, name: str | int, symbol: str | None = None) -> Order:
        """The latest order of an id or of a client's id; raises ``KeyError``."""
        for order in reversed(list(self.world.book.all(symbol))):
            if name in (order.id, order.client_id):
                return order
        raise KeyError(name)

    def told_order(self, name: str | int) -> dict[str, Any]:
        """An order as a query has it."""
        return queried(self.order(name))

    # -- the market

    def symbol(self, name: str) -> Symbol:
        """A pair that is listed; raises ``KeyError``."""
        return self.world.pairs.listing.symbols[name]

    def set_quote(
        self,
        symbol: str,
        bid: Amount,
        ask: Amount,
        last: Amount | None = None,
        *,
        bid_size: Amount | None = None,
        ask_size: Amount | None = None,
    ) -> None:
        """Move the market of *symbol*: told on the streams, then met by orders.

        *last* is what stops look at, by default the middle. Sizes limit what can be had, without
        them there is no end of it; zero for *bid* or *ask* is an empty side.
        """
        self._show(symbol, levels_of(bid, bid_size), levels_of(ask, ask_size), last)

    def set_book(
        self,
        symbol: str,
        bids: Iterable[tuple[Amount, Amount]],
        asks: Iterable[tuple[Amount, Amount]],
        last: Amount | None = None,
    ) -> None:
        """The same, with several prices and their sizes, best first."""
        self._show(symbol, levels_of(bids, None), levels_of(asks, None), last)

    def _show(self, symbol: str, bids: list[Level], asks: list[Level], last: Amount | None) -> None:
        if last is None:
            prices = [side[0].price for side in (bids, asks) if side]
            tick = self.symbol(symbol).tick
            last = down(sum(prices, ZERO) / len(prices), tick)
        self.world.pairs.show(symbol, (bids, asks), Decimal(last), ONE)

    def set_status(self, symbol: str, status: str) -> None:
        """``TRADING``, ``HALT``, ``BREAK``, ``CANCEL_ONLY``."""
        self.symbol(symbol).status = status
        if status == "TRADING":
            for desk in self.world.pairs.desks:
                desk.move(symbol)

    def hold_fills(self, symbol: str, *, hold: bool = True) -> None:
        """Orders of *symbol* fill by :meth:`fill` alone; not *hold* undoes it."""
        market = self.world.pairs.market
        if hold:
            market.held.add(symbol)
        else:
            market.held.discard(symbol)
            self.world.desk.move(symbol)

    def add_bars(self, symbol: str, bars: Iterable[Bar], interval: str = "1m") -> None:
        """Let *bars* be history."""
        self.world.pairs.klines.add(symbol, bars, interval)

    def invent_bars(self, symbol: str, minutes: int, seed: int = 1) -> None:
        """Let there have been *minutes* of trading up to now, ending at the last price."""
        last = self.world.pairs.market.quotes[symbol].last
        self.world.pairs.klines.invent(symbol, last, self.world.stamps.ms(), minutes, seed)

    def tell_bar(
        self, symbol: str, bar: Bar, interval: str = "1m", *, is_closed: bool = True
    ) -> None:
        """A bar on the stream; a closed one is history, too."""
        if is_closed:
            self.add_bars(symbol, [bar], interval)
        self.world.pairs.tell_bar(symbol, interval, bar, is_closed=is_closed)

    # -- orders

    def fill(
        self,
        name: str | int,
        qty: Amount | None = None,
        price: Amount | None = None,
        *,
        is_maker: bool = True,
    ) -> None:
        """Let an order execute *qty*, by default all that is left, at *price*, or its own."""
        order = self.order(name)
        quote = self.world.pairs.market.quotes.get(order.symbol.symbol)
        quoted = quote.price(order.side) if quote is not None else ZERO
        at = order.limit or quoted if price is None else Decimal(price)
        quantity = order.remaining if qty is None else Decimal(qty)
        if not at or quantity <= ZERO:
            raise ValueError("a fill needs a price and a quantity")
        self.world.desk.fill(order, quantity, at, is_maker=is_maker)
        self.world.herald.money()

    def end(self, name: str | int, status: str = "EXPIRED", reason: str | None = None) -> None:
        """Let an order end by itself."""
        self.world.desk.end(self.order(name), status, reason)
        self.world.herald.money()

    def reject_next(self, symbol: str) -> None:
        """The engine does not take the next order of *symbol*."""
        self.world.placing.rejects.append(symbol)

    def trade_outside(
        self, symbol: str, side: str, qty: Amount, price: Amount | None = None
    ) -> Order:
        """Somebody trades on the same account by other means: at once, past all filters."""
        placing, pair = self.world.placing, self.symbol(symbol)
        ticket = Ticket(side=side, type="MARKET", qty=Decimal(qty))
        order = placing.order(pair, ticket)
        order.client_id = f"web_{self.world.stamps.client_id()}"
        placing.claim([order])
        self.world.book.add(order)
        self.world.herald.order("NEW", order)
        self.fill(order.id, price=price, is_maker=False)
        return order

    def cancel_outside(self, name: str | int) -> None:
        """Somebody cancels an order by other means."""
        self.world.desk.cancel(self.order(name), f"web_{_OUTSIDE}")

    # -- the account

    def deposit(self, asset: str, amount: Amount) -> None:
        """Assets come, or go with a negative *amount*; that is told."""
        self.world.balances.add(asset, Decimal(amount))
        self.world.herald.moved(asset, Decimal(amount))
        self.world.herald.money()

    def wipe(self) -> None:
        """The monthly wipe of the testnet: orders and trades are gone, balances as given."""
        world = self.world
        world.book.wipe()
        for part in (world.balances.free, world.balances.locked, world.balances.borrowed):
            part.clear()
        world.balances.free.update(world.given)
        world.balances.changed.clear()
