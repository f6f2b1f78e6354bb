"""How money is reckoned here, and how ratios are written.

Sums and products of money are exact; quotients have 34 digits. Ratios (and nothing else) leave as
floats of eight significant digits: they are for reading, nothing is reckoned with them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from ....model.money import trimmed

MONEY: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
RATIOS: Final = Context(prec=34, rounding=ROUND_HALF_EVEN)

_PLACES: Final = 12
_QUANTUM: Final = Decimal(1).scaleb(-_PLACES)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
DAY: Final = 86_400_000_000
"""Microseconds."""


def tidy(value: Decimal) -> Decimal:
    """*value* with at most 12 places behind the point and no zeros at its end."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "amounts are finite"
    return trimmed(value if exponent >= -_PLACES else value.quantize(_QUANTUM, context=MONEY))


def ratio(value: Decimal | None) -> float | None:
    """*value* to eight significant digits."""
    return None if value is None else float(format(value, ".8g"))


def quotient(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """*part* of *whole*; ``None`` of nothing."""
    return RATIOS.divide(Decimal(part), Decimal(whole)) if whole else None


def micros(time: datetime) -> int:
    """*time* as microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The time that is *micros* microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def stamp(time: datetime) -> str:
    """RFC 3339 with a ``Z``."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ended_day(micros: int) -> int:
    """The UTC day, counted from 1970, that a bar ending then belongs to.

    Midnight ends the day before: a Friday's daily bar ends on Saturday at 00:00 and is Friday's.
    """
    return (micros - 1) // DAY
