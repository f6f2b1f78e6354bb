"""What executions do to positions and money: Alpaca's stream does not tell, so it is asked, soon
after one or several executions, and not often.

What is found is told if nothing executed meanwhile; what is missed the regular comparison finds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from msgspec.structs import replace
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...deferreds import as_deferred, logged
from ...errors import GatewayError
from ...interfaces import IBrokerListener, WallClock
from ...model.account import Account, Position
from ...model.enums import AccountEventKind, PositionEventKind
from ...model.events import AccountEvent, PositionEvent
from ...model.money import ZERO

SOON_SECONDS: Final = 0.3
LEAST_SECONDS: Final = 3.0
"""Between two looks: they count against the limits of everything else."""


class Aftermath:
    """Asks for *positions* and *account*, and tells *listener* what has changed."""

    log = Logger()

    def __init__(
        self,
        positions: Callable[[], Awaitable[list[Position]]],
        account: Callable[[], Awaitable[Account]],
        listener: IBrokerListener,
        now: WallClock,
        clock: IReactorTime,
    ) -> None:
        self._positions = positions
        self._account = account
        self._listener = listener
        self._now = now
        self._clock = clock
        self._told: dict[str, Position] | None = None
        self._executions = 0
        self._looked_at = float("-inf")
        self._next: IDelayedCall | None = None

    def saw(self, positions: Iterable[Position]) -> None:
        """What was held when it was first asked for; what changes from then on is told."""
        if self._told is None:
            self._told = {position.id: position for position in positions}

    def forget(self) -> None:
        """The link was lost: what changed meanwhile is told by whoever compares everything."""
        self._told = None

    def executed(self) -> None:
        """Something did."""
        self._executions += 1
        if self._next is None and self._told is not None:
            since = self._clock.seconds() - self._looked_at
            self._next = self._clock.callLater(max(SOON_SECONDS, LEAST_SECONDS - since), self._look)

    def stop(self) -> None:
        """Ask no more."""
        if self._next is not None and self._next.active():
            self._next.cancel()

    def _look(self) -> None:
        self._looked_at = self._clock.seconds()
        logged(self._compare(), self.log, "asking what executions did")

    @as_deferred
    async def _compare(self) -> None:
        executions = self._executions
        try:
            positions = await self._positions()
            account = await self._account()
        except GatewayError as error:
            self._next = None
            self.log.info("what executions did could not be asked: {reason}", reason=error.message)
            return
        self._next = None
        if executions != self._executions or self._told is None:
            self.executed()
            return
        self._tell_positions({position.id: position for position in positions})
        self._listener.on_event(
            AccountEvent(
                timestamp=self._now(), event=AccountEventKind.BALANCE_UPDATED, account=account
            )
        )

    def _tell_positions(self, held: dict[str, Position]) -> None:
        before, self._told = dict(self._told or {}), held
        for position_id, position in held.items():
            last = before.pop(position_id, None)
            if last is None:
                self._tell(PositionEventKind.OPENED, position)
            elif (last.side, last.quantity) != (position.side, position.quantity):
                self._tell(PositionEventKind.MODIFIED, position)
        for last in before.values():
            gone = replace(last, quantity=ZERO, unrealized_pnl=ZERO, updated_at=self._now())
            self._tell(PositionEventKind.CLOSED, gone)

    def _tell(self, kind: PositionEventKind, position: Position) -> None:
        self._listener.on_event(PositionEvent(timestamp=self._now(), event=kind, position=position))
