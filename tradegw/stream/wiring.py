"""Builds the stream from what it needs."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource

from ..interfaces import WallClock
from ..model.events import Event
from .door import Door, Greeting, Limits, OnAck
from .fanout import Fanout
from .filter import EventFilter
from .meters import NoMeters, StreamMeters
from .resource import ListenResource


def _nothing() -> tuple[Event, ...]:
    return ()


def _ignored(client_id: str, event_ids: tuple[str, ...]) -> None:
    """Live and simulated brokers wait for no acknowledgement."""


def build(
    clock: IReactorTime,
    now: WallClock,
    wanted: EventFilter,
    *,
    meters: StreamMeters | None = None,
    greeting: Greeting = _nothing,
    on_ack: OnAck = _ignored,
    limits: Limits | None = None,
) -> tuple[Fanout, IResource]:
    """The sink of events, and the resource to be mounted at ``/v1/ws`` behind authentication."""
    meters = meters or NoMeters()
    fanout = Fanout(clock, now, wanted, meters)
    door = Door(clock, now, fanout, meters, greeting, on_ack, limits or Limits())
    return fanout, ListenResource(door)
