"""Events told again: the place where a client left off, and the pages from there on.

Both doors read the event log this way. A page ends where publishing has got to, so that nothing
comes twice, and is never read across a hole, so that nothing is left out in silence.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from .errors import InvalidRequest
from .interfaces import IEventLog
from .model.journal import EventSpan

MAX_SEQ: Final = 2**53 - 1
"""The largest whole number that every JSON reader takes exactly."""


class Page(Struct, frozen=True, kw_only=True):
    """Messages in their order, exactly as they were sent; ``last`` is the number of the last one,
    or of the one before the page if there is none. ``span`` is what could be read then.
    """

    messages: tuple[bytes, ...]
    last: int
    span: EventSpan


def starting_point(span: EventSpan, since: int | None, epoch: str | None) -> int:
    """The number after which a client goes on that has all events up to *since*.

    Without *since*, and with 0, that is the beginning of what is kept. Raises ``InvalidRequest`` if
    *since* was told by another journal than this one, is no longer kept, or is yet to come.
    """
    if epoch is not None and epoch != span.epoch:
        raise refused("These numbers are of another journal than the one kept now", span)
    if not since:
        return span.oldest - 1
    if since > span.newest:
        raise refused(f"There is no event {since} yet; the newest is {span.newest}", span)
    _check_kept(since, span)
    return since


def page_after(log: IEventLog, after: int, limit: int, max_bytes: int) -> Page:
    """Up to *limit* events after the number *after*; no more than *max_bytes*, but at least one.

    Raises ``InvalidRequest`` if the next is no longer kept, ``JournalUnavailable`` if nothing can
    be read.
    """
    span = log.span()
    _check_kept(after, span)
    messages: list[bytes] = []
    size, last = 0, after
    for seq, message in log.events(after, limit):
        size += len(message)
        if seq != last + 1 or seq > span.newest or (messages and size > max_bytes):
            break
        messages.append(message)
        last = seq
    if limit and not messages and after < span.newest:
        raise refused(f"Event {after + 1} is missing", span)
    return Page(messages=tuple(messages), last=last, span=span)


def refused(message: str, span: EventSpan) -> InvalidRequest:
    """The error for a ``since`` that cannot be served; its details say what could be."""
    error = InvalidRequest(message, "since")
    error.details = {
        "field": "since",
        "oldest": span.oldest,
        "newest": span.newest,
        "epoch": span.epoch,
    }
    return error


def _check_kept(after: int, span: EventSpan) -> None:
    if after < span.oldest - 1:
        raise refused(f"Events after {after} are no longer kept; the oldest is {span.oldest}", span)
