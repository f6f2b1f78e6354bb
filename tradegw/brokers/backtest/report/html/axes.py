"""Scales and their ticks. Positions are pixels, and floats: nothing here is money."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ..exact import micros, moment
from .words import is_midnight

_LEAST: Final = 1e-9
"""A range that is less of its values has no ticks that floats could tell apart."""
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_SECONDS: Final = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400)
_DAYS: Final = (1, 2, 7, 14)
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_MONTH: Final = 30.44 * _DAY


class Scale(Struct, frozen=True):
    """Values from ``low`` to ``high`` onto pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def drawn(value: Decimal) -> float:
    """*value* as near as a drawing shows it."""
    return float(value)


class Tick(Struct, frozen=True):
    """A mark at an axis."""

    value: float
    label: str


def value_ticks(low: float, high: float, most: int = 6) -> tuple[float, float, list[float]]:
    """Round values, and the range widened to the outer two of them."""
    if high - low <= max(abs(high), abs(low), _LEAST) * _LEAST:
        room = abs(low) * 0.01 or 1.0
        low, high = low - room, high + room
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * step for step in _STEPS if power * step >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return first * step, last * step, [n * step for n in range(first, last + 1)]


def places(ticks: list[float]) -> int:
    """How many places behind the point tell *ticks* apart."""
    step = ticks[1] - ticks[0]
    return next(n for n in range(13) if n == 12 or abs(step - round(step, n)) < step * 1e-6)


def time_ticks(start: int, end: int, most: int = 10) -> list[Tick]:
    """Calendar boundaries (UTC) from *start* to *end*, in microseconds since 1970."""
    span = end - start
    for seconds in _SECONDS:
        if span / (seconds * _SECOND) <= most:
            return _even(start, end, seconds * _SECOND, seconds)
    for days in _DAYS:
        if span / (days * _DAY) <= most:
            return _even(start, end, days * _DAY, days * 86_400)
    months = next((n for n in _MONTHS if span / (n * _MONTH) <= most), _MONTHS[-1])
    form = "%Y" if months >= 12 else "%b %Y"
    return [Tick(micros(time), format(time, form)) for time in _month_starts(start, end, months)]


def _even(start: int, end: int, step: int, seconds: int) -> list[Tick]:
    first = -(-start // step) * step
    times = range(first, end + 1, step)
    return [Tick(at, _label(moment(at), seconds, first=at == first)) for at in times]


def _label(time: datetime, seconds: int, *, first: bool) -> str:
    """The day, or the time of day; the first says both, and midnight is its day."""
    day = f"{time.day} {time:%b}"
    if seconds >= 86_400 or is_midnight(time):
        return day
    at = f"{time:%H:%M}" if seconds >= 60 else f"{time:%H:%M:%S}"
    return f"{day} {at}" if first else at


def _month_starts(start: int, end: int, months: int) -> Iterator[datetime]:
    """The first days of every *months*-th month between."""
    begin, last = moment(start), moment(end)
    first = (begin.year * 12 + begin.month - 1) // months * months
    for month in range(first, last.year * 12 + last.month, months):
        time = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        if start <= micros(time) <= end:
            yield time
