"""A stream comes back whenever it is lost, tells of it once, and never gives up."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from tests.brokers.wires import Rig
from tradegw.brokers.link.conversation import UpgradeRefused
from tradegw.brokers.link.course import Course, Rules
from tradegw.brokers.link.stream import TABLE
from tradegw.brokers.link.turns import Inputs
from tradegw.errors import Unauthorized
from tradegw.model.link import StreamState

INPUTS = sorted(
    [
        *("start", "opened", "logged_on", "refused", "lost", "late", "due", "doubt", "stop"),
        *("gone", "renew", "relieved"),
    ]
)
REFUSAL = Unauthorized("key unknown", "BAD")


def live(max_duration_secs: int = 300) -> Rig:
    rig = Rig(max_duration_secs=max_duration_secs)
    rig.line.log_on()
    assert rig.state == "live"
    return rig


# -- the table


def test_every_state_has_a_row_for_every_input() -> None:
    assert set(TABLE) == set(StreamState)
    assert {state: sorted(rows) for state, rows in TABLE.items()} == dict.fromkeys(TABLE, INPUTS)
    assert all(callable(getattr(Inputs, name)) for name in INPUTS)


def in_state(state: StreamState) -> Rig:
    """A stream that got there the usual way."""
    if state is StreamState.DOWN:
        return Rig(start=False)
    rig = Rig()
    if state is StreamState.WAITING:
        rig.line.last.fail(OSError("no route"))
    elif state is not StreamState.CONNECTING:
        rig.line.last.open()
    if state in (StreamState.LIVE, StreamState.STOPPING):
        rig.line.last.say(b"ok")
    if state is StreamState.STOPPING:
        rig.line.last.closes_at_once = False
        rig.stream.stopService()
    assert rig.state == state
    return rig


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("state", list(StreamState))
def test_every_input_is_survived_in_every_state(state: StreamState, name: str) -> None:
    """It goes where the table says, or further on its own, and after that a logon is possible."""
    rig = in_state(state)
    given = {"lost": ("why", 0.0), "refused": (REFUSAL,), "doubt": ("why",)}.get(name, ())
    getattr(rig.stream._inputs, name)(*given)
    then = TABLE[state][name][0]
    assert rig.state in {then, StreamState.DOWN if then is StreamState.STOPPING else then}
    assert rig.state != "live" or rig.line.last.ended_by is None
    rig.wait(10)  # whatever was being closed is closed
    if rig.state == "down":
        rig.stream._inputs.start()
    for _ in range(20):
        if rig.state == "waiting":
            rig.wait(10)
        if rig.state == "connecting" and not rig.line.last.is_open:
            rig.line.log_on()
        if rig.state == "logging_on" and rig.line.last.is_open:
            rig.line.last.say(b"ok")
        if rig.state == "live":
            return
    pytest.fail(f"stuck: {rig.state}")


# -- the usual way


def test_it_is_live_when_the_logon_was_accepted_and_not_before() -> None:
    rig = Rig()
    rig.line.last.open()
    assert rig.line.last.sent == [b"logon"]
    rig.line.last.say(b"ok")
    rig.line.last.say(b"fill")
    assert rig.told.all == ["connecting", "logging_on", "live", "up"]
    assert rig.line.talk.heard == [b"fill"]


def test_each_connection_has_a_conversation_of_its_own() -> None:
    rig = live()
    rig.line.last.lose("reset by peer")
    rig.wait(1)
    rig.line.log_on()
    assert len(rig.line.talks) == 2
    assert rig.line.talks[0].closings == ["reset by peer"]
    assert rig.line.talks[1].closings == []
    assert rig.told.all[4:] == [
        "waiting",
        ("lost", "reset by peer"),
        "retry",
        "connecting",
        "logging_on",
        "live",
        "up",
    ]


def test_a_conversation_may_log_on_as_soon_as_it_is_open() -> None:
    rig = Rig()
    rig.line.talk.opened = lambda wire: rig.line.talk.progress.logged_on()  # type: ignore[method-assign]
    rig.line.last.open()
    assert rig.state == "live"


# -- trying again


def pauses(rig: Rig, tries: int) -> list[float]:
    """Seconds between the failure of a try and the next."""
    found = []
    for _ in range(tries):
        rig.line.last.fail(OSError("refused"))
        before, count = rig.clock.seconds(), len(rig.line.tries)
        while len(rig.line.tries) == count:
            rig.wait(0.5)
        found.append(rig.clock.seconds() - before)
    return found


def test_rc01_pauses_grow_to_the_cap_and_it_never_gives_up() -> None:
    rig = Rig(max_duration_secs=300)
    assert pauses(rig, 12) == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    rig.line.log_on()
    assert rig.state == "live"


def test_a_logon_that_does_not_last_forgets_no_failures() -> None:
    rig = Rig()
    assert pauses(rig, 3) == [1, 2, 4]
    rig.line.log_on()
    rig.wait(29.9)
    rig.line.last.lose()
    rig.wait(7.9)
    assert rig.state == "waiting"
    rig.wait(0.1)
    assert rig.state == "connecting"


def test_a_logon_that_lasts_makes_the_next_loss_a_first_one() -> None:
    rig = Rig()
    pauses(rig, 5)
    rig.line.log_on()
    rig.wait(30)
    rig.line.last.lose()
    rig.wait(1)
    assert rig.state == "connecting"


def test_a_connection_that_never_opens_is_left_after_a_while() -> None:
    rig = Rig(Rules(connect_seconds=20))
    rig.wait(19.9)
    assert rig.state == "connecting"
    rig.wait(0.1)
    assert (rig.line.last.ended_by, rig.state) == ("cancel", "waiting")
    assert rig.stream.status().problem == "it took too long to connect"


def test_a_logon_that_is_not_answered_is_left_after_a_while() -> None:
    rig = Rig(Rules(logon_seconds=10))
    rig.line.last.open()
    rig.wait(9.9)
    assert rig.state == "logging_on"
    rig.wait(0.1)
    assert (rig.line.last.ended_by, rig.state) == ("close", "waiting")
    assert rig.stream.status().problem == "the broker did not answer the logon"
    assert rig.line.talk.closings == ["closed by us"]


def test_lost_while_logging_on_is_no_loss_of_a_link() -> None:
    rig = Rig()
    rig.line.last.open()
    rig.line.last.lose("kicked")
    assert rig.state == "waiting"
    assert rig.told.of("lost") == []


def test_a_broker_that_says_how_long_to_wait_is_obeyed() -> None:
    rig = Rig()
    rig.line.last.fail(UpgradeRefused(429, "Too Many Requests", retry_after_seconds=45))
    rig.wait(44)
    assert rig.state == "waiting"
    rig.wait(1)
    assert rig.state == "connecting"


def test_but_not_for_ever() -> None:
    rig = Rig()
    rig.line.last.fail(UpgradeRefused(503, "", retry_after_seconds=999_999))
    rig.wait(600)
    assert rig.state == "connecting"


def test_a_conversation_that_cannot_go_on_is_closed_and_tried_again() -> None:
    rig = live()
    rig.line.talk.progress.failed("sequence broken")
    assert rig.line.last.ended_by == "close"
    assert rig.told.of("lost") == ["sequence broken"]
    rig.wait(1)
    assert rig.state == "connecting"


def test_a_connection_that_cannot_even_be_begun_is_tried_again() -> None:
    rig = Rig(start=False)
    usual, rig.stream._converse = rig.stream._converse, lambda progress: 1 / 0  # type: ignore[assignment, return-value]
    rig.stream.startService()
    assert (rig.state, rig.stream.status().problem) == ("waiting", "a defect")
    rig.stream._converse = usual
    rig.wait(1)
    rig.line.log_on()
    assert rig.state == "live"


# -- refused credentials


def test_rc06_refused_credentials_are_told_at_once_and_tried_slowly() -> None:
    rig = Rig(max_backoff_ms=5000)
    rig.line.last.open()
    rig.line.talk.progress.refused(REFUSAL)
    assert rig.told.of("failed") == ["the broker refuses the credentials: key unknown"]
    rig.wait(59.9)
    assert rig.state == "waiting"
    rig.wait(0.1)
    assert rig.state == "connecting"
    rig.line.last.open()
    rig.line.talk.progress.refused(REFUSAL)
    assert len(rig.told.of("failed")) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_can_be_refused_before_there_is_a_websocket(status: int) -> None:
    rig = Rig()
    rig.line.last.fail(UpgradeRefused(status, "Unauthorized"))
    (reason,) = rig.told.of("failed")
    assert reason.endswith(f"HTTP {status} Unauthorized")
    rig.wait(59.9)
    assert rig.state == "waiting"


def test_credentials_that_are_taken_away_end_a_live_stream() -> None:
    rig = live()
    rig.line.talk.progress.refused(REFUSAL)
    assert rig.told.all[4:] == [
        "waiting",
        ("lost", "key unknown"),
        ("failed", "the broker refuses the credentials: key unknown"),
    ]


def test_a_refusal_after_a_good_logon_is_told_again() -> None:
    rig = Rig()
    for _ in range(2):
        rig.line.last.open()
        rig.line.talk.progress.refused(REFUSAL)
        rig.wait_for("connecting")
        rig.line.log_on()
        rig.line.last.lose()
        rig.wait_for("connecting")
    assert len(rig.told.of("failed")) == 2


# -- when it takes too long


def test_rc05_failing_for_too_long_is_told_once_and_tried_on() -> None:
    rig = Rig(max_duration_secs=100)
    rig.line.last.fail(OSError("no route"))
    told_at = None
    for _ in range(600):
        rig.wait(1)
        if rig.state == "connecting":
            rig.line.last.fail(OSError("no route"))
        if told_at is None and rig.told.of("failed"):
            told_at = rig.clock.seconds()
    assert told_at == 100
    assert rig.told.of("failed") == ["orders: no logon for 100 seconds: no route"]
    rig.wait_for("connecting")
    rig.line.log_on()
    assert rig.state == "live"


def test_the_time_runs_from_the_first_failure_and_ends_with_a_logon() -> None:
    rig = live(max_duration_secs=10)
    rig.wait(1000)
    assert rig.told.of("failed") == []
    rig.line.last.lose()
    rig.wait(9)
    rig.line.log_on()
    rig.wait(1000)
    assert rig.told.of("failed") == []


def test_rc02_no_time_at_all_is_told_with_the_first_failure_and_not_before() -> None:
    rig = live(max_duration_secs=0)
    rig.wait(0)
    assert rig.told.of("failed") == []
    rig.line.last.lose()
    rig.wait(0)
    assert len(rig.told.of("failed")) == 1
    rig.wait(1)
    assert rig.state == "connecting"


def test_a_refusal_that_was_told_is_not_followed_by_the_end_of_the_time() -> None:
    rig = Rig(max_duration_secs=100)
    rig.line.last.fail(OSError("no route"))
    rig.wait_for("connecting")
    rig.line.last.open()
    rig.line.talk.progress.refused(REFUSAL)
    rig.wait(200)
    assert len(rig.told.of("failed")) == 1


def test_but_a_refusal_after_the_end_of_the_time_is_told_as_well() -> None:
    rig = Rig(max_duration_secs=0)
    rig.line.last.fail(OSError("no route"))
    rig.wait_for("connecting")
    assert len(rig.told.of("failed")) == 1
    rig.line.last.fail(UpgradeRefused(401, ""))
    assert len(rig.told.of("failed")) == 2


# -- doubt


def test_a_doubted_stream_is_lost_and_opened_anew() -> None:
    rig = live()
    old = rig.line.last
    rig.stream.doubt("silent")
    assert old.ended_by == "close"
    assert rig.told.of("lost") == ["silent"]
    rig.wait(1)
    rig.line.log_on()
    assert rig.state == "live"


def test_what_the_old_connection_still_says_of_itself_changes_nothing() -> None:
    rig = live()
    old = rig.line.talk
    rig.stream.doubt("silent")
    old.progress.logged_on()
    old.progress.refused(REFUSAL)
    old.progress.failed("late")
    assert rig.state == "waiting"
    assert rig.told.of("failed") == []


def test_a_connection_that_opens_after_it_was_left_is_ended() -> None:
    rig = Rig(Rules(connect_seconds=5))
    slow = rig.line.last
    slow.opening = Deferred()  # cancelled, but it opens all the same
    rig.wait(5)
    slow.is_open = True
    slow.conversation.opened(slow)
    assert slow.ended_by == "abort"
    assert rig.state == "waiting"


# -- the end


def test_rc11_nothing_is_told_while_the_goodbye_is_waited_for() -> None:
    rig = Rig(max_duration_secs=3)
    rig.line.last.fail(OSError("no route"))
    rig.wait_for("connecting")
    rig.line.last.open()
    rig.line.last.closes_at_once = False
    rig.stream.stopService()
    rig.wait(4)
    assert rig.state == "stopping"
    assert rig.told.of("failed") == []


@pytest.mark.parametrize("state", [s for s in StreamState if s is not StreamState.STOPPING])
def test_rc11_it_ends_quietly_from_every_state(state: StreamState) -> None:
    rig = in_state(state)
    stopped = rig.stream.stopService()
    assert rig.state == "down"
    assert stopped.called
    assert rig.clock.getDelayedCalls() == []
    assert rig.told.of("failed") == rig.told.of("lost") == []


def test_it_ends_even_if_the_goodbye_is_not_answered() -> None:
    rig = live()
    rig.line.last.closes_at_once = False
    stopped = rig.stream.stopService()
    assert (rig.line.last.ended_by, stopped.called) == ("close", False)
    rig.wait(5)
    assert stopped.called
    assert rig.state == "down"


def test_it_ends_when_the_goodbye_is_answered() -> None:
    rig = live()
    rig.line.last.closes_at_once = False
    stopped = rig.stream.stopService()
    rig.line.last.lose("goodbye")
    assert stopped.called
    assert rig.clock.getDelayedCalls() == []


def test_it_can_be_started_again_while_it_ends() -> None:
    rig = live()
    rig.line.last.closes_at_once = False
    stopped = rig.stream.stopService()
    rig.stream.startService()
    assert stopped.called
    assert rig.state == "connecting"
    rig.line.tries[0].lose("goodbye")
    rig.line.log_on()
    assert rig.state == "live"


# -- a defect of our own


@pytest.mark.parametrize(
    "state", [StreamState.CONNECTING, StreamState.LOGGING_ON, StreamState.WAITING]
)
def test_a_stream_whose_timer_is_missing_is_set_going(state: StreamState) -> None:
    rig = in_state(state)
    rig.stream.unstick()
    assert rig.state == state
    course: Course = rig.stream._course
    assert course._timer is not None
    course._timer.cancel()
    rig.stream.unstick()
    assert rig.state == ("connecting" if state is StreamState.WAITING else "waiting")
