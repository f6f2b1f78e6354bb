"""What the simulated broker really did, read from the account it keeps: the judge in tests."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from ..brokers.mock.account import FILE, read
from ..model.account import Trade
from ..model.order import Order


class KeptLedger(Struct, frozen=True, kw_only=True):
    """``orders`` are all that are remembered, those at work first; ``positions`` what is held of
    each symbol, negative if short.
    """

    account: str
    balance: Decimal | None
    orders: tuple[Order, ...]
    trades: tuple[Trade, ...]
    positions: dict[str, Decimal]

    def bearing(self, client_order_id: str) -> list[Order]:
        """The orders with that client order id."""
        return [order for order in self.orders if order.client_order_id == client_order_id]

    def order(self, order_id: str) -> Order:
        """One order; raises ``StopIteration`` without it."""
        return next(order for order in self.orders if order.id == order_id)

    def working(self) -> list[Order]:
        """The orders that are at work."""
        return [order for order in self.orders if not order.status.is_terminal]


def read_ledger(path: Path) -> KeptLedger:
    """The account kept at *path*, the file or the state directory it is in.

    It may be read while the gateway runs. Raises ``OSError`` or ``ConfigError``.
    """
    contents = read(path / FILE if path.is_dir() else path)
    state = contents.state
    if state is None:
        return KeptLedger(
            account=contents.heading.account, balance=None, orders=(), trades=(), positions={}
        )
    return KeptLedger(
        account=contents.heading.account,
        balance=state.balance,
        orders=(*(order.snapshot() for order in state.orders), *state.ended),
        trades=state.trades,
        positions={
            each.symbol: each.holding.quantity for each in state.held if each.holding is not None
        },
    )
