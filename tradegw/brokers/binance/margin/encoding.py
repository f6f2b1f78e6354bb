"""Lists of orders in the older words, which margin still has. Pure."""

from __future__ import annotations

from decimal import Decimal

from ....model.order import OrderRequest
from ..calling import Query
from ..query import given, number, text
from ..spot import ids

REDUCING = "AUTO_REPAY"
"""What an order to lower risk does to loans: what it brings pays them back."""

OPENING = "AUTO_BORROW_REPAY"
"""The same, and what it lacks is borrowed."""


def exits_of(request: OrderRequest, entry: int, quantity: Decimal) -> Query:
    """Both exits of a buy that was executed as the order *entry*, for *quantity* (OCO)."""
    wanted: list[tuple[str, str | None]] = [
        ("symbol", request.symbol),
        ("side", request.side.opposite.value),
        ("quantity", number(quantity)),
        ("price", text(request.take_profit)),
        ("limitClientOrderId", ids.behind(entry, ids.TAKE_PROFIT)),
        ("stopPrice", text(request.stop_loss)),
        ("stopClientOrderId", ids.behind(entry, ids.STOP_LOSS)),
        ("newOrderRespType", "FULL"),
        ("sideEffectType", REDUCING),
    ]
    return given(wanted)
