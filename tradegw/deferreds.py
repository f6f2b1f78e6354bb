"""``async def`` inside, ``Deferred`` at the seam: the few tools for that, in one place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

P = ParamSpec("P")
T = TypeVar("T")

_log = Logger()


def as_deferred(
    function: Callable[P, Coroutine[Deferred[Any], Any, T]],
) -> Callable[P, Deferred[T]]:
    """Let callers of the coroutine function *function* see a started Deferred."""

    @functools.wraps(function)
    def start(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(function(*args, **kwargs))

    return start


def shield(work: Deferred[T]) -> Deferred[T]:
    """A Deferred that follows *work*; cancelling it stops the waiting, never the work."""
    waiting: Deferred[T] = Deferred()

    def follow(result: T | Failure) -> None:
        if not waiting.called:
            waiting.callback(result)  # a Failure goes on as one
        elif isinstance(result, Failure):
            _log.failure("failed after nobody waited any more", result, LogLevel.warn)

    work.addBoth(follow)
    return waiting


def deadline(work: Deferred[T], seconds: float, clock: IReactorTime) -> Deferred[T]:
    """*work*, cancelled after *seconds*; it then fails with ``TimeoutError``."""
    return work.addTimeout(seconds, clock, onTimeoutCancel=_as_timeout)


def _as_timeout(result: Any, seconds: float) -> Any:
    if isinstance(result, Failure):
        result.trap(CancelledError)
        raise TimeoutError(f"no answer within {seconds:g} seconds")
    return result


def logged(work: Deferred[Any], log: Logger, doing: str) -> None:
    """Start-and-forget: whatever *work* fails with is logged, under the words *doing*."""
    work.addErrback(lambda failure: log.failure("failed: {doing}", failure, doing=doing))
