"""What Alpaca takes of which kind of asset; checked before sending, for a clear answer. Pure.

Only what is certain is checked here: buying power, wash trades and the like are Alpaca's to judge,
and its refusal is told with what it said.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ...errors import InvalidValue, OrderDenied, UnsupportedOperation
from ...model.enums import OrderType, Side, TimeInForce
from ...model.money import ONE, plain
from ...model.order import OrderRequest
from . import wire
from .prices import PROVIDER

CENT: Final = Decimal("0.01")
HUNDREDTH_OF_CENT: Final = Decimal("0.0001")
MOST_DECIMALS: Final = 9


class Kind(enum.Enum):
    """What the rules depend on."""

    STOCK = "stock"
    FRACTION = "fraction of a share"
    CRYPTO = "crypto"


class Rules(Struct, frozen=True):
    """What orders of one kind may be."""

    types: frozenset[OrderType]
    times: frozenset[TimeInForce]
    default_time: TimeInForce


RULES: Final = {
    Kind.STOCK: Rules(frozenset(OrderType), frozenset(TimeInForce), TimeInForce.GTC),
    Kind.FRACTION: Rules(
        frozenset(OrderType) - {OrderType.TRAILING_STOP},
        frozenset({TimeInForce.DAY}),
        TimeInForce.DAY,
    ),
    Kind.CRYPTO: Rules(
        frozenset(OrderType) - {OrderType.TRAILING_STOP},  # a stop is sent as a stop-limit
        frozenset({TimeInForce.GTC, TimeInForce.IOC}),
        TimeInForce.GTC,
    ),
}

_ABSENT: Final = {
    "post_only": "post-only orders",
    "hidden": "hidden orders",
    "display_quantity": "iceberg orders",
    "margin_mode": "margin modes",
    "leverage": "leverage by order",
}
BRACKET_TYPES: Final = frozenset(OrderType) - {OrderType.TRAILING_STOP}
BRACKET_TIMES: Final = frozenset({TimeInForce.GTC, TimeInForce.DAY})


def kind_of(quantity: Decimal, *, is_crypto: bool) -> Kind:
    """Which rules hold for *quantity*."""
    if is_crypto:
        return Kind.CRYPTO
    return Kind.STOCK if is_whole(quantity) else Kind.FRACTION


def is_whole(quantity: Decimal) -> bool:
    """Whether *quantity* is of whole shares."""
    return quantity == quantity.to_integral_value()


def is_bracket(request: OrderRequest, kind: Kind) -> bool:
    """Whether Alpaca keeps the exits of *request*: fixed ones, of whole shares."""
    fixed = request.stop_loss is not None or request.take_profit is not None
    return (
        fixed
        and kind is Kind.STOCK
        and request.trailing_stop is None
        and request.order_type in BRACKET_TYPES
        and request.tif in BRACKET_TIMES
    )


def check(request: OrderRequest, kind: Kind, shown_symbol: str) -> None:
    """Raise for what Alpaca is certain to refuse: ``UnsupportedOperation`` for what it has not,
    ``InvalidValue`` for what it does not take of this *kind*. Nothing was sent then.
    """
    for name, words in _ABSENT.items():
        if getattr(request, name):
            raise UnsupportedOperation(words, PROVIDER)
    if request.symbol != shown_symbol:
        raise InvalidValue(
            f"Alpaca reports this pair as {shown_symbol}: order it by that name",
            "symbol",
            request.symbol,
        )
    rules = RULES[kind]
    if request.order_type not in rules.types:
        raise UnsupportedOperation(f"{request.order_type.value} orders of {kind.value}", PROVIDER)
    wanted = request.time_in_force
    if wanted is not None and wanted not in rules.times:
        allowed = ", ".join(each.value for each in TimeInForce if each in rules.times)
        raise InvalidValue(
            f"time_in_force {wanted.value} is not taken for {kind.value}, only {allowed}",
            "time_in_force",
            wanted.value,
        )
    _check_prices(request, kind)
    _check_decimals(request.quantity)


def _check_prices(request: OrderRequest, kind: Kind) -> None:
    if kind is Kind.CRYPTO:
        return  # every pair has a step of its own, and Alpaca says what it is
    for name in ("limit_price", "stop_price", "stop_loss", "take_profit"):
        price: Decimal | None = getattr(request, name)
        if price is not None:
            check_price(name, price)


def check_price(name: str, price: Decimal) -> None:
    """Raise ``InvalidValue`` if *price* is finer than stocks are quoted in."""
    step = price_step(price)
    if price % step:
        raise InvalidValue(f"{name} must be a multiple of {plain(step)}", name, plain(price))


def price_step(price: Decimal) -> Decimal:
    """The step of a stock's price."""
    return CENT if price >= ONE else HUNDREDTH_OF_CENT


def on_steps(request: OrderRequest, kind: Kind) -> OrderRequest:
    """*request* with prices that stocks can have: for exits, which must not fail for a digit."""
    if kind is Kind.CRYPTO:
        return request
    prices = {name: getattr(request, name) for name in ("limit_price", "stop_price")}
    return replace(
        request,
        **{name: _rounded(price) for name, price in prices.items() if price is not None},
    )


def _rounded(price: Decimal) -> Decimal:
    step = price_step(price)
    return max((price / step).to_integral_value() * step, step)


def _check_decimals(quantity: Decimal) -> None:
    if quantity % Decimal(1).scaleb(-MOST_DECIMALS):
        raise InvalidValue(
            f"quantity has more than {MOST_DECIMALS} decimals", "quantity", plain(quantity)
        )


def check_asset(request: OrderRequest, asset: wire.Asset, kind: Kind) -> None:
    """Raise ``OrderDenied`` for what the asset itself does not allow."""
    if not asset.tradable or asset.status == "inactive":
        raise OrderDenied(f"{request.symbol} is not tradable at Alpaca", "INVALID_SYMBOL")
    if kind is Kind.FRACTION and asset.fractionable is False:
        raise OrderDenied(f"{request.symbol} is traded in whole shares only", "INVALID_QUANTITY")


def is_allowed(request: OrderRequest, asset: wire.Asset, kind: Kind) -> bool:
    """Whether :func:`check_asset` has nothing against it."""
    try:
        check_asset(request, asset, kind)
    except OrderDenied:
        return False
    return True


def intent_of(side: Side) -> str:
    """What Alpaca calls an order of *side* that may only reduce."""
    return "buy_to_close" if side is Side.BUY else "sell_to_close"
