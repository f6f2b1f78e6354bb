"""Secrets stay secret: a type that never prints itself, and the scrubbing of texts and details."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

REDACTED: Final = "***REDACTED***"

_NAMES = r"api[_-]?key|secret|token|password|authorization"
_IN_TEXT = re.compile(
    rf"({_NAMES})(?:[_-]key)?[\"']?\s*[=:]\s*(?:(?:bearer|basic)\s+)?\S+", re.IGNORECASE
)
_AS_KEY = re.compile(rf"(?:{_NAMES})", re.IGNORECASE)


class Secret:
    """A text that shows itself only to :meth:`reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def matches(self, candidate: str) -> bool:
        """Whether *candidate* is the secret, in constant time."""
        return hmac.compare_digest(candidate.encode(), self._text.encode())

    def __len__(self) -> int:
        return len(self._text.encode())

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({REDACTED!r})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled")


def scrub(text: str) -> str:
    """*text* with the value behind every credential's name replaced (protocol section 2.3)."""
    return _IN_TEXT.sub(lambda found: f"{found.group(1)}={REDACTED}", text)


def scrub_value(value: Any) -> Any:
    """*value* with every text in it scrubbed, and whatever stands under a credential's name
    replaced.
    """
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {key: _scrub_member(key, member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub_value(member) for member in value]
    return value


def _scrub_member(key: object, member: Any) -> Any:
    if isinstance(key, str) and member is not None and _AS_KEY.fullmatch(key):
        return REDACTED
    return scrub_value(member)
