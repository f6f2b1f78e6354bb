"""The session of the stock exchanges, which is what a test says, and the calendar, which is not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from .stamps import NEW_YORK, moment_of, new_york, time_of

_OPEN: Final = time(9, 30)
_CLOSE: Final = time(16)
_EXPIRY: Final = time(16, 15)
_DAY: Final = timedelta(days=1)
_GTC_DAYS: Final = 90
_FRIDAY: Final = 4


class Session(StrEnum):
    """What stocks are doing; coins trade always."""

    REGULAR = "regular"
    EXTENDED = "extended"
    CLOSED = "closed"


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, NEW_YORK)


def _trading_day(day: date) -> date:
    """*day*, or the next that is not of a weekend. There are no holidays."""
    while day.weekday() > _FRIDAY:
        day += _DAY
    return day


def _next(clock: time, after: datetime) -> datetime:
    day = _trading_day(after.date())
    found = _at(day, clock)
    return found if found > after else _at(_trading_day(day + _DAY), clock)


def clock_of(session: Session, moment: int) -> dict[str, Any]:
    """``GET /v2/clock``: open or not is as the test has it, the next times are the calendar's."""
    now = time_of(moment).astimezone(NEW_YORK)
    return {
        "timestamp": new_york(moment),
        "is_open": session is Session.REGULAR,
        "next_open": new_york(moment_of(_next(_OPEN, now))),
        "next_close": new_york(moment_of(_next(_CLOSE, now))),
    }


def calendar(start: date, end: date) -> list[dict[str, Any]]:
    """``GET /v2/calendar``."""
    days = (start + _DAY * number for number in range((end - start).days + 1))
    return [
        {
            "date": day.isoformat(),
            "open": "09:30",
            "close": "16:00",
            "session_open": "0400",
            "session_close": "2000",
            "settlement_date": _trading_day(day + _DAY).isoformat(),
        }
        for day in days
        if day.weekday() <= _FRIDAY
    ]


def expiry(moment: int, *, lasts: bool) -> int:
    """``expires_at``: the next close, or for an order that lasts the auto-cancel 90 days ahead."""
    now = time_of(moment).astimezone(NEW_YORK)
    if not lasts:
        return moment_of(_next(_CLOSE, now))
    return moment_of(_at(_trading_day((now + _GTC_DAYS * _DAY).date()), _EXPIRY))


def settlement(moment: int, *, crypto: bool) -> str:
    """``settle_date`` of an execution: coins at once, stocks on the next trading day."""
    day = time_of(moment).astimezone(NEW_YORK).date()
    return (day if crypto else _trading_day(day + _DAY)).isoformat()
