"""Histories of futures: asked for without a time they show the last seven days and no more.

So what is older is read by windows of a week. Nothing is shown of what is older than three months.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ....errors import ProviderError
from ....interfaces import WallClock
from .. import paging
from ..calling import Query
from ..refusals import PROVIDER
from ..times import moment, number_of

T = TypeVar("T")

WEEK: Final = timedelta(days=7) - timedelta(seconds=1)
"""The longest window."""

KEPT: Final = timedelta(days=89)
MOST_PAGES: Final = 100


class History:
    """Reads what an *ask* shows; *now* is Binance's time."""

    def __init__(self, now: WallClock) -> None:
        self._now = now

    async def read(
        self,
        ask: Callable[[Query], Awaitable[Sequence[T]]],
        number: Callable[[T], int],
        at: Callable[[T], int],
        most: int,
        since: datetime | None,
    ) -> list[T]:
        """All since then, each once, oldest first; without that, the newest page. An answer has
        *most* at a time; *number* and *at* are a record's id and time.
        """
        now = self._now()
        if since is None or now - since < WEEK:
            return await paging.history(ask, number, at, most, since, WEEK)
        found: dict[int, T] = {}
        begin = max(since, now - KEPT)
        for _ in range(MOST_PAGES):
            until = min(begin + WEEK, now)
            page = await ask(_window(begin, until))
            found.update((number(each), each) for each in page)
            if len(page) < most:
                begin = until
            elif moment(at(page[-1])) <= begin:
                break  # more at one moment than can be asked for
            else:
                begin = moment(at(page[-1]))
            if begin >= now:
                return [found[key] for key in sorted(found)]
        raise ProviderError(f"There are more than {len(found)} of them", PROVIDER)


def _window(begin: datetime, until: datetime) -> Query:
    return (("startTime", str(number_of(begin))), ("endTime", str(number_of(until))))
