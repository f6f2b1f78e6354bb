"""The client order ids of legs: ``<seed>-sl``, ``<seed>-sl-1``, ``<seed>-sl-2``, ...

The seed is the entry's client order id, or its broker id if it has none.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from ..model.protection import LegKind

_KINDS: Final = "|".join(kind.value for kind in LegKind)
_NAME: Final = re.compile(rf"(.+)-({_KINDS})(?:-([1-9][0-9]{{0,8}}))?", re.DOTALL)


class LegName(Struct, frozen=True):
    """The name of the leg *number* of its kind, from 0, of the entry *seed*."""

    seed: str
    kind: LegKind
    number: int

    def __str__(self) -> str:
        name = f"{self.seed}-{self.kind.value}"
        return name if self.number == 0 else f"{name}-{self.number}"

    @classmethod
    def read(cls, client_order_id: str) -> LegName | None:
        """What *client_order_id* means; ``None`` if no leg is named so."""
        found = _NAME.fullmatch(client_order_id)
        if found is None:
            return None
        seed, kind, number = found.groups()
        return cls(seed, LegKind(kind), int(number or 0))
