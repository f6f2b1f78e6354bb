"""What Alpaca allows, and what its answers say of it.

The trading calls of an account share one limit with everything else that uses the account, the
data calls another; an answer tells what is left of its own, and when that is whole again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ...interfaces import WallClock
from ..budget import Rules
from ..call import Reply
from ..ratelimit import Limit, Reading, Told

TRADING: Final = "trading"
DATA: Final = "data"
PER_MINUTE: Final = 200

RULES: Final = Rules(
    name="alpaca",
    limits=(Limit(TRADING, PER_MINUTE, 60), Limit(DATA, PER_MINUTE, 60)),
)

UNTOLD_SECONDS: Final = 3.0
"""How long nothing is sent after a 429 that does not say."""

_LONGEST: Final = 120.0


def reader(limit: str, now: WallClock) -> Callable[[Reply], Told]:
    """Reads what an answer tells of *limit*."""

    def read(reply: Reply) -> Told:
        headers = reply.headers
        reset = _number(headers.get("x-ratelimit-reset"))
        left = _number(headers.get("x-ratelimit-remaining"))
        capacity = _number(headers.get("x-ratelimit-limit"))
        resets_in = None if reset is None else reset - now().timestamp() + 1
        if resets_in is not None and not 0 <= resets_in <= _LONGEST:
            resets_in = None
        reading = Reading(limit=limit, left=left, resets_in=resets_in, capacity=capacity)
        return Told(readings=(reading,), pause=_pause(reply, resets_in))

    return read


def _pause(reply: Reply, resets_in: float | None) -> float:
    if reply.status != 429:
        return 0.0
    after = _number(reply.headers.get("retry-after"))
    if after is not None:
        return float(max(1, after))
    return UNTOLD_SECONDS if resets_in is None else max(1.0, resets_in)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,12}", text.strip()) else None
