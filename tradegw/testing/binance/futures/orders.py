"""An order, a conditional order, and what was traded."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ..amounts import ZERO
from .contracts import Contract

OPEN: Final = frozenset({"NEW", "PARTIALLY_FILLED"})
ALGO_OPEN: Final = frozenset({"NEW", "TRIGGERING"})


class Fill(Struct, frozen=True, kw_only=True):
    """A trade of the account."""

    id: int
    contract: Contract
    order_id: int
    side: str
    position_side: str
    price: Decimal
    qty: Decimal
    realized: Decimal
    commission: Decimal
    time: int
    is_maker: bool


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """An order of the book. ``original`` is the type it had before it was triggered."""

    id: int
    client_id: str
    contract: Contract
    side: str
    position_side: str
    type: str
    original: str = ""
    tif: str = "GTC"
    qty: Decimal = ZERO
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    stp: str = "EXPIRE_MAKER"
    good_till: int = 0
    executed: Decimal = ZERO
    weighted: Decimal = ZERO
    status: str = "NEW"
    time: int = 0
    update_time: int = 0
    expiry_reason: str = "0"
    algo_id: int = 0
    fills: list[Fill] = field(default_factory=list)
    born: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.status in OPEN

    @property
    def remaining(self) -> Decimal:
        """What is left of it."""
        return self.qty - self.executed

    @property
    def limit(self) -> Decimal | None:
        """The worst price it takes."""
        return None if self.type == "MARKET" else self.price

    @property
    def sign(self) -> int:
        """What it does to a position."""
        return 1 if self.side == "BUY" else -1

    @property
    def average(self) -> Decimal:
        """The average price; zero without a fill."""
        if not self.executed:
            return ZERO
        if self.contract.is_inverse:
            return self.executed / self.weighted
        return self.weighted / self.executed

    def count(self, qty: Decimal, price: Decimal) -> None:
        """*qty* more is executed at *price*."""
        self.executed += qty
        self.weighted += qty / price if self.contract.is_inverse else qty * price


@dataclass(slots=True, kw_only=True, eq=False)
class Algo:
    """A conditional order, before there is an ``order`` of it."""

    id: int
    client_id: str
    contract: Contract
    side: str
    position_side: str
    type: str
    tif: str = "GTC"
    qty: Decimal = ZERO
    trigger: Decimal = ZERO
    price: Decimal = ZERO
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    activate: Decimal = ZERO
    callback: Decimal = ZERO
    stp: str = "EXPIRE_MAKER"
    good_till: int = 0
    status: str = "NEW"
    time: int = 0
    update_time: int = 0
    trigger_time: int = 0
    reject_reason: str = ""
    is_active: bool = False
    extreme: Decimal | None = None
    order: Order | None = None
    born: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.status in ALGO_OPEN

    @property
    def triggers_above(self) -> bool:
        """Whether it is triggered by a rise; a trailing stop by one against its best price."""
        return (self.side == "BUY") != self.type.startswith("TAKE_PROFIT")
