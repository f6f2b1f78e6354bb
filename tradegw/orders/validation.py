"""What must fit together in an order, checked before anything is done.

Sources: protocol sections 2.4, 3.2, 3.5, 3.10, 3.11. Each function returns nothing or raises the
first violation, in the order in which the protocol lists them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from ..errors import InvalidRequest, InvalidValue, ValidationFailed
from ..model.enums import OrderType, Side, TrailingType
from ..model.money import HUNDRED, ZERO, plain
from ..model.order import ClosePositionRequest, OrderChange, OrderRequest
from ..model.protection import ExitsChange
from . import sides

MAX_SYMBOL_LENGTH: Final = 20
MAX_ID_LENGTH: Final = 64
_MAX_ECHO: Final = 256


class _Prices(NamedTuple):
    needed: tuple[str, ...]
    forbidden: tuple[str, ...]


_PRICES: Final[dict[OrderType, _Prices]] = {
    OrderType.MARKET: _Prices((), ("limit_price", "stop_price", "trailing_distance")),
    OrderType.LIMIT: _Prices(("limit_price",), ("stop_price", "trailing_distance")),
    OrderType.STOP: _Prices(("stop_price",), ("limit_price", "trailing_distance")),
    OrderType.STOP_LIMIT: _Prices(("stop_price", "limit_price"), ("trailing_distance",)),
    OrderType.TRAILING_STOP: _Prices(("trailing_distance",), ("limit_price", "stop_price")),
}

_CLOSING_TYPES: Final = (None, OrderType.MARKET, OrderType.LIMIT)


def check_order(request: OrderRequest) -> None:
    """Raise ``ValidationFailed``, ``InvalidRequest`` or ``InvalidValue`` if *request* cannot be."""
    _check_lengths_and_quantity(request)
    _check_prices(request)
    for name in ("stop_loss", "take_profit"):
        _check_positive(name, getattr(request, name))
    _check_display_quantity(request)
    _check_positive("leverage", request.leverage)
    _check_reach(request)
    sides.check_order(request)


def check_change(change: OrderChange) -> None:
    """Raise ``InvalidValue`` for the first number not positive; no change at all is legal."""
    for name in change.__struct_fields__:
        if name != "trailing_type":
            _check_positive(name, getattr(change, name))
    _check_trail(change)


def check_close(request: ClosePositionRequest) -> None:
    """Raise ``InvalidRequest`` or ``InvalidValue``; only MARKET and LIMIT can close."""
    _check_positive("quantity", request.quantity)
    if request.order_type not in _CLOSING_TYPES:
        name = str(request.order_type)
        raise InvalidValue(f"order_type {name} cannot close a position", "order_type", name)
    if request.order_type is OrderType.LIMIT:
        _check_needed("limit_price", request.limit_price, "LIMIT")
    _check_positive("limit_price", request.limit_price)


def check_exits(change: ExitsChange) -> None:
    """Raise ``ValidationFailed`` if no leg is named, ``InvalidValue`` for a price not positive."""
    if change == ExitsChange():
        raise ValidationFailed(
            "stop_loss or take_profit is required",
            {"__all__": [_failure("stop_loss or take_profit is required", {})]},
        )
    _check_positive("stop_loss", change.stop_loss)
    _check_positive("take_profit", change.take_profit)
    _check_positive("trailing_distance", change.trailing_distance)
    if change.trailing_distance is not None and change.trailing_type is None:
        raise InvalidRequest("trailing_type is required with trailing_distance", "trailing_type")
    _check_trail(change)


def _check_lengths_and_quantity(request: OrderRequest) -> None:
    failures: dict[str, list[dict[str, Any]]] = {}
    if not 1 <= len(request.symbol) <= MAX_SYMBOL_LENGTH:
        limits = {"min": 1, "max": MAX_SYMBOL_LENGTH, "value": request.symbol[:_MAX_ECHO]}
        failures["symbol"] = [_failure("length", limits)]
    elif not request.symbol.isprintable():
        failures["symbol"] = [_failure("printable", {"value": request.symbol})]
    if request.quantity <= ZERO:
        value = {"value": plain(request.quantity)}
        failures["quantity"] = [_failure("must be positive", value)]
    for name in ("client_order_id", "oco_group_id"):
        text: str | None = getattr(request, name)
        if text is not None and len(text) > MAX_ID_LENGTH:
            limits = {"max": MAX_ID_LENGTH, "value": text[:_MAX_ECHO]}
            failures[name] = [_failure("length", limits)]
    if request.client_order_id == "":
        failures["client_order_id"] = [
            _failure("length", {"min": 1, "max": MAX_ID_LENGTH, "value": ""})
        ]
    if failures:
        raise ValidationFailed(f"Validation failed: {', '.join(failures)}", failures)


def _failure(code: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "message": None, "params": params}


def _check_prices(request: OrderRequest) -> None:
    prices = _PRICES[request.order_type]
    for name in prices.needed:
        value: Decimal | None = getattr(request, name)
        _check_needed(name, value, request.order_type.value)
        _check_positive(name, value)
    if request.order_type is OrderType.TRAILING_STOP:
        _check_trailing(request)
    for name in prices.forbidden:
        value = getattr(request, name)
        if value is not None:
            kind = request.order_type.value
            raise InvalidValue(f"{name} is not allowed for {kind} orders", name, plain(value))


def _check_trailing(request: OrderRequest) -> None:
    _check_needed("trailing_type", request.trailing_type, "TRAILING_STOP")
    _check_percent(request.trailing_distance, request.trailing_type)


def _check_trail(change: OrderChange | ExitsChange) -> None:
    if change.trailing_type is not None and change.trailing_distance is None:
        raise InvalidRequest(
            "trailing_distance is required with trailing_type", "trailing_distance"
        )
    _check_percent(change.trailing_distance, change.trailing_type)


def _check_reach(request: OrderRequest) -> None:
    """A stop as far below the price of the order as that is high would be at no price."""
    trail, price = request.trailing_stop, request.limit_price or request.stop_price
    if trail is None or price is None or request.side is Side.SELL:
        return
    if trail.kind is TrailingType.ABSOLUTE and trail.distance >= price:
        raise InvalidValue(
            f"trailing_stop reaches {plain(trail.distance)} below the order's {plain(price)}",
            "trailing_stop",
            plain(trail.distance),
        )


def _check_percent(distance: Decimal | None, kind: TrailingType | None) -> None:
    percent = kind is TrailingType.PERCENT
    if percent and distance is not None and distance >= HUNDRED:
        raise InvalidValue(
            "trailing_distance must be below 100 percent", "trailing_distance", plain(distance)
        )


def _check_display_quantity(request: OrderRequest) -> None:
    shown = request.display_quantity
    _check_positive("display_quantity", shown)
    if shown is not None and shown >= request.quantity:
        raise InvalidValue(
            "display_quantity must be less than quantity", "display_quantity", plain(shown)
        )


def _check_needed(name: str, value: object, kind: str) -> None:
    if value is None:
        raise InvalidRequest(f"{name} is required for {kind} orders", name)


def _check_positive(name: str, value: Decimal | None) -> None:
    if value is not None and value <= ZERO:
        raise InvalidValue(f"{name} must be positive", name, plain(value))
