"""How the connections to a broker are, as ``/health`` shows them."""

from __future__ import annotations

import enum

from msgspec import Struct


class StreamState(enum.StrEnum):
    """Where a stream is; only one that is live tells anything."""

    DOWN = "down"
    CONNECTING = "connecting"
    LOGGING_ON = "logging_on"
    LIVE = "live"
    WAITING = "waiting"
    STOPPING = "stopping"


class StreamStatus(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a stream is; ``problem`` says why it is not up."""

    name: str
    state: StreamState
    problem: str | None = None


class SessionState(enum.StrEnum):
    """Where a session is. ``RECONCILING``: logged on, and the gateway is finding out how things
    stand. ``DEGRADED``: live, but prices are away or the account's stream is suspected.
    """

    DOWN = "down"
    CONNECTING = "connecting"
    LOGGING_ON = "logging_on"
    RECONCILING = "reconciling"
    LIVE = "live"
    DEGRADED = "degraded"
    STOPPING = "stopping"


class SessionStatus(Struct, frozen=True, kw_only=True):
    """How the session with a broker is, and each of its streams, the account's first. ``suspected``
    says whether there was evidence, in the last minutes, that the account's stream does not tell
    all.
    """

    state: SessionState
    suspected: bool
    streams: tuple[StreamStatus, ...]

    @property
    def is_whole(self) -> bool:
        """Whether each stream is up."""
        return all(stream.state is StreamState.LIVE for stream in self.streams)
