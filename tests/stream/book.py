"""An event log in memory, of which a test can say what is kept, durable and readable."""

from __future__ import annotations

import itertools

import msgspec
from zope.interface import implementer

from tradegw.interfaces import IEventLog
from tradegw.model.events import SequencedEvent
from tradegw.model.journal import EventSpan
from tradegw.model.wire import encode

from . import samples
from .wires import Gateway


@implementer(IEventLog)
class Book:
    """Events numbered from *first* on."""

    def __init__(self, first: int = 1001, epoch: str = "e1") -> None:
        self.epoch = epoch
        self.told: dict[int, bytes] = {}
        self.oldest = first
        self.newest = self.last = first - 1
        self.error: Exception | None = None
        self.reads = 0

    def span(self) -> EventSpan:
        return EventSpan(epoch=self.epoch, oldest=self.oldest, newest=self.newest)

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        if self.error is not None:
            raise self.error
        self.reads += 1
        known = range(max(after + 1, self.oldest), self.last + 1)
        there = ((seq, self.told[seq]) for seq in known if seq in self.told)
        return list(itertools.islice(there, limit))

    def enter(self, event: SequencedEvent) -> SequencedEvent:
        """Write *event* down; it is readable, but not yet published: ``newest`` stays."""
        self.last += 1
        numbered = msgspec.structs.replace(event, seq=self.last, epoch=self.epoch)
        self.told[self.last] = encode(numbered)
        return numbered

    def tell(self, gateway: Gateway, *events: SequencedEvent) -> None:
        """Write *events* down and publish them, in this turn."""
        numbered = [self.enter(event) for event in events]
        self.newest = self.last
        for event in numbered:
            gateway.fanout.publish(event)

    def fill(self, count: int, text: str = "") -> None:
        """Have *count* alerts told when nobody was there."""
        for number in range(count):
            self.enter(samples.alert(f"{text}{number}"))
        self.newest = self.last

    def expire(self, oldest: int) -> None:
        """Forget all before *oldest*."""
        self.oldest = oldest
        self.told = {seq: told for seq, told in self.told.items() if seq >= oldest}

    def after(self, seq: int) -> list[bytes]:
        """What a client is to hear that has everything up to *seq*."""
        return [told for number, told in sorted(self.told.items()) if number > seq]
