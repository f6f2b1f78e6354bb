"""The exits that Alpaca keeps, between the order they came with and the moment they are of use.

They exist from the beginning, held, but nothing comes of them before their entry has filled as a
whole; and then the stop stays held beside the take-profit, and nobody tells of it. So they are told
to be there when the entry has filled, and not before: what does not protect must not look as if.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from . import wire
from .statuses import OVER

REMEMBERED: Final = 5_000
FILLED: Final = "filled"


def are_live(parent: wire.Order | None) -> bool:
    """Whether legs of *parent*, as far as it is known, are of use."""
    return parent is None or parent.status in OVER


class Legs:
    """Knows the legs of entries that have not filled; *tell* hears of those of one that has."""

    def __init__(self, tell: Callable[[wire.Order], None]) -> None:
        self._tell = tell
        self._dormant: OrderedDict[str, tuple[wire.Order, ...]] = OrderedDict()
        self._filled: OrderedDict[str, None] = OrderedDict()

    def expect(self, entry: wire.Order) -> None:
        """*entry* was seen with its legs; it may have filled meanwhile."""
        if not entry.legs or (entry.status in OVER and entry.status != FILLED):
            return
        self._dormant[entry.id] = entry.legs
        if len(self._dormant) > REMEMBERED:
            self._dormant.popitem(last=False)
        if entry.status == FILLED or entry.id in self._filled:
            self._wake(entry.id)

    def heard(self, order: wire.Order) -> None:
        """The stream told of *order*."""
        if order.status in OVER and order.status != FILLED:
            legs = self._dormant.pop(order.id, None)
            if legs is not None and order.replaced_by is not None:
                self._dormant[order.replaced_by] = legs
        elif order.status == FILLED:
            self.fill(order.id)

    def is_dormant(self, order_id: str, parent_id: str | None) -> bool:
        """Whether that is a leg of an entry that has not filled."""
        legs = self._dormant.get(parent_id or "", ())
        return any(leg.id == order_id for leg in legs)

    def fill(self, entry_id: str) -> None:
        """That entry has filled, as the stream told, or as the execution of a leg shows."""
        self._filled[entry_id] = None
        if len(self._filled) > REMEMBERED:
            self._filled.popitem(last=False)
        self._wake(entry_id)

    def _wake(self, entry_id: str) -> None:
        for leg in self._dormant.pop(entry_id, ()):
            self._tell(leg)
