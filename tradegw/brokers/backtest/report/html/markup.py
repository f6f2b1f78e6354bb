"""Elements. A plain string is text and is escaped; only :class:`Markup` is taken as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What no document may hold, and what would turn the direction of the text around it."""


class Markup(str):
    """Escaped already."""

    __slots__ = ()


Child: TypeAlias = "str | Markup | None"


def text(value: str) -> Markup:
    """*value* as text, also fit for an attribute."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(_UNPRINTABLE.sub("\ufffd", value), quote=True))


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """An element. ``class_`` is ``class``, ``x_y`` is ``x-y``; what is ``None`` is left out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(text(child) for child in children if child is not None)
    if not inner and name in _VOID:
        return Markup(f"<{name}{shown}/>")
    return Markup(f"<{name}{shown}>{inner}</{name}>")


def join(parts: Iterable[Child]) -> Markup:
    """*parts* one after the other."""
    return Markup("".join(text(part) for part in parts if part is not None))


_VOID: Final = frozenset({"meta", "path", "line", "rect", "col"})
