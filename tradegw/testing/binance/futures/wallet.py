"""Money, positions, leverage and modes of a futures account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..amounts import ZERO
from ..market import Market
from .contracts import Contract
from .orders import Order


@dataclass(slots=True)
class Mode:
    """Whether a symbol has two positions, for USD-M and COIN-M alike."""

    is_hedged: bool = False
    is_multi_asset: bool = False


@dataclass(slots=True, kw_only=True)
class Position:
    """*amount* is negative if short. ``realized`` is before fees, and never starts anew."""

    contract: Contract
    side: str
    amount: Decimal = ZERO
    entry: Decimal = ZERO
    realized: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    update_time: int = 0

    def take(self, change: Decimal, price: Decimal) -> Decimal:
        """*change* more, at *price*; returns what was won by what it closes."""
        if self.amount * change >= 0:
            self.entry = self.contract.average(self.amount, self.entry, change, price)
            self.amount += change
            return ZERO
        closed = max(self.amount, -change) if self.amount < 0 else min(self.amount, -change)
        won = self.contract.profit(closed, self.entry, price)
        self.amount += change
        if abs(change) > abs(closed):
            self.entry = price
        elif not self.amount:
            self.entry = ZERO
        self.realized += won
        return won


class Wallet:
    """*mode* may be shared. Leverage is 20 and margin crossed until they are set."""

    def __init__(self, given: Mapping[str, Decimal], market: Market, mode: Mode) -> None:
        self.mode = mode
        self.balances: defaultdict[str, Decimal] = defaultdict(Decimal, given)
        self.leverage: defaultdict[str, int] = defaultdict(lambda: 20)
        self.margin_types: defaultdict[str, str] = defaultdict(lambda: "CROSSED")
        self._market = market
        self._positions: dict[tuple[str, str], Position] = {}

    def position(self, contract: Contract, side: str) -> Position:
        """The position of *contract* on that position side."""
        key = (contract.symbol, side)
        if key not in self._positions:
            self._positions[key] = Position(contract=contract, side=side)
        return self._positions[key]

    def all(self) -> list[Position]:
        """Every position that there ever was."""
        return list(self._positions.values())

    def held(self) -> list[Position]:
        """Every position that is one."""
        return [each for each in self._positions.values() if each.amount]

    def is_isolated(self, contract: Contract) -> bool:
        """Whether its margin is kept apart."""
        return self.margin_types[contract.symbol] == "ISOLATED"

    # -- what it is worth

    def mark(self, contract: Contract) -> Decimal:
        """The mark price; zero without a market."""
        quote = self._market.quotes.get(contract.symbol)
        return quote.mark if quote is not None else ZERO

    def unrealized(self, position: Position) -> Decimal:
        """What *position* has won at the mark price."""
        mark = self.mark(position.contract)
        return position.contract.profit(position.amount, position.entry, mark)

    def initial(self, position: Position) -> Decimal:
        """The margin of *position*."""
        value = abs(position.contract.value(position.amount, self.mark(position.contract)))
        return value / self.leverage[position.contract.symbol]

    def maintenance(self, position: Position) -> Decimal:
        """The margin below which it is liquidated."""
        contract = position.contract
        return abs(contract.value(position.amount, self.mark(contract))) * contract.maintenance

    def order_margin(self, order: Order) -> Decimal:
        """The margin that an open order keeps."""
        contract = order.contract
        if (
            order.reduce_only
            or order.close_position
            or (
                order.position_side != "BOTH"
                and ((order.side == "SELL") == (order.position_side == "LONG"))
            )
        ):
            return ZERO
        price = order.price or self.mark(contract)
        return contract.value(order.remaining, price) / self.leverage[contract.symbol]

    def available(self, asset: str, orders: Iterable[Order]) -> Decimal:
        """What of *asset* can be margin of more."""
        left = self.balances[asset]
        for position in self.held():
            if position.contract.asset == asset:
                left += self.unrealized(position) - self.initial(position)
        for order in orders:
            if order.is_open and order.contract.asset == asset:
                left -= self.order_margin(order)
        return left

    def equity(self, asset: str) -> Decimal:
        """The balance with what is unrealised."""
        won = (self.unrealized(each) for each in self.held() if each.contract.asset == asset)
        return self.balances[asset] + sum(won, ZERO)

    def liquidation_price(self, position: Position) -> Decimal:
        """Where the money is at an end, roughly."""
        contract = position.contract
        if not position.amount or contract.is_inverse:
            return ZERO
        wallet = (
            self.initial(position) if self.is_isolated(contract) else self.balances[contract.asset]
        )
        price = position.entry - wallet / position.amount
        return max(ZERO, price)
