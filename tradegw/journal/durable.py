"""The journal on disk, as the rest of the gateway sees it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ..deferreds import as_deferred, deadline
from ..errors import JournalUnavailable
from ..interfaces import IJournal, WallClock
from ..model.journal import Entry, EventSpan, Told
from .commits import PATIENCE_SECONDS, Batch, Commits, Run
from .lock import Lock
from .problems import why
from .reading import Reading
from .retention import Limits, Retention
from .rows import written
from .store import Store
from .upkeep import Upkeep


class Beginning(Struct, frozen=True, kw_only=True):
    """What an opened journal says of itself; before its first event ``newest`` is one less than
    ``oldest``.
    """

    epoch: str
    oldest: int
    newest: int


@implementer(IJournal)
class Journal(Reading):
    """An open journal, made by :func:`tradegw.journal.opening.open_journal`.

    Cancelling what :meth:`write` and :meth:`keep` return ends the waiting, not the writing.
    """

    log = Logger()

    def __init__(
        self,
        store: Store,
        lock: Lock,
        beginning: Beginning,
        limits: Limits,
        clock: IReactorTime,
        now: WallClock,
        run: Run,
    ) -> None:
        super().__init__(store.reader)
        self._store = store
        self._lock = lock
        self._clock = clock
        self._run = run
        self._epoch = beginning.epoch
        self._newest = beginning.newest
        self._next_seq = beginning.newest + 1
        self._stopping = False
        self._closed = False
        self._retention = Retention(store, limits, beginning.oldest, now)
        self._upkeep = Upkeep(
            store,
            self._retention,
            clock,
            look=lambda: self._commits.look_after(),  # noqa: PLW0108  (made below)
        )
        self._commits = Commits(store, clock, run, self._told, self._upkeep.next_work)
        self._upkeep.start()

    @property
    def problem(self) -> str | None:
        """Why nothing can be written at the moment."""
        return "it is closed" if self._closed else self._commits.problem

    @property
    def lost(self) -> int:
        """How many calls of :meth:`keep` came while too many were held: they are not written."""
        return self._commits.lost

    @property
    def unwritten(self) -> bool:
        """Whether something that was to be kept is not on the disk, as far as is known; after
        :meth:`stop` it never will be.
        """
        return bool(self._commits.held or self._commits.lost or self._commits.busy)

    def write(self, *entries: Entry) -> Deferred[None]:
        return self._append(entries, refusable=True)

    def keep(self, *entries: Entry) -> Deferred[None]:
        return self._append(entries, refusable=False)

    def next_seq(self) -> int:
        seq = self._next_seq
        self._next_seq += 1
        return seq

    def observe(self, changed: Callable[[str | None], None]) -> None:
        self._commits.observe(changed)

    def span(self) -> EventSpan:
        return EventSpan(epoch=self._epoch, oldest=self._retention.oldest, newest=self._newest)

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        return [
            (seq, body)
            for seq, body in self._ask(
                "SELECT seq, CAST(body AS BLOB) FROM events WHERE seq > ? AND seq <= ?"
                " ORDER BY seq LIMIT ?",
                max(after, self._retention.oldest - 1),
                self._newest,
                max(limit, 0),
            )
        ]

    @as_deferred
    async def stop(self) -> None:
        """Write what is left, close the files, let others in. Writes are refused from the call on.

        What cannot be written within some seconds is lost, and said so: the process is ending.
        """
        if self._stopping:
            return
        self._stopping = True
        self._upkeep.stop()
        try:
            await deadline(self._commits.flushed(), 2 * PATIENCE_SECONDS, self._clock)
        except TimeoutError:
            self.log.critical("the journal is left without an answer from the disk")
        self._closed = True
        self._commits.halt()
        if self._commits.held:
            self.log.critical("not written to the journal: {held}", held=self._commits.held)
        if self._commits.busy:
            return  # the connection is in use elsewhere; the process's end unlocks
        try:
            await self._run(self._store.finish)
        except Exception as error:
            self.log.warn("the journal was not closed cleanly: {reason}", reason=why(error))
        finally:
            self._lock.release()

    def drop(self) -> None:
        """Let go of everything at once, as if the process had died; for simulations of that.

        Not while a commit runs in a thread.
        """
        self._stopping = self._closed = True
        self._upkeep.stop()
        self._commits.halt()
        self._store.close()
        self._lock.release()

    def _append(self, entries: tuple[Entry, ...], *, refusable: bool) -> Deferred[None]:
        seqs = [entry.seq for entry in entries if type(entry) is Told]
        batch = Batch(list(map(written, entries)), refusable, max(seqs, default=0))
        if self._stopping and refusable:
            return fail(JournalUnavailable("The journal is being closed"))
        if self._closed:
            self.log.error("kept after the journal was closed, and lost", count=len(entries))
            return batch.done
        return self._commits.append(batch)

    def _told(self, seq: int) -> None:
        self._newest = max(self._newest, seq)
