"""Which position an order is of, where those of both sides are kept apart. Pure."""

from __future__ import annotations

from typing import Final

from ....errors import InvalidValue, OrderDenied
from ....model.enums import PositionSide, Side
from ....model.order import OrderRequest
from . import ids

BOTH: Final = "BOTH"
_OPENED_BY: Final = {Side.BUY: PositionSide.LONG, Side.SELL: PositionSide.SHORT}


def position_side(request: OrderRequest, *, hedging: bool) -> str:
    """Binance's ``positionSide`` of *request*: of the position that it names; else one that reduces
    is of the other side's, any other of its own.

    Raises ``GatewayError`` if it cannot be what it says.
    """
    named = ids.side_in(request.position_id)
    whole = ids.position_id(request.symbol, BOTH if named is None else named.value)
    if request.position_id not in (None, whole):
        raise InvalidValue(
            f"position_id must be of {request.symbol}", "position_id", request.position_id
        )
    if not hedging:
        if named is not None:
            raise InvalidValue(
                "position_id names a side, but positions are netted",
                "position_id",
                request.position_id,
            )
        return BOTH
    opened = _OPENED_BY[request.side]
    reduced = _OPENED_BY[request.side.opposite]
    if named is None:
        return (reduced if request.reduce_only else opened).value
    if request.reduce_only and named is opened:
        raise OrderDenied(
            f"A {request.side.value} order does not reduce a {named.value} position",
            "REDUCE_ONLY_VIOLATED",
        )
    return named.value


def reduces(side: Side, position_side_: str, *, reduce_only: bool) -> bool:
    """Whether an order of *side* only reduces: it says so, or its position is of the other side."""
    if position_side_ == BOTH:
        return reduce_only
    return position_side_ != _OPENED_BY[side].value
