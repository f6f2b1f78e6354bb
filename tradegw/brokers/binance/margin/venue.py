"""Where a cross margin account is reached, and what its calls count."""

from __future__ import annotations

from typing import Final

from .. import limits
from ..calling import Query
from ..limits import ACCOUNT_WEIGHT, MARGIN_WEIGHT, ORDERS, ORDERS_DAY
from ..spot.venue import Venue, Weights
from .encoding import OPENING, REDUCING, exits_of

_ORDER: Final = 6
_BORROWING: Final = 1500
_USUAL: Final = {MARGIN_WEIGHT: 10}


def costs(query: Query, count: int) -> dict[str, int]:
    """An order that may borrow weighs much."""
    weight = _BORROWING if ("sideEffectType", OPENING) in query else _ORDER
    return {ACCOUNT_WEIGHT: weight, ORDERS: count, ORDERS_DAY: count}


MARGIN: Final = Venue(
    rules=limits.MARGIN,
    prefix="/sapi/v1/margin",
    lists="order",
    weights=Weights(
        account=_USUAL,
        order=_USUAL,
        orders={MARGIN_WEIGHT: 200},
        open_orders=_USUAL,
        open_lists=_USUAL,
        trades=_USUAL,
        trades_of_order=_USUAL,
        cancel=_USUAL,
        order_limits={MARGIN_WEIGHT: 20},
    ),
    costs=costs,
    oco=exits_of,
    opening=OPENING,
    reducing=REDUCING,
    on_margin=True,
    changes=False,
    has_opo=False,
    features=("bracket_orders", "oco", "get_quote", "reduce_only"),
)
