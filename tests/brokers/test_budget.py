"""The calls a broker allows: none too many, the urgent first, and what it forbids is obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock

from tests.brokers.peer import NOON, Result, told
from tradegw.brokers.budget import Budget, Permit, Rules
from tradegw.brokers.memory import Memory
from tradegw.brokers.ratelimit import LONGEST_PAUSE, Limit, Reading
from tradegw.errors import NotSent, Overloaded, RateLimited
from tradegw.model.enums import RateLimitEventKind
from tradegw.model.events import RateLimitEvent
from tradegw.model.limits import Lane

EMERGENCY, ENTRY, QUERY, DATA = Lane
HUNDRED = Rules(name="testing", limits=(Limit("calls", 100, 60),), at_once=1000)


class Stand:
    """A budget by a clock of its own."""

    def __init__(self, rules: Rules = HUNDRED, memory: Memory | None = None) -> None:
        self.clock = Clock()
        self.told: list[RateLimitEvent] = []
        self.late = timedelta(0)
        self.memory = memory or Memory(self.now)
        self.budget = Budget(
            rules, self.clock, self.clock.seconds, self.now, self.memory, self.told.append
        )

    def now(self) -> datetime:
        return NOON + self.late + timedelta(seconds=self.clock.seconds())

    def ask(
        self, lane: Lane = QUERY, within: float = 30, weight: int = 1, **weights: int
    ) -> Result[Permit]:
        counted: Mapping[str, int] = weights or {"calls": weight}
        return Result(self.budget.admit(lane, counted, within))

    def spend(self, calls: int, lane: Lane = EMERGENCY, **weights: int) -> None:
        """So many calls leave and are answered at once."""
        for _ in range(calls):
            self.ask(lane, **weights).value.ended()

    def left(self, limit: str = "calls") -> int:
        found = {status.name: status.left for status in self.budget.status().limits}
        return found[limit]


def test_calls_leave_at_once_while_there_is_room() -> None:
    stand = Stand()
    permits = [stand.ask() for _ in range(70)]
    assert all(permits)
    assert stand.left() == 30
    assert stand.budget.status().limits[0].refills_at is None  # they are all on the wire


def test_what_was_answered_counts_for_the_seconds_of_the_limit() -> None:
    stand = Stand()
    permit = stand.ask().value
    stand.clock.advance(40)
    permit.ended()
    stand.clock.advance(59)
    assert stand.left() == 99
    (status,) = stand.budget.status().limits
    assert status.refills_at is not None
    assert timedelta(seconds=1) <= status.refills_at - stand.now() <= timedelta(seconds=1.7)
    stand.clock.advance(2)
    assert stand.left() == 100


def test_what_was_not_sent_does_not_count() -> None:
    stand = Stand()
    stand.ask().value.unsent()
    assert stand.left() == 100


def test_each_lane_leaves_something_to_those_before_it() -> None:
    stand = Stand()
    taken = {}
    for lane in (DATA, QUERY, ENTRY, EMERGENCY):
        taken[lane] = sum(bool(stand.ask(lane)) for _ in range(100))
    assert taken == {DATA: 55, QUERY: 15, ENTRY: 10, EMERGENCY: 20}
    assert stand.budget.status().limits[0].reserved == 20


def test_a_limit_of_one_is_open_to_all_lanes() -> None:
    stand = Stand(Rules(name="testing", limits=(Limit("calls", 1, 1),)))
    assert stand.ask(DATA)


def test_a_call_too_heavy_for_its_lane_leaves_when_nothing_else_is_spent() -> None:
    stand = Stand()
    stand.spend(1)
    heavy = stand.ask(DATA, 120, weight=90)
    assert not heavy
    stand.clock.pump([1] * 62)
    assert heavy
    assert stand.left() == 10


def test_a_call_heavier_than_the_limit_is_refused_at_once() -> None:
    stand = Stand()
    error = stand.ask(weight=101).error
    assert type(error) is RateLimited
    assert error.retry_after_seconds is None


def test_who_waits_goes_by_lane_and_then_by_arrival() -> None:
    stand = Stand()
    stand.spend(100)
    order: list[str] = []

    def leave(permit: Permit, name: str) -> None:
        order.append(name)
        permit.ended()

    for number in range(2):
        for lane in (DATA, QUERY, ENTRY, EMERGENCY):
            asked = stand.budget.admit(lane, {"calls": 20}, 500)
            asked.addCallback(leave, f"{lane.name}{number}")
    stand.clock.pump([1] * 400)
    assert order == [
        f"{lane}{n}" for lane in ("EMERGENCY", "ENTRY", "QUERY", "DATA") for n in (0, 1)
    ]


def test_those_who_wait_for_another_limit_are_overtaken() -> None:
    stand = Stand(Rules(name="testing", limits=(Limit("a", 10, 60), Limit("b", 10, 60))))
    stand.spend(10, a=1)
    blocked = stand.ask(EMERGENCY, 100, a=1)
    assert stand.ask(DATA, b=1)
    assert not blocked


def test_who_waits_has_room_held_in_its_other_limits() -> None:
    """Else small calls behind it could keep it waiting for ever."""
    stand = Stand(Rules(name="testing", limits=(Limit("a", 10, 60), Limit("b", 10, 60))))
    stand.spend(10, a=1)
    blocked = stand.ask(EMERGENCY, 100, a=1, b=8)
    others = [stand.ask(EMERGENCY, 100, b=1) for _ in range(5)]
    assert [bool(other) for other in others] == [True, True, False, False, False]
    stand.clock.pump([1] * 62)
    assert blocked


def test_a_weight_of_nothing_waits_only_for_pauses() -> None:
    stand = Stand(Rules(name="testing", limits=(Limit("ip", 10, 60), Limit("orders", 10, 60))))
    stand.spend(10, ip=1)
    permit = stand.ask(ENTRY, ip=0, orders=1)
    assert permit
    permit.value.ended(told(pause=20))
    assert type(stand.ask(ENTRY, 10, ip=0).error) is RateLimited


def test_a_call_whose_turn_cannot_come_in_time_is_refused_at_once() -> None:
    stand = Stand()
    stand.spend(100)
    error = stand.ask(EMERGENCY, 30).error
    assert type(error) is RateLimited
    assert error.details is not None
    assert 60 <= error.details["retry_after_seconds"] <= 61
    assert error.details["reset_at"] > NOON + timedelta(seconds=59)
    assert not stand.clock.getDelayedCalls()


def test_a_call_whose_turn_has_not_come_in_time_is_refused_then() -> None:
    stand = Stand()
    permits = [stand.ask(EMERGENCY) for _ in range(100)]
    waiting = stand.ask(EMERGENCY, 5)
    stand.clock.advance(4.9)
    assert not waiting
    stand.clock.advance(0.2)
    assert type(waiting.error) is RateLimited
    for permit in permits:
        permit.value.unsent()
    assert stand.left() == 100


def test_who_gives_up_takes_nothing_and_frees_the_way() -> None:
    stand = Stand()
    permits = [stand.ask(EMERGENCY) for _ in range(100)]
    first = stand.ask(EMERGENCY, weight=50)
    second = stand.ask(EMERGENCY)
    permits[0].value.unsent()
    assert not second
    first.work.cancel()
    assert type(first.error) is CancelledError
    assert second


def test_who_gives_up_while_others_are_let_go_takes_nothing() -> None:
    stand = Stand(Rules(name="testing", limits=(Limit("calls", 10, 60),), at_once=10))
    permits = [stand.ask(EMERGENCY) for _ in range(10)]
    first = stand.budget.admit(EMERGENCY, {"calls": 1}, 30)
    second = stand.ask(EMERGENCY)

    def leave(permit: Permit) -> None:
        second.work.cancel()
        permit.unsent()

    first.addCallback(leave)
    third = stand.ask(EMERGENCY)
    for permit in permits[:2]:
        permit.value.unsent()
    assert type(second.error) is CancelledError
    assert third
    assert stand.left() == 1


def test_too_many_who_wait_are_refused() -> None:
    stand = Stand(Rules(name="testing", limits=(Limit("calls", 1, 60),), longest_queue=2))
    stand.ask(EMERGENCY)
    for _ in range(2):
        assert not stand.ask(DATA, 100)
    assert type(stand.ask(DATA, 100).error) is Overloaded
    assert not stand.ask(QUERY, 100)
    assert stand.budget.status().waiting.data == 2
    assert stand.budget.status().waiting.query == 1


def test_slow_calls_leave_the_wire_free_for_the_urgent() -> None:
    stand = Stand(Rules(name="testing", at_once=10))
    slow = [Result(stand.budget.admit(DATA, {}, 30)) for _ in range(20)]
    assert sum(map(bool, slow)) == 6
    assert Result(stand.budget.admit(EMERGENCY, {}, 30))
    slow[0].value.ended()
    slow[1].value.ended()
    assert sum(map(bool, slow)) == 7


def test_stopping_tells_those_who_wait_that_nothing_was_sent() -> None:
    stand = Stand()
    stand.spend(100)
    waiting = stand.ask(EMERGENCY, 100)
    stand.budget.stop()
    assert type(waiting.error) is NotSent
    assert not stand.clock.getDelayedCalls()


# -- what the broker tells -------------------------------------------------------------------------


def test_the_brokers_figure_is_believed_where_it_is_less() -> None:
    stand = Stand()
    stand.ask().value.ended(told(Reading(limit="calls", left=3, resets_in=20)))
    assert stand.left() == 3
    stand.clock.advance(19)
    assert stand.left() == 3
    stand.clock.advance(1)
    assert stand.left() == 99


def test_the_brokers_figure_is_not_believed_where_it_is_more() -> None:
    stand = Stand()
    stand.spend(50)
    stand.ask().value.ended(told(Reading(limit="calls", left=99, resets_in=20)))
    assert stand.left() == 49


def test_calls_on_the_wire_may_not_be_in_the_brokers_figure_yet() -> None:
    stand = Stand()
    permits = [stand.ask() for _ in range(5)]
    permits[0].value.ended(told(Reading(limit="calls", left=10, resets_in=20)))
    assert stand.left() == 6
    for permit in permits[1:]:
        permit.value.ended()
    assert stand.left() == 6
    stand.ask(EMERGENCY)
    assert stand.left() == 5


def test_an_older_figure_that_comes_late_changes_nothing() -> None:
    stand = Stand()
    first, second = stand.ask().value, stand.ask().value
    second.ended(told(Reading(limit="calls", left=10, resets_in=20)))
    first.ended(told(Reading(limit="calls", left=60, resets_in=20)))
    assert stand.left() == 9  # the first was on the wire when ten were left


def test_a_new_window_begins_with_its_own_figure() -> None:
    stand = Stand()
    stand.ask().value.ended(told(Reading(limit="calls", left=10, resets_in=5)))
    stand.clock.advance(4)
    stand.ask(EMERGENCY).value.ended(told(Reading(limit="calls", left=60, resets_in=60)))
    assert stand.left() == 60


def test_the_broker_may_allow_more_or_less_than_was_thought() -> None:
    stand = Stand()
    stand.ask().value.ended(told(Reading(limit="calls", capacity=1000)))
    assert stand.budget.status().limits[0].capacity == 1000
    assert stand.left() == 999
    stand.ask().value.ended(told(Reading(limit="calls", capacity=0, left=-7)))
    assert stand.budget.status().limits[0].capacity == 1000
    assert stand.left() == 0


@pytest.mark.parametrize("resets_in", [-5.0, 1e12, float("nan"), None])
def test_a_reset_that_is_nonsense_is_not_believed(resets_in: float | None) -> None:
    stand = Stand()
    stand.ask().value.ended(told(Reading(limit="calls", left=0, resets_in=resets_in)))
    stand.clock.advance(59)
    assert stand.left() == 0
    stand.clock.advance(2)
    assert stand.left() == 100


def test_a_reading_of_an_unknown_limit_is_ignored() -> None:
    stand = Stand()
    stand.ask().value.ended(told(Reading(limit="other", left=0)))
    assert stand.left() == 99


def test_a_pause_holds_back_all_lanes_until_it_is_over_and_never_gets_shorter() -> None:
    stand = Stand()
    first, second = stand.ask().value, stand.ask().value
    first.ended(told(pause=20))
    second.ended(told(pause=3))
    waiting = stand.ask(EMERGENCY, 25)
    assert stand.budget.status().limits[0].paused_until == NOON + timedelta(seconds=20)
    stand.clock.advance(19.9)
    assert not waiting
    stand.clock.advance(0.2)
    assert waiting
    assert stand.budget.status().limits[0].paused_until is None


def test_a_pause_holds_back_only_what_counts_against_the_same_limits() -> None:
    stand = Stand(Rules(name="testing", limits=(Limit("trading", 10, 60), Limit("data", 10, 60))))
    stand.ask(trading=0, data=1).value.ended(told(pause=20))
    stand.ask(data=1)
    assert type(stand.ask(trading=1, within=5).error) is RateLimited


def test_those_who_would_wait_for_a_pause_in_vain_are_told_at_once() -> None:
    stand = Stand()
    permits = [stand.ask(EMERGENCY) for _ in range(100)]
    short, long = stand.ask(EMERGENCY, 10), stand.ask(EMERGENCY, 30)
    permits[0].value.ended(told(pause=20))
    assert type(short.error) is RateLimited
    assert not long
    for permit in permits[1:]:
        permit.value.unsent()
    stand.clock.advance(20)
    assert long


def test_the_strategies_hear_of_a_limit_that_is_hit_and_once_of_one_that_is_low() -> None:
    stand = Stand()
    stand.spend(90)
    assert not stand.told
    stand.spend(3)
    (warning,) = stand.told
    assert warning.event is RateLimitEventKind.WARNING
    assert warning.requests_remaining == 9
    assert warning.reset_at > NOON
    stand.clock.advance(62)
    stand.spend(1)
    assert len(stand.told) == 1
    stand.spend(93)
    assert len(stand.told) == 2
    stand.ask(EMERGENCY).value.ended(told(pause=7))
    assert stand.told[-1].event is RateLimitEventKind.HIT
    assert stand.told[-1].reset_at == stand.now() + timedelta(seconds=7)


# -- what outlives the process ---------------------------------------------------------------------


@pytest.mark.parametrize("banned", [True, False])
def test_a_ban_is_obeyed_after_a_restart(banned: bool) -> None:
    before = Stand()
    before.ask().value.ended(told(pause=300, banned=banned))
    after = Stand(memory=before.memory)
    after.late = timedelta(seconds=100)
    (status,) = after.budget.status().limits
    assert status.banned is banned
    assert status.paused_until == NOON + timedelta(seconds=300)
    error = after.ask(EMERGENCY).error
    assert type(error) is RateLimited
    assert error.retry_after_seconds == 200
    assert ("banned" in error.message) is banned
    after.clock.advance(200)
    assert after.ask(EMERGENCY)


def test_what_is_over_or_of_another_limit_or_nonsense_is_not_obeyed_after_a_restart() -> None:
    before = Stand(Rules(name="testing", limits=(Limit("calls", 9, 9), Limit("old", 9, 9))))
    before.ask(calls=1, old=1).value.ended(told(pause=30))
    after = Stand(memory=before.memory)
    after.late = timedelta(seconds=30)
    assert after.ask(EMERGENCY)
    before.memory.remember("limits:testing", b'{"calls":{"until":"never"}}')
    assert Stand(memory=before.memory).ask(EMERGENCY)


def test_a_clock_that_was_set_far_back_does_not_make_a_ban_last_for_ever() -> None:
    before = Stand()
    before.ask().value.ended(told(pause=300))
    after = Stand(memory=before.memory)
    after.late = timedelta(days=-400)
    error = after.ask(EMERGENCY).error
    assert error.retry_after_seconds == LONGEST_PAUSE


# -- whatever happens ------------------------------------------------------------------------------

CAPACITY, SECONDS = 20, 10

calls = st.lists(
    st.tuples(
        st.floats(0, 0.5),  # since the call before
        st.sampled_from(list(Lane)),
        st.integers(1, 6),  # weight
        st.floats(0.01, 4),  # until its answer
        st.floats(0, 1),  # the share of that after which the broker counts it
        st.booleans(),  # whether the answer tells what is left
    ),
    min_size=20,
    max_size=120,
)


@given(calls)
def test_no_window_ever_holds_more_than_the_capacity(
    wanted: list[tuple[float, Lane, int, float, float, bool]],
) -> None:
    """However the broker cuts its windows, and however long calls take."""
    stand = Stand(Rules(name="testing", limits=(Limit("calls", CAPACITY, SECONDS),)))
    clock, counted = stand.clock, list[tuple[float, int]]()

    def count(weight: int) -> None:
        counted.append((clock.seconds(), weight))

    def leave(permit: Permit, weight: int, took: float, share: float, tells: bool) -> None:
        clock.callLater(took * share, count, weight)
        clock.callLater(took, answer, permit, tells)

    def answer(permit: Permit, tells: bool) -> None:
        used = sum(weight for at, weight in counted if at > clock.seconds() - SECONDS)
        reading = Reading(limit="calls", left=CAPACITY - used, resets_in=SECONDS)
        permit.ended(told(reading) if tells else told())

    for gap, lane, weight, *way in wanted:
        clock.advance(gap)
        stand.budget.admit(lane, {"calls": weight}, 15).addCallbacks(
            leave, lambda failure: failure.trap(RateLimited), (weight, *way)
        )
    clock.pump([0.25] * 200)
    counted.sort()
    for start, _ in counted:
        window = [weight for at, weight in counted if start <= at < start + SECONDS]
        assert sum(window) <= CAPACITY
    assert not any(vars(stand.budget)["_queues"].values())


def test_a_burst_that_counted_late_and_one_that_counts_early_share_no_window() -> None:
    """The first was counted at its answers, the second is when it leaves."""
    stand = Stand(Rules(name="testing", limits=(Limit("calls", 20, 10),), at_once=100))
    burst = [stand.ask(EMERGENCY) for _ in range(20)]
    stand.clock.advance(4)
    for permit in burst:
        permit.value.ended()
    following = [stand.ask(EMERGENCY) for _ in range(20)]
    stand.clock.advance(10)
    assert not any(following)
    stand.clock.advance(0.2)
    assert all(following)


@given(st.lists(st.sampled_from([ENTRY, QUERY, DATA]), min_size=50, max_size=150), st.data())
def test_however_greedy_others_are_an_emergency_leaves_at_once(
    greedy: list[Lane], data: st.DataObject
) -> None:
    """As long as it is within what is kept for it: a fifth of the limit, in each window of it."""
    stand = Stand()
    for lane in greedy:
        asked = stand.budget.admit(lane, {"calls": 1}, 300)
        asked.addCallback(lambda permit: stand.clock.callLater(0.2, permit.ended))
    for _ in range(data.draw(st.integers(1, 20))):
        permit = stand.ask(EMERGENCY)
        assert permit
        permit.value.ended()
        stand.ask(data.draw(st.sampled_from([ENTRY, QUERY, DATA])))
        stand.clock.advance(0.5)


@given(st.lists(st.tuples(st.sampled_from(list(Lane)), st.integers(1, 30)), max_size=60))
def test_within_a_lane_nobody_is_overtaken(wanted: list[tuple[Lane, int]]) -> None:
    stand = Stand()
    stand.spend(100)
    order: dict[Lane, list[int]] = {lane: [] for lane in Lane}

    def leave(permit: Permit, lane: Lane, number: int) -> None:
        order[lane].append(number)
        stand.clock.callLater(0.3, permit.ended)

    for number, (lane, weight) in enumerate(wanted):
        stand.budget.admit(lane, {"calls": weight}, 100_000).addCallback(leave, lane, number)
    stand.clock.pump([5] * 2000)
    assert sum(map(len, order.values())) == len(wanted)
    for numbers in order.values():
        assert numbers == sorted(numbers)
