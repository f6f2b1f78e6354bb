"""The last step of an event before the clients; what nobody was there to hear is kept for whoever
comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace
from twisted.logger import Logger
from zope.interface import implementer

from ...interfaces import IEventSink, WallClock
from ...model.events import BacktestCompleteEvent, Event, QuoteEvent
from .times import EPOCH

MOST_KEPT: Final = 1024


@implementer(IEventSink)
class RunSink:
    """Hands events on to *inner*, and says of each with an id that it was *published*; of one that
    was dropped that it is *lost*.

    Stamps are simulated time, or *wall* time where that is wanted or no other is known.
    """

    log = Logger()

    def __init__(
        self,
        inner: IEventSink,
        published: Callable[[str], object],
        lost: Callable[[str], object],
        wall: WallClock,
        *,
        by_wall: bool,
    ) -> None:
        self._inner = inner
        self._published = published
        self._lost = lost
        self._wall = wall
        self._by_wall = by_wall
        self._kept: deque[Event] = deque()
        self.dropped = 0

    def publish(self, event: Event) -> int:
        if isinstance(event, QuoteEvent):
            return 0  # the engine tells none; what there is was made of candles, for the gateway
        if self._by_wall or event.timestamp == EPOCH:
            event = replace(event, timestamp=self._wall())
        reached = self._inner.publish(event)
        if event.event_id is not None:
            self._published(event.event_id)
        if not reached and (event.event_id is not None or isinstance(event, BacktestCompleteEvent)):
            self._unheard(event)
        return reached

    def audience(self) -> int:
        return self._inner.audience()

    def hand_over(self) -> None:
        """Somebody is there: tell what nobody has heard, in its order."""
        if self._kept:
            count = len(self._kept)
            self.log.info("{count} events that nobody heard are told now", count=count)
        while self._kept and self._inner.publish(self._kept[0]):
            self._kept.popleft()  # whoever comes may be gone again before it heard all

    @property
    def unheard(self) -> int:
        """How many events wait for somebody to hear them."""
        return len(self._kept)

    def _unheard(self, event: Event) -> None:
        self._kept.append(event)
        if len(self._kept) > MOST_KEPT:
            oldest = self._kept.popleft()
            self.dropped += 1
            if self.dropped == 1:
                self.log.warn("nobody listens: events beyond {most} are dropped", most=MOST_KEPT)
            if oldest.event_id is not None:
                self._lost(oldest.event_id)
