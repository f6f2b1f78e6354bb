"""What spot takes of orders; checked before sending, for a clear answer. Pure.

Only what is certain is refused: what depends on the market or the account is Binance's to judge.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ....errors import InvalidValue, OrderDenied, UnsupportedOperation
from ....model.enums import OrderType, Side, TimeInForce
from ....model.money import plain, times
from ....model.order import OrderRequest
from ..refusals import PROVIDER
from .filters import TRADING, Filters, Span
from .wire import Symbol

TYPES: Final = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)
TIMES: Final = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
_ABSENT: Final = {
    "hidden": "hidden orders",
    "margin_mode": "margin modes on spot",
    "leverage": "leverage on spot",
}
_NAMES: Final = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
}
_TIMELESS: Final = (OrderType.MARKET, OrderType.STOP)
"""They take no time in force; whatever is wished is fulfilled at once, or when it is triggered."""


def name_of(request: OrderRequest) -> str:
    """Binance's type for *request*."""
    if request.post_only and request.order_type is OrderType.LIMIT:
        return "LIMIT_MAKER"
    return _NAMES[request.order_type]


def check(request: OrderRequest) -> None:
    """Raise for what no symbol of spot takes; nothing was sent then."""
    for name, words in _ABSENT.items():
        if getattr(request, name):
            raise UnsupportedOperation(words, PROVIDER)
    if request.order_type not in TYPES:
        raise UnsupportedOperation(f"{request.order_type.value} orders", PROVIDER)
    if request.reduce_only and request.side is Side.BUY:
        raise OrderDenied("On spot nothing is short: no buy reduces it", "REDUCE_ONLY_VIOLATED")
    wanted = request.time_in_force
    if wanted is not None and wanted not in TIMES:
        allowed = ", ".join(each.value for each in TIMES)
        raise InvalidValue(
            f"time_in_force {wanted.value} is not taken by Binance, only {allowed}",
            "time_in_force",
            wanted.value,
        )
    if request.post_only and (
        request.order_type is not OrderType.LIMIT or request.tif is not TimeInForce.GTC
    ):
        raise InvalidValue("post_only is for LIMIT orders that are GTC", "post_only", "true")


def check_symbol(request: OrderRequest, symbol: Symbol, filters: Filters) -> None:
    """Raise for what *symbol* does not take."""
    if symbol.status != TRADING or not symbol.is_spot_trading_allowed:
        raise OrderDenied(f"{symbol.symbol} is not traded now: {symbol.status}", "INVALID_SYMBOL")
    wanted = name_of(request)
    if symbol.order_types and wanted not in symbol.order_types:
        raise UnsupportedOperation(f"{wanted} orders in {symbol.symbol}", PROVIDER)
    _check_quantity(request, filters)
    for name in ("limit_price", "stop_price", "stop_loss", "take_profit"):
        price: Decimal | None = getattr(request, name)
        if price is not None:
            check_span(name, price, filters.price)
    if request.display_quantity is not None:
        _check_iceberg(request, symbol, filters)
    if request.limit_price is not None:
        _check_notional(request.quantity, request.limit_price, filters)


def _check_quantity(request: OrderRequest, filters: Filters) -> None:
    check_span("quantity", request.quantity, filters.lot)
    if request.order_type is OrderType.MARKET:
        check_span("quantity", request.quantity, filters.market_lot)


def check_span(name: str, value: Decimal, span: Span) -> None:
    """Raise if *value*, the member *name* of a request, is not within *span*."""
    if span.off_step(value):
        lower, upper = plain(span.floor(value)), plain(span.ceiling(value))
        raise InvalidValue(
            f"{name} must be a multiple of {plain(span.step)}: {lower} or {upper}",
            name,
            plain(value),
        )
    if span.least > 0 and value < span.least:
        raise InvalidValue(f"{name} must be at least {plain(span.least)}", name, plain(value))
    if span.most > 0 and value > span.most:
        raise InvalidValue(f"{name} must be at most {plain(span.most)}", name, plain(value))


def _check_iceberg(request: OrderRequest, symbol: Symbol, filters: Filters) -> None:
    shown = request.display_quantity
    assert shown is not None
    if not symbol.iceberg_allowed or request.order_type is not OrderType.LIMIT:
        raise UnsupportedOperation(f"such iceberg orders in {symbol.symbol}", PROVIDER)
    check_span("display_quantity", shown, filters.lot)
    most = filters.most_iceberg_parts
    if most and request.quantity > shown * most:
        raise InvalidValue(
            f"display_quantity must be at least a {most}th of the quantity",
            "display_quantity",
            plain(shown),
        )


def _check_notional(quantity: Decimal, price: Decimal, filters: Filters) -> None:
    notional = times(quantity, price)
    if filters.least_notional > 0 and notional < filters.least_notional:
        least = plain(filters.least_notional)
        raise InvalidValue(
            f"quantity times limit_price is {plain(notional)}, and must be at least {least}",
            "quantity",
            plain(quantity),
        )
    if filters.most_notional > 0 and notional > filters.most_notional:
        most = plain(filters.most_notional)
        raise InvalidValue(
            f"quantity times limit_price is {plain(notional)}, and must be at most {most}",
            "quantity",
            plain(quantity),
        )
