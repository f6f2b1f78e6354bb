"""Exit legs as clients see them: where they rest, and how they are moved."""

from __future__ import annotations

import enum
from decimal import Decimal

from msgspec import Struct


class LegKind(enum.Enum):
    """Stop-loss or take-profit; the value is the suffix of a leg's client order id."""

    STOP_LOSS = "sl"
    TAKE_PROFIT = "tp"


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
