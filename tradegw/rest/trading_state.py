"""``/v1/trading-state``: whether the gateway may trade."""

from __future__ import annotations

from typing import Final

from .. import errors
from ..model.trading import StateSetter, TradingStateChange, TradingStatus
from .rooms import Rooms
from .routing import Routes

LONGEST_REASON: Final = 500

routes = Routes("operations")


@routes.get("/v1/trading-state", operation_id="get_trading_state", answer=TradingStatus)
async def get_trading_state(rooms: Rooms) -> TradingStatus:
    """Whether the gateway may trade, since when, who said so and why."""
    return rooms.trading_state.status()


@routes.put(
    "/v1/trading-state",
    operation_id="set_trading_state",
    body=TradingStateChange,
    answer=TradingStatus,
    errors=(errors.InvalidValue,),
)
async def set_trading_state(rooms: Rooms, body: TradingStateChange) -> TradingStatus:
    """Halt trading, restrict it to reductions, or let everything through.

    It has taken effect, and survives a restart, when it is answered; should the journal be failing,
    it has taken effect. ``ACTIVE`` also acknowledges what the reconciliation found.
    """
    reason = body.reason or None
    if reason is not None and len(reason) > LONGEST_REASON:
        raise errors.InvalidValue(
            f"reason is longer than {LONGEST_REASON} characters", "reason", reason[:LONGEST_REASON]
        )
    return await rooms.trading_state.change(body.state, reason, StateSetter.CLIENT)
