"""Alpaca's times: RFC 3339 with up to nine decimals, in UTC or with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_FRACTION: Final = re.compile(r"\.(\d{6})\d+")


def moment(text: str) -> datetime:
    """*text* in UTC, cut to microseconds: never after the moment it names.

    Raises ``ValueError`` if it is no time, or one without a zone.
    """
    found = datetime.fromisoformat(_FRACTION.sub(r".\1", text))
    if found.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    return found.astimezone(UTC)


def text_of(at: datetime) -> str:
    """*at* for a query: with ``Z``, for a ``+`` would be read as a space."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
