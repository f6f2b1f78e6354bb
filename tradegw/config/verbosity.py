"""How much is logged, and in which form."""

from __future__ import annotations

from typing import Final

from .environment import Environment

_LEVELS: Final = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "warn": "warn",
    "warning": "warn",
    "error": "error",
    "critical": "critical",
    "off": "critical",
}
_FORMATS: Final = {"json": True, "console": False, "auto": None}


def level(env: Environment, default: str) -> str:
    """``LOG_LEVEL``, else the plain level word in ``RUST_LOG``: the name of a twisted log level."""
    named = env.text("LOG_LEVEL")
    if named is not None:
        if named.lower() in _LEVELS:
            return _LEVELS[named.lower()]
        env.problem(f"LOG_LEVEL must be one of {', '.join(_LEVELS)}, not {named[:60]!r}")
        return default
    filters = env.text("RUST_LOG")
    if filters is None:
        return default
    words = [word.strip().lower() for word in filters.split(",")]
    if not all(word in _LEVELS for word in words):
        env.warn("RUST_LOG: only a plain level counts here, filters by module are ignored")
    plain = [_LEVELS[word] for word in words if word in _LEVELS]
    return plain[-1] if plain else default


def json_lines(env: Environment) -> bool | None:
    """Whether logs are JSON lines; ``None`` leaves it to whether they go to a terminal.

    ``LOG_FORMAT`` decides. Otherwise ``K_SERVICE`` or an ``ENVIRONMENT`` other than ``local`` mean
    JSON lines, and ``ENVIRONMENT=local`` means text for people.
    """
    named = env.choice("LOG_FORMAT", None, list(_FORMATS))
    if named is not None and named != "auto":
        return _FORMATS[named]
    if env.text("K_SERVICE") is not None:
        return True
    environment = env.text("ENVIRONMENT")
    return None if environment is None else environment != "local"
