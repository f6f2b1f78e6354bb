"""Random writes, faults, stalls and crashes: what was acknowledged, and nothing else, is there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tests.journal import samples
from tests.journal.samples import Shelf, intent, later, outcome, told
from tradegw.errors import JournalUnavailable
from tradegw.model.journal import Entry, Verdict
from tradegw.testing.journal import MemoryJournal

IDS = ("a", "b", "c")


class Story:
    """A journal on disk, and beside it one in memory that hears only what was acknowledged."""

    def __init__(self, directory: Path) -> None:
        self.shelf = Shelf(directory)
        self.first = self.shelf.journal.span().oldest
        self.truth = MemoryJournal("epoch-1", self.first)
        self.count = 0
        self.known: list[str] = []
        self.open_calls = 0

    def entries(self, kinds: list[int]) -> list[Entry]:
        return [self.entry(kind) for kind in kinds]

    def entry(self, kind: int) -> Entry:
        self.count += 1
        number = self.count
        name, at = IDS[number % 3], later(number // 4)
        if kind == 0:
            self.known.append(f"i{number}")
            return intent(
                self.known[-1],
                client_order_id=name,
                sent_as=f"s{number % 5}",
                idempotency_key=IDS[number % 2],
                target=name,
                at=at,
            )
        if kind == 1 and self.known:
            verdict = tuple(Verdict)[number % 3]
            return outcome(self.known[number % len(self.known)], verdict, order_id=name, at=at)
        makers: tuple[Callable[[], Entry], ...] = (
            lambda: samples.order(name, terminal=bool(number % 2), at=at, body=b"%d" % number),
            lambda: samples.execution(f"e{number % 5}", symbol=name, at=at),
            lambda: samples.plan(name, over=bool(number % 2), at=at, body=b"%d" % number),
            lambda: samples.position(name, f"{number % 3 - 1}.{number}", at=at),
            lambda: samples.setting(name, b"%d" % number, at=at),
            lambda: samples.step(name, f"{number}", at=at),
        )
        return makers[kind % len(makers)]()

    def append(self, how: str, entries: list[Entry]) -> None:
        journal = self.shelf.journal
        if how == "tell":
            entries = [*entries, told(journal.next_seq(), IDS[self.count % 3])]
        done: Deferred[None] = (journal.write if how == "write" else journal.keep)(*entries)
        self.open_calls += 1
        done.addCallbacks(lambda _: self.acknowledged(entries), lambda f: self.refused(how, f))

    def acknowledged(self, entries: list[Entry]) -> None:
        self.open_calls -= 1
        self.truth.keep(*entries)

    def refused(self, how: str, failure: Failure) -> None:
        failure.trap(JournalUnavailable)
        assert how == "write", "what is kept never fails"
        self.open_calls -= 1

    def fault(self) -> None:
        self.shelf.disk.fault = OSError("no disk")

    def heal(self) -> None:
        self.shelf.disk.fault = None

    def stall(self) -> None:
        self.shelf.disk.slow = True

    def answer(self) -> None:
        if self.shelf.disk.waiting:
            self.shelf.disk.answer()

    def flow(self) -> None:
        self.shelf.disk.slow = False
        while self.shelf.disk.waiting:
            self.shelf.disk.answer()

    def second(self) -> None:
        self.shelf.clock.advance(1)

    def crash(self) -> None:
        self.shelf.disk.waiting.clear()
        self.shelf.disk.slow, self.shelf.disk.fault = False, None
        self.shelf.died()
        self.open_calls = 0
        assert self.shelf.journal._next_seq == self.truth.span().newest + 1

    def restart(self) -> None:
        """An orderly stop writes all that is left, if the disk lets it."""
        self.flow()
        self.heal()
        self.second()
        self.shelf.journal.stop()
        assert self.open_calls == 0
        self.shelf.open()

    def compare(self) -> None:
        journal, truth = self.shelf.journal, self.truth
        assert look(journal, self.known) == look(truth, self.known)


def look(journal: Any, intents: list[str]) -> dict[str, Any]:
    """All that can be asked."""
    found: dict[str, Any] = {
        "span": journal.span(),
        "events": journal.events(0, 1000),
        "after": journal.events(journal.span().oldest, 3),
        "unresolved": journal.unresolved(),
        "plans": journal.plans(),
        "positions": sorted(journal.net_positions(), key=lambda each: each.symbol),
        "working": journal.orders(terminal=False, newest=2),
        "terminal": journal.orders(terminal=True, newest=9),
        "intents": [journal.intent(each) for each in intents],
        "sent as": [journal.intent_sent_as(each) for each in (*IDS, "s1", "s2")],
        "executions": [journal.knows_execution(s, f"e{n}") for s in IDS for n in range(5)],
    }
    for name in IDS:
        found[name] = (
            journal.intents_about(name),
            journal.intent_of_key(name),
            journal.order(name),
            journal.setting(name),
            journal.steps([name]),
            journal.events_about(name),
        )
    return found


APPEND = st.tuples(
    st.sampled_from(["write", "keep", "keep", "tell"]),
    st.lists(st.integers(0, 7), min_size=1, max_size=4),
)
HAPPEN = st.sampled_from(
    ["turn", "turn", "fault", "heal", "stall", "answer", "flow", "second", "crash", "restart"]
)


@settings(max_examples=150)
@given(st.lists(APPEND | HAPPEN, min_size=5, max_size=40))
def test_random_histories(steps: list[tuple[str, list[int]] | str]) -> None:
    """The truth in memory and the file agree at every moment."""
    with tempfile.TemporaryDirectory() as directory:
        story = Story(Path(directory))
        for step in steps:
            if isinstance(step, tuple):
                story.append(step[0], story.entries(step[1]))
            elif step == "turn":
                story.shelf.turn()
            else:
                getattr(story, step)()
            story.compare()
        story.restart()
        story.compare()
        story.shelf.journal.drop()
