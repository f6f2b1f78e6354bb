"""Whether the gateway may trade, and what happened to an order on its way."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from msgspec import Struct

from .enums import Word


class TradingState(Word):
    """What may leave: everything; what lowers exposure; the same, if it is sure to."""

    ACTIVE = "ACTIVE"
    REDUCE_ONLY = "REDUCE_ONLY"
    HALTED = "HALTED"


class StateSetter(enum.StrEnum):
    """Who set the state: a client, a signal to the process, or the reconciliation."""

    CLIENT = "client"
    SIGNAL = "signal"
    RECONCILIATION = "reconciliation"


class TradingStateChange(Struct, frozen=True, kw_only=True):
    """The body of ``PUT /v1/trading-state``."""

    state: TradingState
    reason: str | None = None


class TradingStatus(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The trading state, since when, who set it and why; nobody set the one at the first start."""

    state: TradingState
    since: datetime
    set_by: StateSetter | None = None
    reason: str | None = None


class TimelineStep(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that happened; ``after_us`` is microseconds since the step before it, where both
    were measured by one process.
    """

    at: datetime
    step: str
    after_us: int | None = None
    detail: dict[str, Any] | None = None


class Timeline(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that is recorded of an order, oldest first."""

    order_id: str
    steps: tuple[TimelineStep, ...]
    client_order_id: str | None = None
    correlation_id: str | None = None
