"""The thread that waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

from twisted.internet.interfaces import IReactorFromThreads
from twisted.trial.unittest import SynchronousTestCase

from tradegw.journal.thread import WriterThread

results = SynchronousTestCase()


class Calls:
    """The part of a reactor that takes calls from threads; the test makes them."""

    def __init__(self) -> None:
        self.made: list[Callable[[], None]] = []
        self.there = threading.Semaphore(0)

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        self.made.append(lambda: call(*args))
        self.there.release()

    def next(self) -> None:
        assert self.there.acquire(timeout=10)
        self.made.pop(0)()


def test_work_is_done_elsewhere_one_after_the_other_and_its_end_told_here() -> None:
    calls = Calls()
    thread = WriterThread(cast("IReactorFromThreads", calls))
    threads: list[str] = []
    first = thread.run(lambda: threads.append(threading.current_thread().name))
    second = thread.run(lambda: threads.append(threading.current_thread().name))
    results.assertNoResult(first)
    calls.next()
    results.successResultOf(first)
    results.assertNoResult(second)
    calls.next()
    results.successResultOf(second)
    assert threads == ["journal", "journal"]
    thread.stop()


def test_what_fails_there_fails_here_and_the_thread_goes_on() -> None:
    calls = Calls()
    thread = WriterThread(cast("IReactorFromThreads", calls))

    def fails() -> None:
        raise OSError("no disk")

    failing, following = thread.run(fails), thread.run(lambda: None)
    calls.next()
    calls.next()
    assert str(results.failureResultOf(failing, OSError).value) == "no disk"
    results.successResultOf(following)
    thread.stop()


def test_it_ends_after_what_it_was_given_and_does_not_keep_the_process() -> None:
    calls = Calls()
    thread = WriterThread(cast("IReactorFromThreads", calls))
    found: list[threading.Thread] = []
    done = thread.run(lambda: found.append(threading.current_thread()))
    thread.stop()
    calls.next()
    results.successResultOf(done)
    assert found[0].daemon
    found[0].join(10)
    assert not found[0].is_alive()
