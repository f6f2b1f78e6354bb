"""When an order trades: one rule per type."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from .amounts import down
from .market import Quote
from .orders import Order

_CHEAP: Final = Decimal(50)
_CHEAP_COLLAR: Final = Decimal("1.04")
_DEAR_COLLAR: Final = Decimal("1.025")
_COIN_COLLAR: Final = Decimal("1.02")


def collar(price: Decimal) -> Decimal:
    """How far above *price* a market buy of stock may go."""
    return price * (_CHEAP_COLLAR if price < _CHEAP else _DEAR_COLLAR)


def wanted_at(order: Order, price: Decimal) -> Decimal:
    """How much *order* wants; one by value leaves room for the collar if it is for coins."""
    if order.notional is None:
        return order.remaining
    factor = _COIN_COLLAR if order.asset.is_crypto and order.side == "buy" else Decimal(1)
    return down((order.notional - order.filled_value) / (price * factor))


def is_beyond(side: str, stop: Decimal, last: Decimal) -> bool:
    """Whether a stop order of *side* at *stop* is triggered by *last*."""
    return last >= stop if side == "buy" else last <= stop


def trail(order: Order, last: Decimal) -> None:
    """Take the stop of a trailing stop along."""
    best = last if order.hwm is None else order.hwm
    order.hwm = max(best, last) if order.side == "sell" else min(best, last)
    distance = order.trail_price
    if distance is None:
        assert order.trail_percent is not None
        distance = order.hwm * order.trail_percent / 100
    order.stop_price = (order.hwm + order.sign * distance).quantize(
        order.asset.price_step(order.hwm)
    )


def price_met(order: Order, quote: Quote) -> Decimal | None:
    """What *order* trades at now, ``None`` if it does not. Triggers and trails it as needed."""
    price = quote.price(order.side)
    if order.type == "trailing_stop" and not order.triggered:
        trail(order, quote.last)
    if order.stop_price is not None and not order.triggered:
        if not is_beyond(order.side, order.stop_price, quote.last):
            return None
        order.triggered = True
    limit = _limit_of(order)
    if not price or (limit is not None and order.sign * (price - limit) > 0):
        return None
    return price


def _limit_of(order: Order) -> Decimal | None:
    """A buy stop becomes a stop limit at the collar; nothing of that shows."""
    if order.type == "stop" and order.side == "buy":
        assert order.stop_price is not None
        return collar(order.stop_price)
    return order.limit_price
