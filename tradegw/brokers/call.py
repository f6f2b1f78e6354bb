"""What is asked of a broker over HTTP, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from msgspec import Struct

from ..model.limits import Lane

MEBIBYTE: Final = 2**20


def segment(text: str) -> str:
    """*text*, whatever is in it, as one segment of a path."""
    return quote(text, safe="")


def query_text(query: tuple[tuple[str, str], ...]) -> str:
    """*query* exactly as it is sent, for those who sign it."""
    return urlencode(query, quote_via=quote, safe="")


class Call(Struct, frozen=True, kw_only=True):
    """One call. ``path`` goes behind the base address's, with its odd letters escaped already.

    ``weight``      what it counts against the limits of its :class:`Site`, or against those named
    ``deadline``    seconds for everything: the queue, the connection, the answer
    ``repeatable``  whether sending it again does no harm, as with a look-up
    ``max_bytes``   the longest body that is taken for an answer
    """

    method: str
    path: str
    lane: Lane
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    weight: int | Mapping[str, int] = 1
    deadline: float = 15.0
    repeatable: bool = False
    max_bytes: int = 4 * MEBIBYTE

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{query_text(self.query)}" if self.query else self.path

    def __repr__(self) -> str:  # headers and query may hold secrets
        return f"<{self.method} {self.path}>"


class Reply(Struct, frozen=True, kw_only=True):
    """An answer, whole. Names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<{self.status}, {len(self.body)} bytes>"
