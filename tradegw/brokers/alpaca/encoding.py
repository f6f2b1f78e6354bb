"""What the gateway wants, as Alpaca takes it. Pure.

Crypto has no stop orders: a STOP leaves as a stop-limit whose limit is ``OFFSET`` beyond the stop,
which is as far as Alpaca itself goes when it turns buy stops of stocks into stop-limits.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ...errors import UnsupportedOperation
from ...model.enums import OrderType, Side, TrailingType
from ...model.money import ONE, ZERO, plain, times, trimmed
from ...model.order import Order, OrderChange, OrderRequest
from . import wire
from .prices import PROVIDER
from .rules import RULES, Kind, intent_of, is_bracket

OFFSET: Final = Decimal("0.04")


def stop_limit(side: Side, stop: Decimal, step: Decimal | None) -> Decimal:
    """The limit of a stop of crypto, on its *step*."""
    far = times(stop, ONE + OFFSET * side.sign)
    if step is None:
        return far
    rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
    steps = max((far / step).to_integral_value(rounding), ONE)
    return trimmed(times(steps, step))


def new_order(request: OrderRequest, kind: Kind, price_step: Decimal | None) -> wire.NewOrder:
    """*request*, which was found to be possible; with its exits where Alpaca keeps those."""
    limit, order_type = request.limit_price, request.order_type
    if kind is Kind.CRYPTO and order_type is OrderType.STOP:
        order_type = OrderType.STOP_LIMIT
        limit = stop_limit(request.side, request.stop_price or ZERO, price_step)
    is_percent = request.trailing_type is TrailingType.PERCENT
    distance = request.trailing_distance
    brackets = is_bracket(request, kind)
    both = request.stop_loss is not None and request.take_profit is not None
    reduces = bool(request.reduce_only) and kind is not Kind.CRYPTO
    return wire.NewOrder(
        symbol=request.symbol,
        qty=plain(trimmed(request.quantity)),
        side=request.side.value.lower(),
        type=order_type.value.lower(),
        time_in_force=(request.time_in_force or RULES[kind].default_time).value.lower(),
        client_order_id=request.client_order_id,
        limit_price=_text(limit),
        stop_price=_text(request.stop_price),
        trail_price=None if is_percent else _text(distance),
        trail_percent=_text(distance) if is_percent else None,
        position_intent=intent_of(request.side) if reduces else None,
        order_class=("bracket" if both else "oto") if brackets else None,
        take_profit=_take_profit(request.take_profit) if brackets else None,
        stop_loss=_stop_loss(request.stop_loss) if brackets else None,
    )


def triggered(request: OrderRequest, kind: Kind, price_step: Decimal | None) -> OrderRequest:
    """What is left of *request*, an order with a stop, when that is triggered."""
    limit = request.limit_price
    if limit is None and kind is Kind.CRYPTO:
        limit = stop_limit(request.side, request.stop_price or ZERO, price_step)
    order_type = OrderType.MARKET if limit is None else OrderType.LIMIT
    return replace(request, order_type=order_type, stop_price=None, limit_price=limit)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(trimmed(value))


def _take_profit(price: Decimal | None) -> wire.TakeProfit | None:
    return None if price is None else wire.TakeProfit(plain(trimmed(price)))


def _stop_loss(price: Decimal | None) -> wire.StopLoss | None:
    return None if price is None else wire.StopLoss(plain(trimmed(price)))


class Changes(Struct, frozen=True, kw_only=True):
    """What must change of an order itself, and of which of its exits."""

    own: OrderChange | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


def changes(change: OrderChange) -> Changes:
    """*change*, by the orders at Alpaca that it is of."""
    if change.trailing_type is not None:
        raise UnsupportedOperation("exits that trail", PROVIDER)
    own = OrderChange(
        limit_price=change.limit_price,
        stop_price=change.stop_price,
        quantity=change.quantity,
        trailing_distance=change.trailing_distance,
    )
    return Changes(
        own=None if own == OrderChange() else own,
        stop_loss=change.stop_loss,
        take_profit=change.take_profit,
    )


def change_of(
    order: Order,
    change: OrderChange,
    name: str,
    *,
    price_step: Decimal | None = None,
    in_bracket: bool = False,
) -> wire.Change:
    """The replacement of *order*, under the client order id *name*.

    The quantity is always told, for nobody knows what Alpaca takes it for otherwise; of a bracket
    only prices can be changed. *price_step* is given for crypto, where a stop has a limit of ours.
    """
    limit = change.limit_price
    if limit is None and change.stop_price is not None and price_step is not None:
        limit = _moved_limit(order, change.stop_price, price_step)
    quantity = order.quantity if change.quantity is None else change.quantity
    return wire.Change(
        client_order_id=name,
        qty=None if in_bracket else _text(quantity),
        limit_price=_text(limit),
        stop_price=_text(change.stop_price),
        trail=_text(change.trailing_distance),
    )


def _moved_limit(order: Order, stop: Decimal, step: Decimal) -> Decimal | None:
    """The limit of a stop of ours goes with it; one that its client chose stays."""
    if order.order_type is not OrderType.STOP_LIMIT or order.stop_price is None:
        return None
    ours = stop_limit(order.side, order.stop_price, step)
    return stop_limit(order.side, stop, step) if order.limit_price == ours else None


def encode(body: wire.NewOrder | wire.Change) -> bytes:
    """*body* as JSON."""
    return msgspec.json.encode(body)
