"""Ids: what a broker takes, and those that are made here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from msgspec import Struct

LONGEST: Final = 64
"""What the Trading API lets a client choose."""


class ClientOrderIdRule(Struct, frozen=True, kw_only=True):
    """How long a client order id may be at a broker, and of which characters (a regular
    expression for one of them). ``unique``: one that was used is refused when it is sent again, by
    whichever of two copies comes second.
    """

    longest: int = LONGEST
    character: str = r"[ -~]"
    unique: bool = True

    def fits(self, text: str, spare: int = 0) -> bool:
        """Whether *text* can be sent as it is, with *spare* characters more behind it."""
        short_enough = 0 < len(text) <= self.longest - spare
        return short_enough and re.fullmatch(f"(?:{self.character})+", text) is not None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def growing_id(at: datetime) -> str:
    """A new UUID (version 7, RFC 9562) that sorts by the time *at*.

    What is sorted by it, as the journal's indexes are, grows at its end: a commit writes few pages.
    """
    time = f"{milliseconds(at):012x}"
    return f"{time[:8]}-{time[8:]}-7{str(uuid4())[15:]}"
