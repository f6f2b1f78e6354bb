"""The fan-out of a run that is paced by its clients: who hears what is told to the pacing."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from ..interfaces import IPacing, WallClock
from ..model.events import Event
from .fanout import Fanout, Listener
from .filter import EventFilter
from .meters import StreamMeters


class PacedFanout(Fanout):
    """Sends each event by itself, at once: what comes next waits for its acknowledgement."""

    def __init__(
        self,
        clock: IReactorTime,
        now: WallClock,
        wanted: EventFilter,
        meters: StreamMeters,
        pacing: IPacing,
    ) -> None:
        super().__init__(clock, now, wanted, meters)
        self._pacing = pacing

    def publish(self, event: Event) -> int:
        reached = super().publish(event)
        if event.event_id is not None:
            here = self._listening.values() if reached else ()
            self._pacing.handed(event.event_id, [listener.client_id for listener in here])
        return reached

    def _queue(self, frame: bytes) -> None:
        if self._sending:  # a client that failed made somebody publish: it keeps its place
            super()._queue(frame)
        else:
            self.flush()
            self._send(frame, 1)

    def add(self, listener: Listener, at: int | None = None) -> None:
        super().add(listener, at)
        self._pacing.joined(listener.client_id)

    def retire(self, listener: Listener) -> None:
        super().retire(listener)
        self._pacing.left(listener.client_id)
