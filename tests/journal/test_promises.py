"""What a journal promises; the one in memory and the one on disk keep the same promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.journal import samples
from tests.journal.samples import AT, Shelf, intent, later, outcome, told
from tradegw.errors import JournalUnavailable
from tradegw.interfaces import IJournal
from tradegw.model.journal import Entry, EventSpan, IntentKind, Recorded, Verdict
from tradegw.testing.journal import MemoryJournal

results = SynchronousTestCase()


class Bench:
    """A journal that can be broken, mended and opened again; appending waits for the turn's end."""

    first = 1

    def __init__(self) -> None:
        self.journal: Any = MemoryJournal()

    def turn(self) -> None:
        pass

    def fail(self, reason: str) -> None:
        self.journal.fail(reason)

    def recover(self) -> None:
        self.journal.recover()

    def reopen(self) -> None:
        self.journal = self.journal.reopened()

    def write(self, *entries: Entry) -> None:
        done = self.journal.write(*entries)
        self.turn()
        results.successResultOf(done)

    def keep(self, *entries: Entry) -> Deferred[None]:
        done: Deferred[None] = self.journal.keep(*entries)
        self.turn()
        return done


class OnDisk(Bench):
    def __init__(self, directory: Path) -> None:
        self.shelf = Shelf(directory)
        self.journal = self.shelf.journal
        self.first = self.journal.span().oldest

    def turn(self) -> None:
        self.shelf.turn()

    def fail(self, reason: str) -> None:
        self.shelf.disk.fault = OSError(reason)
        if self.journal.problem is None:  # found out by the next commit
            self.journal.keep()
            self.turn()
        else:
            self.shelf.clock.advance(1)

    def recover(self) -> None:
        self.shelf.disk.fault = None
        self.shelf.clock.advance(1)

    def reopen(self) -> None:
        self.journal = self.shelf.died()


@pytest.fixture(params=["memory", "disk"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "memory":
        yield Bench()
        return
    on_disk = OnDisk(tmp_path)
    yield on_disk
    on_disk.shelf.journal.drop()


def test_it_is_a_journal(bench: Bench) -> None:
    assert verifyObject(IJournal, bench.journal)


def test_an_intent_comes_back_as_it_was_written(bench: Bench) -> None:
    full = intent(
        "i1",
        kind=IntentKind.REPLACE,
        digest="d",
        symbol="AAPL",
        client_order_id="c1",
        sent_as="s1",
        idempotency_key="k1",
        target="o9",
        body='{"note":"größer"}'.encode(),
    )
    bench.write(full, intent("i2"))
    assert bench.journal.intent("i1") == Recorded(intent=full)
    assert bench.journal.intent("i2") == Recorded(intent=intent("i2"))
    assert bench.journal.intent("i3") is None


def test_an_outcome_belongs_to_its_intent_and_a_later_one_replaces_it(bench: Bench) -> None:
    bench.write(intent("i1"))
    first = outcome("i1", Verdict.UNKNOWN)
    bench.keep(first)
    assert bench.journal.intent("i1") == Recorded(intent=intent("i1"), outcome=first)
    second = outcome("i1", order_id="o1", answer=b'{"id":"o1"}', course=b"[1]", at=later(1))
    bench.keep(second)
    assert bench.journal.intent("i1") == Recorded(intent=intent("i1"), outcome=second)


def test_an_outcome_of_nothing_is_ignored(bench: Bench) -> None:
    bench.keep(outcome("i1"))
    bench.write(intent("i1"))
    assert bench.journal.intent("i1") == Recorded(intent=intent("i1"))


def test_an_intent_and_its_outcome_may_be_written_together(bench: Bench) -> None:
    bench.write(intent("i1"), outcome("i1"))
    assert bench.journal.intent("i1") == Recorded(intent=intent("i1"), outcome=outcome("i1"))


def test_an_intent_written_again_replaces_the_first_and_keeps_its_outcome(bench: Bench) -> None:
    bench.write(intent("i1"), intent("i2"), outcome("i1", Verdict.UNKNOWN))
    changed = intent("i1", sent_as="s1", body=b"[]")
    bench.write(changed)
    assert bench.journal.unresolved() == [
        Recorded(intent=changed, outcome=outcome("i1", Verdict.UNKNOWN)),
        Recorded(intent=intent("i2")),
    ]


def test_the_newest_intent_with_a_client_order_id_is_found_by_either_id(bench: Bench) -> None:
    bench.write(intent("i1", client_order_id="a", sent_as="x"))
    bench.write(intent("i2", client_order_id="a", sent_as="y"), intent("i3", sent_as="a"))
    named = {name: bench.journal.intent_sent_as(name) for name in ("a", "x", "y", "z")}
    assert {name: found and found.intent.id for name, found in named.items()} == {
        "a": "i3",
        "x": "i1",
        "y": "i2",
        "z": None,
    }


def test_the_newest_intent_with_a_key_is_found(bench: Bench) -> None:
    bench.write(intent("i1", idempotency_key="k"))
    bench.write(intent("i2", idempotency_key="k"), intent("i3", idempotency_key="other"))
    assert bench.journal.intent_of_key("k") == Recorded(intent=intent("i2", idempotency_key="k"))
    assert bench.journal.intent_of_key("none") is None


def test_intents_about_an_order_led_to_it_or_were_to_change_it(bench: Bench) -> None:
    """Legs and closes that name it, or a position of the same name, do not count."""
    bench.write(intent("cancel", kind=IntentKind.CANCEL, target="o1"), intent("submit"))
    bench.write(
        intent("leg", kind=IntentKind.LEG, target="o1"),
        intent("close", kind=IntentKind.CLOSE, target="o1"),
        intent("replace", kind=IntentKind.REPLACE, target="o1"),
        intent("other", kind=IntentKind.CANCEL, target="o2"),
    )
    bench.keep(outcome("submit", order_id="o1"), outcome("replace", order_id="o1"))
    found = [each.intent.id for each in bench.journal.intents_about("o1")]
    assert found == ["cancel", "submit", "replace"]


def test_unresolved_are_those_without_an_outcome_or_an_unknown_one(bench: Bench) -> None:
    bench.write(*(intent(f"i{n}") for n in range(4)))
    bench.keep(outcome("i0"), outcome("i1", Verdict.UNKNOWN), outcome("i2", Verdict.REJECTED))
    assert [each.intent.id for each in bench.journal.unresolved()] == ["i1", "i3"]
    bench.keep(outcome("i1", Verdict.REJECTED))
    assert [each.intent.id for each in bench.journal.unresolved()] == ["i3"]


def test_untold_are_those_that_led_to_an_order_of_which_nothing_was_told(bench: Bench) -> None:
    kinds = {"s": IntentKind.SUBMIT, "l": IntentKind.LEG, "x": IntentKind.CLOSE}
    for name, kind in kinds.items():
        for which in ("told", "untold"):
            bench.write(intent(name + which, kind=kind))
            bench.keep(outcome(name + which, order_id=f"o-{name}{which}"))
        bench.keep(samples.order(f"o-{name}told", at=later(1)))
    bench.write(intent("cancel", kind=IntentKind.CANCEL, target="o9"))
    bench.write(intent("refused"), intent("doubt"), intent("none"))
    bench.keep(outcome("cancel", order_id="o9"), outcome("refused", Verdict.REJECTED))
    bench.keep(outcome("doubt", Verdict.UNKNOWN))
    assert [each.intent.id for each in bench.journal.untold()] == ["suntold", "luntold", "xuntold"]


def test_what_is_untold_for_more_than_a_day_is_not_asked_for_again(bench: Bench) -> None:
    bench.write(intent("old"), intent("new", at=later(60 * 60 * 24)))
    bench.keep(outcome("old", order_id="o1"), outcome("new", order_id="o2"))
    assert [each.intent.id for each in bench.journal.untold()] == ["new"]


def test_the_newest_orders_are_those_that_changed_last(bench: Bench) -> None:
    names = ("a", "b", "c", "d")
    bench.keep(*(samples.order(name, at=later(n)) for n, name in enumerate(names)))
    bench.keep(samples.order("a", at=later(9)))
    bench.keep(samples.order("c", at=later(10), terminal=True))

    def named(*, terminal: bool, newest: int) -> list[str]:
        return [each.order_id for each in bench.journal.orders(terminal=terminal, newest=newest)]

    assert named(terminal=False, newest=9) == ["b", "d", "a"]
    assert named(terminal=False, newest=2) == ["d", "a"]
    assert named(terminal=False, newest=0) == []
    assert named(terminal=True, newest=9) == ["c"]


def test_orders_that_changed_at_the_same_time_come_in_the_order_of_their_first_telling(
    bench: Bench,
) -> None:
    bench.keep(*(samples.order(name) for name in "xbza"))
    bench.keep(samples.order("b", body=b"2"))
    found = [each.order_id for each in bench.journal.orders(terminal=False, newest=3)]
    assert found == ["b", "z", "a"]


def test_an_order_is_found_as_it_was_last_told(bench: Bench) -> None:
    bench.keep(samples.order("o1"), samples.order("o2"))
    last = samples.order(
        "o1", terminal=True, client_order_id="c", links=b'{"x":1}', body=b"{}", at=later(1)
    )
    bench.keep(last)
    assert bench.journal.order("o1") == last
    assert bench.journal.order("o2") == samples.order("o2")
    assert bench.journal.order("o3") is None


def test_plans_that_are_over_are_not_listed(bench: Bench) -> None:
    bench.keep(samples.plan("p1"), samples.plan("p2"), samples.plan("p3"))
    bench.keep(samples.plan("p2", over=True), samples.plan("p1", body=b"[1]", at=later(1)))
    assert bench.journal.plans() == [
        samples.plan("p1", body=b"[1]", at=later(1)),
        samples.plan("p3"),
    ]


def test_positions_that_are_flat_are_not_listed(bench: Bench) -> None:
    bench.keep(samples.position("AAPL", "1.50"), samples.position("MSFT", "0.00"))
    bench.keep(samples.position("TSLA", "3"), samples.position("TSLA", "-2"))
    assert bench.journal.net_positions() == [
        samples.position("AAPL", "1.50"),
        samples.position("TSLA", "-2"),
    ]
    assert str(bench.journal.net_positions()[0].quantity) == "1.50"


def test_an_execution_is_known_within_its_symbol(bench: Bench) -> None:
    bench.keep(samples.execution("e1"), samples.execution("e1"))
    assert bench.journal.knows_execution("AAPL", "e1")
    assert not bench.journal.knows_execution("MSFT", "e1")
    assert not bench.journal.knows_execution("AAPL", "e2")


def test_a_setting_is_the_last_one(bench: Bench) -> None:
    assert bench.journal.setting("state") is None
    bench.keep(samples.setting("state", b'"ACTIVE"'))
    bench.keep(samples.setting("state", b'"HALTED"', at=later(1)))
    assert bench.journal.setting("state") == samples.setting("state", b'"HALTED"', at=later(1))


def test_steps_of_several_subjects_come_in_the_order_in_which_they_happened(bench: Bench) -> None:
    bench.keep(samples.step("i1", "a"), samples.step("o1", "b"), samples.step("i2", "c"))
    bench.keep(samples.step("i1", "a", detail=b'{"n":2}'))
    assert bench.journal.steps(["o1", "i1", "none"]) == [
        samples.step("i1", "a"),
        samples.step("o1", "b"),
        samples.step("i1", "a", detail=b'{"n":2}'),
    ]
    assert bench.journal.steps([]) == []


def test_events_are_read_after_a_number_and_up_to_a_limit(bench: Bench) -> None:
    first = bench.first
    assert bench.journal.span().newest == first - 1
    bench.keep(*(told(bench.journal.next_seq()) for _ in range(5)))
    assert bench.journal.span().oldest == first
    assert bench.journal.span().newest == first + 4
    everything = [(seq, b'{"seq":%d}' % seq) for seq in range(first, first + 5)]
    assert bench.journal.events(first - 1, 100) == everything
    assert bench.journal.events(0, 2) == everything[:2]
    assert bench.journal.events(first + 1, 2) == everything[2:4]
    assert bench.journal.events(first + 4, 2) == []
    assert bench.journal.events(first, 0) == []


def test_an_event_is_written_once(bench: Bench) -> None:
    seq = bench.journal.next_seq()
    bench.keep(told(seq, body=b"1"))
    bench.keep(told(seq, body=b"2"))
    assert bench.journal.events(0, 9) == [(seq, b"1")]


def test_the_events_of_an_order_are_its_newest_thousand(bench: Bench) -> None:
    seqs = [bench.journal.next_seq() for _ in range(2004)]
    bench.keep(*(told(seq, "o1" if n % 2 else "o2") for n, seq in enumerate(seqs)))
    found = [seq for seq, _body in bench.journal.events_about("o1")]
    assert found == seqs[5::2]
    assert len(found) == 1000
    assert bench.journal.events_about("o3") == []


def test_all_is_there_again_after_a_restart_and_counting_goes_on(bench: Bench) -> None:
    seq = bench.journal.next_seq()
    bench.write(intent("i1", at=AT))
    bench.keep(told(seq, "o1"), samples.order("o1"), outcome("i1", order_id="o1"))
    before = bench.journal.span()
    bench.reopen()
    assert (
        bench.journal.span()
        == before
        == EventSpan(epoch=before.epoch, oldest=bench.first, newest=bench.first)
    )
    assert bench.journal.next_seq() == seq + 1
    assert bench.journal.order("o1") == samples.order("o1")
    assert bench.journal.intents_about("o1") == [
        Recorded(intent=intent("i1"), outcome=outcome("i1", order_id="o1"))
    ]


def test_a_failing_journal_refuses_writes_and_holds_what_is_to_be_kept(bench: Bench) -> None:
    problems: list[str | None] = []
    bench.journal.observe(problems.append)
    bench.fail("the disk is full")
    assert bench.journal.problem == "the disk is full"
    refused = bench.journal.write(intent("i1"))
    error = results.failureResultOf(refused, JournalUnavailable).value
    assert "the disk is full" in str(error)
    held = [bench.keep(samples.setting("n", b"1")), bench.keep(samples.setting("n", b"2"))]
    assert bench.journal.setting("n") is None
    for each in held:
        results.assertNoResult(each)
    bench.recover()
    assert bench.journal.problem is None
    for each in held:
        results.successResultOf(each)
    assert bench.journal.setting("n") == samples.setting("n", b"2")
    assert bench.journal.intent("i1") is None
    assert problems == ["the disk is full", None]
    bench.write(intent("i1"))
    assert bench.journal.intent("i1") is not None
    assert problems == ["the disk is full", None], "told when it changes, and not else"


def test_a_problem_that_becomes_another_is_told(bench: Bench) -> None:
    problems: list[str | None] = []
    bench.journal.observe(problems.append)
    bench.fail("the disk is full")
    bench.fail("the disk is gone")
    bench.fail("the disk is gone")
    assert problems == ["the disk is full", "the disk is gone"]
    bench.recover()
    bench.recover()
    assert problems[2:] == [None]


def test_what_was_held_is_lost_in_a_crash(bench: Bench) -> None:
    bench.keep(told(bench.journal.next_seq()))
    bench.fail("the disk is full")
    bench.keep(told(bench.journal.next_seq()), samples.setting("n", b"1"))
    if isinstance(bench, OnDisk):
        bench.shelf.disk.fault = None
    bench.reopen()
    assert bench.journal.setting("n") is None
    assert bench.journal.next_seq() == bench.first + 1
    assert bench.journal.problem is None


def test_held_events_become_readable_one_by_one_as_they_are_told(bench: Bench) -> None:
    """Whoever reads while an event is being told does not see those that are told after it."""
    bench.fail("the disk is full")
    seen: list[tuple[int, list[int]]] = []

    def readable(seq: int) -> Callable[[None], None]:
        def look(_result: None) -> None:
            seen.append((seq, [each for each, _body in bench.journal.events(0, 9)]))
            assert bench.journal.span().newest == seq

        return look

    seqs = [bench.journal.next_seq() for _ in range(3)]
    for seq in seqs:
        bench.keep(told(seq)).addCallback(readable(seq))
    bench.recover()
    assert seen == [(seq, seqs[: n + 1]) for n, seq in enumerate(seqs)]


def test_what_is_kept_while_held_changes_come_through_comes_after_them(bench: Bench) -> None:
    bench.fail("the disk is full")
    done: list[str] = []

    def another(_result: None) -> None:
        done.append("first")
        bench.journal.keep(samples.setting("n", b"3")).addCallback(lambda _: done.append("third"))

    bench.keep(samples.setting("n", b"1")).addCallback(another)
    bench.keep(samples.setting("n", b"2")).addCallback(lambda _: done.append("second"))
    bench.recover()
    bench.turn()
    assert done == ["first", "second", "third"]
    assert bench.journal.setting("n") == samples.setting("n", b"3")


def test_a_stopped_journal_ends(bench: Bench) -> None:
    results.successResultOf(bench.journal.stop())
