"""Positions as clients were told of them, where a broker keeps several of one symbol apart.

Where positions are netted, what is held of each symbol says it all. Elsewhere it cannot be told
from that which of them are known: they are written down one by one, with the event that tells.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ..interfaces import IBroker, IJournal
from ..model import wire
from ..model.account import Position
from ..model.enums import PositionEventKind, PositionMode
from ..model.events import PositionEvent
from ..model.journal import Setting

SETTING: Final = "hedged_positions"

_decoder = msgspec.json.Decoder(list[Position])


class Hedges:
    """Begins with what the last process had told; empty where *broker* nets positions."""

    def __init__(self, journal: IJournal, broker: IBroker) -> None:
        self.nets = broker.capabilities().position_mode is PositionMode.NETTING
        kept = None if self.nets else journal.setting(SETTING)
        positions = [] if kept is None else _decoder.decode(kept.value)
        self._told = {position.id: position for position in positions}

    def told(self) -> dict[str, Position]:
        """The positions by id."""
        return self._told.copy()

    def tell(self, event: PositionEvent) -> list[Setting]:
        """*event* is told: what must be durable together with it."""
        if self.nets:
            return []
        if event.event is PositionEventKind.CLOSED:
            self._told.pop(event.position.id, None)
        else:
            self._told[event.position.id] = event.position
        value = wire.encode(list(self._told.values()))
        return [Setting(name=SETTING, at=event.timestamp, value=value)]
