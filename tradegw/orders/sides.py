"""On which side exits stand (W-60): the stop-loss of a buy below, its take-profit above; a sell's
the other way round. Equal is wrong, too.

Below and above what:

* of an entry with a price: that price (of a STOP_LIMIT whichever of its two is better to get);
* of one that would execute at once: the quote, a stop-loss beyond the side on which it would
  trigger, a take-profit beyond the side on which the entry executes;
* of what is held: the side of the quote on which it would be closed, or of a position the last
  price, for which the broker is asked;
* in any case, each other. Without a quote that can be used, nothing else.

Each ``check_`` raises ``InvalidValue`` for the first that is wrong.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple, TypeGuard

from ..errors import InvalidValue
from ..model.enums import OrderType, PositionSide, Side
from ..model.market import Quote
from ..model.money import ZERO, plain
from ..model.order import Order, OrderChange, OrderRequest
from ..model.protection import ExitsChange

_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT)
_LIMITS: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT)


class _Level(NamedTuple):
    name: str
    price: Decimal


class _Span(NamedTuple):
    """What one exit must be below, and the other above."""

    low: _Level
    high: _Level


class _Wrong(NamedTuple):
    """Which exit is wrong, its price, and how."""

    field: str
    price: Decimal
    how: str

    def error(self, whose: str) -> InvalidValue:
        text = f"{self.field} {plain(self.price)} of a {whose} must be {self.how}"
        return InvalidValue(text, self.field, plain(self.price))


def check_order(request: OrderRequest, quote: Quote | None = None) -> None:
    """The exits of a new order, by its own prices, and by *quote* if it is known."""
    exits = ExitsChange(stop_loss=request.stop_loss, take_profit=request.take_profit)
    wrong = _of_entry(request, exits, quote) or _crossed(request.side, exits)
    if wrong is not None:
        raise wrong.error(request.side.value)


def check_change(order: Order, change: OrderChange, quote: Quote | None) -> None:
    """What *change* names of the exits of *order*, or all of them if it changes a price.

    Once something of *order* has executed they protect what is held, and are judged by the quote.
    Where a new price is what is wrong, that is the field of the error.
    """
    named = ExitsChange(stop_loss=change.stop_loss, take_profit=change.take_profit)
    if order.status.is_terminal or order.filled_quantity > ZERO:
        wrong = _of_holding(order.side, named, quote) or _crossed(order.side, named)
        if wrong is not None:
            raise wrong.error(order.side.value)
        return
    entry = _changed(order, change)
    all_exits = ExitsChange(stop_loss=entry.stop_loss, take_profit=entry.take_profit)
    reprices = change.limit_price is not None or change.stop_price is not None
    wrong = _of_entry(entry, all_exits if reprices else named, quote)
    culprits: tuple[str, ...] = ("limit_price", "stop_price")
    if wrong is None and named != ExitsChange():
        wrong, culprits = _crossed(order.side, all_exits), ("take_profit",)
    if wrong is not None:
        raise _blamed(wrong.error(order.side.value), change, (wrong.field, *culprits))


def check_position(
    side: PositionSide, change: ExitsChange, quote: Quote | None, last: Decimal | None = None
) -> None:
    """New exits of a position; by the *last* price where there is no quote."""
    entered = side.closing.opposite
    wrong = _of_holding(entered, change, quote) or _crossed(entered, change)
    if quote is None and last is not None and last > ZERO:
        level = _Level("the last price", last)
        wrong = _beyond(entered, change, _Span(level, level)) or wrong
    if wrong is not None:
        raise wrong.error(f"{side.value} position")


def _blamed(error: InvalidValue, change: OrderChange, fields: tuple[str, ...]) -> InvalidValue:
    """*error*, of the first of *fields* that *change* names: the exit may be the order's own."""
    field = next(field for field in fields if getattr(change, field) is not None)
    return InvalidValue(error.message, field, plain(getattr(change, field)))


def _of_entry(entry: OrderRequest, exits: ExitsChange, quote: Quote | None) -> _Wrong | None:
    wrong = None
    own = _own_price(entry)
    if own is not None:
        wrong = _beyond(entry.side, exits, _Span(own, own))
    if wrong is None and _is_usable(quote) and _executes_at_once(entry, quote):
        wrong = _beyond(
            entry.side, exits, _Span(_Level("the bid", quote.bid), _Level("the ask", quote.ask))
        )
    return wrong


def _of_holding(entered: Side, exits: ExitsChange, quote: Quote | None) -> _Wrong | None:
    """Of what was *entered* by a buy or a sell, and is held."""
    if not _is_usable(quote):
        return None
    is_buy = entered is Side.BUY
    level = _Level("the bid", quote.bid) if is_buy else _Level("the ask", quote.ask)
    return _beyond(entered, exits, _Span(level, level))


def _is_usable(quote: Quote | None) -> TypeGuard[Quote]:
    """Whether both sides are quoted, and not crossed."""
    return quote is not None and ZERO < quote.bid <= quote.ask


def _own_price(entry: OrderRequest) -> _Level | None:
    levels = []
    if entry.order_type in _STOPS and entry.stop_price is not None:
        levels.append(_Level("its stop_price", entry.stop_price))
    if entry.order_type in _LIMITS and entry.limit_price is not None:
        levels.append(_Level("its limit_price", entry.limit_price))
    sign = entry.side.sign
    return min(levels, key=lambda level: sign * level.price, default=None)


def _executes_at_once(entry: OrderRequest, quote: Quote) -> bool:
    """Whether *entry* surely does, as the market is."""
    is_buy = entry.side is Side.BUY
    if entry.order_type in _STOPS:
        stop = entry.stop_price
        if stop is None or not (stop <= quote.bid if is_buy else stop >= quote.ask):
            return False
    if entry.order_type in _LIMITS:
        limit = entry.limit_price
        if limit is None or not (limit >= quote.ask if is_buy else limit <= quote.bid):
            return False
    return entry.order_type is not OrderType.TRAILING_STOP


def _beyond(entered: Side, exits: ExitsChange, span: _Span) -> _Wrong | None:
    """The first of *exits* that is not on its side of *span*."""
    is_buy = entered is Side.BUY
    return _misplaced("stop_loss", exits.stop_loss, span, below=is_buy) or _misplaced(
        "take_profit", exits.take_profit, span, below=not is_buy
    )


def _crossed(entered: Side, exits: ExitsChange) -> _Wrong | None:
    """The stop-loss, if it is not on its side of the take-profit."""
    if exits.take_profit is None:
        return None
    other = _Level("its take_profit", exits.take_profit)
    return _misplaced("stop_loss", exits.stop_loss, _Span(other, other), below=entered is Side.BUY)


def _misplaced(field: str, price: Decimal | None, span: _Span, *, below: bool) -> _Wrong | None:
    if price is None:
        return None
    level = span.low if below else span.high
    if price < level.price if below else price > level.price:
        return None
    word = "below" if below else "above"
    return _Wrong(field, price, f"{word} {level.name} {plain(level.price)}")


def _changed(order: Order, change: OrderChange) -> OrderRequest:
    """*order* as it would be asked for once it is changed."""

    def now(name: str) -> Decimal | None:
        new: Decimal | None = getattr(change, name)
        kept: Decimal | None = getattr(order, name)
        return kept if new is None else new

    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        order_type=order.order_type,
        limit_price=now("limit_price"),
        stop_price=now("stop_price"),
        stop_loss=now("stop_loss"),
        take_profit=now("take_profit"),
    )
