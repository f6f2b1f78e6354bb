"""The last thing that happens to an event of a run before clients hear it: it gets its id."""

from __future__ import annotations

from msgspec.structs import replace
from zope.interface import implementer

from ...interfaces import IEventSink, WallClock
from ...model.events import BacktestCompleteEvent, Event
from .clients import Clients
from .transcript import Transcript


@implementer(IEventSink)
class Telling:
    """Numbers the events of the run, ``evt-1``, ``evt-2`` and so on, on their way to *sink*, and
    has them waited for. The journal's own numbers, which are others in every run, are left out.
    They are stamped with *wall* time if that is given.
    """

    def __init__(
        self, sink: IEventSink, clients: Clients, transcript: Transcript, wall: WallClock | None
    ) -> None:
        self.count = 0
        self.last_id = ""
        self._sink = sink
        self._clients = clients
        self._transcript = transcript
        self._wall = wall

    def audience(self) -> int:
        return self._sink.audience()

    def publish(self, event: Event) -> int:
        self.count += 1
        self.last_id = event_id = f"evt-{self.count}"
        if type(event) is BacktestCompleteEvent:  # it tells of all that came before
            sha256 = self._transcript.sha256
            event = replace(event, event_id=event_id, transcript_sha256=sha256)
        else:
            event = replace(event, event_id=event_id, seq=None, epoch=None)
            self._transcript.told(event)
        if self._wall is not None:
            event = replace(event, timestamp=self._wall())
        self._clients.expect(event_id)
        return self._sink.publish(event)
