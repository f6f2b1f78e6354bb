"""Exit legs as clients see them: where they rest, and how they are moved."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

from msgspec import Struct, field

from .enums import PositionSide, TrailingType, Unresolved, Word
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
    """New trigger prices for the legs of a position; the body of ``PATCH /v1/positions/{id}``.

    With ``trailing_distance`` and ``trailing_type`` the stop follows the market from now on.
    """

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: TrailingType | None = None

    @property
    def trail(self) -> Trail | None:
        """How the stop is to follow; raises ``ValueError`` where :class:`Trail` does."""
        if self.trailing_distance is None or self.trailing_type is None:
            return None
        return Trail(distance=self.trailing_distance, kind=self.trailing_type)


class ExitLegPlacement(Struct, frozen=True, kw_only=True):
    """The resting orders of a leg and the price they trigger at."""

    order_ids: tuple[str, ...]
    trigger_price: Decimal


class ExitsMoved(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where the legs rest now; only those that were asked for.

    With *outcome* that is not known yet: they are being moved.
    """

    position_id: str
    stop_loss: ExitLegPlacement | None = None
    take_profit: ExitLegPlacement | None = None
    outcome: Unresolved | None = None


class UncoveredPolicy(enum.StrEnum):
    """What is done about a position whose stop has been missing for too long."""

    ALERT = "alert"
    CLOSE = "close"


class ExitLimits(Struct, frozen=True, kw_only=True):
    """How long what may be missing, and how often that is looked at."""

    max_uncovered_seconds: float = 300.0
    policy: UncoveredPolicy = UncoveredPolicy.ALERT
    ttl_hours: int = 0
    """How long an entry with exits may work without a fill; 0 is for ever."""
    look_seconds: float = 5.0
    trail_seconds: float = 5.0
    """How often a price that stops follow is asked for, if it does not come by itself."""


class ProtectionState(Word):
    """How far the protection of an entry has come."""

    PENDING = "PENDING"
    """The entry works, and nothing of it is open."""
    COVERED = "COVERED"
    """Every exit that is wanted rests at the broker, for all that is open."""
    UNCOVERED = "UNCOVERED"
    """Some of it is missing, or not confirmed."""
    ENDING = "ENDING"
    """Nothing is open nor will be; legs are left, and are being cancelled."""


class LegState(Word):
    """What is known of an exit order."""

    SENDING = "SENDING"
    RESTING = "RESTING"
    CHANGING = "CHANGING"
    ENDING = "ENDING"
    IN_DOUBT = "IN_DOUBT"
    HELD = "HELD"
    """The gateway holds it back, as the broker takes but one exit at a time."""
    ENDED = "ENDED"


class LegType(enum.StrEnum):
    """Stop-loss or take-profit, as clients are told."""

    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"


class ExitTargets(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The trigger prices that are wanted; an exit that is not wanted is absent."""

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


class TrailingState(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a stop follows the market; *mark* is the best price since the entry filled."""

    distance: Decimal
    type: TrailingType
    mark: Decimal | None = None


class ExitQuantities(Struct, frozen=True, kw_only=True):
    """A quantity for each kind of exit."""

    stop_loss: Decimal
    take_profit: Decimal


class UnprotectedPosition(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An open position whose exits a client took away: so much has none of each kind now."""

    position_id: str | None = None
    symbol: str
    side: PositionSide
    uncovered: ExitQuantities


class Shortfall(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An exit that is missing: for how much, and why, if that is known."""

    leg_type: LegType
    quantity: Decimal
    reason: str | None = None


class ProtectiveLeg(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An exit order. *remaining* is what may still execute; *price* is what it triggers at. It is
    *native* if the broker itself placed it for the entry, and named by its id if that gave it no
    client order id.
    """

    order_id: str | None = None
    client_order_id: str
    leg_type: LegType
    state: LegState
    quantity: Decimal
    remaining: Decimal
    price: Decimal
    native: bool = False


class EntryProtection(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The protection of what one entry order filled."""

    order_id: str | None = None
    client_order_id: str | None = None
    state: ProtectionState
    filled_quantity: Decimal
    open_quantity: Decimal
    targets: ExitTargets
    trailing: TrailingState | None = None
    uncovered_since: datetime | None = None
    shortfalls: tuple[Shortfall, ...]
    legs: tuple[ProtectiveLeg, ...]


class PositionProtection(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All protection of one position: what entries with exits opened of it, and their legs.

    *covered* is what confirmed legs would close, *uncovered* what should have one and has none.
    """

    position_id: str | None = None
    symbol: str
    side: PositionSide
    quantity: Decimal
    covered: ExitQuantities
    uncovered: ExitQuantities
    uncovered_since: datetime | None = None
    plans: tuple[EntryProtection, ...]
