"""Binance's times: whole milliseconds since 1970, sometimes microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LEAST_MICROSECONDS: Final = 10**14
"""No time in milliseconds is as large before the year 5138."""

MOST: Final = 253_402_300_799_000_000


def moment(number: int) -> datetime:
    """*number* of milliseconds, or of microseconds where it can be nothing else.

    Raises ``ValueError`` for what is no time.
    """
    if not 0 <= number <= MOST:
        raise ValueError(f"no time: {number}")
    step = _MICROSECOND if number >= _LEAST_MICROSECONDS else _MILLISECOND
    return EPOCH + number * step


def number_of(at: datetime) -> int:
    """*at* in milliseconds."""
    return (at - EPOCH) // _MILLISECOND
