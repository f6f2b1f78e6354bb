"""What the query string of ``/v1/ws`` asks for: ``since=SEQ`` and perhaps ``epoch=E``."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from ..errors import InvalidRequest
from ..retelling import MAX_SEQ

_WHOLE_NUMBER: Final = re.compile(rb"[0-9]{1,16}")


class Wish(Struct, frozen=True):
    """The events after ``since``, as numbered by the journal ``epoch`` if that is named."""

    since: int
    epoch: str | None


def wish_in(query: bytes) -> Wish | None:
    """The wish in a raw *query* string, if there is one; other names are ignored.

    Raises ``InvalidRequest`` for one that cannot be understood: to go live without the events that
    were asked for would lose them in silence.
    """
    since = _only(query, b"since")
    epoch = _only(query, b"epoch")
    if since is None:
        if epoch is not None:
            raise InvalidRequest("epoch goes with since", "since")
        return None
    if not _WHOLE_NUMBER.fullmatch(since) or int(since) > MAX_SEQ:
        raise InvalidRequest(f"since must be a whole number from 0 to {MAX_SEQ}", "since")
    try:
        return Wish(int(since), None if epoch is None else epoch.decode())
    except UnicodeDecodeError:
        raise InvalidRequest("epoch is not UTF-8", "epoch") from None


def _only(query: bytes, wanted: bytes) -> bytes | None:
    found: bytes | None = None
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if unquote_to_bytes(name) == wanted:
            if found is not None:
                raise InvalidRequest(f"{wanted.decode()} is given twice", "since")
            found = unquote_to_bytes(value.replace(b"+", b" "))
    return found
