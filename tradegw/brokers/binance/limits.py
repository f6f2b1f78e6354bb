"""What Binance allows, and what its answers say of it.

An answer tells what was used of weight in this minute, and of orders in these ten seconds and this
day; how much that may be is told by ``exchangeInfo``. An order that is accepted weighs nothing, but
is counted; it counts as of weight 0, so that it is not sent while the weight is paused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from ...interfaces import WallClock
from ..budget import Rules
from ..call import Reply
from ..http import BANNED, LIMITED
from ..ratelimit import Limit, Reading, Told, retry_after

WEIGHT: Final = "weight"
ORDERS: Final = "orders in 10 seconds"
ORDERS_DAY: Final = "orders in a day"
ORDERS_MINUTE: Final = "orders in a minute"
MARGIN_WEIGHT: Final = "margin weight of the address"
ACCOUNT_WEIGHT: Final = "margin weight of the account"

RULES: Final = Rules(
    name="binance",
    limits=(
        Limit(WEIGHT, 6000, 60),
        Limit(ORDERS, 50, 10),
        Limit(ORDERS_DAY, 160_000, 86_400),
    ),
)
"""As they are at least; what ``exchangeInfo`` says counts when it is known."""

FUTURES: Final = Rules(
    name="binance futures",
    limits=(Limit(WEIGHT, 2400, 60), Limit(ORDERS, 300, 10), Limit(ORDERS_MINUTE, 1200, 60)),
)
"""Those of USD-M and COIN-M together."""

MARGIN: Final = Rules(
    name="binance margin",
    limits=(
        Limit(WEIGHT, 6000, 60),
        Limit(MARGIN_WEIGHT, 12_000, 60),
        Limit(ACCOUNT_WEIGHT, 180_000, 60),
        Limit(ORDERS, 50, 10),
        Limit(ORDERS_DAY, 160_000, 86_400),
    ),
)
"""Prices are asked for with the weight of spot; of the calls of margin each counts against the
address or the account.
"""

FORBIDDEN: Final = 403
FORBIDDEN_SECONDS: Final = 60.0
"""Its firewall answers so, in HTML, who asks too often."""

TOO_MANY_ORDERS: Final = -1015
_AN_INSTANT: Final = 0.001
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_WORDS: Final = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
_USED: Final = re.compile(
    r"x-(mbx-used-weight|mbx-order-count|sapi-used-ip-weight|sapi-used-uid-weight)"
    r"-(\d{1,4})([smhd])"
)
_UNTIL: Final = re.compile(r"until (\d{13})\b")
_KINDS: Final = {
    "mbx-used-weight": "REQUEST_WEIGHT",
    "mbx-order-count": "ORDERS",
    "sapi-used-ip-weight": "MARGIN_WEIGHT",
    "sapi-used-uid-weight": "ACCOUNT_WEIGHT",
}
_NAMES: Final = {
    ("REQUEST_WEIGHT", 60): WEIGHT,
    ("MARGIN_WEIGHT", 60): MARGIN_WEIGHT,
    ("ACCOUNT_WEIGHT", 60): ACCOUNT_WEIGHT,
    ("ORDERS", 10): ORDERS,
    ("ORDERS", 60): ORDERS_MINUTE,
    ("ORDERS", 86_400): ORDERS_DAY,
}


class RateLimit(Struct, frozen=True, rename="camel", kw_only=True):
    """As ``exchangeInfo`` has it."""

    rate_limit_type: str = ""
    interval: str = ""
    interval_num: int = 1
    limit: int = 0


def orders(count: int = 1) -> dict[str, int]:
    """What a call that makes so many orders counts."""
    return {WEIGHT: 0, ORDERS: count, ORDERS_DAY: count}


def futures_order() -> dict[str, int]:
    """What a call that makes an order of futures counts."""
    return {WEIGHT: 0, ORDERS: 1, ORDERS_MINUTE: 1}


class Meter:
    """Reads what answers tell; *now* is Binance's time, by which its intervals are cut."""

    def __init__(self, now: WallClock, rules: Rules = RULES) -> None:
        self._now = now
        self._capacities = {limit.name: limit.capacity for limit in rules.limits}
        self._seconds = {limit.name: limit.seconds for limit in rules.limits}

    def learn(self, told: Iterable[RateLimit]) -> None:
        """How much is allowed."""
        for each in told:
            seconds = _WORDS.get(each.interval, 0) * each.interval_num
            name = _NAMES.get((each.rate_limit_type, seconds))
            if name in self._capacities and each.limit > 0:
                self._capacities[name] = each.limit

    def read(self, reply: Reply) -> Told:
        """What *reply* tells."""
        readings = tuple(
            reading
            for header, value in reply.headers.items()
            if (reading := self._reading(header, value)) is not None
        )
        if reply.status == FORBIDDEN and not _code(reply.body):
            return Told(readings=readings, pause=FORBIDDEN_SECONDS)
        if reply.status in LIMITED:
            return self._limited(reply, readings)
        return Told(readings=readings)

    def _reading(self, header: str, value: str) -> Reading | None:
        found = _USED.fullmatch(header)
        if found is None or not value.strip().isdecimal():
            return None
        seconds = int(found[2]) * _UNITS[found[3]]
        name = _NAMES.get((_KINDS[found[1]], seconds))
        if name not in self._capacities:
            return None
        capacity = self._capacities[name]
        return Reading(
            limit=name,
            left=max(0, capacity - int(value)),
            resets_in=self._left_of(name),
            capacity=capacity,
        )

    def _left_of(self, name: str) -> float:
        """How long the interval of a limit lasts still: they begin with the clock's."""
        seconds = self._seconds[name]
        return seconds - self._now().timestamp() % seconds

    def _limited(self, reply: Reply, readings: tuple[Reading, ...]) -> Told:
        wait = retry_after(reply.headers)
        if wait is None:
            wait = self._until(reply.body)
        if _code(reply.body) == TOO_MANY_ORDERS:  # no reason to keep a cancel from leaving
            resets_in = self._left_of(ORDERS) if wait is None else wait
            full = Reading(limit=ORDERS, left=0, resets_in=max(1.0, resets_in))
            others = tuple(each for each in readings if each.limit != ORDERS)
            return Told(readings=(*others, full), pause=_AN_INSTANT)
        if wait is None:
            wait = self._left_of(WEIGHT)
        return Told(readings=readings, pause=max(1.0, wait), banned=reply.status == BANNED)

    def _until(self, body: bytes) -> float | None:
        """The end of a ban as the message has it, where a proxy dropped the header."""
        found = _UNTIL.search(str(_said(body).get("msg", "")))
        return None if found is None else int(found[1]) / 1000 - self._now().timestamp()


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _code(body: bytes) -> int:
    code = _said(body).get("code")
    return code if isinstance(code, int) else 0
