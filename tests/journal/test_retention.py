"""What is forgotten, what never is, and that the file becomes smaller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from tests.journal import samples
from tests.journal.samples import AT, Shelf, intent, outcome, told
from tradegw.journal import retention
from tradegw.model.journal import Entry, IntentKind, Verdict

results = SynchronousTestCase()
DAY = timedelta(days=1)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path, retention_days=10, max_mb=16)
    yield made
    made.journal.drop()


def keep(shelf: Shelf, *entries: Entry) -> None:
    done: Deferred[None] = shelf.journal.keep(*entries)
    shelf.turn()
    results.successResultOf(done)


def event(shelf: Shelf, at: datetime, order_id: str | None = None, body: bytes = b"{}") -> int:
    seq = shelf.journal.next_seq()
    keep(shelf, told(seq, order_id, at=at, body=body))
    return seq


def pass_days(shelf: Shelf, days: float) -> None:
    """Wall time goes on at once; then the journal gets some seconds for itself."""
    shelf.started += timedelta(days=days)
    live(shelf)


def live(shelf: Shelf, seconds: int = 90) -> None:
    for _ in range(seconds * 10):
        shelf.clock.advance(0.1)


def seqs(shelf: Shelf) -> list[int]:
    return [seq for seq, _body in shelf.journal.events(0, 100_000)]


def test_what_is_over_is_forgotten_by_age(shelf: Shelf) -> None:
    for name, at in (("old", AT), ("new", AT + 5 * DAY)):
        keep(
            shelf,
            intent(name, at=at, client_order_id=name, idempotency_key=name),
            outcome(name, order_id=f"o-{name}", at=at),
            samples.order(f"o-{name}", at=at, terminal=True),
            samples.execution(name, order_id=f"o-{name}", at=at),
            samples.plan(name, at=at, over=True),
            samples.step(name, "noted", at=at),
            samples.position(name, "0", at=at),
            samples.setting(name, b"1", at=at),
        )
        event(shelf, at, f"o-{name}")
    pass_days(shelf, 11)
    journal = shelf.journal
    assert [each and each.intent.id for each in map(journal.intent, ("old", "new"))] == [
        None,
        "new",
    ]
    assert [each.order_id for each in journal.orders(terminal=True, newest=9)] == ["o-new"]
    assert not journal.knows_execution("AAPL", "old")
    assert journal.knows_execution("AAPL", "new")
    assert [each.subject for each in journal.steps(["old", "new"])] == ["new"]
    assert len(journal.events_about("o-old")) == 0
    assert len(journal.events_about("o-new")) == 1
    assert journal.setting("old") == samples.setting("old", b"1")
    plans = journal._store.reader.execute("SELECT plan_id FROM plans").fetchall()
    assert plans == [("new",)]


def test_nothing_that_is_open_is_forgotten_with_all_that_belongs_to_it(shelf: Shelf) -> None:
    keep(
        shelf,
        intent("working"),
        outcome("working", order_id="o-working"),
        samples.order("o-working"),
        samples.execution("e-working", order_id="o-working"),
        samples.step("o-working", "noted"),
        intent("moved", kind=IntentKind.REPLACE, target="o-working"),
        outcome("moved", Verdict.REJECTED),
        # filled long ago, its exits rest
        intent("guarded"),
        outcome("guarded", order_id="o-guarded"),
        samples.order("o-guarded", terminal=True),
        samples.execution("e-guarded", order_id="o-guarded"),
        samples.plan("guarded"),
        intent("planned"),
        outcome("planned"),
        samples.plan("planned"),
        # nobody knows yet
        intent("doubt", kind=IntentKind.CANCEL, target="o-doubt"),
        samples.step("doubt", "noted"),
        samples.order("o-doubt", terminal=True),
        intent("unknown"),
        outcome("unknown", Verdict.UNKNOWN),
    )
    told_of = {name: event(shelf, AT, name) for name in ("o-working", "o-guarded", "o-doubt")}
    event(shelf, AT)
    pass_days(shelf, 1000)
    journal = shelf.journal
    for name in ("working", "moved", "guarded", "planned", "doubt", "unknown"):
        assert journal.intent(name) is not None, name
    for name, seq in told_of.items():
        assert journal.order(name) is not None, name
        assert journal.events_about(name) == [(seq, b"{}")], name
    assert journal.knows_execution("AAPL", "e-working")
    assert journal.knows_execution("AAPL", "e-guarded")
    assert [each.plan_id for each in journal.plans()] == ["guarded", "planned"]
    assert len(journal.steps(["o-working", "doubt"])) == 2


def test_what_was_open_is_forgotten_when_it_is_over(shelf: Shelf) -> None:
    keep(shelf, intent("i1"), outcome("i1", order_id="o1"), samples.order("o1"))
    event(shelf, AT, "o1")
    pass_days(shelf, 1000)
    event(shelf, shelf.now())
    keep(shelf, samples.order("o1", terminal=True, at=shelf.now()))
    live(shelf)
    assert shelf.journal.order("o1") is not None, "it is over only now"
    pass_days(shelf, 11)
    assert shelf.journal.order("o1") is None
    assert shelf.journal.intent("i1") is None
    assert shelf.journal.events_about("o1") == []


def test_the_span_begins_after_what_is_forgotten_and_has_no_gap(shelf: Shelf) -> None:
    """Events of open orders that are older can still be asked for by order, not in the stream."""
    keep(shelf, samples.order("o1"))
    first = event(shelf, AT, "o1")
    for day in range(20):
        event(shelf, AT + day * DAY)
    pass_days(shelf, 20)
    span = shelf.journal.span()
    assert span.oldest == first + 12  # at 10 days and more of age
    assert seqs(shelf) == list(range(span.oldest, span.newest + 1))
    assert shelf.journal.events_about("o1") == [(first, b"{}")]
    again = shelf.died()
    assert again.span() == span


def test_the_newest_event_stays_so_that_counting_never_starts_again(shelf: Shelf) -> None:
    for _ in range(3):
        newest = event(shelf, AT)
    pass_days(shelf, 1000)
    span = shelf.journal.span()
    assert (span.oldest, span.newest) == (newest, newest)
    assert shelf.died().next_seq() == newest + 1


def test_forgetting_goes_in_small_portions_between_commits(shelf: Shelf) -> None:
    """Whatever waits to be written waits for one portion at most."""
    keep(shelf, *(samples.step("s", f"{n}") for n in range(3 * retention.PORTION)))
    shelf.started += 100 * DAY
    shelf.clock.advance(5)
    left = len(shelf.journal.steps(["s"]))
    done = 0
    while shelf.journal.steps(["s"]):
        before, left = left, len(shelf.journal.steps(["s"]))
        assert before - left <= retention.PORTION
        keep(shelf, samples.setting("n", b"%d" % done))
        shelf.clock.advance(0.02)
        done += 1
        assert done < 100
    assert done >= 2


def test_a_reader_never_finds_a_gap_while_events_are_being_forgotten(shelf: Shelf) -> None:
    for _ in range(2 * retention.PORTION + 50):
        event(shelf, AT)
    newest = [event(shelf, AT + 9 * DAY) for _ in range(3)]
    shelf.started += 11 * DAY
    for _ in range(100):
        shelf.clock.advance(1)
        found = seqs(shelf)
        assert found == list(range(found[0], newest[-1] + 1))
        assert shelf.journal.span().oldest == found[0]
    assert seqs(shelf) == newest


def test_a_journal_that_is_too_big_forgets_the_oldest_sooner(shelf: Shelf) -> None:
    body = b'"' + b"x" * 60_000 + b'"'
    for hour in range(400):
        event(shelf, AT + hour * timedelta(hours=0.5), body=body)
    keep(shelf, samples.order("open"))
    assert shelf.journal._store.used_bytes() > 20 * 1024 * 1024
    pass_days(shelf, 200 / 24)
    used = shelf.journal._store.used_bytes()
    assert 13 * 1024 * 1024 < used <= 16 * 1024 * 1024
    span = shelf.journal.span()
    assert seqs(shelf) == list(range(span.oldest, span.newest + 1))
    assert shelf.journal.order("open") is not None
    shelf.journal.stop()
    assert shelf.file.stat().st_size <= 17 * 1024 * 1024, "space is given back"
    shelf.open()


def test_a_journal_that_is_too_big_with_what_is_open_says_so(shelf: Shelf) -> None:
    body = b'"' + b"x" * 100_000 + b'"'
    for number in range(200):
        keep(shelf, samples.order(f"o{number}", body=body, at=AT))
    with capturedLogs() as logged:
        pass_days(shelf, 1)
        live(shelf, 400)
    warnings = [each["log_format"] for each in logged if each["log_level"] is LogLevel.warn]
    assert any("JOURNAL_MAX_MB" in str(each) for each in warnings)
    assert len(shelf.journal.orders(terminal=False, newest=1000)) == 200


def test_a_failing_disk_makes_forgetting_wait(shelf: Shelf) -> None:
    keep(shelf, samples.step("s", "old"))
    event(shelf, AT)
    shelf.started += 100 * DAY
    shelf.disk.fault = OSError("the disk is gone")
    live(shelf, 20)
    assert shelf.journal.problem is None
    shelf.disk.fault = None
    assert len(shelf.journal.steps(["s"])) == 1
    live(shelf, 120)
    assert shelf.journal.steps(["s"]) == []
