"""A stream that is renewed never stops telling."""

from __future__ import annotations

import pytest

from tests.brokers.wires import ByHand, Rig, Talk
from tradegw.brokers.link.conversation import UpgradeRefused
from tradegw.brokers.link.succession import AGAIN_SECONDS
from tradegw.errors import Unauthorized


class Renewing(Rig):
    """A live stream, and another connection on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.line.log_on()
        self.told.all.clear()
        self.stream.renew()
        self.old, self.new = self.line.tries
        self.old_talk, self.new_talk = self.line.talks

    @property
    def newest(self) -> tuple[ByHand, Talk]:
        return self.line.last, self.line.talk


def test_the_old_connection_goes_on_until_the_new_one_is_logged_on() -> None:
    rig = Renewing()
    rig.new.open()
    rig.old.say(b"fill 1")
    assert rig.old.ended_by is None
    rig.new.say(b"ok")
    assert rig.old.ended_by == "close"
    rig.new.say(b"fill 2")
    assert rig.old_talk.heard == [b"fill 1"]
    assert rig.new_talk.heard == [b"fill 2"]
    assert rig.told.all == []
    assert rig.state == "live"


def test_the_new_connection_is_the_streams_from_then_on() -> None:
    rig = Renewing()
    rig.line.log_on()
    rig.wait(100)
    assert len(rig.line.tries) == 2
    rig.new.lose("reset")
    assert rig.told.of("lost") == ["reset"]
    rig.wait(1)
    rig.line.log_on()
    assert rig.state == "live"


def test_what_the_old_one_does_afterwards_is_of_no_concern() -> None:
    rig = Renewing()
    rig.old.closes_at_once = False
    rig.line.log_on()
    rig.old.lose("closed by the broker")
    rig.old_talk.progress.refused(Unauthorized("old", "OLD"))
    assert rig.told.all == []


@pytest.mark.parametrize("how", ["lost", "refused", "not opened", "late", "logon late"])
def test_a_new_connection_that_fails_is_tried_again_and_the_old_one_stays(how: str) -> None:
    rig = Renewing()
    if how in ("lost", "refused", "logon late"):
        rig.new.open()
    if how == "lost":
        rig.new.lose("reset")
    elif how == "refused":
        rig.new_talk.progress.refused(Unauthorized("not twice", "BAD"))
    elif how == "not opened":
        rig.new.fail(UpgradeRefused(429, ""))
    else:
        rig.wait(30)
        assert rig.new.ended_by in ("close", "cancel")
    assert rig.told.all == []
    assert rig.state == "live"
    rig.wait(AGAIN_SECONDS)
    assert len(rig.line.tries) == 3
    rig.line.log_on()
    assert rig.old.ended_by == "close"
    assert rig.told.all == []


def test_a_stream_that_is_lost_meanwhile_begins_anew() -> None:
    rig = Renewing()
    rig.new.open()
    rig.old.lose("reset")
    assert rig.new.ended_by == "close"
    assert rig.told.of("lost") == ["reset"]
    rig.new_talk.progress.logged_on()
    assert rig.state == "waiting"
    rig.wait(1)
    rig.line.log_on()
    rig.wait(300)
    assert len(rig.line.tries) == 3


def test_it_ends_with_the_stream() -> None:
    rig = Renewing()
    rig.new.fail(OSError("no route"))
    rig.stream.stopService()
    assert rig.clock.getDelayedCalls() == []


def test_asking_twice_opens_one() -> None:
    rig = Renewing()
    rig.stream.renew()
    assert len(rig.line.tries) == 2
