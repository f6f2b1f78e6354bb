"""A call and who answers it, over HTTP and over the WebSocket API alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from .amounts import read
from .limits import Pool
from .refusals import bad, illegal, missing, too_precise

DAY: Final = 86_400_000
_PLACES: Final = 8
_EPOCH_OF_BINANCE: Final = 1_483_228_800_000


class Security(Enum):
    """What a call must bring along."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Call(Struct, kw_only=True):
    """A call as it came. ``params`` are those of query and body, ``payload`` what was signed."""

    verb: str
    path: str
    params: dict[str, str]
    payload: bytes = b""
    key: str | None = None

    def text(self, name: str) -> str | None:
        """A parameter; one that is empty is not there."""
        return self.params.get(name) or None

    def need(self, name: str) -> str:
        """A parameter that must be there."""
        found = self.text(name)
        if found is None:
            raise missing(name)
        return found

    def one_of(self, name: str, legal: tuple[str, ...], code: int, words: str) -> str | None:
        """A parameter that is one of *legal*; a refusal of *code* if it is not."""
        found = self.text(name)
        if found is not None and found not in legal:
            raise bad(code, words)
        return found

    def amount(self, name: str, places: int = _PLACES) -> Decimal | None:
        """A decimal number."""
        text = self.text(name)
        if text is None:
            return None
        found = read(text)
        if found is None:
            raise illegal(name)
        if "." in text and len(text.rstrip("0").partition(".")[2]) > places:
            raise too_precise(name)
        return found

    def whole(self, name: str) -> int | None:
        """A whole number."""
        text = self.text(name)
        if text is None:
            return None
        if not text.isascii() or not text.isdecimal():
            raise illegal(name, "^[0-9]{1,20}$")
        return int(text)

    def flag(self, name: str) -> bool:
        """``true``, of any case."""
        return (self.text(name) or "").lower() == "true"

    def words(self, name: str) -> list[str] | None:
        """A JSON list of words."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return msgspec.json.decode(text, type=list[str])
        except msgspec.DecodeError:
            raise illegal(name, r'^\["[\w]+"(,"[\w]+")*\]$') from None

    def limit(self, default: int, most: int) -> int:
        """How many rows; more than *most* are *most*."""
        found = self.whole("limit")
        if found == 0:
            raise bad(-1130, "Data sent for parameter 'limit' is not valid.")
        return default if found is None else min(found, most)

    def window(self, longest: int | None) -> tuple[int | None, int | None]:
        """``startTime`` and ``endTime``, which may be *longest* apart."""
        start, end = self.whole("startTime"), self.whole("endTime")
        for name, each in (("startTime", start), ("endTime", end)):
            if each is not None and each < _EPOCH_OF_BINANCE:
                raise bad(-1100, f"Illegal characters found in parameter '{name}'; legal range is "
                          "'[1483228800000, ...]'.")  # fmt: skip
        if start is not None and end is not None:
            if end < start:
                raise bad(-1023, "Start time is greater than end time.")
            if longest is not None and end - start > longest:
                hours = longest // 3_600_000
                raise bad(-1127, f"More than {hours} hours between startTime and endTime.")
        return start, end

    def client_id(self, name: str, legal: re.Pattern[str]) -> str | None:
        """A client's own id."""
        found = self.text(name)
        if found is not None and not legal.fullmatch(found):
            raise illegal(name, legal.pattern)
        return found


Answering: TypeAlias = Callable[[Call], Any]
Weight: TypeAlias = int | Callable[[Call], int]


class Route(Struct, frozen=True, kw_only=True):
    """Who answers a call, what it costs, and what must come with it.

    *orders* are counted and, if the call succeeds, cost no weight: then ``is_order`` is set.
    """

    answering: Answering
    pool: Pool
    weight: Weight = 1
    security: Security = Security.NONE
    is_order: bool = False

    def cost(self, call: Call) -> int:
        """The weight of *call*."""
        return self.weight if isinstance(self.weight, int) else self.weight(call)


class Routes:
    """All calls that are answered, by verb and path."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Route] = {}

    def add(self, verb: str, path: str, route: Route) -> None:
        """Answer *verb* on *path*."""
        self.found[verb, path] = route

    def find(self, verb: str, path: str) -> Route | None:
        """Who answers that."""
        return self.found.get((verb, path))


class Adding:
    """Adds routes below a prefix to *routes*, all of one *pool*."""

    def __init__(self, routes: Routes, prefix: str, pool: Pool) -> None:
        self._routes = routes
        self._prefix = prefix
        self._pool = pool

    def public(self, path: str, answering: Answering, weight: Weight = 1) -> None:
        """A GET that anybody may make."""
        self._add("GET", path, answering, weight)

    def signed(self, verb: str, path: str, answering: Answering, weight: Weight = 1) -> None:
        """A call of the account's owner."""
        self._add(verb, path, answering, weight, Security.SIGNED)

    def order(self, verb: str, path: str, answering: Answering, weight: Weight = 1) -> None:
        """A call that places or cancels."""
        self._add(verb, path, answering, weight, Security.SIGNED, is_order=True)

    def keyed(self, verb: str, path: str, answering: Answering, weight: Weight = 1) -> None:
        """A call with a key, and without a signature."""
        self._add(verb, path, answering, weight, Security.KEY)

    def _add(
        self,
        verb: str,
        path: str,
        answering: Answering,
        weight: Weight,
        security: Security = Security.NONE,
        *,
        is_order: bool = False,
    ) -> None:
        route = Route(
            answering=answering,
            pool=self._pool,
            weight=weight,
            security=security,
            is_order=is_order,
        )
        self._routes.add(verb, self._prefix + path, route)
