"""Orders as the engine wants them. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...model.enums import OrderType, Side, TimeInForce
from ...model.money import plain
from ...model.order import OrderRequest
from . import wire

SIDES: Final[dict[Side, wire.Side]] = {Side.BUY: "buy", Side.SELL: "sell"}
TYPES: Final[dict[OrderType, wire.OrderType]] = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop_limit",
}
TIMES: Final[dict[TimeInForce, wire.TimeInForce]] = {
    TimeInForce.GTC: "gtc",
    TimeInForce.IOC: "ioc",
}


def new_order(request: OrderRequest) -> wire.NewOrder:
    """*request*, which was checked."""
    return wire.NewOrder(
        symbol=request.symbol,
        side=SIDES[request.side],
        order_type=TYPES[request.order_type],
        quantity=plain(request.quantity),
        limit_price=_maybe(request.limit_price),
        stop_price=_maybe(request.stop_price),
        client_order_id=request.client_order_id,
        position_id=request.position_id,
        reduce_only=bool(request.reduce_only),
        time_in_force=TIMES[request.tif],
    )


def _maybe(price: Decimal | None) -> str | None:
    return None if price is None else plain(price)
