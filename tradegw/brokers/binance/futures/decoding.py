"""What Binance's futures tell of orders and executions, as the gateway does. Pure.

An order that waited for a price and the one that it became are one order. Raises ``ValueError`` for
what cannot be told without inventing something.
"""

from __future__ import annotations

from decimal import Decimal

from ....model.account import Trade
from ....model.enums import OrderStatus, OrderType, RejectReason, TimeInForce, TrailingType
from ....model.market import Quote
from ....model.money import ZERO
from ....model.order import Order
from ..refusals import PROVIDER
from ..ticks import middle
from ..times import moment
from ..words import FILLS, SIDES, TIMES_IN_FORCE, status_of
from . import sides, wire
from .events import OrderNews
from .ids import OrderId, position_id
from .statuses import ALGO, FINISHED, POST_ONLY, TYPES


def order_from(order: wire.Order) -> Order:
    """An ordinary order."""
    kind = order.orig_type if order.orig_type in TYPES else order.type
    if order.side not in SIDES or kind not in TYPES:
        raise ValueError(f"order {order.order_id} has neither side nor type")
    side, created = SIDES[order.side], order.time or order.update_time or 0
    quantity = order.orig_qty or order.executed_qty
    return Order(
        id=str(OrderId(order.symbol, order.order_id)),
        symbol=order.symbol,
        side=side,
        order_type=TYPES[kind],
        quantity=quantity,
        filled_quantity=order.executed_qty,
        remaining_quantity=max(quantity - order.executed_qty, ZERO),
        status=status_of(order.status),
        time_in_force=TIMES_IN_FORCE.get(order.time_in_force, TimeInForce.GTC),
        created_at=moment(created),
        updated_at=moment(order.update_time or created),
        client_order_id=order.client_order_id or None,
        limit_price=order.price or None,
        stop_price=order.stop_price or None,
        average_fill_price=order.avg_price if order.avg_price > 0 and order.executed_qty else None,
        position_id=position_id(order.symbol, order.position_side),
        reduce_only=_reduces(order.side, order.position_side, reduce_only=order.reduce_only),
        post_only=True if order.time_in_force == POST_ONLY else None,
    )


def waiting_from(algo: wire.Algo, child: wire.Order | None = None) -> Order:
    """An order that waits for a price, or did: then *child* is what it became."""
    if algo.side not in SIDES or algo.order_type not in TYPES:
        raise ValueError(f"algo order {algo.algo_id} has neither side nor type")
    filled = algo.actual_qty if child is None else child.executed_qty
    average = algo.actual_price if child is None else child.avg_price
    quantity = algo.quantity or (filled if child is None else child.orig_qty)
    kind = TYPES[algo.order_type]
    trails = kind is OrderType.TRAILING_STOP
    updated = algo.update_time if child is None else child.update_time or algo.update_time
    status = _state(algo, filled, quantity) if child is None else status_of(child.status)
    return Order(
        id=str(OrderId(algo.symbol, algo.algo_id, waits=True)),
        symbol=algo.symbol,
        side=SIDES[algo.side],
        order_type=kind,
        quantity=quantity,
        filled_quantity=filled,
        remaining_quantity=max(quantity - filled, ZERO),
        status=status,
        time_in_force=TIMES_IN_FORCE.get(algo.time_in_force, TimeInForce.GTC),
        created_at=moment(algo.create_time or algo.update_time),
        updated_at=moment(max(updated, algo.create_time)),
        client_order_id=algo.client_algo_id or None,
        limit_price=algo.price or None,
        stop_price=algo.trigger_price or None,
        trailing_distance=algo.callback_rate or None if trails else None,
        trailing_type=TrailingType.PERCENT if trails and algo.callback_rate else None,
        average_fill_price=average if average > 0 and filled else None,
        reject_reason=_reason(algo.reject_reason) if status is OrderStatus.REJECTED else None,
        position_id=position_id(algo.symbol, algo.position_side),
        reduce_only=_reduces(
            algo.side, algo.position_side, reduce_only=algo.reduce_only or algo.close_position
        ),
    )


def _state(algo: wire.Algo, filled: Decimal, quantity: Decimal) -> OrderStatus:
    if algo.algo_status == FINISHED:
        is_whole = filled > 0 and filled >= quantity
        return OrderStatus.FILLED if is_whole else OrderStatus.CANCELLED
    status = ALGO.get(algo.algo_status, OrderStatus.OPEN)
    return OrderStatus.PARTIALLY_FILLED if filled > 0 and status is OrderStatus.OPEN else status


def _reduces(side: str, position_side: str, *, reduce_only: bool) -> bool | None:
    return sides.reduces(SIDES[side], position_side, reduce_only=reduce_only) or None


def _reason(text: str) -> RejectReason:
    """Why an order was refused when its price had come."""
    lowered = text.lower()
    if "reduceonly" in lowered.replace(" ", "").replace("-", ""):
        return RejectReason.REDUCE_ONLY_VIOLATED
    if "margin" in lowered:
        return RejectReason.INSUFFICIENT_MARGIN
    return RejectReason.UNKNOWN


def trade_of(news: OrderNews, order_id: str) -> Trade | None:
    """The execution of which *news* of that order tells."""
    if news.x not in FILLS or news.l <= 0 or news.t <= 0:
        return None
    return Trade(
        id=str(news.t),
        order_id=order_id,
        symbol=news.s,
        side=SIDES[news.S],
        quantity=news.l,
        price=news.L,
        commission=news.n or ZERO,
        commission_currency=news.N or "",
        timestamp=moment(news.T),
        is_maker=news.m,
    )


def trade_from(trade: wire.Trade, order_id: str) -> Trade:
    """An execution as the history shows it."""
    if trade.side not in SIDES:
        raise ValueError(f"execution {trade.id} has no side")
    return Trade(
        id=str(trade.id),
        order_id=order_id,
        symbol=trade.symbol,
        side=SIDES[trade.side],
        quantity=trade.qty,
        price=trade.price,
        commission=trade.commission,
        commission_currency=trade.commission_asset or "",
        timestamp=moment(trade.time),
        is_maker=trade.maker,
    )


def quote_from(symbol: str, best: wire.Best, day: wire.Day, now: int) -> Quote:
    """The newest of everything; raises ``ValueError`` if there is no price at all."""
    last = day.last_price or middle(best.bid_price, best.ask_price)
    if not last:
        raise ValueError(f"no price of {symbol}")
    return Quote(
        symbol=symbol,
        provider=PROVIDER,
        bid=best.bid_price,
        ask=best.ask_price,
        last=last,
        timestamp=moment(best.time or now),
        bid_size=best.bid_qty,
        ask_size=best.ask_qty,
        volume=day.volume,
    )
