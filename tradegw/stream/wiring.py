"""Builds the stream from what it needs."""

from __future__ import annotations

from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource

from ..interfaces import IEventLog, IPacing, WallClock
from ..model.events import Event
from .door import Door, Greeting, Limits, OnAck
from .fanout import Fanout
from .filter import EventFilter
from .meters import NoMeters, StreamMeters
from .paced import PacedFanout
from .resource import ListenResource
from .resume import Replays


def _nothing() -> tuple[Event, ...]:
    return ()


def _ignored(client_id: str, event_ids: tuple[str, ...]) -> None:
    """Live and simulated brokers wait for no acknowledgement."""


def build(  # noqa: PLR0913  (most have a default)
    clock: IReactorTime,
    now: WallClock,
    wanted: EventFilter,
    *,
    meters: StreamMeters | None = None,
    greeting: Greeting = _nothing,
    on_ack: OnAck = _ignored,
    limits: Limits | None = None,
    log: IEventLog | None = None,
    pacing: IPacing | None = None,
) -> tuple[Fanout, IResource]:
    """The sink of events, and the resource to be mounted at ``/v1/ws`` behind authentication.

    Without a *log* clients that ask for events of the past are refused. With one, whatever becomes
    readable in it is to be published in the same turn. With a *pacing*, which hears all that
    *on_ack* would, nobody is closed for being silent: a strategy may think for long.
    """
    meters = meters or NoMeters()
    limits = limits or Limits()
    if pacing is None:
        fanout = Fanout(clock, now, wanted, meters)
    else:
        fanout = PacedFanout(clock, now, wanted, meters, pacing)
        on_ack, limits = pacing.acknowledged, replace(limits, silence_seconds=None)
    replays = Replays(clock, now, log, wanted, limits.replay_seconds)
    door = Door(clock, now, fanout, replays, meters, greeting, on_ack, limits)
    return fanout, ListenResource(door)
