"""The seams of the gateway and what is promised across them.

Calls that may take time return a Deferred; all fail with :class:`tradegw.errors.GatewayError` and
nothing else. Implementations are checked statically and, by the tests, with ``verifyObject``.
"""

from __future__ import annotations

from .broker import IBroker, IBrokerListener
from .doors import (
    IBacktest,
    IBreakers,
    IEnquiry,
    IHealth,
    IProtection,
    ITimelines,
    ITrading,
    ITradingState,
)
from .pacing import IPacedBroker, IPacing, Settled
from .protection import IExits, ILastResort, IOrderEntry
from .record import IAlarm, IEventLog, IEventSink, IJournal, IMemory
from .time import Time, WallClock

__all__ = [
    "IAlarm",
    "IBacktest",
    "IBreakers",
    "IBroker",
    "IBrokerListener",
    "IEnquiry",
    "IEventLog",
    "IEventSink",
    "IExits",
    "IHealth",
    "IJournal",
    "ILastResort",
    "IMemory",
    "IOrderEntry",
    "IPacedBroker",
    "IPacing",
    "IProtection",
    "ITimelines",
    "ITrading",
    "ITradingState",
    "Settled",
    "Time",
    "WallClock",
]
