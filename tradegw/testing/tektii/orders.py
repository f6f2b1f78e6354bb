"""Orders of the double, and how they are told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

ZERO: Final = Decimal(0)
SIDES: Final = ("buy", "sell")
TYPES: Final = ("market", "limit", "stop", "stop_limit")
TIMES: Final = ("gtc", "ioc")
LIVE: Final = ("open", "partially_filled")


def text(number: Decimal) -> str:
    """*number* as it is written: plain, without zeros at the end."""
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def maybe(number: Decimal | None) -> str | None:
    """The same of what may be missing."""
    return None if number is None else text(number)


class Order(Struct, kw_only=True, eq=False):
    """An order that was taken. Times are milliseconds; ``held`` keeps it from being matched."""

    id: str
    symbol: str
    side: str
    order_type: str
    quantity: Decimal
    created_at: int
    client_order_id: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    position_id: str | None = None
    reduce_only: bool = False
    time_in_force: str = "gtc"
    status: str = "open"
    filled: Decimal = ZERO
    value: Decimal = ZERO
    executed_at: int | None = None
    cancelled_at: int | None = None
    rejected_at: int | None = None
    reject_reason: str | None = None
    triggered: bool = False
    held: bool = False

    @property
    def lives(self) -> bool:
        """Whether it can still execute."""
        return self.status in LIVE

    @property
    def remaining(self) -> Decimal:
        """What is left of it."""
        return self.quantity - self.filled

    def take(self, quantity: Decimal, price: Decimal, at: int) -> None:
        """So much of it was executed."""
        self.filled += quantity
        self.value += quantity * price
        self.executed_at = at
        self.status = "partially_filled" if self.remaining else "filled"

    def handle(self) -> dict[str, Any]:
        """What a submit is answered with."""
        told = {"id": self.id, "status": self.status}
        return told if self.client_order_id is None else {**told, **self._named()}

    def _named(self) -> dict[str, Any]:
        return {"client_order_id": self.client_order_id}

    def told(self) -> dict[str, Any]:
        """As it is shown, with what there is; whether it only reduces is not shown."""
        average = self.value / self.filled if self.filled else None
        told: dict[str, Any] = {
            "id": self.id,
            "client_order_id": self.client_order_id,
            "symbol": self.symbol,
            "side": self.side,
            "order_type": self.order_type,
            "quantity": text(self.quantity),
            "filled_quantity": text(self.filled),
            "average_fill_price": maybe(average),
            "price": text(self._price()),
            "limit_price": maybe(self.limit_price) if self.order_type == "stop_limit" else None,
            "status": self.status,
            "time_in_force": self.time_in_force,
            "position_id": self.position_id,
            "created_at": self.created_at,
            "executed_at": self.executed_at,
            "cancelled_at": self.cancelled_at,
            "rejected_at": self.rejected_at,
            "reject_reason": self.reject_reason,
        }
        return {name: value for name, value in told.items() if value is not None}

    def _price(self) -> Decimal:
        """One member for three meanings: none, the limit, the stop."""
        by_type = {"limit": self.limit_price, "market": ZERO}
        return by_type.get(self.order_type, self.stop_price) or ZERO
