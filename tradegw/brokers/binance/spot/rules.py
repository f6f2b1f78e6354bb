"""What spot takes of orders; checked before sending, for a clear answer. Pure.

Only what is certain is refused: what depends on the market or the account is Binance's to judge.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ....errors import InvalidValue, OrderDenied, UnsupportedOperation
from ....model.enums import OrderType, Side
from ....model.money import ONE, ZERO, plain, times
from ....model.order import OrderRequest
from ..filters import Filters, check_span
from ..refusals import PROVIDER
from ..requests import check_time
from .filters import TRADING
from .wire import Symbol

TYPES: Final = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT)
_ABSENT: Final = {
    "hidden": "hidden orders",
    "margin_mode": "margin modes of an order",
    "leverage": "leverage of an order",
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


def check(request: OrderRequest, *, on_margin: bool = False) -> None:
    """Raise for what no symbol takes; nothing was sent then."""
    for name, words in _ABSENT.items():
        if getattr(request, name):
            raise UnsupportedOperation(words, PROVIDER)
    if request.order_type not in TYPES:
        raise UnsupportedOperation(f"{request.order_type.value} orders", PROVIDER)
    if request.reduce_only and request.side is Side.BUY and not on_margin:
        raise OrderDenied("On spot nothing is short: no buy reduces it", "REDUCE_ONLY_VIOLATED")
    check_time(request)


def check_symbol(
    request: OrderRequest,
    symbol: Symbol,
    filters: Filters,
    *,
    on_margin: bool = False,
    fee: Decimal = ZERO,
) -> None:
    """Raise for what *symbol* does not take, or for exits that it would not: *fee* is the share of
    what is bought that may be missing then.
    """
    allowed = symbol.is_margin_trading_allowed if on_margin else symbol.is_spot_trading_allowed
    if symbol.status != TRADING or not allowed:
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
        _check_notional("limit_price", request.quantity, request.limit_price, filters)
    left = filters.lot.floor(times(request.quantity, ONE - fee))
    covered = left if request.side is Side.BUY else request.quantity
    for name in ("stop_loss", "take_profit"):
        price = getattr(request, name)
        if price is not None:
            _check_notional(name, covered, price, filters)


def _check_quantity(request: OrderRequest, filters: Filters) -> None:
    check_span("quantity", request.quantity, filters.lot)
    if request.order_type is OrderType.MARKET:
        check_span("quantity", request.quantity, filters.market_lot)


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


def _check_notional(name: str, quantity: Decimal, price: Decimal, filters: Filters) -> None:
    notional = times(quantity, price)
    if filters.least_notional > 0 and notional < filters.least_notional:
        least = plain(filters.least_notional)
        raise InvalidValue(
            f"quantity times {name} is {plain(notional)}, and must be at least {least}",
            "quantity",
            plain(quantity),
        )
    if filters.most_notional > 0 and notional > filters.most_notional:
        most = plain(filters.most_notional)
        raise InvalidValue(
            f"quantity times {name} is {plain(notional)}, and must be at most {most}",
            "quantity",
            plain(quantity),
        )
