"""The end of the stream when the gateway stops (protocol section 7.2, step 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReactorTime

from ..deferreds import deadline
from ..interfaces import WallClock
from ..model.enums import ConnectionEventKind
from ..model.events import ConnectionEvent

if TYPE_CHECKING:
    from .fanout import Fanout

NOTICE_SECONDS: Final = 0.5
"""From the notice to the Close frame, so that a strategy can react."""

CLOSING_SECONDS: Final = 2.0
"""From the Close frame to the end of a connection whose client does not answer it."""

GOING_AWAY: Final = 1001


async def say_farewell(fanout: Fanout, clock: IReactorTime, now: WallClock) -> None:
    """Notice, Close frame, patience, and an end. Returns as soon as nobody is connected."""
    if not fanout.connections:
        return
    fanout.publish(ConnectionEvent(timestamp=now(), event=ConnectionEventKind.DISCONNECTING))
    fanout.flush()
    if await _all_gone(fanout, NOTICE_SECONDS, clock):
        return
    fanout.flush()
    for listener in fanout.connections:
        listener.leave(GOING_AWAY, "Gateway shutting down")
    if await _all_gone(fanout, CLOSING_SECONDS, clock):
        return
    for listener in fanout.connections:
        listener.drop()


async def _all_gone(fanout: Fanout, seconds: float, clock: IReactorTime) -> bool:
    try:
        await deadline(fanout.when_empty(), seconds, clock)
    except TimeoutError:
        return False
    return True
