"""What an exchange knows, as a value: all of it, or what has changed since it was last written.

A whole state is the change from nothing, so changes add up to states (:func:`added_up`). Prices are
part of it as far as they were reached; from which tape or walk they go on is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from ..model.account import Trade
from ..model.order import Order
from .positions import Holding
from .ticks import Tick
from .working import WorkingOrder


class Held(Struct, frozen=True):
    """The holding of ``symbol``, worth ``mark`` a unit; ``None`` if it was closed."""

    symbol: str
    mark: Decimal
    holding: Holding | None


class MarketState(Struct, frozen=True, kw_only=True):
    """Where the price of a symbol is, and how much of the tick or bar's volume is used up."""

    tick: Tick
    time: datetime
    number: int
    interval: Tick | None
    bought: Decimal
    sold: Decimal


class Change(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The figures as they are now, and each order, trade, holding and market that is new or other.

    ``orders``     working ones, in the order of acceptance
    ``ended``      those that are terminal now, in the order in which they ended
    ``sequence``   the last place in the queue that was given away
    ``ordinals``   how many orders there have been, by symbol
    ``midnight``   when day orders expire next
    ``warned``     that margin is short was told
    """

    time: datetime
    midnight: datetime
    sequence: int
    ordinals: dict[str, int] = {}
    balance: Decimal
    warned: bool = False
    orders: tuple[WorkingOrder, ...] = ()
    ended: tuple[Order, ...] = ()
    trades: tuple[Trade, ...] = ()
    held: tuple[Held, ...] = ()
    markets: tuple[MarketState, ...] = ()


def added_up(changes: Iterable[Change]) -> Change | None:
    """The state that *changes* lead to, in the order in which they happened; none without any."""
    orders: dict[str, WorkingOrder] = {}
    ended: dict[str, Order] = {}
    trades: dict[str, Trade] = {}
    held: dict[str, Held] = {}
    markets: dict[str, MarketState] = {}
    ordinals: dict[str, int] = {}
    last: Change | None = None
    for last in changes:
        ordinals.update(last.ordinals)
        orders.update((order.id, order) for order in last.orders)
        for order in last.ended:
            orders.pop(order.id, None)
            ended[order.id] = order
        trades.update((trade.id, trade) for trade in last.trades)
        held.update((each.symbol, each) for each in last.held)
        markets.update((each.tick.symbol, each) for each in last.markets)
    if last is None:
        return None
    return replace(
        last,
        ordinals=dict(sorted(ordinals.items())),
        orders=tuple(orders.values()),
        ended=tuple(ended.values()),
        trades=tuple(trades.values()),
        held=tuple(each for each in held.values() if each.holding is not None),
        markets=tuple(markets.values()),
    )
