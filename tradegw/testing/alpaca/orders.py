"""An order, and how Alpaca tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from .amounts import ZERO, text
from .assets import Asset
from .stamps import zulu

TERMINAL: Final = frozenset({"filled", "canceled", "expired", "replaced", "rejected"})
AT_VENUE: Final = frozenset({"new", "partially_filled"})
EXITING: Final = frozenset({"bracket", "oto", "oco"})


@dataclass(slots=True, kw_only=True)
class Order:
    """One order; all members that Alpaca tells are named as there.

    ``stop_price`` and ``hwm`` of a trailing stop move with the market. ``legs`` and ``parent`` are
    the ids of its family; ``goes_live`` is set on exits whose entry has filled.
    """

    id: str
    client_order_id: str
    asset: Asset
    side: str
    type: str
    time_in_force: str
    created_at: int
    updated_at: int
    submitted_at: int
    expires_at: int
    position_intent: str
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    hwm: Decimal | None = None
    extended_hours: bool = False
    order_class: str = ""
    status: str = "pending_new"
    filled_qty: Decimal = ZERO
    filled_value: Decimal = ZERO
    times: dict[str, int] = field(default_factory=dict)
    replaced_by: str | None = None
    replaces: str | None = None
    parent: str | None = None
    legs: list[str] = field(default_factory=list)
    triggered: bool = False
    goes_live: bool = False

    @property
    def is_open(self) -> bool:
        return self.status not in TERMINAL

    @property
    def is_at_venue(self) -> bool:
        return self.status in AT_VENUE

    @property
    def is_exit_leg(self) -> bool:
        return self.parent is not None

    @property
    def is_queued_successor(self) -> bool:
        """Whether it is to replace an order that still stands."""
        return self.replaces is not None and self.status in ("accepted", "pending_new")

    @property
    def remaining(self) -> Decimal:
        """What is left; of an order by value nothing can be said, it is zero then."""
        return ZERO if self.qty is None else self.qty - self.filled_qty

    @property
    def sign(self) -> int:
        return 1 if self.side == "buy" else -1

    @property
    def filled_avg_price(self) -> Decimal | None:
        if not self.filled_qty:
            return None
        return round(self.filled_value / self.filled_qty, 9)

    def told(self, legs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The order as REST answers have it; *legs* are its family, told."""
        at = {name: zulu(self.times.get(name)) for name in _TIMES}
        return {
            "id": self.id,
            "client_order_id": self.client_order_id,
            "created_at": zulu(self.created_at),
            "updated_at": zulu(self.updated_at),
            "submitted_at": zulu(self.submitted_at),
            "expires_at": zulu(self.expires_at),
            **at,
            "replaced_by": self.replaced_by,
            "replaces": self.replaces,
            "asset_id": self.asset.id,
            "symbol": self.asset.symbol,
            "asset_class": self.asset.asset_class,
            "notional": text(self.notional),
            "qty": text(self.qty),
            "filled_qty": text(self.filled_qty),
            "filled_avg_price": text(self.filled_avg_price),
            "order_class": self.order_class,
            "order_type": self.type,
            "type": self.type,
            "side": self.side,
            "position_intent": self.position_intent,
            "time_in_force": self.time_in_force,
            "limit_price": text(self.limit_price),
            "stop_price": text(self.stop_price),
            "status": self.status,
            "extended_hours": self.extended_hours,
            "legs": legs or None,
            "trail_percent": text(self.trail_percent),
            "trail_price": text(self.trail_price),
            "hwm": text(self.hwm),
            "subtag": None,
            "source": None,
        }

    def streamed(self, legs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The order as the trading stream has it."""
        told = self.told(legs)
        del told["subtag"], told["source"]
        told["cancel_requested_at"] = zulu(self.times.get("cancel_requested_at"))
        return told


_TIMES: Final = ("filled_at", "expired_at", "canceled_at", "failed_at", "replaced_at")
