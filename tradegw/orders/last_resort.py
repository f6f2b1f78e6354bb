"""What the exits have done when their time is up: through the same doors as for any client."""

from __future__ import annotations

from decimal import Decimal

from zope.interface import implementer

from ..deferreds import as_deferred
from ..interfaces import ILastResort
from ..model.enums import PositionSide
from ..model.journal import IntentKind
from ..model.order import ClosePositionRequest
from .cancels import Cancels
from .closing import Closing
from .intents import Intents


@implementer(ILastResort)
class LastResort:
    """Has *closing* close and *cancels* cancel; both are in the journal, and halting trading stops
    neither.
    """

    def __init__(self, closing: Closing, cancels: Cancels, intents: Intents) -> None:
        self._closing = closing
        self._cancels = cancels
        self._intents = intents

    @as_deferred
    async def close(
        self, position_id: str, quantity: Decimal, side: PositionSide | None = None
    ) -> bool:
        if self._may_execute(position_id):
            return False
        request = ClosePositionRequest(quantity=quantity)
        await self._closing.close(position_id, request, side=side)
        return True

    def _may_execute(self, position_id: str) -> bool:
        return self._closing.is_closing(position_id) or any(
            attempt.intent.kind is IntentKind.CLOSE
            and position_id in (attempt.intent.target, attempt.intent.symbol)
            for attempt in self._intents.under_way()
        )

    @as_deferred
    async def call_off(self, order_id: str) -> bool:
        return (await self._cancels.cancel(order_id)).success
