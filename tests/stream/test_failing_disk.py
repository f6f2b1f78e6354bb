"""While the journal cannot be written events come without numbers; nobody loses any by resuming.

Such an event is published at once and gets its number when the disk is back, when it can be read
again. A client that resumes in between has neither heard nor read it: it is sent to resume again.
"""

from __future__ import annotations

import msgspec
import pytest

from tradegw.model.events import SequencedEvent
from tradegw.model.journal import Told
from tradegw.model.wire import encode
from tradegw.testing.journal import MemoryJournal

from . import samples
from .wires import Client, Gateway

FIRST = 1001


class Desk:
    """Tells events as the gateway does, and can have its disk fail."""

    def __init__(self) -> None:
        self.journal = MemoryJournal("e1", FIRST)
        self.gateway = Gateway(log=self.journal)

    def tell(self, event: SequencedEvent) -> None:
        numbered = msgspec.structs.replace(event, seq=self.journal.next_seq(), epoch="e1")
        assert numbered.seq is not None
        entry = Told(seq=numbered.seq, at=event.timestamp, kind="any", body=encode(numbered))
        self.journal.keep(entry)
        self.gateway.publish(event if self.journal.problem else numbered)

    def all_told(self) -> list[bytes]:
        return [message for _seq, message in self.journal.events(0, 1000)]

    def connect(self, query: str) -> Client:
        client = self.gateway.connect(query)
        self.gateway.clock.advance(0)
        return client


@pytest.fixture
def desk() -> Desk:
    """Two events were told; then the disk fails."""
    made = Desk()
    made.tell(samples.alert("1"))
    made.tell(samples.alert("2"))
    made.journal.fail("no space left")
    return made


def test_who_is_there_hears_it_at_once_and_once(desk: Desk) -> None:
    live, resumed = desk.connect(""), desk.connect("?since=1002")
    desk.tell(samples.alert("3"))
    desk.journal.recover()
    desk.tell(samples.alert("4"))
    for client in (live, resumed):
        assert [(m["message"], m.get("seq")) for m in client.messages] == [("3", None), ("4", 1004)]
        assert not client.wire.lost


def test_who_resumes_from_before_reads_it_again_with_its_number(desk: Desk) -> None:
    desk.tell(samples.alert("3"))
    desk.journal.recover()
    client = desk.connect("?since=1002")
    desk.tell(samples.alert("4"))
    assert client.texts == desk.all_told()[2:]
    assert [m["seq"] for m in client.messages] == [1003, 1004]


def test_who_resumes_before_it_can_be_read_is_sent_to_resume_again(desk: Desk) -> None:
    desk.tell(samples.alert("3"))
    client = desk.connect("?since=0")
    desk.gateway.publish(samples.quote())
    assert [m.get("seq") for m in client.messages] == [1001, 1002, None]
    desk.journal.recover()
    desk.tell(samples.alert("4"))
    assert len(client.texts) == 3, "what follows would hide what is lacking"
    assert client.close_code == 1013
    assert desk.gateway.meters.evictions == 0
    again = desk.connect("?since=1002")
    assert again.texts == desk.all_told()[2:]
    desk.tell(samples.alert("5"))
    assert again.texts == desk.all_told()[2:]


def test_it_is_sent_to_resume_although_no_other_event_follows(desk: Desk) -> None:
    desk.tell(samples.alert("3"))
    client = desk.connect("?since=0")
    desk.gateway.clock.advance(25)
    assert client.close_code is None
    desk.journal.recover()
    desk.gateway.clock.advance(25)
    assert client.close_code == 1013


def test_who_resumes_when_it_can_be_read_stays(desk: Desk) -> None:
    desk.tell(samples.alert("3"))
    desk.journal.recover()
    client = desk.connect("?since=0")
    desk.gateway.clock.advance(25)
    for number in "456":
        desk.tell(samples.alert(number))
        desk.gateway.clock.advance(25)
    assert client.texts == desk.all_told()
    assert client.close_code is None


def test_a_client_that_asks_for_nothing_of_the_past_stays(desk: Desk) -> None:
    desk.tell(samples.alert("3"))
    client = desk.connect("")
    desk.journal.recover()
    desk.gateway.clock.advance(25)
    desk.tell(samples.alert("4"))
    assert [m["seq"] for m in client.messages] == [1004]
    assert client.close_code is None


def test_a_client_that_left_is_not_closed_again(desk: Desk) -> None:
    desk.tell(samples.alert("3"))
    client = desk.connect("?since=0")
    client.vanish()
    desk.journal.recover()
    desk.tell(samples.alert("4"))
    assert desk.gateway.meters.active == 0
    assert desk.gateway.clock.getDelayedCalls() == []
