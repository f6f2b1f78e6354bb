"""Contracts that can be traded, and which of them are of concern here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ....interfaces import IMemory
from ..listing import Listing
from . import filters, wire

REMEMBERED_AS: Final = "binance-futures:symbols"


class Instruments(Listing[wire.Symbol]):
    """*streamed* are the symbols whose prices are wanted."""

    ranked = False

    def __init__(self, memory: IMemory, streamed: Iterable[str] = ()) -> None:
        super().__init__(memory, REMEMBERED_AS, streamed, filters.read, filters.instrument)

    def concerned(self) -> tuple[str, ...]:
        """Symbols that orders of this account may be in."""
        return self.followed()
