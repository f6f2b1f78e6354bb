"""Numbers, times and durations as people read them. The exact ones are in the other files."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

NONE: Final = "\u2013"
_MINUS: Final = "\u2212"
_CONTEXT: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def number(value: Decimal | float | None, places: int = 2, *, sign: bool = False) -> str:
    """Two places, thousands set apart, a true minus; a thin dash for what is not defined."""
    if value is None:
        return NONE
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), context=_CONTEXT)
    shown = f"{abs(rounded):,f}"
    if rounded < 0:
        return _MINUS + shown
    return f"+{shown}" if sign and rounded else shown


def money(value: Decimal | str | None, *, sign: bool = False) -> str:
    """An amount: two places, small ones with four digits that count."""
    if value is None:
        return NONE
    amount = Decimal(value)
    places = 2 if not amount or amount.adjusted() >= -1 else min(12, 3 - amount.adjusted())
    return number(amount, places, sign=sign)


def price(value: Decimal | str | None) -> str:
    """As it is, with thousands set apart."""
    if value is None:
        return NONE
    amount = Decimal(value)
    return f"{amount:,f}".replace("-", _MINUS)


def percent(value: float | None, places: int = 2, *, sign: bool = False) -> str:
    """``0.0948`` -> ``9.48 %``."""
    if value is None:
        return NONE
    return f"{number(Decimal(str(value)) * 100, places, sign=sign)}\u202f%"


def count(value: int, one: str, many: str | None = None) -> str:
    """``1 trade``, ``2 trades``."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """``412 d``, ``3 d 4 h``, ``90 s``: the two largest units, of days alone from a hundred on."""
    if seconds is None:
        return NONE
    rest = round(seconds)
    if rest >= 100 * 86_400:
        return f"{round(rest / 86_400):,} d"
    parts: list[str] = []
    for size, unit in _UNITS:
        amount, rest = divmod(rest, size)
        if amount or (unit == "s" and not parts):
            parts.append(f"{amount} {unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def day(time: datetime) -> str:
    """``19 Aug 2004``."""
    return f"{time.day} {time:%b %Y}"


def minute(time: datetime) -> str:
    """``2004-08-19``, or with the time of day if it is not midnight."""
    if is_midnight(time):
        return f"{time:%Y-%m-%d}"
    return f"{time:%Y-%m-%d %H:%M}" if not time.second else f"{time:%Y-%m-%d %H:%M:%S}"


def is_midnight(time: datetime) -> bool:
    """Whether *time* is where a day begins."""
    return not (time.hour or time.minute or time.second or time.microsecond)


def last_day(end: datetime) -> datetime:
    """The day that *end* still belongs to: midnight ends the day before."""
    return end - timedelta(microseconds=1)
