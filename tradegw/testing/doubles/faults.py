"""What goes wrong with HTTP calls, as a test wants it."""

from __future__ import annotations

from enum import Enum
from fnmatch import fnmatchcase

from msgspec import Struct

from .answers import Answer


class Way(Enum):
    """How a call ends."""

    ANSWER = "answer"
    STALL = "stall"
    CLOSE = "close"
    RESET = "reset"
    TRUNCATE = "truncate"


class Fault(Struct, frozen=True, kw_only=True):
    """What happens to a call instead of, or with *accepted* after, the work it asks for.

    *answer* is sent in place of the true one, which is sent if there is none; *seconds* pass first.
    """

    way: Way = Way.ANSWER
    answer: Answer | None = None
    accepted: bool = False
    seconds: float = 0.0


def html(status: int = 502, *, accepted: bool = False) -> Fault:
    """A proxy answers, with a page."""
    page = f"<html><head><title>{status}</title></head><body>nginx</body></html>".encode()
    return Fault(answer=Answer(status, page, "text/html"), accepted=accepted)


def stall(*, accepted: bool = False) -> Fault:
    """No answer ever comes, and the connection stays."""
    return Fault(way=Way.STALL, accepted=accepted)


def slow(seconds: float) -> Fault:
    """The call is carried out at once and answered after *seconds*."""
    return Fault(seconds=seconds, accepted=True)


def drop(*, accepted: bool = False) -> Fault:
    """The connection is closed without an answer."""
    return Fault(way=Way.CLOSE, accepted=accepted)


def reset(*, accepted: bool = False) -> Fault:
    """The connection is reset without an answer."""
    return Fault(way=Way.RESET, accepted=accepted)


def truncate(*, accepted: bool = True) -> Fault:
    """Half of the answer comes, then the connection is closed."""
    return Fault(way=Way.TRUNCATE, accepted=accepted)


def mistype(*, accepted: bool = True) -> Fault:
    """All is well, but the answer is a page with status 200."""
    page = b"<html><body>Welcome</body></html>"
    return Fault(answer=Answer(200, page, "text/html"), accepted=accepted)


def garble(*, accepted: bool = True) -> Fault:
    """All is well, but the answer is not JSON, though it says so."""
    return Fault(answer=Answer(200, b'{"id": "'), accepted=accepted)


class _Planned(Struct):
    fault: Fault
    verb: str
    path: str
    times: int


class Faults:
    """The faults to come, in order; every call meets the first that is meant for it."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def plan(self, fault: Fault, verb: str = "*", path: str = "*", times: int = 1) -> None:
        """The next *times* calls of *verb* on *path*, which may have ``*`` in it, meet *fault*.

        *path* is without the query, as it comes: ``/v2/orders*``. The upgrades of streams are
        calls too.
        """
        self._planned.append(_Planned(fault, verb, path, times))

    def clear(self) -> None:
        """Everything works again."""
        self._planned.clear()

    def next_for(self, verb: str, path: str) -> Fault | None:
        """What that call meets; it is used up."""
        for planned in self._planned:
            if planned.verb in ("*", verb) and fnmatchcase(path, planned.path):
                planned.times -= 1
                if not planned.times:
                    self._planned.remove(planned)
                return planned.fault
        return None
