"""What is done for a close between its being written down and its being sent.

Closes of one position leave one after the other. Where resting exits hold the quantity, those of
what a close at market closes are taken away first; if that changed the position, or another close
was waited for, the position is looked up again.
"""

from __future__ import annotations

from typing import Final, TypeVar
from weakref import WeakValueDictionary

from msgspec.structs import replace
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ..deferreds import as_deferred, deadline
from ..errors import GatewayError, PositionNotFound
from ..interfaces import IExits
from ..model.account import Position
from ..model.order import ClosePositionRequest
from .reads import Reads

T = TypeVar("T")

TURN_SECONDS: Final = 5.0
"""So long a close waits for the answer to another of its position, and no longer."""


class Clearing:
    """Lets closes out. *exits* make way where they *hold* the quantity."""

    def __init__(self, reads: Reads, exits: IExits, clock: IReactorTime, *, hold: bool) -> None:
        self.reads = reads
        self.exits = exits
        self.clock = clock
        self.hold = hold
        self._turns: WeakValueDictionary[str, DeferredLock] = WeakValueDictionary()
        """By position; each is kept by the passages that need it."""

    def passage(self, intent_id: str, position: Position, request: ClosePositionRequest) -> Passage:
        """The way out for *request*, the business of that intent."""
        turn = self._turns.setdefault(position.id, DeferredLock())
        self.exits.expect_close(intent_id, position.id)
        return Passage(self, turn, intent_id, position, request)


class Passage:
    """One close on its way out; :meth:`ended` when it was answered, or was not sent."""

    log = Logger()

    def __init__(
        self,
        clearing: Clearing,
        turn: DeferredLock,
        intent_id: str,
        position: Position,
        request: ClosePositionRequest,
    ) -> None:
        self._clearing = clearing
        self._turn = turn
        self._has_turn = False
        self._intent_id = intent_id
        self.position = position
        self._request = request

    @property
    def request(self) -> ClosePositionRequest:
        """What is to be sent: no more than there is."""
        quantity = self._request.quantity
        if quantity is None or quantity <= self.position.quantity:
            return self._request
        return replace(self._request, quantity=self.position.quantity)

    @as_deferred
    async def clear(self) -> None:
        """Fires when the close may be sent; fails with ``PositionNotFound`` if nothing is left."""
        has_waited = await self._take_turn()
        if await self._made_way() or has_waited:
            await self._look_again()

    @as_deferred
    async def _take_turn(self) -> bool:
        """Whether that took any time."""
        if not self._turn.locked:
            await self._turn.acquire()
            self._has_turn = True
            return False
        try:
            await deadline(self._turn.acquire(), TURN_SECONDS, self._clearing.clock)
        except TimeoutError:
            self.log.warn(
                "another close of position {position_id} is not answered: this one does not wait",
                position_id=self.position.id,
                correlation_id=self._intent_id,
            )
        else:
            self._has_turn = True
        return True

    @as_deferred
    async def _made_way(self) -> bool:
        """Whether legs executed meanwhile. What rests at a price leaves them: they protect until
        it executes.
        """
        if not self._clearing.hold or self._request.order_type is not None:
            return False
        quantity = self._request.quantity or self.position.quantity
        exits = self._clearing.exits
        return await exits.make_way(self._intent_id, self.position, quantity)

    @as_deferred
    async def _look_again(self) -> None:
        try:
            found = await self._clearing.reads.position(self.position.id, always=True)
        except PositionNotFound:
            raise
        except GatewayError as error:
            self.log.warn(
                "position {position_id} could not be looked up again: {reason}",
                position_id=self.position.id,
                reason=error.message,
                correlation_id=self._intent_id,
            )
            return
        if found.side is not self.position.side:
            raise PositionNotFound(self.position.id)
        self.position = found

    def ended(self, result: T) -> T:
        """The next close of the position may leave; *result* goes on as it is."""
        if self._has_turn:
            self._has_turn = False
            self._turn.release()
        return result
