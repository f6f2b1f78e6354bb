"""All that can be asked of an exchange: orders, trades, positions, money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ..errors import OrderNotFound
from ..model.account import Account, Position, Trade
from ..model.order import Order
from .account import MarginAccount
from .ledger import Ledger
from .market import Market
from .ticks import Tick


class Records:
    """The reading half of an exchange."""

    _account: MarginAccount
    _ledger: Ledger
    _markets: Mapping[str, Market]

    def last_tick(self, symbol: str) -> Tick | None:
        """The market of *symbol* as last shown."""
        market = self._markets.get(symbol)
        return None if market is None else market.tick

    def order(self, order_id: str) -> Order:
        """One order; raises ``OrderNotFound``."""
        order = self._ledger.find(order_id)
        if order is None:
            raise OrderNotFound(order_id)
        return order

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        """The order with that client order id."""
        return self._ledger.find_by_client_id(client_order_id)

    def open_orders(self) -> list[Order]:
        """All working orders, in the order of acceptance."""
        return [order.snapshot() for order in self._ledger.all_working()]

    def closed_orders(self) -> list[Order]:
        """The terminal orders that are remembered, in the order in which they ended."""
        return list(self._ledger.done())

    def trades(self) -> list[Trade]:
        """The trades that are remembered, in order."""
        return list(self._ledger.trades())

    def positions(self) -> list[Position]:
        """All open positions."""
        return self._account.positions()

    def position(self, key: str) -> Position | None:
        """The open position of a symbol; where each order has its own, the one with that id."""
        return self._account.position(key)

    def account(self) -> Account:
        """The money."""
        return self._account.snapshot()

    @property
    def balance(self) -> Decimal:
        """Cash, realised P&L and commissions; unrounded."""
        return self._account.balance

    @property
    def equity(self) -> Decimal:
        """The balance and what is open, at the marks; unrounded."""
        return self._account.equity

    @property
    def margin_used(self) -> Decimal:
        """Initial margin of what is open, at the marks; unrounded."""
        return self._account.margin_used
