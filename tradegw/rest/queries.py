"""Query strings into queries: empty means absent, the rest is strict.

Unknown names are ignored, but for the calls that end many things.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Meta, Struct

from ..errors import InvalidRequest, InvalidValue

T = TypeVar("T", bound=Struct)
Parser = Callable[[str, str], Any]
"""Takes the field's name and its text; raises ``InvalidRequest`` or ``InvalidValue``."""

MAX_U32: Final = 2**32 - 1

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,16}")
# A "+" that was not percent-encoded arrives as a space; nothing else could stand there.
_TIMESTAMP: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?:(?P<utc> ?UTC|[Zz])|(?P<sign>[+\- ])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2}))",
)

NonEmpty = Annotated[str, Meta(min_length=1)]
"""A text whose empty form is refused instead of read as absent; so is that of every ``Annotated``,
which for a whole number tells the largest: ``Annotated[int, Meta(ge=0, le=1000)]``."""


class SymbolQuery(Struct, frozen=True, kw_only=True):
    """Only what concerns ``symbol``."""

    symbol: str | None = None


class BulkQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a call that ends many things is narrowed to.

    An empty ``symbol`` and a misspelt one are refused: read as absent, a client's blunder would
    close everything.
    """

    symbol: NonEmpty | None = None


class QueryReader(Generic[T]):
    """Reads query strings of one *kind*."""

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        self._parsers: dict[str, Parser] = {}
        self._lists: set[str] = set()
        self._required: list[str] = []
        self._closed = kind.__struct_config__.forbid_unknown_fields
        for field in msgspec.structs.fields(kind):
            wanted = value_type(field.type)
            self._parsers[field.name] = parser_of(wanted)
            if get_origin(wanted) is frozenset:
                self._lists.add(field.name)
            if field.required:
                self._required.append(field.name)

    def read(self, raw: bytes) -> T:
        """The value of query string *raw*; raises ``InvalidRequest`` or ``InvalidValue``."""
        texts = self._texts(raw) if raw else {}
        found: dict[str, Any] = {}
        for name, text in texts.items():
            value = self._parsers[name](name, text)
            if value is not None:
                found[name] = value
        for name in self._required:
            if name not in found:
                raise InvalidRequest(f"{name} is required", name)
        return self.kind(**found)

    def _texts(self, raw: bytes) -> dict[str, str]:
        texts: dict[str, str] = {}
        for pair in raw.split(b"&"):
            encoded, _, value = pair.partition(b"=")
            name = percent_decoded(encoded.replace(b"+", b" "), encoded.decode("latin-1")[:200])
            if name not in self._parsers:
                if self._closed and name:
                    raise InvalidRequest(f"{name[:200]} is not known here", name[:200])
                continue
            text = percent_decoded(value.replace(b"+", b" "), name)
            if name not in texts:
                texts[name] = text
            elif name in self._lists:
                texts[name] += f",{text}"
            else:
                raise InvalidRequest(f"{name} is given twice", name)
        return texts


def percent_decoded(raw: bytes, field: str) -> str:
    """*raw* decoded once; what is not percent-encoded UTF-8 raises ``InvalidRequest``."""
    if b"%" not in raw and raw.isascii():
        return raw.decode("ascii")
    if _BAD_ESCAPE.search(raw):
        raise InvalidRequest(f"{field} is not percent-encoded", field)
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest(f"{field} is not UTF-8", field) from None


def value_type(annotation: Any) -> Any:
    """*annotation* without its ``| None``."""
    arguments = get_args(annotation)
    if type(None) in arguments:
        return next(a for a in arguments if a is not type(None))
    return annotation


def parser_of(wanted: Any) -> Parser:
    """How texts of type *wanted* are read; ``None`` comes out of an absent value."""
    if get_origin(wanted) is Annotated:
        kind, bounds = get_args(wanted)
        return functools.partial(_bounded, bounds.le) if kind is int else _non_empty
    if get_origin(wanted) is frozenset:
        return functools.partial(_listed, get_args(wanted)[0])
    if issubclass(wanted, enum.Enum):
        return functools.partial(_word, wanted)
    return _PARSERS[wanted]


def _text(_name: str, text: str) -> str | None:
    return text or None


def _non_empty(name: str, text: str) -> str:
    if not text:
        raise InvalidValue(f"{name} must not be empty", name, text)
    return text


def _bounded(largest: int, name: str, text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > largest:
        raise InvalidRequest(f"{name} must be a whole number from 0 to {largest}", name)
    return int(text)


def _word(kind: type[enum.Enum], name: str, text: str) -> enum.Enum | None:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise InvalidRequest(f"{name}: unknown value {text[:200]!r}", name) from None


def _listed(kind: type[enum.Enum], name: str, text: str) -> frozenset[enum.Enum] | None:
    words = [word.strip() for word in text.split(",")]
    return frozenset(w for w in (_word(kind, name, word) for word in words) if w) or None


def _u32(name: str, text: str) -> int | None:
    return _bounded(MAX_U32, name, text) if text else None


def _timestamp(name: str, text: str) -> datetime | None:
    if not text:
        return None
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise InvalidRequest(f"{name} must be an RFC 3339 timestamp with its offset", name)
    fraction = (found["fraction"] or "").ljust(6, "0")[:6]
    offset = "+00:00"
    if not found["utc"]:
        offset = f"{'-' if found['sign'] == '-' else '+'}{found['hours']}:{found['minutes']}"
    try:
        read = datetime.fromisoformat(f"{found['day']}T{found['time']}.{fraction}{offset}")
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(f"{name} is not a moment of the calendar", name) from None


_PARSERS: Final[dict[type, Parser]] = {str: _text, int: _u32, datetime: _timestamp}
