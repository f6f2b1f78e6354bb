"""An order, a list of orders, and what was traded."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ..amounts import ZERO, down
from .symbols import Symbol

OPEN: Final = frozenset({"NEW", "PARTIALLY_FILLED", "PENDING_NEW"})
STOPS: Final = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})


class Fill(Struct, frozen=True, kw_only=True):
    """A trade of the account."""

    id: int
    symbol: str
    order_id: int
    list_id: int
    side: str
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: int
    is_maker: bool


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """An order. ``quote_qty`` is what a MARKET order is to spend or get instead of ``qty``.

    ``is_on_book`` is whether it can trade: stops not before they trigger. ``extreme`` is the best
    price since a trailing stop trails.
    """

    id: int
    client_id: str
    symbol: Symbol
    side: str
    type: str
    tif: str = "GTC"
    qty: Decimal = ZERO
    quote_qty: Decimal = ZERO
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    iceberg: Decimal = ZERO
    trailing_delta: int | None = None
    trailing_time: int = -1
    stp: str = "EXPIRE_MAKER"
    strategy_id: int | None = None
    strategy_type: int | None = None
    list_id: int = -1
    status: str = "NEW"
    executed: Decimal = ZERO
    spent: Decimal = ZERO
    time: int = 0
    update_time: int = 0
    working_time: int = -1
    is_on_book: bool = False
    extreme: Decimal | None = None
    reject_reason: str = "NONE"
    expiry_reason: str | None = None
    amends: int = 0
    orig_client_id: str = ""
    cancel_client_id: str = ""
    claim_price: Decimal = ZERO
    claim: Claim | None = None
    fills: list[Fill] = field(default_factory=list)
    born: float = 0.0
    side_effect: str = "NO_SIDE_EFFECT"
    repays_at_cancel: bool = True
    borrowed: Decimal = ZERO

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.status in OPEN

    @property
    def remaining(self) -> Decimal:
        """What is left of it."""
        return self.qty - self.executed

    @property
    def is_stop(self) -> bool:
        """Whether it waits, or has waited, for a trigger."""
        return self.type in STOPS

    @property
    def limit(self) -> Decimal | None:
        """The worst price it takes."""
        return self.price or None

    @property
    def triggers_above(self) -> bool:
        """Whether it is triggered by a rise."""
        return (self.side == "BUY") == self.type.startswith("STOP_LOSS")

    @property
    def need(self) -> Decimal:
        """What must be locked for what is left of it: base to sell, quote to buy."""
        if not self.is_open or self.status == "PENDING_NEW" or self.type == "MARKET":
            return ZERO
        if self.side == "SELL":
            return self.remaining
        return self.remaining * (self.price or self.claim_price)


@dataclass(slots=True, eq=False)
class Claim:
    """What is locked for orders of which only one can have it."""

    asset: str
    members: list[Order]
    held: Decimal = ZERO

    @property
    def need(self) -> Decimal:
        """What must be locked."""
        return max((each.need for each in self.members), default=ZERO)


@dataclass(slots=True, kw_only=True, eq=False)
class OrderList:
    """Orders that depend on each other: in an OTO the first works, the others wait for it.

    With ``sells_what_came`` they are as large as what the first received, net of its fee.
    """

    id: int
    client_id: str
    contingency: str
    symbol: Symbol
    orders: list[Order]
    time: int
    type: str = "EXEC_STARTED"
    status: str = "EXECUTING"
    sells_what_came: bool = False
    born: float = 0.0

    @property
    def working(self) -> Order | None:
        """The first order of an OTO."""
        return self.orders[0] if self.contingency == "OTO" else None

    @property
    def received(self) -> Decimal:
        """What the first order of an OTO bought, in whole steps."""
        first = self.orders[0]
        fees = (
            fill.commission for fill in first.fills if fill.commission_asset == self.symbol.base
        )
        return down(first.executed - sum(fees, ZERO), self.symbol.step)

    @property
    def exits(self) -> list[Order]:
        """The orders that exclude each other, or the one that waits."""
        return self.orders[1:] if self.contingency == "OTO" else self.orders

    @property
    def is_open(self) -> bool:
        """Whether any of it is."""
        return any(order.is_open for order in self.orders)
