"""What a test does with a futures account and its market, and what it can look at."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..amounts import ZERO, down, fixed
from ..klines import Bar
from ..market import Amount, Level, levels_of
from .account_calls import Income
from .contracts import Contract
from .orders import Algo, Fill, Order
from .wallet import Position
from .world import World


class Stage:
    """One account, and the market around it.

    ``world`` has the parts, with switches of their own: ``world.desk`` has the rates,
    ``world.book.lag_seconds``, ``world.placing.may_trade``, ``world.wallet``.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    # -- the ledger

    @property
    def orders(self) -> list[Order]:
        """Every order that was taken."""
        return self.world.book.all()

    @property
    def algos(self) -> list[Algo]:
        """Every conditional order."""
        return list(self.world.book.algos.values())

    @property
    def executions(self) -> list[Fill]:
        """Every fill."""
        return self.world.book.fills

    @property
    def positions(self) -> dict[tuple[str, str], Decimal]:
        """What is held, by symbol and position side; negative if short."""
        return {(each.contract.symbol, each.side): each.amount for each in self.world.wallet.held()}

    @property
    def balances(self) -> dict[str, Decimal]:
        """The money, without what is unrealised."""
        return {asset: each for asset, each in self.world.wallet.balances.items() if each}

    def order(self, name: str | int) -> Order:
        """The latest order of an id or of a client's id; raises ``KeyError``."""
        for order in reversed(self.orders):
            if name in (order.id, order.client_id):
                return order
        raise KeyError(name)

    def algo(self, name: str | int) -> Algo:
        """The latest conditional order of an id or of a client's id; raises ``KeyError``."""
        for algo in reversed(self.algos):
            if name in (algo.id, algo.client_id):
                return algo
        raise KeyError(name)

    # -- the market

    def contract(self, symbol: str) -> Contract:
        """A contract that is listed; raises ``KeyError``."""
        return self.world.listing.contracts[symbol]

    def set_quote(
        self,
        symbol: str,
        bid: Amount,
        ask: Amount,
        last: Amount | None = None,
        *,
        mark: Amount | None = None,
        bid_size: Amount | None = None,
        ask_size: Amount | None = None,
    ) -> None:
        """Move the market of *symbol*: told on the streams, then met by orders.

        *last* is the middle and *mark* is *last* if they are not said.
        """
        levels = (levels_of(bid, bid_size), levels_of(ask, ask_size))
        self._show(self.contract(symbol), levels, last, mark)

    def set_book(
        self,
        symbol: str,
        bids: Iterable[tuple[Amount, Amount]],
        asks: Iterable[tuple[Amount, Amount]],
        last: Amount | None = None,
    ) -> None:
        """The same, with several prices and their sizes, best first."""
        levels = (levels_of(bids, None), levels_of(asks, None))
        self._show(self.contract(symbol), levels, last, None)

    def _show(
        self,
        contract: Contract,
        levels: tuple[list[Level], list[Level]],
        last: Amount | None,
        mark: Amount | None,
    ) -> None:
        world = self.world
        if last is None:
            prices = [side[0].price for side in levels if side]
            last = down(sum(prices, ZERO) / len(prices), contract.tick)
        marked = Decimal(last if mark is None else mark)
        world.contracts.show(contract, levels, Decimal(last), marked)
        world.desk.move(contract)
        world.algos.move(contract)
        world.desk.check_margin()

    def hold_fills(self, symbol: str, *, hold: bool = True) -> None:
        """Orders of *symbol* fill by :meth:`fill` alone; not *hold* undoes it."""
        held = self.world.contracts.market.held
        if hold:
            held.add(symbol)
        else:
            held.discard(symbol)
            self.world.desk.move(self.contract(symbol))

    def add_bars(self, symbol: str, bars: Iterable[Bar], interval: str = "1m") -> None:
        """Let *bars* be history."""
        self.world.contracts.klines.add(symbol, bars, interval)

    def invent_bars(self, symbol: str, minutes: int, seed: int = 1) -> None:
        """Let there have been *minutes* of trading up to now, ending at the last price."""
        last = self.world.contracts.market.quotes[symbol].last
        self.world.contracts.klines.invent(symbol, last, self.world.stamps.ms(), minutes, seed)

    # -- orders

    def fill(self, name: str | int, qty: Amount | None = None, price: Amount | None = None) -> None:
        """Let an order execute *qty*, by default all that is left, at *price*, or its own."""
        order = self.order(name)
        quote = self.world.contracts.market.quotes[order.contract.symbol]
        at = order.limit or quote.price(order.side) if price is None else Decimal(price)
        quantity = order.remaining if qty is None else Decimal(qty)
        if not at or quantity <= ZERO:
            raise ValueError("a fill needs a price and a quantity")
        self.world.desk.fill(order, quantity, at, is_maker=True)

    def end(self, name: str | int, status: str = "EXPIRED", reason: str = "0") -> None:
        """Let an order end by itself, or by somebody else's hand."""
        self.world.desk.end(self.order(name), status, reason)

    # -- the account

    def fund(self, symbol: str, rate: Amount) -> None:
        """Who is long pays who is short *rate* of the value, which is told."""
        contract, wallet = self.contract(symbol), self.world.wallet
        for position in self._positions(contract):
            value = contract.value(position.amount, wallet.mark(contract))
            paid = -value * Decimal(rate)
            wallet.balances[contract.asset] += paid
            told = [position] if wallet.is_isolated(contract) else []
            self.world.herald.account("FUNDING_FEE", [contract.asset], told, paid)
            self._note(contract, "FUNDING_FEE", paid)

    def _note(self, contract: Contract, kind: str, amount: Decimal) -> None:
        stamps = self.world.stamps
        self.world.account_calls.income.append(
            Income(
                symbol=contract.symbol,
                kind=kind,
                amount=fixed(amount),
                asset=contract.asset,
                time=stamps.ms(),
                id=stamps.next("income"),
            )
        )

    def deposit(self, asset: str, amount: Amount) -> None:
        """Money comes from another wallet, or goes; that is told."""
        self.world.wallet.balances[asset] += Decimal(amount)
        self.world.herald.account("DEPOSIT", [asset], [], Decimal(amount))

    def call_margin(self, symbol: str) -> None:
        """A warning that a position may be liquidated."""
        self.world.herald.margin_call(self._positions(self.contract(symbol)))

    def liquidate(self, symbol: str) -> None:
        """Close the positions of *symbol* by force, at the mark price."""
        contract = self.contract(symbol)
        for position in self._positions(contract):
            order = self.world.desk.liquidate(contract, position.side)
            self.world.contracts.tell_forced(contract, order.side, order.qty, order.price)

    def _positions(self, contract: Contract) -> list[Position]:
        return [each for each in self.world.wallet.held() if each.contract is contract]

    def wipe(self) -> None:
        """Orders, trades and positions are gone."""
        book = self.world.book
        for part in (book.orders, book.algos, book.fills):
            part.clear()
        for position in self.world.wallet.held():
            position.amount = position.entry = ZERO
