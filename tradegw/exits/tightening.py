"""Moving the resting stops of a trailing plan on.

In place where the broker can. Else the new stop is placed first, and the old one, which covers too
much then, is taken away as anything that does; only where the broker holds the quantity back for
the old one is that cancelled first. A stop that could not be moved rests where it was: that is
told, and tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, OrderDenied, UnsupportedOperation
from ..interfaces import IOrderEntry
from ..model.order import OrderChange
from ..model.protection import LegKind
from ..risk.breaker import Breaker
from .coverage import behind
from .guarded import Guarded
from .keeping import Keeping
from .leg import Leg
from .moving import Moving
from .outcry import Outcry
from .placement import Placement
from .trailing import OUT_OF_REACH

PAUSES_SECONDS: Final = (1.0, 5.0, 30.0)
"""After so many failures in succession; the last one goes on."""


class Tightening:
    """Takes the steps that only trailing stops need. *seconds* tells monotonic time."""

    log = Logger()

    def __init__(
        self,
        entry: IOrderEntry,
        placement: Placement,
        moving: Moving,
        keeping: Keeping,
        breaker: Breaker,
        outcry: Outcry,
        seconds: Callable[[], float],
    ) -> None:
        self._entry = entry
        self._placement = placement
        self._moving = moving
        self._keeping = keeping
        self._breaker = breaker
        self._outcry = outcry
        self._seconds = seconds

    def time_to_move(self, guarded: Guarded) -> datetime | None:
        """Now; ``None`` as long as a move that failed shall not be tried again."""
        return self._keeping.now() if guarded.lag.until <= self._seconds() else None

    @as_deferred
    async def begin(self, guarded: Guarded) -> None:
        """Nobody told at which price the entry filled: what the market is now has to do.

        Fails with ``GatewayError`` if that is not known, or leaves no room for the stop.
        """
        plan = guarded.plan
        price = await self._entry.price(plan.symbol)
        assert plan.ratchet is not None
        plan.ratchet.begin(price)
        plan.ratchet.see(price)
        plan.follow()
        if LegKind.STOP_LOSS not in plan.targets:
            raise OrderDenied(OUT_OF_REACH)

    @as_deferred
    async def move(self, guarded: Guarded, legs: Sequence[Leg]) -> None:
        """Move *legs* to where the stop belongs by now; what failed is told, not raised."""
        ratchet, failure = guarded.plan.ratchet, None
        assert ratchet is not None
        ratchet.moved(self._keeping.now())
        for leg in legs:
            try:
                await self._move(guarded, leg)
            except GatewayError as error:
                failure = error.message
        if failure is None or not behind(guarded.plan):  # else it ended, or nothing is left to do
            self._outcry.moved(guarded)
            return
        guarded.lag.attempts += 1
        last = len(PAUSES_SECONDS) - 1
        guarded.lag.until = self._seconds() + PAUSES_SECONDS[min(guarded.lag.attempts - 1, last)]
        self._outcry.not_moved(guarded, failure)

    @as_deferred
    async def _move(self, guarded: Guarded, leg: Leg) -> None:
        if self._breaker.is_open:
            raise OrderDenied("Circuit breaker open: exit orders are not moved")
        if leg not in behind(guarded.plan):
            return  # it ended while another was moved
        aim = guarded.plan.price(leg.kind)
        try:
            await self._placement.change(guarded, leg, OrderChange(stop_price=aim))
        except UnsupportedOperation:
            await self._renew(guarded, leg, aim)
        except GatewayError:
            if not leg.in_doubt:
                await self._placement.look_at(guarded, leg)
            raise
        else:
            leg.asked, leg.answered = aim, leg.price

    @as_deferred
    async def _renew(self, guarded: Guarded, leg: Leg, aim: Decimal) -> None:
        plan = guarded.plan
        if self._entry.exits_hold_quantity:
            new = await self._moving.swap(guarded, leg, aim, plan.position_id or plan.symbol)
        else:
            new = plan.next_leg(leg.kind, leg.unfilled)
            await self._placement.place(guarded, new)
        new.asked, new.answered = aim, new.price
