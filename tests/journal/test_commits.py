"""Group commit: what goes together, what waits, and what happens when the disk fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from tests.journal import samples
from tests.journal.samples import Shelf, intent, outcome, told
from tradegw.errors import JournalUnavailable
from tradegw.journal import commits, upkeep

results = SynchronousTestCase()

FULL = sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.journal.drop()


@pytest.fixture
def criticals() -> Iterator[Callable[[], list[str]]]:
    with capturedLogs() as logged:
        yield lambda: [
            str(event["log_format"]) for event in logged if event["log_level"] is LogLevel.critical
        ]


def problem(refused: Deferred[None]) -> str:
    return str(results.failureResultOf(refused, JournalUnavailable).value)


def test_what_is_appended_in_a_turn_is_one_commit(shelf: Shelf) -> None:
    done = [shelf.journal.write(intent(f"i{n}")) for n in range(50)]
    done.append(shelf.journal.keep(told(shelf.journal.next_seq())))
    for each in done:
        results.assertNoResult(each)
    assert shelf.journal.intent("i1") is None
    shelf.turn()
    for each in done:
        results.successResultOf(each)
    assert shelf.disk.done == 1
    assert shelf.journal.intent("i49") is not None


def test_what_comes_during_a_commit_goes_with_the_next(shelf: Shelf) -> None:
    shelf.disk.slow = True
    first = shelf.journal.write(intent("i1"))
    shelf.turn()
    later = [shelf.journal.write(intent("i2")), shelf.journal.keep(outcome("i2"))]
    shelf.turn()
    assert len(shelf.disk.waiting) == 1
    assert shelf.journal.intent("i1") is None, "not durable yet"
    shelf.disk.answer()
    results.successResultOf(first)
    results.assertNoResult(later[0])
    shelf.turn()
    shelf.disk.answer()
    for each in later:
        results.successResultOf(each)


def test_deferreds_fire_in_the_order_of_appending(shelf: Shelf) -> None:
    fired: list[int] = []

    def fires(number: int) -> Callable[[None], None]:
        return lambda _: fired.append(number)

    for number in range(5):
        append = shelf.journal.keep if number % 2 else shelf.journal.write
        append(samples.setting("n", b"%d" % number)).addCallback(fires(number))
    shelf.turn()
    assert fired == [0, 1, 2, 3, 4]


def test_one_turn_never_inserts_without_bound(shelf: Shelf) -> None:
    for number in range(commits.MOST_AT_ONCE + 1):
        shelf.journal.keep(samples.step("s", f"{number}"))
    shelf.disk.slow = True
    shelf.turn()
    shelf.disk.answer()
    assert len(shelf.journal.steps(["s"])) == commits.MOST_AT_ONCE
    shelf.turn()
    shelf.disk.answer()
    assert len(shelf.journal.steps(["s"])) == commits.MOST_AT_ONCE + 1


def test_a_failed_commit_leaves_no_refused_intent_and_keeps_the_rest(shelf: Shelf) -> None:
    shelf.disk.fault = FULL
    refused = shelf.journal.write(intent("i1"), samples.setting("with", b"it"))
    kept = shelf.journal.keep(outcome("i1"), samples.setting("n", b"1"))
    shelf.turn()
    assert "disk is full" in problem(refused)
    assert "disk is full" in (shelf.journal.problem or "")
    results.assertNoResult(kept)
    shelf.disk.fault = None
    shelf.clock.advance(commits.PROBE_SECONDS)
    results.successResultOf(kept)
    assert shelf.journal.problem is None
    journal = shelf.died()
    assert journal.intent("i1") is None
    assert journal.setting("with") is None
    assert journal.setting("n") is not None


def test_writes_that_waited_for_a_commit_that_failed_are_refused_too(shelf: Shelf) -> None:
    shelf.disk.slow = True
    shelf.disk.fault = FULL
    first = shelf.journal.write(intent("i1"))
    shelf.turn()
    second, kept = shelf.journal.write(intent("i2")), shelf.journal.keep(samples.step("s", "x"))
    shelf.disk.answer()
    problem(first)
    problem(second)
    results.assertNoResult(kept)


def test_a_failing_journal_is_tried_every_second_until_it_works(shelf: Shelf) -> None:
    shelf.disk.fault = FULL
    shelf.journal.keep(samples.setting("n", b"1"))
    shelf.turn()
    shelf.clock.pump([1.0, 1.0, 1.0])
    shelf.journal.keep(samples.setting("n", b"2"))
    shelf.turn()
    assert shelf.disk.done == 0
    shelf.disk.fault = None
    shelf.clock.advance(0.5)
    assert shelf.journal.problem is not None
    shelf.clock.advance(0.5)
    assert shelf.journal.problem is None
    assert shelf.journal.setting("n") == samples.setting("n", b"2")


def test_the_disk_is_tried_even_if_nothing_is_held(shelf: Shelf) -> None:
    """Else nobody would find out that it works again."""
    shelf.disk.fault = FULL
    problem_of = shelf.journal.write(intent("i1"))
    shelf.turn()
    problem(problem_of)
    shelf.disk.fault = None
    shelf.clock.advance(commits.PROBE_SECONDS)
    assert shelf.journal.problem is None
    count = "SELECT value FROM about WHERE name = 'probes'"
    with sqlite3.connect(shelf.file) as other:
        assert other.execute(count).fetchall() == [("1",)]
    other.close()


def test_an_insert_that_fails_is_a_failed_commit(shelf: Shelf) -> None:
    with sqlite3.connect(shelf.file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # another program writes
        refused = shelf.journal.write(intent("i1"))
        kept = shelf.journal.keep(samples.step("s", "x"))
        shelf.turn()
        assert "another program is writing" in problem(refused)
        other.execute("ROLLBACK")
    other.close()
    shelf.clock.advance(commits.PROBE_SECONDS)
    results.successResultOf(kept)
    assert shelf.journal.intent("i1") is None


def test_a_commit_that_sqlite_refuses_is_rolled_back_and_the_journal_goes_on(shelf: Shelf) -> None:
    """A full disk, as SQLite itself reports it: no page may be added any more."""
    store = shelf.journal._store
    (pages,) = store.writer.execute("PRAGMA page_count").fetchone()
    store.writer.execute(f"PRAGMA max_page_count = {pages}")
    big = samples.setting("big", b'"' + b"x" * 100_000 + b'"')
    refused, kept = shelf.journal.write(intent("i1"), big), shelf.journal.keep(big)
    shelf.turn()
    assert "the disk is full" in problem(refused)
    results.assertNoResult(kept)
    shelf.clock.advance(5)
    results.assertNoResult(kept)
    store.writer.execute("PRAGMA max_page_count = 100000")
    shelf.clock.advance(1)
    results.successResultOf(kept)
    assert shelf.journal.setting("big") == big
    assert shelf.journal.intent("i1") is None


def test_a_commit_that_hangs_is_told_and_waited_for(shelf: Shelf) -> None:
    """Nobody knows how it ends, so its own writes are not refused; all others are."""
    problems: list[str | None] = []
    shelf.journal.observe(problems.append)
    shelf.disk.slow = True
    under_way = shelf.journal.write(intent("i1"))
    shelf.turn()
    waiting, kept = shelf.journal.write(intent("i2")), shelf.journal.keep(samples.step("s", "x"))
    shelf.clock.advance(commits.PATIENCE_SECONDS)
    assert problems == ["the disk has not answered for 5 seconds"]
    problem(waiting)
    problem(shelf.journal.write(intent("i3")))
    results.assertNoResult(under_way)
    shelf.clock.pump([1.0] * 10)
    assert len(shelf.disk.waiting) == 1, "nothing else is tried meanwhile"
    shelf.disk.answer()
    results.successResultOf(under_way)
    assert problems[1:] == [None]
    shelf.turn()
    shelf.disk.answer()
    results.successResultOf(kept)
    found = {name: shelf.journal.intent(name) is not None for name in ("i1", "i2", "i3")}
    assert found == {"i1": True, "i2": False, "i3": False}


def test_a_commit_that_hangs_and_then_fails_refuses_its_writes(shelf: Shelf) -> None:
    shelf.disk.slow, shelf.disk.fault = True, FULL
    under_way = shelf.journal.write(intent("i1"))
    shelf.turn()
    shelf.clock.advance(commits.PATIENCE_SECONDS)
    shelf.disk.answer()
    problem(under_way)
    shelf.disk.slow, shelf.disk.fault = False, None
    shelf.clock.advance(1)
    assert shelf.journal.problem is None
    assert shelf.journal.intent("i1") is None


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_a_file_that_is_removed_while_open_is_noticed_before_anything_is_lost(
    shelf: Shelf, ending: str
) -> None:
    file = shelf.file.with_name(shelf.file.name + ending)
    away = file.with_name("elsewhere")
    file.rename(away)
    kept, refused = shelf.journal.keep(samples.step("s", "x")), shelf.journal.write(intent("i1"))
    shelf.turn()
    assert "was removed while it was open" in problem(refused)
    file.touch()
    shelf.clock.advance(1)
    assert "was replaced while it was open" in (shelf.journal.problem or "")
    away.rename(file)
    shelf.clock.advance(1)
    results.successResultOf(kept)
    assert shelf.died().steps(["s"]) == [samples.step("s", "x")]


def test_what_follows_from_a_commit_goes_with_the_next_intent(shelf: Shelf) -> None:
    """Who sends one order after the other waits for one commit each, not for two."""
    shelf.journal.write(intent("i1")).addCallback(
        lambda _done: shelf.journal.keep(samples.step("s", "follows"))
    )
    shelf.clock.advance(0)
    assert (shelf.disk.done, shelf.journal.steps(["s"])) == (1, [])
    second = shelf.journal.write(intent("i2"))
    shelf.clock.advance(0)
    results.successResultOf(second)
    assert shelf.disk.done == 2
    assert len(shelf.journal.steps(["s"])) == 1


def test_what_follows_does_not_wait_for_long_and_what_comes_alone_not_at_all(shelf: Shelf) -> None:
    shelf.journal.write(intent("i1")).addCallback(
        lambda _done: shelf.journal.keep(samples.step("s", "follows"))
    )
    shelf.clock.advance(0)
    shelf.clock.advance(commits.LINGER_SECONDS)
    assert len(shelf.journal.steps(["s"])) == 1
    shelf.journal.keep(samples.step("s", "alone"))
    shelf.clock.advance(0)
    assert len(shelf.journal.steps(["s"])) == 2


def test_what_no_database_takes_is_left_out_and_blocks_nobody(
    shelf: Shelf, criticals: Callable[[], list[str]]
) -> None:
    """A lone surrogate cannot be text in the file: a defect of whoever hands it in."""
    good = [shelf.journal.keep(samples.step("s", "1")), shelf.journal.write(intent("i1"))]
    bad = shelf.journal.write(intent("i2"), intent("i3", symbol="\ud800"))
    left_out = shelf.journal.keep(samples.step("s", "\ud800"))
    good.append(shelf.journal.keep(samples.step("s", "2")))
    shelf.turn()
    for each in good:
        results.successResultOf(each)
    assert "surrogates not allowed" in problem(bad)
    results.successResultOf(left_out)  # who waits for it has to go on
    assert shelf.journal.problem is None
    assert shelf.journal.intent("i2") is None, "all or none"
    assert [each.name for each in shelf.journal.steps(["s"])] == ["1", "2"]
    assert criticals() == ["an entry cannot be written and is left out"] * 2


def test_what_is_held_has_a_bound_and_what_is_lost_is_said_and_counted(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, criticals: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(commits, "MOST_HELD", 3)
    heard: list[str | None] = []
    shelf.journal.observe(heard.append)
    shelf.disk.fault = FULL
    held = [shelf.journal.keep(samples.step("s", f"{n}")) for n in range(3)]
    shelf.turn()
    lost = [shelf.journal.keep(samples.step("s", "lost")) for _ in range(2)]
    assert shelf.journal.lost == 2
    assert len(criticals()) == 1
    assert len(heard) == 2  # of the problem, and that some is lost
    shelf.disk.fault = None
    shelf.clock.advance(1)
    for each in held:
        results.successResultOf(each)
    for each in lost:
        results.assertNoResult(each)
    assert [each.name for each in shelf.journal.steps(["s"])] == ["0", "1", "2"]


def test_a_failing_observer_stops_nobody(shelf: Shelf, criticals: Callable[[], list[str]]) -> None:
    heard: list[str | None] = []

    def fails(_problem: str | None) -> None:
        raise RuntimeError("an observer's defect")

    shelf.journal.observe(fails)
    shelf.journal.observe(heard.append)
    shelf.disk.fault = FULL
    shelf.journal.keep(samples.step("s", "x"))
    shelf.turn()
    assert len(heard) == 1
    assert criticals() == ["an observer of the journal failed"]


def test_cancelling_ends_the_waiting_and_not_the_writing(shelf: Shelf) -> None:
    done = shelf.journal.write(intent("i1"))
    done.addErrback(lambda _: None)
    done.cancel()
    shelf.turn()
    assert shelf.journal.intent("i1") is not None


def test_checkpoints_are_made_under_steady_load(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit's end begins the next one, so that the journal is never quiet."""
    monkeypatch.setattr(upkeep, "CHECKPOINT_AT_LATEST", 10)
    store = shelf.journal._store
    for number in range(30):
        again = shelf.journal.keep(samples.step("s", f"{number}"))
        again.addCallback(lambda _: shelf.journal.keep(samples.step("t", "x")))
        shelf.turn()
        assert store.written <= 14
    assert len(shelf.journal.steps(["s"])) == 30


def test_a_quiet_journal_checkpoints_too(shelf: Shelf) -> None:
    shelf.journal.keep(*(samples.step("s", f"{n}") for n in range(upkeep.CHECKPOINT_WHEN_QUIET)))
    shelf.turn()
    assert shelf.journal._store.written > 0
    shelf.clock.advance(upkeep.LOOK_SECONDS)
    assert shelf.journal._store.written == 0


def test_upkeep_that_fails_is_no_reason_to_refuse_orders(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def fails() -> None:
        tries.append(shelf.clock.seconds())
        raise FULL

    monkeypatch.setattr(shelf.journal._store, "checkpoint", fails)
    shelf.journal._store.written = 10 * upkeep.CHECKPOINT_AT_LATEST
    for _ in range(3):
        done = shelf.journal.write(intent("i1"))
        shelf.turn()
        results.successResultOf(done)
    assert shelf.journal.problem is None
    assert len(tries) == 1
    shelf.clock.pump([5.0] * 7)
    assert len(tries) == 2


def test_stopping_writes_what_is_left_and_leaves_one_file(shelf: Shelf) -> None:
    shelf.disk.slow = True
    first = shelf.journal.keep(samples.setting("n", b"1"))
    shelf.turn()
    second = shelf.journal.keep(samples.setting("n", b"2"))
    stopped = shelf.journal.stop()
    problem(shelf.journal.write(intent("i1")))
    for _ in range(10):
        if shelf.disk.waiting:
            shelf.disk.answer()
        shelf.turn()
    for each in (first, second, stopped):
        results.successResultOf(each)
    assert sorted(each.name for each in shelf.directory.iterdir()) == [
        "journal.lock",
        "journal.sqlite3",
    ]
    problem(shelf.journal.write(intent("i1")))
    assert shelf.journal.problem == "it is closed"
    with pytest.raises(JournalUnavailable):
        shelf.journal.setting("n")
    assert shelf.clock.getDelayedCalls() == []
    results.successResultOf(shelf.journal.stop())
    shelf.disk.slow = False
    assert shelf.open().setting("n") == samples.setting("n", b"2")


def test_stopping_while_the_disk_fails_says_what_is_lost(
    shelf: Shelf, criticals: Callable[[], list[str]]
) -> None:
    shelf.disk.fault = FULL
    shelf.journal.keep(samples.setting("n", b"1"))
    shelf.turn()
    results.successResultOf(shelf.journal.stop())
    assert criticals() == ["not written to the journal: {held}"]
    assert shelf.clock.getDelayedCalls() == []
    shelf.disk.fault = None
    assert shelf.open().setting("n") is None


def test_stopping_does_not_wait_for_ever_for_a_disk_that_hangs(
    shelf: Shelf, criticals: Callable[[], list[str]]
) -> None:
    shelf.disk.slow = True
    shelf.journal.keep(samples.setting("n", b"1"))
    shelf.turn()
    stopped = shelf.journal.stop()
    results.assertNoResult(stopped)
    shelf.clock.pump([1.0] * 10)
    results.successResultOf(stopped)
    assert criticals() == ["the journal is left without an answer from the disk"]


def test_nothing_begins_after_a_stop_that_could_not_wait(shelf: Shelf) -> None:
    shelf.disk.slow = True
    shelf.journal.keep(samples.setting("n", b"1"))
    shelf.turn()
    shelf.journal.keep(samples.setting("n", b"2"))
    stopped = shelf.journal.stop()
    shelf.clock.pump([1.0] * 10)
    results.successResultOf(stopped)
    shelf.journal.keep(samples.setting("n", b"3"))
    shelf.disk.answer()
    assert shelf.clock.getDelayedCalls() == []
    shelf.disk.slow = False
    assert shelf.died().setting("n") == samples.setting("n", b"1")


def test_a_commit_that_comes_back_after_the_process_has_died_does_nothing(shelf: Shelf) -> None:
    """In simulations, where the dead share a clock with the living."""
    shelf.disk.slow = True
    shelf.journal.keep(samples.setting("n", b"1"))
    shelf.turn()
    shelf.journal.drop()
    shelf.disk.answer()
    assert shelf.clock.getDelayedCalls() == []
    shelf.disk.slow = False
    assert shelf.open().setting("n") is None
