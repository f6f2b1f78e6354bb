"""``/v1/events``: what was told, read again."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta, Raw, Struct

from .. import errors
from ..model.events import SequencedEvent
from ..retelling import MAX_SEQ, page_after, starting_point
from .queries import NonEmpty
from .rooms import Rooms
from .routing import Routes

MAX_EVENTS: Final = 1000
MAX_BYTES: Final = 8 * 1024 * 1024
"""A page is cut here: half of what the official client reads."""

routes = Routes("events")


class EventsQuery(Struct, frozen=True, kw_only=True):
    """Which events, and as numbered by which journal."""

    since: Annotated[int, Meta(ge=0, le=MAX_SEQ)] | None = None
    limit: Annotated[int, Meta(ge=0, le=MAX_EVENTS)] = 100
    epoch: NonEmpty | None = None


class Events(Struct, frozen=True, kw_only=True):
    """Events, oldest first, as they were sent over the WebSocket.

    ``next`` is the ``since`` to ask with next time. ``oldest`` and ``newest`` are the numbers of
    the first and last event that can be read; before the first of all ``newest`` is ``oldest - 1``.
    """

    events: tuple[SequencedEvent, ...]
    next: int
    epoch: str
    oldest: int
    newest: int


@routes.get(
    "/v1/events",
    operation_id="get_events",
    query=EventsQuery,
    answer=Events,
    errors=(errors.JournalUnavailable,),
)
async def get_events(rooms: Rooms, query: EventsQuery) -> Raw:
    """Read the events after ``since`` again, oldest first.

    Without ``since``, and with 0, they begin with the oldest that is kept. Never more than
    ``limit`` are returned (100 by default, 1000 at most); there may be fewer although more follow:
    ask on with ``next`` until it is ``newest``. Subscriptions do not filter here.

    A ``since`` that is no longer kept, has not been reached, or belongs to another journal than
    ``epoch`` is refused; the error's details tell ``oldest``, ``newest`` and ``epoch``.
    """
    after = starting_point(rooms.events.span(), query.since, query.epoch)
    page = page_after(rooms.events, after, query.limit, MAX_BYTES)
    told = Events(
        events=cast("Any", tuple(map(Raw, page.messages))),  # as they were written, not read
        next=page.last,
        epoch=page.span.epoch,
        oldest=page.span.oldest,
        newest=page.span.newest,
    )
    return Raw(msgspec.json.encode(told))
