"""What the gateway wants, as Binance's futures take it: names and values of a query. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ....model.enums import OrderType
from ....model.order import Order, OrderRequest
from ..calling import Query
from ..query import number
from .rules import WAITING
from .sides import BOTH
from .statuses import POST_ONLY

_LIMITED: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT)


def waits(request: OrderRequest) -> bool:
    """Whether *request* is for the service of orders that wait for a price."""
    return request.order_type in WAITING


def new_order(request: OrderRequest, position_side: str) -> Query:
    """A market or limit order; its state is asked for with the answer."""
    return _given(
        [
            ("symbol", request.symbol),
            ("side", request.side.value),
            ("positionSide", position_side),
            ("type", request.order_type.value),
            ("timeInForce", _time(request)),
            ("quantity", number(request.quantity)),
            ("price", _text(request.limit_price)),
            ("reduceOnly", _reduces(request, position_side)),
            ("newClientOrderId", request.client_order_id),
            ("newOrderRespType", "RESULT"),
        ]
    )


def new_algo(request: OrderRequest, position_side: str) -> Query:
    """An order that waits for a price. Other names are in use there."""
    return _given(
        [
            ("algoType", "CONDITIONAL"),
            ("symbol", request.symbol),
            ("side", request.side.value),
            ("positionSide", position_side),
            ("type", WAITING[request.order_type]),
            ("timeInForce", _time(request)),
            ("quantity", number(request.quantity)),
            ("price", _text(request.limit_price)),
            ("triggerPrice", _text(request.stop_price)),
            ("callbackRate", _text(request.trailing_distance)),
            ("workingType", "CONTRACT_PRICE"),
            ("reduceOnly", _reduces(request, position_side)),
            ("clientAlgoId", request.client_order_id),
        ]
    )


def changed(order: Order, quantity: Decimal, price: Decimal, number_: int) -> Query:
    """The limit order *order* with both of them, for both must be said."""
    return (
        ("symbol", order.symbol),
        ("orderId", str(number_)),
        ("side", order.side.value),
        ("quantity", number(quantity)),
        ("price", number(price)),
    )


def _time(request: OrderRequest) -> str | None:
    if request.order_type not in _LIMITED:
        return None
    return POST_ONLY if request.post_only else request.tif.value


def _reduces(request: OrderRequest, position_side: str) -> str | None:
    """Where positions are hedged their side says it, and nothing else may."""
    return "true" if request.reduce_only and position_side == BOTH else None


def _text(value: Decimal | None) -> str | None:
    return None if value is None else number(value)


def _given(wanted: list[tuple[str, str | None]]) -> Query:
    return tuple((name, value) for name, value in wanted if value is not None)
