"""What the engine tells, as the gateway does. Pure.

Raises ``ValueError`` for what cannot be told without inventing something.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...model.account import Account, Trade
from ...model.enums import (
    AccountEventKind,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionSide,
    RejectReason,
    Side,
    Timeframe,
    TimeInForce,
)
from ...model.market import Bar, Quote
from ...model.money import ZERO, trimmed
from ...model.order import Order
from . import wire
from .asked import NOTHING, Asked
from .frames import Candle
from .refusals import PROVIDER
from .times import moment

CURRENCY: Final = "USD"

MOST_PLACES: Final = 60
MOST_MAGNITUDE: Final = 28
"""Averages may have 29 digits, which is more than orders may have."""

SIDES: Final[dict[str, Side]] = {"buy": Side.BUY, "sell": Side.SELL}
POSITION_SIDES: Final[dict[str, PositionSide]] = {
    "long": PositionSide.LONG,
    "short": PositionSide.SHORT,
}
ORDER_EVENTS: Final[dict[str, OrderEventKind]] = {
    "created": OrderEventKind.CREATED,
    "partial_fill": OrderEventKind.PARTIALLY_FILLED,
    "filled": OrderEventKind.FILLED,
    "cancelled": OrderEventKind.CANCELLED,
    "rejected": OrderEventKind.REJECTED,
}
ACCOUNT_EVENTS: Final[dict[str, AccountEventKind]] = {
    "balance_updated": AccountEventKind.BALANCE_UPDATED,
    "margin_warning": AccountEventKind.MARGIN_WARNING,
    "margin_call": AccountEventKind.MARGIN_CALL,
}
_REASONS: Final = {
    "insufficient_margin": RejectReason.INSUFFICIENT_MARGIN,
    "invalid_symbol": RejectReason.SYMBOL_NOT_TRADEABLE,
    "invalid_quantity": RejectReason.INVALID_QUANTITY,
    "position_size_limit_exceeded": RejectReason.INVALID_QUANTITY,
    "price_out_of_bounds": RejectReason.INVALID_PRICE,
    "reduce_only_violated": RejectReason.REDUCE_ONLY_VIOLATED,
}


def reason_of(text: str | None) -> RejectReason:
    """Why an order was rejected, where the engine says *text*."""
    return _REASONS.get((text or "").strip().lower(), RejectReason.UNKNOWN)


def status_of(word: str, quantity: Decimal, filled: Decimal) -> OrderStatus:
    """The state of an order."""
    if word == "open" and ZERO < filled < quantity:
        return OrderStatus.PARTIALLY_FILLED
    return OrderStatus(word.upper())


def order_from(order: wire.Order, asked: Asked = NOTHING) -> Order:
    """*order*, with what was *asked* for when it was sent and the engine does not say."""
    _check(order.quantity, order.filled_quantity, order.price)
    _check(order.limit_price, order.average_fill_price)
    kind = OrderType(order.order_type.upper())
    price = order.price or None
    is_limit = kind is OrderType.LIMIT
    status = status_of(order.status, order.quantity, order.filled_quantity)
    return Order(
        id=order.id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=SIDES[order.side],
        order_type=kind,
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        remaining_quantity=max(order.quantity - order.filled_quantity, ZERO),
        status=status,
        time_in_force=TimeInForce((order.time_in_force or "gtc").upper()),
        created_at=moment(order.created_at),
        updated_at=moment(order.latest),
        limit_price=price if is_limit else _limit_of(order, kind),
        stop_price=None if is_limit or kind is OrderType.MARKET else price,
        average_fill_price=order.average_fill_price if order.filled_quantity else None,
        reject_reason=reason_of(order.reject_reason) if status is OrderStatus.REJECTED else None,
        position_id=order.position_id,
        reduce_only=asked.reduce_only or None,
        stop_loss=asked.stop_loss,
        take_profit=asked.take_profit,
    )


def _limit_of(order: wire.Order, kind: OrderType) -> Decimal | None:
    return order.limit_price if kind is OrderType.STOP_LIMIT else None


def trade_from(trade: wire.Trade) -> Trade:
    """*trade*, with what the engine says of it beyond the API's own."""
    _check(trade.quantity, trade.price, trade.commission)
    _check(trade.base_price, trade.slippage_bps, trade.realized_pnl)
    return Trade(
        id=trade.id,
        order_id=trade.order_id,
        symbol=trade.symbol,
        side=SIDES[trade.side],
        quantity=trade.quantity,
        price=trade.price,
        commission=trade.commission,
        commission_currency=CURRENCY,
        timestamp=moment(trade.timestamp),
        base_price=trade.base_price,
        slippage_bps=trade.slippage_bps,
        realized_pnl=trade.realized_pnl,
        liquidation=trade.liquidation or None,
        position_id=trade.position_id,
    )


def account_from(account: wire.Account) -> Account:
    """The money."""
    _check(account.balance, account.equity, account.margin_used, account.margin_available)
    _check(account.unrealized_pnl, account.realized_pnl, account.total_commission)
    return Account(
        balance=account.balance,
        equity=account.equity,
        margin_used=account.margin_used,
        margin_available=account.margin_available,
        unrealized_pnl=account.unrealized_pnl,
        currency=CURRENCY,
        realized_pnl=account.realized_pnl,
        total_commission=account.total_commission,
    )


def quote_from(quote: wire.Quote) -> Quote:
    """*quote*; the last price is the bid."""
    _check(quote.bid, quote.ask)
    return Quote(
        symbol=quote.symbol,
        provider=PROVIDER,
        bid=quote.bid,
        ask=quote.ask,
        last=quote.bid,
        timestamp=moment(quote.timestamp),
    )


def bar_from(symbol: str, timeframe: Timeframe, bar: wire.Bar | Candle) -> Bar:
    """*bar* of *symbol*, from history or as it was told."""
    _check(bar.open, bar.high, bar.low, bar.close)
    return Bar(
        symbol=symbol,
        provider=PROVIDER,
        timeframe=timeframe,
        timestamp=moment(bar.timestamp),
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=volume_of(bar.volume),
    )


def volume_of(number: Decimal | None) -> Decimal:
    """A volume by the digits of its number, without zeros at the end; 0 for what is none."""
    return trimmed(number) if number is not None and is_number(number) else ZERO


def is_number(value: Decimal) -> bool:
    """Whether *value* is finite, and neither endless nor beyond all measure."""
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and exponent >= -MOST_PLACES
        and value.adjusted() <= MOST_MAGNITUDE
    )


def _check(*numbers: Decimal | None) -> None:
    """Raise for what is there and no number of this world."""
    for number in numbers:
        if number is not None and not is_number(number):
            raise ValueError("a number is too large, too long, or none")
