"""An HTTP call and its answer, apart from the wire."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from ..doubles.answers import Answer
from .refusals import Refused, malformed
from .stamps import read, time_of

__all__ = ["Answer", "Answering", "Call", "Routes"]

_JSON: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_TRUE: Final = frozenset({"true", "True", "1"})


class Call(Struct, kw_only=True):
    """A request as it came; *names* are what the route found in its path."""

    verb: str
    path: str
    query: dict[str, str]
    raw_body: bytes = b""
    names: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent, numbers as decimals."""
        try:
            return _JSON.decode(self.raw_body or b"{}")
        except msgspec.DecodeError:
            raise malformed("request body format is invalid") from None

    def flag(self, name: str) -> bool:
        """A boolean of the query; both ``true`` and ``True`` are used by clients."""
        return self.query.get(name) in _TRUE

    def words(self, name: str) -> list[str]:
        """A list of the query."""
        return [word for word in self.query.get(name, "").split(",") if word]

    def whole(self, name: str, default: int, most: int) -> int:
        """A number of the query, from 1 to *most*."""
        given = self.query.get(name)
        if given is None:
            return default
        if not given.isdecimal() or not 1 <= int(given) <= most:
            raise malformed(f"invalid {name}")
        return int(given)

    def moment(self, name: str) -> int | None:
        """A time of the query; a plus sign that was not encoded arrives as a space, as it does."""
        given = self.query.get(name)
        if given is None:
            return None
        found = read(given)
        if found is None:
            raise malformed(f"Invalid format for parameter {name}: error parsing '{given}'")
        return found

    def day(self, name: str, default: date) -> date:
        """A date of the query."""
        moment = self.moment(name)
        return default if moment is None else time_of(moment).date()


Answering: TypeAlias = Callable[[Call], Answer]


class Routes:
    """Which call is answered by what. A pattern's ``{}`` is one segment, decoded."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Answering]] = []

    def add(self, verb: str, pattern: str, answering: Answering) -> None:
        """Answer *verb* on paths like *pattern*; what was added first is tried first."""
        expression = re.escape(pattern).replace(r"\{\}", "([^/]+)")
        self._routes.append((verb, re.compile(expression), answering))

    def answer(self, call: Call) -> Answer:
        """The answer to *call*; raises a refusal."""
        for verb, pattern, answering in self._routes:
            found = pattern.fullmatch(call.path)
            if found is not None and verb == call.verb:
                call.names = tuple(unquote(name) for name in found.groups())
                return answering(call)
        raise Refused(404, 40410000, "endpoint not found.")
