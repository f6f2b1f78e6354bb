"""How the gateway is: the bodies of the probes and of the breaker calls."""

from __future__ import annotations

import enum

from msgspec import Struct

from .enums import Platform
from .link import SessionStatus


class Alive(Struct, frozen=True, kw_only=True):
    """``GET /livez``: the process answers."""

    status: str = "ok"


class Ready(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """``GET /readyz``: whether orders can be taken."""

    ready: bool
    providers: tuple[Platform, ...]
    provider_count: int
    message: str | None = None


class OverallStatus(enum.StrEnum):
    CONNECTED = "connected"
    DEGRADED = "degraded"


class ProviderHealth(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One broker: its streams are up and no instrument is stale, or which are; ``message`` says why
    there is no connection, once it has been missing for long or the credentials are refused.
    ``session`` is how its streams are, if it has such; what is suspected does not end
    ``connected``, but the overall status.
    """

    platform: Platform
    connected: bool
    stale_instruments: tuple[str, ...] | None = None
    message: str | None = None
    session: SessionStatus | None = None


class Health(Struct, frozen=True, kw_only=True):
    """``GET /health``: always answered with 200; the body tells."""

    status: OverallStatus
    version: str
    git_sha: str
    providers: tuple[ProviderHealth, ...]


class BreakerState(enum.StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class BreakerSnapshot(Struct, frozen=True, kw_only=True):
    """A breaker and the failures it counts within its window."""

    state: BreakerState
    failure_count: int


class BreakersStatus(Struct, frozen=True, kw_only=True):
    """Both breakers: calls to the broker, and the placing of exit legs."""

    adapter: BreakerSnapshot
    exit_order: BreakerSnapshot
