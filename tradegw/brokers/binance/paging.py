"""Reading a history that has no pages: by windows of a day, from the newest page back.

Binance answers with the newest of what there is, or with what was in a window of at most 24 hours,
and with no more than so many at a time, in the order of time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ...errors import ProviderError
from .refusals import PROVIDER
from .times import moment, number_of

T = TypeVar("T")
Query = tuple[tuple[str, str], ...]

WINDOW: Final = timedelta(hours=24)
MOST_PAGES: Final = 60


async def history(
    ask: Callable[[Query], Awaitable[Sequence[T]]],
    number: Callable[[T], int],
    at: Callable[[T], int],
    most: int,
    since: datetime | None,
    window: timedelta = WINDOW,
) -> list[T]:
    """All since then, each once, oldest first; without that, the newest page. An answer has *most*
    at a time, of at most a *window*; *number* and *at* are a record's id and time.
    """
    newest = list(await ask(()))
    if since is None or len(newest) < most or moment(at(newest[0])) <= since:
        return newest
    found = {number(each): each for each in newest}
    begin, end = since, moment(at(newest[0]))
    for _ in range(MOST_PAGES):
        until = min(begin + window, end)
        page = await ask((("startTime", str(number_of(begin))), ("endTime", str(number_of(until)))))
        found.update((number(each), each) for each in page)
        if len(page) < most:
            begin = until
            if begin >= end:
                return [found[key] for key in sorted(found)]
        elif moment(at(page[-1])) <= begin:
            break  # more at one moment than can be asked for
        else:
            begin = moment(at(page[-1]))
    raise ProviderError(f"There are more than {len(found)} of them", PROVIDER)
