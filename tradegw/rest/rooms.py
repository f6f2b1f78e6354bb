"""What the resources may call."""

from __future__ import annotations

from msgspec import Struct

from ..interfaces import (
    IBacktest,
    IBreakers,
    IEnquiry,
    IEventLog,
    IHealth,
    IProtection,
    ITimelines,
    ITrading,
    ITradingState,
)


class Rooms(Struct, frozen=True, kw_only=True):
    """The rooms behind the door; every route is given these and nothing else."""

    trading: ITrading
    enquiry: IEnquiry
    breakers: IBreakers
    health: IHealth
    trading_state: ITradingState
    timelines: ITimelines
    protection: IProtection
    events: IEventLog
    backtest: IBacktest | None = None
    """Of a broker that trades in the past."""
