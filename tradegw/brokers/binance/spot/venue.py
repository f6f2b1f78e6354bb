"""What differs between the accounts that trade spot's pairs: spot's own, and that of margin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from msgspec import Struct

from ....model.order import OrderRequest
from ...budget import Rules
from .. import limits
from ..calling import Query
from ..limits import ORDERS, ORDERS_DAY, WEIGHT
from . import encoding

Weight: TypeAlias = Mapping[str, int]


class Weights(Struct, frozen=True, kw_only=True):
    """What calls count, by name of limit."""

    account: Weight
    order: Weight
    orders: Weight
    open_orders: Weight
    open_lists: Weight
    trades: Weight
    trades_of_order: Weight
    cancel: Weight
    order_limits: Weight


class Venue(Struct, frozen=True, kw_only=True):
    """``prefix`` begins the paths of the account's calls, ``lists`` what is behind it of those that
    make lists.

    ``costs``    what a call counts that makes so many orders
    ``oco``      both exits of a buy
    ``opening``  what an order does to loans (``sideEffectType``)
    ``reducing``  the same of one that is to lower risk
    ``on_margin``  whether things can be owed, and so sold that are not there
    ``changes``  whether orders can be changed
    ``has_opo``  whether there are lists whose exits are for what was received
    """

    rules: Rules
    prefix: str
    lists: str
    weights: Weights
    costs: Callable[[Query, int], dict[str, int]]
    oco: Callable[[OrderRequest, int, Decimal], Query]
    opening: str | None
    reducing: str | None
    on_margin: bool
    changes: bool
    has_opo: bool
    features: tuple[str, ...]


def _counted(_query: Query, count: int) -> dict[str, int]:
    return {WEIGHT: 0, ORDERS: count, ORDERS_DAY: count}


SPOT: Final = Venue(
    rules=limits.RULES,
    prefix="/api/v3",
    lists="orderList",
    weights=Weights(
        account={WEIGHT: 20},
        order={WEIGHT: 4},
        orders={WEIGHT: 20},
        open_orders={WEIGHT: 80},
        open_lists={WEIGHT: 6},
        trades={WEIGHT: 20},
        trades_of_order={WEIGHT: 5},
        cancel={WEIGHT: 1},
        order_limits={WEIGHT: 40},
    ),
    costs=_counted,
    oco=encoding.exits_of,
    opening=None,
    reducing=None,
    on_margin=False,
    changes=True,
    has_opo=True,
    features=("bracket_orders", "oco", "get_quote"),
)
