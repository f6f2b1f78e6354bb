"""The ledger of acknowledgements (rules of release by exact id)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.pacing.acks import Acks, Pace


class Ledger(Acks):
    """Remembers what was released, call by call."""

    def __init__(self, pace: Pace = Pace.ALL, *clients: str) -> None:
        self.calls: list[list[str]] = []
        super().__init__(pace, self._note)
        for client in clients:
            self.joined(client)

    def _note(self, event_ids: Sequence[str]) -> None:
        self.calls.append(list(event_ids))


def one_client(*event_ids: str) -> Ledger:
    ledger = Ledger(Pace.ALL, "a")
    for event_id in event_ids:
        ledger.handed(event_id, ["a"])
    return ledger


def test_an_event_is_released_by_its_exact_id_and_never_by_its_place() -> None:
    ledger = one_client("e1", "e2")
    ledger.acknowledged("a", ["e2"])
    assert ledger.calls == [["e2"]]
    assert ledger.waiting_for == ("e1",)


def test_several_ids_of_one_acknowledgement_are_released_together_in_the_order_named() -> None:
    ledger = one_client("e1", "e2", "e3")
    ledger.acknowledged("a", ["e3", "e1"])
    assert ledger.calls == [["e3", "e1"]]


@pytest.mark.parametrize("named", [[], ["e9"], ["", "e9"]])
def test_an_acknowledgement_of_nothing_known_changes_nothing(named: list[str]) -> None:
    ledger = one_client("e1")
    ledger.acknowledged("a", named)
    assert ledger.calls == []
    assert ledger.waiting_for == ("e1",)


def test_what_is_acknowledged_twice_is_released_once() -> None:
    ledger = one_client("e1")
    ledger.acknowledged("a", ["e1", "e1"])
    ledger.acknowledged("a", ["e1"])
    assert ledger.calls == [["e1"]]


def test_an_early_acknowledgement_is_held_until_the_event_was_handed_on() -> None:
    ledger = Ledger(Pace.ALL, "a")
    ledger.expect("e1")
    ledger.acknowledged("a", ["e1"])
    ledger.acknowledged("a", ["e1"])
    assert ledger.calls == []
    ledger.handed("e1", ["a"])
    assert ledger.calls == [["e1"]]


def test_an_event_that_reached_nobody_is_not_released_and_stands_in_nobodys_way() -> None:
    ledger = Ledger(Pace.ALL, "a")
    ledger.handed("e1", [])
    ledger.handed("e2", ["a"])
    ledger.acknowledged("a", ["e2"])
    assert ledger.calls == [["e2"]]
    assert ledger.is_clear
    ledger.handed("e1", ["a"])
    assert not ledger.is_clear
    ledger.acknowledged("a", ["e1"])
    assert ledger.calls == [["e2"], ["e1"]]


def test_all_waits_for_everybody_it_was_handed_to() -> None:
    ledger = Ledger(Pace.ALL, "a", "b", "c")
    ledger.handed("e1", ["a", "b"])
    ledger.acknowledged("a", ["e1"])
    ledger.acknowledged("a", ["e1"])
    ledger.acknowledged("c", ["e1"])  # it was never handed to this one
    assert ledger.calls == []
    assert ledger.debtors() == ("b",)
    ledger.acknowledged("b", ["e1"])
    assert ledger.calls == [["e1"]]


def test_any_takes_the_first_of_whomever() -> None:
    ledger = Ledger(Pace.ANY, "a", "b", "c")
    ledger.handed("e1", ["a", "b"])
    ledger.acknowledged("c", ["e1"])
    assert ledger.calls == [["e1"]]


@pytest.mark.parametrize("pace", list(Pace))
def test_who_leaves_owes_nothing_any_more(pace: Pace) -> None:
    ledger = Ledger(pace, "a", "b")
    ledger.handed("e1", ["a", "b"])
    ledger.handed("e2", ["a"])
    assert ledger.left("a") == ("e2",)
    assert ledger.waiting_for == ("e1",)
    assert ledger.left("b") == ("e1",)
    assert ledger.calls == [["e2"], ["e1"]]
    assert ledger.clients == ()


def test_an_observer_is_not_waited_for_now_or_later() -> None:
    ledger = Ledger(Pace.ALL, "a", "screen")
    ledger.handed("e1", ["a", "screen"])
    ledger.acknowledged("a", ["e1"])
    assert ledger.has_acknowledged("a")
    assert not ledger.has_acknowledged("screen")
    assert ledger.set_aside("screen") == ("e1",)
    ledger.handed("e2", ["a", "screen"])
    ledger.acknowledged("a", ["e2"])
    assert ledger.calls == [["e1"], ["e2"]]


def test_what_only_observers_hear_is_released_at_once() -> None:
    ledger = Ledger(Pace.ALL, "screen")
    ledger.set_aside("screen")
    ledger.handed("e1", ["screen"])
    assert ledger.calls == [["e1"]]


def test_forgotten_events_are_not_asked_for() -> None:
    ledger = one_client("e1")
    ledger.forget("e1")
    ledger.forget("e1")
    ledger.acknowledged("a", ["e1"])
    assert ledger.calls == []
    assert ledger.is_clear


CLIENTS = ["a", "b", "c"]
EVENTS = ["e1", "e2", "e3", "e4"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("expect"), st.sampled_from(EVENTS), st.none()),
        st.tuples(
            st.just("handed"),
            st.sampled_from(EVENTS),
            st.lists(st.sampled_from(CLIENTS), unique=True),
        ),
        st.tuples(
            st.just("acknowledged"), st.sampled_from(CLIENTS), st.lists(st.sampled_from(EVENTS))
        ),
        st.tuples(st.just("left"), st.sampled_from(CLIENTS), st.none()),
    ),
    max_size=30,
)


@given(pace=st.sampled_from(list(Pace)), steps=STEPS)
def test_nothing_is_released_that_was_not_handed_on_and_nothing_stays_when_all_have_left(
    pace: Pace, steps: list[tuple[str, str, list[str] | None]]
) -> None:
    ledger = Ledger(pace, *CLIENTS)
    handed: dict[str, int] = dict.fromkeys(EVENTS, 0)
    for what, subject, several in steps:
        if what == "handed":
            handed[subject] += bool(several)
        getattr(ledger, what)(*([subject] if several is None else [subject, several]))
    released = [event_id for call in ledger.calls for event_id in call]
    for event_id in EVENTS:
        assert released.count(event_id) <= handed[event_id]
    for client in CLIENTS:
        ledger.left(client)
    assert ledger.is_clear
