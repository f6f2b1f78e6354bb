"""Names that are the same in every run: counted, or made of the seed and a count."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable


def counted(prefix: str) -> Callable[[], str]:
    """Makes ``<prefix>1``, ``<prefix>2`` and so on."""
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers)}"


def drawn(seed: int) -> Callable[[], str]:
    """Makes texts in the form of a random UUID (version 4), always the same ones for a seed."""
    numbers = itertools.count(1)

    def draw() -> str:
        digest = fingerprint((f"{seed}:{next(numbers)}",))
        variant = "89ab"[int(digest[16], 16) % 4]
        parts = (digest[:8], digest[8:12], f"4{digest[13:16]}", f"{variant}{digest[17:20]}")
        return "-".join((*parts, digest[20:32]))

    return draw


def fingerprint(texts: Iterable[str]) -> str:
    """The same for the same texts, and for no others."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
