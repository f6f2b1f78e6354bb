"""The one thread that waits for the disk, so that the reactor does not.

It hardly computes; but when the disk has answered it must get hold of the interpreter to say so,
and a reactor that never sleeps gives that away only every so often.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

SWITCH_SECONDS: Final = 0.0005
"""How long a thread may wait for a busy one; Python's default is ten times that."""

_Job = tuple[Callable[[], None], Deferred[None]]


class WriterThread:
    """Runs one piece of work after the other. Starts with the first, ends with :meth:`stop`.

    With it the whole process switches threads every ``SWITCH_SECONDS`` when several want to run.
    A daemon thread: a disk that never answers does not keep the process from ending.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: Thread | None = None

    def run(self, work: Callable[[], None]) -> Deferred[None]:
        """Do *work* in the thread; fires in the reactor's, with its end or its failure."""
        done: Deferred[None] = Deferred()
        if self._thread is None:
            sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
            self._thread = Thread(target=self._work, name="journal", daemon=True)
            self._thread.start()
        self._jobs.put((work, done))
        return done

    def stop(self) -> None:
        """End the thread after what it has been given; :meth:`run` would start another."""
        self._jobs.put(None)
        self._thread = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            try:
                work()
            except BaseException:  # whatever it is, the reactor is waiting for it
                self._reactor.callFromThread(done.errback, Failure())
            else:
                self._reactor.callFromThread(done.callback, None)
