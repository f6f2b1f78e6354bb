"""What Binance tells of orders, executions and prices, as the gateway does. Pure.

The number of an order list is not told as that of an OCO group: an entry bears that of its exits,
and what the gateway does with groups the exchange does with lists.

Raises ``ValueError`` for what cannot be told without inventing something.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from ....model.account import Trade
from ....model.enums import OrderStatus, Side, TimeInForce, TrailingType
from ....model.market import Quote
from ....model.money import HUNDRED, ZERO, trimmed
from ....model.order import Order
from ..refusals import PROVIDER
from ..ticks import middle
from ..times import moment
from ..words import FILLS, SIDES, TIMES_IN_FORCE, status_of
from . import wire
from .ids import OrderId
from .statuses import REASONS, TYPES

_DIVIDING: Final = Context(prec=18)
"""More digits than any price has, and few enough for the smallest."""


def order_from(order: wire.Order, parent_id: str | None = None) -> Order:
    """*order*, an exit of *parent_id* if that is given."""
    if order.side not in SIDES or order.type not in TYPES:
        raise ValueError(f"order {order.order_id} has neither side nor type")
    quantity = order.qty if order.qty is not None else order.orig_qty
    quote = order.quote if order.quote is not None else order.quote_amended
    created = order.time or order.transact_time or order.update_time or 0
    return _order(
        order_id=OrderId(order.symbol, order.order_id),
        name=order.name,
        side=SIDES[order.side],
        kind=order.type,
        quantity=quantity or order.executed_qty,
        filled=order.executed_qty,
        quote=quote,
        status=status_of(order.status),
        tif=order.time_in_force,
        limit=order.price,
        stop=order.stop_price,
        shown=order.iceberg_qty,
        delta=order.trailing_delta,
        created=created,
        updated=order.update_time or order.transact_time or created,
        reason="NONE",
        parent_id=parent_id,
    )


def order_of(report: wire.Report, parent_id: str | None = None) -> Order:
    """The order of which *report* tells."""
    if report.S not in SIDES or report.o not in TYPES:
        raise ValueError(f"order {report.i} has neither side nor type")
    created = report.O if report.O is not None and report.O > 0 else report.T
    return _order(
        order_id=OrderId(report.s, report.i),
        name=report.C or report.c,
        side=SIDES[report.S],
        kind=report.o,
        quantity=report.q or report.z,
        filled=report.z,
        quote=report.Z,
        status=status_of(report.X),
        tif=report.f,
        limit=report.p,
        stop=report.P,
        shown=report.F,
        delta=report.d,
        created=created,
        updated=report.T,
        reason=report.r,
        parent_id=parent_id,
    )


def _order(  # noqa: PLR0913  (what both have in common)
    *,
    order_id: OrderId,
    name: str,
    side: Side,
    kind: str,
    quantity: Decimal,
    filled: Decimal,
    quote: Decimal | None,
    status: OrderStatus,
    tif: str,
    limit: Decimal,
    stop: Decimal,
    shown: Decimal,
    delta: int | None,
    created: int,
    updated: int,
    reason: str,
    parent_id: str | None,
) -> Order:
    return Order(
        id=str(order_id),
        symbol=order_id.symbol,
        side=side,
        order_type=TYPES[kind],
        quantity=quantity,
        filled_quantity=filled,
        remaining_quantity=max(quantity - filled, ZERO),
        status=status,
        time_in_force=TIMES_IN_FORCE.get(tif, TimeInForce.GTC),
        created_at=moment(created),
        updated_at=moment(updated),
        client_order_id=name or None,
        limit_price=limit or None,
        stop_price=stop or None,
        trailing_distance=None if not delta else Decimal(delta) / HUNDRED,
        trailing_type=None if not delta else TrailingType.PERCENT,
        average_fill_price=average(filled, quote),
        reject_reason=REASONS.get(reason),
        parent_order_id=parent_id,
        post_only=True if kind == "LIMIT_MAKER" else None,
        display_quantity=shown or None,
    )


def average(filled: Decimal, quote: Decimal | None) -> Decimal | None:
    """The price of what was *filled* for so much; unknown of old orders, whose *quote* is below
    zero.
    """
    if not filled or quote is None or quote <= 0:
        return None
    return trimmed(_DIVIDING.divide(quote, filled))


def trade_of(report: wire.Report) -> Trade | None:
    """The execution of which *report* tells."""
    if report.x not in FILLS or report.t < 0 or report.l <= 0:
        return None
    return Trade(
        id=str(report.t),
        order_id=str(OrderId(report.s, report.i)),
        symbol=report.s,
        side=SIDES[report.S],
        quantity=report.l,
        price=report.L,
        commission=report.n or ZERO,
        commission_currency=report.N or "",
        timestamp=moment(report.T),
        is_maker=report.m,
    )


def trades_in(order: wire.Order) -> list[Trade]:
    """The executions that the answer to a new order tells."""
    at = order.transact_time or order.time
    if at is None or order.side not in SIDES:
        return []
    return [
        Trade(
            id=str(fill.trade_id),
            order_id=str(OrderId(order.symbol, order.order_id)),
            symbol=order.symbol,
            side=SIDES[order.side],
            quantity=fill.qty,
            price=fill.price,
            commission=fill.commission,
            commission_currency=fill.commission_asset or "",
            timestamp=moment(at),
            is_maker=False,
        )
        for fill in order.fills
        if fill.trade_id >= 0
    ]


def trade_from(trade: wire.Trade) -> Trade:
    """An execution as the history shows it."""
    return Trade(
        id=str(trade.id),
        order_id=str(OrderId(trade.symbol, trade.order_id)),
        symbol=trade.symbol,
        side=Side.BUY if trade.is_buyer else Side.SELL,
        quantity=trade.qty,
        price=trade.price,
        commission=trade.commission,
        commission_currency=trade.commission_asset or "",
        timestamp=moment(trade.time),
        is_maker=trade.is_maker,
    )


def quote_from(symbol: str, ticker: wire.Ticker, now: int) -> Quote:
    """The newest of everything; raises ``ValueError`` if there is no price at all."""
    last = ticker.last_price or middle(ticker.bid_price, ticker.ask_price)
    if not last:
        raise ValueError(f"no price of {symbol}")
    return Quote(
        symbol=symbol,
        provider=PROVIDER,
        bid=ticker.bid_price,
        ask=ticker.ask_price,
        last=last,
        timestamp=moment(ticker.close_time or now),
        bid_size=ticker.bid_qty,
        ask_size=ticker.ask_qty,
        volume=ticker.volume,
    )
