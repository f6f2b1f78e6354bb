"""Group commit: what is appended in one turn of the reactor becomes durable together.

The inserts run at the end of the turn, in the reactor; the commit, which waits for the disk, runs
wherever ``run`` runs it: in a thread of its own, so that a slow disk stops nobody. What is appended
meanwhile goes with the next one. Order of appending is order of writing and of firing.

A failed commit refuses what may be refused, holds the rest, and is tried again every second. One
that does not come back is told after ``PATIENCE_SECONDS`` and waited for: nobody knows how it ends.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import JournalUnavailable
from .problems import why
from .rows import Written
from .store import Store

Work: TypeAlias = Callable[[], None]
Run: TypeAlias = Callable[[Work], Deferred[None]]
"""Does some work elsewhere or here; fires when it is done, fails as it fails."""

PATIENCE_SECONDS: Final = 5.0
PROBE_SECONDS: Final = 1.0
UPKEEP_PAUSE_SECONDS: Final = 30.0
LINGER_SECONDS: Final = 0.001
"""After a commit that others waited for, its consequences wait for so long: the next intent takes
them along, instead of waiting for a commit of theirs. What comes while the disk is idle does not
wait, nor what is many.
"""

FEW: Final = 8

MOST_AT_ONCE: Final = 500
MOST_HELD: Final = 100_000

_UNWRITABLE: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,
    OverflowError,
)


class Batch:
    """What one call appended; *seq* is the newest event in it, 0 without one."""

    __slots__ = ("done", "refusable", "rows", "seq")

    def __init__(self, rows: list[Written], refusable: bool, seq: int) -> None:
        self.rows = rows
        self.refusable = refusable
        self.seq = seq
        self.done: Deferred[None] = Deferred()


class Commits:
    """The queue before the disk.

    ``problem`` says why nothing can be written now. *durable* hears the newest event of what became
    durable just before its Deferred fires; *upkeep* is asked between commits for other work on the
    writing connection (told whether it is quiet). ``lost`` counts what could not even be held.
    """

    log = Logger()

    def __init__(
        self,
        store: Store,
        clock: IReactorTime,
        run: Run,
        durable: Callable[[int], None],
        upkeep: Callable[[bool], Work | None],
    ) -> None:
        self.problem: str | None = None
        self.lost = 0
        self._is_losing = False
        self._store = store
        self._clock = clock
        self._run = run
        self._durable = durable
        self._upkeep = upkeep
        self._pending: deque[Batch] = deque()
        self._under_way: list[Batch] | None = None
        self._upkeep_from = 0.0
        self._halted = False
        self._next: IDelayedCall | None = None
        self._lingers = False
        self._patience: IDelayedCall | None = None
        self._observers: list[Callable[[str | None], None]] = []
        self._idle: list[Deferred[None]] = []

    def append(self, batch: Batch) -> Deferred[None]:
        """Write *batch* with the next commit."""
        if self.problem is not None:
            if batch.refusable:
                return fail(self._refusal())
            if len(self._pending) >= MOST_HELD:
                self._lose()
                return batch.done
        self._pending.append(batch)
        if self._under_way is None and (self._next is None or (batch.refusable and self._lingers)):
            self._unschedule()
            self._schedule(0)
        return batch.done

    def observe(self, changed: Callable[[str | None], None]) -> None:
        """Have *changed* called when the problem begins, changes or ends, or first loses some."""
        self._observers.append(changed)

    def look_after(self) -> None:
        """Do what upkeep is due, unless there is something better to do."""
        if self._next is None and self._under_way is None and self.problem is None:
            self._go_on(quiet=True)

    def flushed(self) -> Deferred[None]:
        """Fires when nothing is left to be written, or a last try to write it has failed."""
        if self._under_way is None:
            if not self._pending:
                return succeed(None)
            self._unschedule()
            self._begin()
        idle: Deferred[None] = Deferred()
        if self._under_way is None:
            idle.callback(None)
        else:
            self._idle.append(idle)
        return idle

    @property
    def busy(self) -> bool:
        """Whether the writing connection is in use elsewhere."""
        return self._under_way is not None

    @property
    def held(self) -> int:
        """How many calls wait to be written."""
        return len(self._pending)

    def halt(self) -> None:
        """Begin nothing any more, whatever comes back or is appended."""
        self._halted = True
        self._unschedule()
        self._patient()

    # -- one commit --------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._next, self._lingers = None, False
        pending = self._pending
        batches = [pending.popleft() for _ in range(min(len(pending), MOST_AT_ONCE))]
        self._under_way = batches
        touch = None if self.problem is None else "probes"
        try:
            try:
                self._store.insert((row for each in batches for row in each.rows), touch=touch)
            except _UNWRITABLE:
                self._insert_one_by_one(batches)
        except Exception:
            self._failed(Failure())
        else:
            self._start(self._store.commit, self._failed)

    def _start(self, work: Work, failed: Callable[[Failure], None]) -> None:
        self._patience = self._clock.callLater(PATIENCE_SECONDS, self._overdue)
        done = self._run(work)
        done.addCallbacks(self._committed, failed)
        done.addErrback(lambda failure: self.log.failure("after a commit", failure))

    def _committed(self, _result: object) -> None:
        self._patient()
        recovered, self.problem = self.problem is not None, None
        self._is_losing = False
        for batch in self._under_way or ():  # what they append meanwhile waits for upkeep, too
            if batch.seq:
                self._durable(batch.seq)
            batch.done.callback(None)
        if recovered:
            self.log.info("the journal can be written again", lost=self.lost)
            self._tell()
        self._under_way = None
        self._go_on()

    def _failed(self, failure: Failure) -> None:
        self._patient()
        self._store.roll_back()  # in case the work was never done
        self._pending.extendleft(reversed(self._under_way or ()))
        self._under_way = None
        self._schedule(PROBE_SECONDS)
        assert failure.value is not None
        self._trouble(why(failure.value))
        self._fire_idle()

    def _upkeep_failed(self, failure: Failure) -> None:
        """What was to be written is not concerned: the next commit shows how the disk is."""
        self._upkeep_from = self._clock.seconds() + UPKEEP_PAUSE_SECONDS
        if self.problem is not None:
            self._failed(failure)
            return
        self._patient()
        self._under_way = None
        self._store.roll_back()
        self.log.warn("the journal's upkeep failed: {reason}", reason=failure.getErrorMessage())
        self._go_on()

    def _overdue(self) -> None:
        self._patience = None
        self._trouble(f"the disk has not answered for {PATIENCE_SECONDS:g} seconds")

    def _patient(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _go_on(self, *, quiet: bool = False) -> None:
        rests = self._halted or self._clock.seconds() < self._upkeep_from
        work = None if rests else self._upkeep(quiet)
        if work is not None:
            self._under_way = []
            self._start(work, self._upkeep_failed)
        elif self._pending:
            few = len(self._pending) <= FEW
            self._lingers = few and not any(batch.refusable for batch in self._pending)
            self._schedule(LINGER_SECONDS if self._lingers else 0)
        else:
            self._fire_idle()

    def _schedule(self, seconds: float) -> None:
        if not self._halted:
            self._next = self._clock.callLater(seconds, self._begin)

    def _unschedule(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _fire_idle(self) -> None:
        idle, self._idle = self._idle, []
        for each in idle:
            each.callback(None)

    # -- when it fails -----------------------------------------------------------------------------

    def _trouble(self, problem: str) -> None:
        """Set the problem, tell it, and refuse what has not been handed to the disk."""
        changed, self.problem = problem != self.problem, problem
        refused = [batch for batch in self._pending if batch.refusable]
        if refused:
            self._pending = deque(batch for batch in self._pending if not batch.refusable)
        if changed:
            self.log.error("the journal cannot be written: {problem}", problem=problem)
            self._tell()
        for batch in refused:
            batch.done.errback(self._refusal())

    def _refusal(self) -> JournalUnavailable:
        return JournalUnavailable(f"The journal cannot be written: {self.problem}")

    def _tell(self) -> None:
        for changed in self._observers:
            try:
                changed(self.problem)
            except Exception:
                self.log.failure("an observer of the journal failed")

    def _lose(self) -> None:
        self.lost += 1
        if not self._is_losing:
            self._is_losing = True
            self.log.critical(
                "the journal has been failing for so long that {held} changes are held; further"
                " ones are lost to it: restart when it is mended, to compare with the broker",
                held=len(self._pending),
            )
            self._tell()

    def _insert_one_by_one(self, batches: list[Batch]) -> None:
        """Leave out what no database takes (a defect of ours), or it would block all for ever."""
        self._store.roll_back()
        for batch in list(batches):
            try:
                self._store.insert_whole(batch.rows)
            except _UNWRITABLE as error:
                batches.remove(batch)
                self.log.failure("an entry cannot be written and is left out")
                if batch.refusable:
                    batch.done.errback(JournalUnavailable(f"It cannot be written: {why(error)}"))
                else:
                    batch.done.callback(None)  # who waits for it waits to go on
