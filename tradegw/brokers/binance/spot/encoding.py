"""What the gateway wants, as Binance takes it: names and values of a query. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ....model.enums import OrderType, Side, TimeInForce
from ....model.money import ONE, times
from ....model.order import OrderRequest
from ..calling import Query
from ..filters import Filters, exit_price
from ..query import given, number, text
from . import ids
from .rules import name_of

OFFSET: Final = Decimal("0.04")
"""How far beyond its stop the limit of an exit is, where a symbol has no plain stops."""

_TIMED: Final = frozenset({"LIMIT", "STOP_LOSS_LIMIT"})


def new_order(request: OrderRequest, effect: str | None = None) -> Query:
    """*request*, which was found to be possible. An answer that tells everything is asked for.
    *effect* is what it does to loans, on margin.
    """
    kind = name_of(request)
    wanted: list[tuple[str, str | None]] = [
        ("symbol", request.symbol),
        ("side", request.side.value),
        ("type", kind),
        ("timeInForce", request.tif.value if kind in _TIMED else None),
        ("quantity", number(request.quantity)),
        ("price", text(request.limit_price)),
        ("stopPrice", text(request.stop_price)),
        ("icebergQty", text(request.display_quantity)),
        ("newClientOrderId", request.client_order_id),
        ("newOrderRespType", "FULL"),
        ("sideEffectType", effect),
    ]
    return given(wanted)


def bracket(
    request: OrderRequest, quantity: Decimal | None = None, effect: str | None = None
) -> Query:
    """A limit buy and both its exits, for *quantity* (OTOCO), or for what it receives net of fees
    (OPOCO).
    """
    name = request.client_order_id or ""
    wanted: list[tuple[str, str | None]] = [
        ("symbol", request.symbol),
        ("workingType", name_of(request)),
        ("workingSide", request.side.value),
        ("workingClientOrderId", request.client_order_id),
        ("workingPrice", text(request.limit_price)),
        ("workingQuantity", number(request.quantity)),
        ("workingTimeInForce", TimeInForce.GTC.value if name_of(request) == "LIMIT" else None),
        ("pendingSide", request.side.opposite.value),
        ("pendingQuantity", text(quantity)),
        ("pendingAboveType", "LIMIT_MAKER"),
        ("pendingAbovePrice", text(request.take_profit)),
        ("pendingAboveClientOrderId", ids.beside(name, ids.TAKE_PROFIT)),
        ("pendingBelowType", "STOP_LOSS"),
        ("pendingBelowStopPrice", text(request.stop_loss)),
        ("pendingBelowClientOrderId", ids.beside(name, ids.STOP_LOSS)),
        ("newOrderRespType", "FULL"),
        ("sideEffectType", effect),
    ]
    return given(wanted)


def exits_of(request: OrderRequest, entry: int, quantity: Decimal) -> Query:
    """Both exits of a buy that was executed as the order *entry*, for *quantity* (OCO)."""
    wanted: list[tuple[str, str | None]] = [
        ("symbol", request.symbol),
        ("side", request.side.opposite.value),
        ("quantity", number(quantity)),
        ("aboveType", "LIMIT_MAKER"),
        ("abovePrice", text(request.take_profit)),
        ("aboveClientOrderId", ids.behind(entry, ids.TAKE_PROFIT)),
        ("belowType", "STOP_LOSS"),
        ("belowStopPrice", text(request.stop_loss)),
        ("belowClientOrderId", ids.behind(entry, ids.STOP_LOSS)),
        ("newOrderRespType", "FULL"),
    ]
    return given(wanted)


def stop_limit(side: Side, stop: Decimal, filters: Filters) -> Decimal:
    """The limit of a stop, where a plain one cannot be had."""
    far = times(stop, ONE + OFFSET * side.sign)
    return exit_price(filters, side, OrderType.STOP_LIMIT, far)
