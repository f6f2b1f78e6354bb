"""When an order trades, and at what price: one rule per order type (engine B5.1 and B5.2).

All prices are of the order's own side: buyers look at the ask, sellers at the bid. Two situations:
the price *is* somewhere (a tick, a bar's open), or it *moves* continuously (inside of a bar).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from ..model.enums import OrderType, Side, TrailingType
from ..model.money import HUNDRED, ONE
from .amounts import tidy
from .working import WorkingOrder

_UNCONDITIONAL: Final = (OrderType.MARKET, OrderType.LIMIT)


def is_marketable(side: Side, limit: Decimal, price: Decimal) -> bool:
    """Whether *price* is as good as *limit*, or better."""
    return price <= limit if side is Side.BUY else price >= limit


def has_reached_stop(side: Side, stop: Decimal, price: Decimal) -> bool:
    """Whether *price* is at *stop* or beyond it."""
    return price >= stop if side is Side.BUY else price <= stop


def stop_of(order: WorkingOrder) -> Decimal:
    """Where a stop order triggers now; for a trailing stop, at its distance from the best price."""
    if order.order_type is not OrderType.TRAILING_STOP:
        assert order.stop_price is not None
        return order.stop_price
    assert order.best is not None
    assert order.trailing_distance is not None
    if order.trailing_type is TrailingType.PERCENT:
        factor = ONE + order.side.sign * order.trailing_distance / HUNDRED
        return tidy(order.best * factor)
    return order.best + order.side.sign * order.trailing_distance


def trades_at(order: WorkingOrder, price: Decimal) -> bool:
    """The price is at *price*: whether *order* trades there. Triggers and trails it as needed."""
    if order.order_type is OrderType.MARKET:
        return True
    if order.order_type is not OrderType.LIMIT and not order.triggered:
        _trail(order, price)
        if not has_reached_stop(order.side, stop_of(order), price):
            return False
        order.triggered = True
    return order.limit_price is None or is_marketable(order.side, order.limit_price, price)


class Meeting(NamedTuple):
    """Where the price is when an order trades, and what it trades at."""

    where: Decimal
    price: Decimal


def met_on_the_way(
    order: WorkingOrder, here: Decimal, end: Decimal, *, through: bool
) -> Meeting | None:
    """The price moves from *here* to *end*: where *order* trades, if at all.

    For orders that are active already. *through*: a limit must be passed, not only touched.
    """
    if order.order_type is OrderType.MARKET:
        return Meeting(here, here)
    if order.is_live_limit:
        return _limit_met(order, here, end, through=through)
    if order.triggered:
        return Meeting(here, here)
    stop = stop_of(order)
    if not has_reached_stop(order.side, stop, end):
        return None
    met = here if has_reached_stop(order.side, stop, here) else stop
    if order.limit_price is not None and not is_marketable(order.side, order.limit_price, met):
        return None
    return Meeting(met, met)


def pass_by(order: WorkingOrder, price: Decimal) -> None:
    """The price has moved to *price*: take a trailing stop along, and trigger what it has reached.

    A stop that is reached without a fill (there was no volume left) fills when there is some.
    """
    if order.triggered or order.order_type in _UNCONDITIONAL:
        return
    _trail(order, price)
    if has_reached_stop(order.side, stop_of(order), price):
        order.triggered = True
        if order.limit_price is not None:
            order.rests = not is_marketable(order.side, order.limit_price, price)


def could_meet(order: WorkingOrder, low: Decimal, high: Decimal) -> bool:
    """Whether *order* could trade, or trigger, while the price of its side is within these.

    It may say so of one that will not.
    """
    buys = order.side is Side.BUY
    if order.is_live_limit:
        return low <= _limit_of(order) if buys else high >= _limit_of(order)
    if order.order_type is OrderType.MARKET or order.triggered:
        return True
    if order.order_type is OrderType.TRAILING_STOP:
        return high > low
    return high >= stop_of(order) if buys else low <= stop_of(order)


def _limit_met(
    order: WorkingOrder, here: Decimal, end: Decimal, *, through: bool
) -> Meeting | None:
    """A limit in the book gets its limit, never better: nobody offered more on the way."""
    limit = _limit_of(order)

    def is_met_at(price: Decimal) -> bool:
        return is_marketable(order.side, limit, price) and not (through and price == limit)

    if is_marketable(order.side, limit, here) and not order.rests:
        return Meeting(here, here)
    if is_met_at(here):
        return Meeting(here, limit)
    return Meeting(limit, limit) if is_met_at(end) else None


def _limit_of(order: WorkingOrder) -> Decimal:
    assert order.limit_price is not None
    return order.limit_price


def _trail(order: WorkingOrder, price: Decimal) -> None:
    if order.order_type is not OrderType.TRAILING_STOP or order.triggered:
        return
    if order.best is None or is_marketable(order.side, order.best, price):
        order.best = price
