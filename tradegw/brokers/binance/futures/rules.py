"""What futures take of orders; checked before sending, for a clear answer. Pure.

Only what is certain is refused: what depends on the market or the account is Binance's to judge.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ....errors import InvalidValue, OrderDenied, UnsupportedOperation
from ....model.enums import OrderType, TrailingType
from ....model.money import ZERO, plain, times
from ....model.order import OrderRequest
from ..filters import Filters, check_span
from ..refusals import PROVIDER
from ..requests import check_time
from .wire import Symbol

TYPES: Final = (
    OrderType.MARKET,
    OrderType.LIMIT,
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.TRAILING_STOP,
)
WAITING: Final = {
    OrderType.STOP: "STOP_MARKET",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.TRAILING_STOP: "TRAILING_STOP_MARKET",
}
"""Those that wait for a price, as Binance calls them: its ``STOP`` has a limit."""

LEAST_CALLBACK: Final = Decimal("0.1")
MOST_CALLBACK: Final = Decimal(20)
MOST_LEVERAGE: Final = 150
_ABSENT: Final = {"hidden": "hidden orders", "display_quantity": "iceberg orders of futures"}


def check(request: OrderRequest) -> None:
    """Raise for what no symbol of futures takes; nothing was sent then."""
    for name, words in _ABSENT.items():
        if getattr(request, name):
            raise UnsupportedOperation(words, PROVIDER)
    check_time(request)
    _check_leverage(request)
    if request.order_type is OrderType.TRAILING_STOP:
        _check_trail(request)


def _check_leverage(request: OrderRequest) -> None:
    leverage = request.leverage
    if leverage is None:
        return
    if leverage != leverage.to_integral_value() or not 1 <= leverage <= MOST_LEVERAGE:
        raise InvalidValue(
            f"leverage must be a whole number from 1 to {MOST_LEVERAGE}",
            "leverage",
            plain(leverage),
        )


def _check_trail(request: OrderRequest) -> None:
    if request.trailing_type is not TrailingType.PERCENT:
        raise UnsupportedOperation("trailing stops at an absolute distance", PROVIDER)
    distance = request.trailing_distance or ZERO
    if not LEAST_CALLBACK <= distance <= MOST_CALLBACK:
        raise InvalidValue(
            f"trailing_distance must be from {LEAST_CALLBACK} to {MOST_CALLBACK} percent",
            "trailing_distance",
            plain(distance),
        )


def check_symbol(
    request: OrderRequest, symbol: Symbol, filters: Filters, least_notional: Decimal
) -> None:
    """Raise for what *symbol* does not take."""
    if not symbol.is_trading:
        status = symbol.status or symbol.contract_status
        raise OrderDenied(f"{symbol.symbol} is not traded now: {status}", "INVALID_SYMBOL")
    check_span("quantity", request.quantity, filters.lot)
    if request.order_type is OrderType.MARKET:
        check_span("quantity", request.quantity, filters.market_lot)
    for name in ("limit_price", "stop_price"):
        price: Decimal | None = getattr(request, name)
        if price is not None:
            check_span(name, price, filters.price)
    if request.limit_price is None or least_notional <= ZERO:
        return
    notional = times(request.quantity, request.limit_price)
    if notional < least_notional:
        raise InvalidValue(
            f"quantity times limit_price is {plain(notional)}, and must be at least"
            f" {plain(least_notional)}",
            "quantity",
            plain(request.quantity),
        )
