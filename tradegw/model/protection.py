"""Exit legs as clients see them: where they rest, and how they are moved."""

from __future__ import annotations

import enum
from decimal import Decimal

from msgspec import Struct, field

from .enums import TrailingType
from .money import HUNDRED, is_sane


class LegKind(enum.Enum):
    """Stop-loss or take-profit; the value is the suffix of a leg's client order id."""

    STOP_LOSS = "sl"
    TAKE_PROFIT = "tp"


class Trail(Struct, frozen=True, kw_only=True):
    """How far a trailing stop stays behind the best price: in units of the price, or in percent.

    The distance is positive, and below 100 percent; ``ValueError`` otherwise.
    """

    distance: Decimal
    kind: TrailingType = field(name="type")

    def __post_init__(self) -> None:
        if not (is_sane(self.distance) and self.distance > 0):
            raise ValueError("the distance of a trailing stop must be positive")
        if self.kind is TrailingType.PERCENT and self.distance >= HUNDRED:
            raise ValueError("the distance of a trailing stop must be below 100 percent")


class ExitsChange(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """New trigger prices for the legs of a position; the body of ``PATCH /v1/positions/{id}``."""

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


class ExitLegPlacement(Struct, frozen=True, kw_only=True):
    """The resting orders of a leg and the price they trigger at."""

    order_ids: tuple[str, ...]
    trigger_price: Decimal


class ExitsMoved(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where the legs rest now; only those that were asked for."""

    position_id: str
    stop_loss: ExitLegPlacement | None = None
    take_profit: ExitLegPlacement | None = None
