"""What the stream tells of positions and money, as events of the gateway.

Positions are told at once, each as it stands. Of money only changed balances are told; so the
account is asked for soon after, and not often. Funding is told with the symbol that it is of, which
must be asked for, too, unless the position is told with it.
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
from ....model.enums import AccountEventKind, PositionEventKind
from ....model.events import AccountEvent, PositionEvent
from ....model.money import ZERO
from ..times import moment
from . import events
from .funding import Fundings
from .holdings import Holdings
from .ids import position_id

SOON_SECONDS: Final = 0.3
LEAST_SECONDS: Final = 5.0
"""Between two looks at the account: they count against the limits of everything else."""

FUNDING: Final = "FUNDING_FEE"


class Aftermath:
    """Tells *listener*; asks *holdings* and *fundings*."""

    log = Logger()

    def __init__(
        self,
        holdings: Holdings,
        fundings: Fundings,
        listener: IBrokerListener,
        now: WallClock,
        clock: IReactorTime,
    ) -> None:
        self._holdings = holdings
        self._fundings = fundings
        self._listener = listener
        self._now = now
        self._clock = clock
        self._shown: dict[str, Position] | None = None
        self._newest: dict[str, int] = {}
        self._kind = AccountEventKind.BALANCE_UPDATED
        self._looked_at = float("-inf")
        self._due: IDelayedCall | None = None

    def saw(self, positions: Iterable[Position]) -> None:
        """What was held when it was first asked for: only what changes from then on is told."""
        if self._shown is None:
            self._shown = {each.id: each for each in positions}

    def forget(self) -> None:
        """The link was lost: whoever compares everything tells what changed meanwhile."""
        self._shown = None
        self._newest.clear()

    def moved(self, update: events.AccountUpdate) -> None:
        """Balances or positions changed."""
        at = update.T or update.E
        for held in update.a.P:
            self._position_moved(held, at)
        if update.a.m == FUNDING:
            self._fundings.paid(update.a, at)
        self._look_soon()

    def warned(self) -> None:
        """The margin is low."""
        self._kind = AccountEventKind.MARGIN_CALL
        self._look_soon()

    def stop(self) -> None:
        """Ask no more."""
        self._shown = None
        if self._due is not None and self._due.active():
            self._due.cancel()

    # -- positions

    def _position_moved(self, held: events.Held, at: int) -> None:
        if self._shown is None or (self._holdings.hedging and held.ps == "BOTH"):
            return
        name = position_id(held.s, held.ps)
        if at < self._newest.get(name, 0):
            return  # of an older connection
        self._newest[name] = at
        before = self._shown.get(name)
        if not held.pa:
            if before is not None:
                self._closed(before, at)
            return
        position = self._holdings.told(held, at)
        if before is not None and before.side is not position.side:
            self._closed(before, at)  # it was turned round at once
            before, position = None, self._holdings.told(held, at)
        self._shown[name] = position
        if before is None:
            self._tell(PositionEventKind.OPENED, position, at)
        elif before.quantity != position.quantity:
            self._tell(PositionEventKind.MODIFIED, position, at)

    def _closed(self, before: Position, at: int) -> None:
        assert self._shown is not None
        self._shown.pop(before.id, None)
        self._holdings.closed(before.id)
        gone = replace(before, quantity=ZERO, unrealized_pnl=ZERO, updated_at=moment(at))
        self._tell(PositionEventKind.CLOSED, gone, at)

    def _tell(self, kind: PositionEventKind, position: Position, at: int) -> None:
        self._listener.on_event(PositionEvent(timestamp=moment(at), event=kind, position=position))

    # -- money

    def _look_soon(self) -> None:
        if self._shown is None or (self._due is not None and self._due.active()):
            return
        wait = LEAST_SECONDS - (self._clock.seconds() - self._looked_at)
        self._due = self._clock.callLater(max(SOON_SECONDS, wait), self._look)

    def _look(self) -> None:
        self._looked_at = self._clock.seconds()
        logged(self._asked(), self.log, "asking for the account")

    @as_deferred
    async def _asked(self) -> None:
        kind, self._kind = self._kind, AccountEventKind.BALANCE_UPDATED
        try:
            account = await self._holdings.account()
        except GatewayError as error:
            self.log.info("the account could not be asked: {why}", why=error.message)
            if kind is AccountEventKind.MARGIN_CALL:  # it must be told
                self.warned()
            return
        self._listener.on_event(AccountEvent(timestamp=self._now(), event=kind, account=account))
