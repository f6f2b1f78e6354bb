"""What all products have in common of orders that are asked for. Pure."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from ...errors import InvalidValue
from ...model.enums import OrderType, TimeInForce
from ...model.order import OrderRequest
from .filters import TIMES, Filters, exit_price


def check_time(request: OrderRequest) -> None:
    """Raise ``InvalidValue`` for a time in force that there is not."""
    wanted = request.time_in_force
    if wanted is not None and wanted not in TIMES:
        allowed = ", ".join(each.value for each in TIMES)
        raise InvalidValue(
            f"time_in_force {wanted.value} is not taken by Binance, only {allowed}",
            "time_in_force",
            wanted.value,
        )
    if request.post_only and (
        request.order_type is not OrderType.LIMIT or request.tif is not TimeInForce.GTC
    ):
        raise InvalidValue("post_only is for LIMIT orders that are GTC", "post_only", "true")


def on_steps(request: OrderRequest, filters: Filters) -> OrderRequest:
    """*request*, an exit of ours, as the exchange takes it: rounded, and for whatever time it
    gives.
    """

    def priced(price: Decimal | None, kind: OrderType) -> Decimal | None:
        return None if price is None else exit_price(filters, request.side, kind, price)

    return replace(
        request,
        quantity=filters.lot.floor(request.quantity),
        limit_price=priced(request.limit_price, OrderType.LIMIT),
        stop_price=priced(request.stop_price, OrderType.STOP),
        time_in_force=request.time_in_force if request.time_in_force in TIMES else None,
    )
