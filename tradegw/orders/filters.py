"""The filters and the order of lists, the same for every broker (protocol section 3.3, 3.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Final, TypeVar

from ..model.account import Trade, TradeQuery
from ..model.enums import TERMINAL_STATUSES, WORKING_STATUSES, OrderStatus
from ..model.order import Order, OrderQuery

MAX_BARS: Final = 10_000
DEFAULT_HISTORY: Final = 1000
"""So many of the newest are listed where no limit is given."""

T = TypeVar("T")

_created: Callable[[Order], datetime] = attrgetter("created_at")
_updated: Callable[[Order], datetime] = attrgetter("updated_at")
_executed: Callable[[Trade], datetime] = attrgetter("timestamp")


def open_orders(orders: Iterable[Order], query: OrderQuery) -> list[Order]:
    """Working orders unless the query names statuses, newest first."""
    wanted = query.status or WORKING_STATUSES
    found = [order for order in orders if _matches(order, query, wanted)]
    return _newest_first(found, _created)[: query.limit]


def order_history(orders: Iterable[Order], query: OrderQuery) -> list[Order]:
    """Terminal orders unless the query names statuses, latest change first; 1000 by default."""
    wanted = query.status or TERMINAL_STATUSES
    found = [order for order in orders if _matches(order, query, wanted)]
    return _newest_first(found, _updated)[: _capped(query.limit)]


def trades(found: list[Trade], query: TradeQuery) -> list[Trade]:
    """Matching executions, newest first; 1000 by default."""
    matching = [trade for trade in found if _trade_matches(trade, query)]
    return _newest_first(matching, _executed)[: _capped(query.limit)]


def _capped(limit: int | None) -> int:
    """Histories grow for ever, and clients read no answer over 16 MiB."""
    return DEFAULT_HISTORY if limit is None else limit


def _newest_first(found: list[T], time: Callable[[T], datetime]) -> list[T]:
    """By time, newest first; of those at one time the last told comes first."""
    last_first = found[::-1]
    last_first.sort(key=time, reverse=True)
    return last_first


def _matches(order: Order, query: OrderQuery, statuses: frozenset[OrderStatus]) -> bool:
    return (
        order.status in statuses
        and query.symbol in (None, order.symbol)
        and query.side in (None, order.side)
        and query.client_order_id in (None, order.client_order_id)
        and query.oco_group_id in (None, order.oco_group_id)
        and (query.since is None or order.created_at >= query.since)
        and (query.until is None or order.created_at < query.until)
    )


def _trade_matches(trade: Trade, query: TradeQuery) -> bool:
    return (
        query.symbol in (None, trade.symbol)
        and query.order_id in (None, trade.order_id)
        and (query.since is None or trade.timestamp >= query.since)
        and (query.until is None or trade.timestamp < query.until)
    )
