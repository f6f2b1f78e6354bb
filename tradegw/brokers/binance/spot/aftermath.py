"""What executions do to positions and money: the stream tells balances, but neither what they are
worth nor what they cost. So both are asked for, soon after balances moved, and not often.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ....deferreds import as_deferred, logged
from ....errors import GatewayError
from ....interfaces import IBrokerListener, WallClock
from ....model.account import Position
from ....model.enums import PositionEventKind
from ....model.events import AccountEvent, PositionEvent
from ....model.money import ZERO
from ..levels import Levels
from .holdings import Holdings

SOON_SECONDS: Final = 0.3
LEAST_SECONDS: Final = 5.0
"""Between two looks: they count against the limits of everything else."""


class Aftermath:
    """Asks *holdings*, and tells *listener* what is another than it was."""

    log = Logger()

    def __init__(
        self,
        holdings: Holdings,
        listener: IBrokerListener,
        now: WallClock,
        clock: IReactorTime,
        levels: Levels,
    ) -> None:
        self._holdings = holdings
        self._levels = levels
        levels.fell = self.moved
        self._listener = listener
        self._now = now
        self._clock = clock
        self._shown: dict[str, Position] | None = None
        self._moves = 0
        self._looked_at = float("-inf")
        self._due: IDelayedCall | None = None
        self._is_asking = False

    def saw(self, positions: Iterable[Position]) -> None:
        """What was held when it was first asked for: only what changes from then on is told."""
        if self._shown is None:
            self._shown = {each.id: each for each in positions}

    def forget(self) -> None:
        """The link was lost: whoever compares everything tells what changed meanwhile."""
        self._shown = None

    def moved(self) -> None:
        """Balances changed."""
        self._moves += 1
        if self._is_asking or self._shown is None or (self._due and self._due.active()):
            return
        wait = LEAST_SECONDS - (self._clock.seconds() - self._looked_at)
        self._due = self._clock.callLater(max(SOON_SECONDS, wait), self._look)

    def stop(self) -> None:
        """Ask no more."""
        self._shown = None
        if self._due is not None and self._due.active():
            self._due.cancel()

    def _look(self) -> None:
        self._looked_at, self._is_asking = self._clock.seconds(), True
        work = self._compared()
        work.addBoth(self._asked)
        logged(work, self.log, "asking what executions did")

    def _asked(self, result: object) -> object:
        self._is_asking = False
        if result is False:  # something moved meanwhile
            self.moved()
        return result

    @as_deferred
    async def _compared(self) -> bool:
        """Whether what was found still holds."""
        moves = self._moves
        try:
            positions = await self._holdings.positions()
            account = await self._holdings.account()
        except GatewayError as error:
            self.log.info("what executions did could not be asked: {why}", why=error.message)
            return True
        if moves != self._moves or self._shown is None:
            return False
        self._tell_positions({each.id: each for each in positions})
        kind = self._levels.kind()
        self._listener.on_event(AccountEvent(timestamp=self._now(), event=kind, account=account))
        return True

    def _tell_positions(self, held: dict[str, Position]) -> None:
        before, self._shown = self._shown or {}, held
        for name, position in held.items():
            if name not in before:
                self._tell(PositionEventKind.OPENED, position)
            elif before[name].quantity != position.quantity:
                self._tell(PositionEventKind.MODIFIED, position)
        for name in before.keys() - held.keys():
            gone = replace(before[name], quantity=ZERO, unrealized_pnl=ZERO, updated_at=self._now())
            self._tell(PositionEventKind.CLOSED, gone)

    def _tell(self, kind: PositionEventKind, position: Position) -> None:
        self._listener.on_event(PositionEvent(timestamp=self._now(), event=kind, position=position))
