"""JSON bodies into requests: exact, strict about what could be misread, deaf to unknown members.

A decimal may be a JSON string or number and is taken from its source text, never through a float
(protocol section 1.2). A body that names a member twice is refused: readers differ on which counts.
"""

from __future__ import annotations

import functools
import json
import re
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar, get_args

import msgspec
from msgspec import Raw, Struct

from ..errors import InvalidRequest
from ..model.money import is_sane

T = TypeVar("T", bound=Struct)

MAX_ECHO: Final = 200
"""How much of what the client sent an error message repeats."""

_MAX_DECIMAL_BYTES: Final = 200
_JSON_TYPE: Final = re.compile(rb"application/(?:[a-z0-9!#$&^_.+-]+\+)?json")
_DECIMAL: Final = re.compile(rb'"?[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"?')
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_PLACE: Final = re.compile(r"(?: - at `\$\.(?P<at>\w+)[^`]*`|required field `(?P<missing>\w+)`)$")

_members = msgspec.json.Decoder(dict[str, Raw])


class BodyReader(Generic[T]):
    """Reads bodies of one *kind*; an *optional* body may be missing, empty or ``null``."""

    def __init__(self, kind: type[T], *, optional: bool = False) -> None:
        self.kind = kind
        self.optional = optional
        self._decoder = msgspec.json.Decoder(kind)
        self._decimals = _decimals(kind)
        self._inner = {
            field.name: _decimals(inner)
            for field in msgspec.structs.fields(kind)
            for inner in (field.type, *get_args(field.type))
            if isinstance(inner, type) and issubclass(inner, Struct)
        }

    def read(self, raw: bytes, content_type: bytes | None) -> T:
        """The value of body *raw*; raises ``InvalidRequest``, naming the field if there is one."""
        if self.optional and (not raw or raw.strip() == b"null"):
            return self.kind()
        says_json = self.optional if content_type is None else _is_json(content_type)
        if not says_json:
            raise InvalidRequest("Content-Type must be application/json")
        if not raw:
            raise InvalidRequest("A JSON body is required")
        try:
            self._check_texts(raw)
            value = self._decoder.decode(raw)
        except msgspec.ValidationError as error:
            raise _refusal(str(error)) from None
        except (msgspec.DecodeError, ValueError) as error:
            raise InvalidRequest(_fault(raw, error)[:MAX_ECHO]) from None
        except RecursionError:
            raise InvalidRequest("The body is nested too deeply") from None
        self._check_sizes(value)
        return value

    def _check_texts(self, raw: bytes) -> None:
        if not raw.isascii():
            raw.decode()  # members that nobody reads must be UTF-8 too
        members = _members.decode(raw)
        # Every member has its own colon, so equality proves that none is named twice; a colon in
        # a value, or a nested object, only costs the slower look.
        if raw.count(b":") != len(members):
            _refuse_repeated(raw)
        _check_decimals(members, self._decimals)
        for name, decimals in self._inner.items():
            inner = bytes(members.get(name, b"")).strip()
            if inner.startswith(b"{"):
                _refuse_repeated(inner)
                _check_decimals(_members.decode(inner), decimals)

    def _check_sizes(self, value: T) -> None:
        for name in self._decimals:
            number: Decimal | None = getattr(value, name)
            if number is not None and not is_sane(number):
                raise InvalidRequest(f"{name} has too many digits", name)


def _decimals(kind: type[Struct]) -> tuple[str, ...]:
    fields = msgspec.structs.fields(kind)
    return tuple(field.encode_name for field in fields if _is_decimal(field.type))


def _check_decimals(members: dict[str, Raw], names: tuple[str, ...]) -> None:
    for name in names:
        text = members.get(name)
        if text is not None and not _reads_as_decimal(bytes(text)):
            raise InvalidRequest(f"{name} is not a decimal number", name)


def _is_decimal(annotation: Any) -> bool:
    return annotation is Decimal or Decimal in get_args(annotation)


@functools.lru_cache(maxsize=64)
def _is_json(content_type: bytes) -> bool:
    media_type = content_type.partition(b";")[0].strip().lower()
    return _JSON_TYPE.fullmatch(media_type) is not None


def _reads_as_decimal(text: bytes) -> bool:
    if text == b"null":
        return True
    if len(text) > _MAX_DECIMAL_BYTES:
        return False
    if b"\\" in text:  # an escaped digit is a digit
        text = str(msgspec.json.decode(text)).encode()
    return _DECIMAL.fullmatch(text) is not None


def _fault(raw: bytes, error: Exception) -> str:
    """Why *raw* cannot be read; half a character, which reads like JSON, by name."""
    half = _SURROGATE.search(raw)
    if half is not None:
        try:
            json.loads(raw, parse_int=len, parse_float=len)
        except (ValueError, RecursionError):
            pass
        else:
            shown = half[0].decode()
            return f"The body has half of a surrogate pair ({shown}): that is no character"
    return f"The body is not valid JSON: {error}"


def _refuse_repeated(raw: bytes) -> None:
    """Raise if the outermost object of *raw*, known to be JSON, names a member twice."""
    pairs: list[tuple[str, object]] = []

    def note(found: list[tuple[str, object]]) -> None:
        pairs[:] = found  # called for the outermost object last

    json.loads(raw, object_pairs_hook=note, parse_int=len, parse_float=len)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            shown = name[:MAX_ECHO]
            raise InvalidRequest(f"The body names {shown} twice", shown)
        seen.add(name)


def _refusal(message: str) -> InvalidRequest:
    # The place is at the end; what stands before may be as long as the body, and the client's own.
    place = _PLACE.search(message[-MAX_ECHO:])
    if place is None:
        return InvalidRequest(message[:MAX_ECHO])
    if place["missing"]:
        return InvalidRequest(f"{place['missing']} is required", place["missing"])
    reason = message[: -len(place[0])][:MAX_ECHO]
    return InvalidRequest(f"{place['at']}: {reason}", place["at"])
