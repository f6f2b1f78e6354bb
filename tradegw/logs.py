"""Log lines: text for people on a terminal, JSON lines for everything else; never a secret.

A :class:`tradegw.secrecy.Secret` does not print itself. What looks like a credential in a text or a
field is struck out besides, whoever wrote it: ours, a library's, or a broker's answer we quote.
"""

from __future__ import annotations

import enum
import functools
import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)
from twisted.python.failure import Failure
from twisted.python.reflect import qual, safe_repr
from zope.interface import implementer

from .secrecy import REDACTED, Secret, scrub

_NAMES: Final = r"(?:api[_-]?key|secret|token|password|passphrase|signature)"
_NAME: Final = re.compile(rf"{_NAMES}|authorization", re.IGNORECASE)
_BEHIND_A_NAME: Final = re.compile(
    rf"({_NAMES}[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s\"',&}}]+", re.IGNORECASE
)
_BEHIND_A_SCHEME: Final = re.compile(
    r"(authorization[\"']?\s*[=:]\s*[\"']?\w+\s+|\bbearer\s+)[^\s\"',}]+", re.IGNORECASE
)
_MARKS: Final = ("key", "secret", "token", "pass", "signature", "auth", "bearer")
"""Every pattern above, and those of :func:`tradegw.secrecy.scrub`, needs one of these."""

_PLAIN_FORMAT: Final = re.compile(r"[^{}]*(?:\{\w+\}[^{}]*)*")
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127) if chr(code) not in "\n\t"}
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode
_DEEPEST: Final = 6
_LEGACY: Final = frozenset({"message", "time", "system", "isError", "format", "why", "printed"})


def observer(
    out: TextIO, level: str, json_lines: bool, hidden: Secret | None = None
) -> ILogObserver:
    """Writes what is at least at *level* to *out*, one event at a time; never raises.

    *hidden* is struck out wherever it turns up, under whatever name.
    """
    lines = _Lines(out, json_line if json_lines else text_line, hidden)
    floor = LogLevelFilterPredicate(LogLevel.levelWithName(level))
    return FilteringLogObserver(lines, [floor])


def route_stdlib(level: str) -> None:
    """Let the standard library's ``logging``, which some libraries use, flow into twisted's."""
    logging.basicConfig(handlers=[_ToTwisted()], level=getattr(logging, level.upper()), force=True)


def text_line(event: LogEvent) -> str:
    """Time (UTC), level, namespace and message; a failure's traceback below it."""
    namespace = str(event.get("log_namespace", "-")).removeprefix("tradegw.")
    message = without_secrets(_message(event))
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        message += "\n" + without_secrets(failure.getTraceback()).rstrip()
    shown = message.translate(_CONTROLS).replace("\n", "\n    ")
    return f"{_time(event)} {_level(event):<8} {namespace}: {shown}\n"


def json_line(event: LogEvent) -> str:
    """Time (RFC 3339, UTC), level, namespace, message, and every field as a member of its own."""
    line: dict[str, Any] = {
        "time": _time(event),
        "level": _level(event),
        "namespace": str(event.get("log_namespace", "-")),
        "message": without_secrets(_message(event)),
    }
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        line["failure"] = {
            "type": qual(type(failure.value)),
            "message": without_secrets(failure.getErrorMessage()),
            "traceback": without_secrets(failure.getTraceback()),
        }
    for name, value in _fields(event).items():
        line[f"{name}_" if name in line else name] = value
    return _encode(line) + "\n"


def without_secrets(text: str) -> str:
    """*text* with the value behind every credential's name, and every bearer token, struck out."""
    folded = text.casefold()
    for mark in _MARKS:
        if mark in folded:
            break
    else:  # nearly every text
        return text
    return scrub(_BEHIND_A_NAME.sub(rf"\1{REDACTED}", _BEHIND_A_SCHEME.sub(rf"\1{REDACTED}", text)))


@implementer(ILogObserver)
class _Lines:
    def __init__(self, out: TextIO, line: Callable[[LogEvent], str], hidden: Secret | None) -> None:
        self._hidden = hidden.reveal() if hidden else None
        self._out = out
        self._line = line

    def __call__(self, event: LogEvent) -> None:
        try:
            text = self._line(event)
        except Exception as error:  # any object's repr may fail
            text = f"a log line was lost: {type(error).__name__}\n"
        if self._hidden is not None:
            text = text.replace(self._hidden, REDACTED)
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):
            pass  # disk full, reader gone or stream closed: there is nowhere left to tell


class _ToTwisted(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"text": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            fields["log_failure"] = Failure(record.exc_info[1])
        level = LogLevel.levelWithName(_stdlib_level(record.levelno))
        Logger(namespace=record.name).emit(level, "{text}", **fields)


def _stdlib_level(number: int) -> str:
    names = ((logging.CRITICAL, "critical"), (logging.ERROR, "error"), (logging.WARNING, "warn"))
    for floor, name in (*names, (logging.INFO, "info")):
        if number >= floor:
            return name
    return "debug"


def _message(event: LogEvent) -> str:
    """The event's text; formats of plain fields, which ours are, do without Twisted's formatter."""
    template = event.get("log_format")
    if isinstance(template, str) and _is_plain(template):
        try:
            return template.format_map(event)
        except Exception:  # a missing field, or an object that cannot be shown
            return formatEvent(event)
    return formatEvent(event)


@functools.lru_cache(maxsize=512)
def _is_plain(template: str) -> bool:
    return _PLAIN_FORMAT.fullmatch(template) is not None


@functools.lru_cache(maxsize=512)
def _names_a_credential(name: str) -> bool:
    return _NAME.search(name) is not None


def _time(event: LogEvent) -> str:
    when = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return "info" if level is None else str(level.name)


def _fields(event: LogEvent) -> dict[str, Any]:
    legacy = event.get("log_namespace") == "log_legacy"
    return {
        name: _member(name, value, _DEEPEST)
        for name, value in event.items()
        if not name.startswith("log_") and not (legacy and name in _LEGACY)
    }


def _member(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, (str, bytes)) and _names_a_credential(name):
        return REDACTED
    return _plain(value, depth)


def _plain(value: Any, depth: int) -> Any:
    """*value* as JSON knows it; whatever has no form there as its ``repr``."""
    if isinstance(value, enum.Enum):
        return _plain(value.value, depth)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (Decimal, datetime)):
        return str(value)
    if isinstance(value, bytes):
        return without_secrets(value.decode(errors="backslashreplace"))
    if depth and isinstance(value, Mapping):
        return {str(key): _member(str(key), member, depth - 1) for key, member in value.items()}
    if depth and isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(member, depth - 1) for member in value]
    return without_secrets(safe_repr(value))
