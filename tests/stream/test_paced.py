"""The stream of a run tells its pacing who is there, and who was handed and has done what."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tradegw.interfaces import IPacing
from tradegw.stream.door import Limits

from .samples import quote
from .wires import Gateway


@implementer(IPacing)
class Notes:
    """What a pacing is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def joined(self, client_id: str) -> None:
        self.told.append(("joined", client_id))

    def left(self, client_id: str) -> None:
        self.told.append(("left", client_id))

    def handed(self, event_id: str, client_ids: Sequence[str]) -> None:
        self.told.append(("handed", event_id, *client_ids))

    def acknowledged(self, client_id: str, event_ids: Sequence[str]) -> None:
        self.told.append(("acknowledged", client_id, *event_ids))

    def request_began(self) -> None:
        self.told.append(("began",))

    def request_ended(self) -> None:
        self.told.append(("ended",))


def run() -> tuple[Gateway, Notes]:
    notes = Notes()
    verifyObject(IPacing, notes)
    return Gateway(pacing=notes, limits=Limits(ping_seconds=10, silence_seconds=20)), notes


ONE, TWO = (replace(quote(), event_id=f"evt-{number}") for number in (1, 2))


def test_who_comes_hears_and_goes_is_told_in_that_order() -> None:
    gateway, notes = run()
    gateway.fanout.publish(ONE)
    first, second = gateway.connect(), gateway.connect()
    gateway.fanout.publish(TWO)
    gateway.fanout.publish(quote())  # without an id nobody waits for it
    first.vanish()
    assert notes.told[:4] == [
        ("handed", "evt-1"),
        ("joined", "client-1"),
        ("joined", "client-2"),
        ("handed", "evt-2", "client-1", "client-2"),
    ]
    assert set(notes.told[4:]) == {("left", "client-1")}
    second.read()


def test_an_event_is_at_the_client_in_the_turn_in_which_it_was_handed() -> None:
    gateway, _notes = run()
    client = gateway.connect()
    for event in (ONE, TWO):
        gateway.fanout.publish(event)
    assert [m["event_id"] for m in client.messages] == ["evt-1", "evt-2"]


def test_acknowledgements_reach_the_pacing() -> None:
    gateway, notes = run()
    client = gateway.connect()
    ack = '{"type":"event_ack","correlation_id":"c","events_processed":["evt-2","evt-1"]}'
    client.say(ack.replace("}", ',"timestamp":1}'))
    assert notes.told[-1] == ("acknowledged", "client-1", "evt-2", "evt-1")
    assert gateway.acks == []


def test_what_cannot_be_encoded_was_handed_to_nobody() -> None:
    gateway, notes = run()
    gateway.connect()
    broken = replace(ONE, quote=object())
    gateway.fanout.publish(broken)
    assert notes.told[-1] == ("handed", "evt-1")


def test_a_strategy_may_think_for_as_long_as_it_likes() -> None:
    gateway, notes = run()
    client = gateway.connect()
    for _ in range(100):
        gateway.clock.advance(10)
    assert client.close_code is None
    assert ("left", "client-1") not in notes.told
