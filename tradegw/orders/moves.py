"""The exits of a position moved for a client, who is answered in time and hears what will last."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from ..deferreds import as_deferred
from ..interfaces import IExits
from ..model.account import Position
from ..model.enums import Unresolved
from ..model.protection import ExitsChange, ExitsMoved
from .patience import Patience
from .reference import Reference
from .writing import Writing


class Moves:
    """Has *exits* move them; clients wait as *patience* says, and what takes longer goes on."""

    def __init__(
        self, exits: IExits, reference: Reference, writing: Writing, patience: Patience
    ) -> None:
        self._exits = exits
        self._reference = reference
        self._writing = writing
        self._patience = patience

    @as_deferred
    async def move(self, position_id: str, change: ExitsChange) -> ExitsMoved:
        """Where the exits rest now. The new targets survive a crash by then, unless the disk fails
        or hangs: moving lowers risk and is not held up by that.
        """
        position = await self._reference.position(position_id, change)
        moved = await self._patience.within(self._moved(position, change))
        return moved or ExitsMoved(position_id=position.id, outcome=Unresolved.UNKNOWN)

    def _moved(self, position: Position, change: ExitsChange) -> Deferred[ExitsMoved]:
        return self._lasting(self._exits.move(position, change))

    @as_deferred
    async def _lasting(self, moving: Deferred[ExitsMoved]) -> ExitsMoved:
        moved = await moving
        await self._writing.settled()
        return moved
