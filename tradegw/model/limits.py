"""How much a broker allows, and who comes first when that is short."""

from __future__ import annotations

import enum
from datetime import datetime

from msgspec import Struct


class Lane(enum.IntEnum):
    """What a call to the broker is for; lower numbers go first."""

    EMERGENCY = 0
    """Cancels, closes and exit legs: whatever makes risk smaller."""
    ENTRY = 1
    QUERY = 2
    DATA = 3


class LimitStatus(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One of the broker's limits: ``capacity`` may be spent within any ``seconds``.

    ``left``          what may be spent now
    ``reserved``      how much of ``capacity`` is kept for cancels, closes and exit legs
    ``refills_at``    when more is left, if nothing is spent meanwhile; absent if it is full
    ``paused_until``  until then the broker wants to hear nothing, and hears nothing
    ``banned``        whether that is a ban
    """

    name: str
    capacity: int
    seconds: int
    left: int
    reserved: int
    refills_at: datetime | None = None
    paused_until: datetime | None = None
    banned: bool = False


class WaitingCalls(Struct, frozen=True, kw_only=True):
    """How many calls wait for a limit, by lane; a lane goes before those that follow it."""

    emergency: int = 0
    entry: int = 0
    query: int = 0
    data: int = 0


class LimitsStatus(Struct, frozen=True, kw_only=True):
    """``GET /v1/limits``: all limits of the broker; none, if it has none that is known."""

    limits: tuple[LimitStatus, ...] = ()
    waiting: WaitingCalls = WaitingCalls()
