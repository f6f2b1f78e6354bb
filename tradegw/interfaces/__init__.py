"""The seams of the gateway and what is promised across them.

Calls that may take time return a Deferred; all fail with :class:`tradegw.errors.GatewayError` and
nothing else. Implementations are checked statically and, by the tests, with ``verifyObject``.
"""

from __future__ import annotations

from .broker import IBroker, IBrokerListener
from .doors import (
    IBreakers,
    IEnquiry,
    IHealth,
    IProtection,
    ITimelines,
    ITrading,
    ITradingState,
)
from .protection import IExits, ILastResort, IOrderEntry
from .record import IAlarm, IEventLog, IEventSink, IJournal, IMemory
from .time import WallClock

__all__ = [
    "IAlarm",
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
    "IProtection",
    "ITimelines",
    "ITrading",
    "ITradingState",
    "WallClock",
]
