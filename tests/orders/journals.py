"""A journal whose disk takes its time, and one whose process dies."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tradegw.errors import JournalUnavailable
from tradegw.model.journal import Entry
from tradegw.testing.journal import MemoryJournal


class SlowJournal(MemoryJournal):
    """While it is ``slow`` nothing is durable before :meth:`sync`; a restart loses the rest."""

    def __init__(self, epoch: str = "memory", first_seq: int = 1) -> None:
        super().__init__(epoch, first_seq)
        self.slow = False
        self._writes: list[tuple[bool, tuple[Entry, ...], Deferred[None]]] = []

    def write(self, *entries: Entry) -> Deferred[None]:
        if self.problem is not None or not self.slow:
            return super().write(*entries)
        return self._later(entries, may_fail=True)

    def keep(self, *entries: Entry) -> Deferred[None]:
        if self.problem is not None or not self.slow:
            return super().keep(*entries)
        return self._later(entries, may_fail=False)

    def _later(self, entries: tuple[Entry, ...], *, may_fail: bool) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._writes.append((may_fail, entries, done))
        return done

    def sync(self, most: int | None = None) -> None:
        """What was written (the first *most* of it) is durable."""
        for _ in range(len(self._writes) if most is None else most):
            _may_fail, entries, done = self._writes.pop(0)
            self._record(entries)
            done.callback(None)

    def fail(self, reason: str) -> None:
        """What is being written fails, or is held."""
        self.problem = reason
        writes, self._writes = self._writes, []
        for may_fail, entries, done in writes:
            if may_fail:
                done.errback(JournalUnavailable(reason))
            else:
                self._held.append((entries, done))
        self._tell()


class DyingJournal(MemoryJournal):
    """After so many entries the process is dead: nothing becomes durable any more."""

    def __init__(self, entries: int) -> None:
        super().__init__()
        self.left = entries

    def write(self, *entries: Entry) -> Deferred[None]:
        return Deferred() if self._is_over() else super().write(*entries)

    def keep(self, *entries: Entry) -> Deferred[None]:
        return Deferred() if self._is_over() else super().keep(*entries)

    def _is_over(self) -> bool:
        self.left -= 1
        return self.left < 0
