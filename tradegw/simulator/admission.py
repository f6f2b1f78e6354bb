"""What is refused before it is accepted: orders that make no sense, or that cannot be paid for."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ..errors import InvalidRequest, InvalidValue, OrderRejected
from ..model.enums import OrderType, RejectReason, Side, TimeInForce, TrailingType
from ..model.money import HUNDRED, ZERO, plain, times
from ..model.order import OrderChange, OrderRequest
from .account import MarginAccount, Wanting
from .ledger import Ledger
from .market import Market
from .terms import Terms
from .working import WorkingOrder

DUPLICATE: Final = "DUPLICATE_CLIENT_ORDER_ID"

_LIMIT: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOP: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_NEEDS: Final = {
    "stop_price": _STOP,
    "limit_price": _LIMIT,
    "trailing_distance": frozenset({OrderType.TRAILING_STOP}),
}
_ON_TRIGGER: Final = _STOP | {OrderType.TRAILING_STOP}


def check_form(request: OrderRequest) -> None:
    """Raise ``InvalidRequest`` or ``InvalidValue`` for an order that makes no sense anywhere."""
    _positive("quantity", request.quantity)
    for name, types in _NEEDS.items():
        value: Decimal | None = getattr(request, name)
        if request.order_type in types:
            if value is None:
                raise InvalidRequest(f"{name} is required for {request.order_type}", name)
            _positive(name, value)
        elif value is not None:
            raise InvalidValue(f"{name} is not for {request.order_type}", name, plain(value))
    if request.order_type is OrderType.TRAILING_STOP:
        _check_trailing(request.trailing_type, request.trailing_distance)
    for name in ("stop_loss", "take_profit"):
        price: Decimal | None = getattr(request, name)
        if price is not None:
            _positive(name, price)
    if request.order_type in _ON_TRIGGER and request.tif in (TimeInForce.IOC, TimeInForce.FOK):
        message = f"{request.tif} is not for {request.order_type}"
        raise InvalidValue(message, "time_in_force", request.tif.value)


def check_order(
    request: OrderRequest, market: Market, account: MarginAccount, ledger: Ledger
) -> None:
    """Raise ``OrderRejected`` for an order that this market or account refuses now."""
    if market.is_over:
        message = f"There are no more prices of {request.symbol}"
        raise OrderRejected(message, RejectReason.SYMBOL_NOT_TRADEABLE.value)
    if market.is_closed:
        raise OrderRejected(f"The market of {request.symbol} is closed", "MARKET_CLOSED")
    if ledger.working_count >= account.terms.most_working:
        message = f"{ledger.working_count} orders are at work already, no more are taken"
        raise OrderRejected(message, "TOO_MANY_ORDERS")
    if request.client_order_id:
        known = ledger.find_by_client_id(request.client_order_id)
        if known is not None:
            message = f"Client order id {request.client_order_id} was used before"
            raise OrderRejected(message, DUPLICATE, {"order_id": known.id})
    _check_steps(request, market)
    _check_minima(request, market)
    if request.reduce_only:
        if not _may_reduce(request, account, ledger):
            code = RejectReason.REDUCE_ONLY_VIOLATED.value
            raise OrderRejected("There is no position that the order would reduce", code)
        if account.terms.exits_hold_quantity or account.terms.one_exit:
            _check_unheld(request, account, ledger)
    else:
        reference = request.limit_price or request.stop_price
        _check_short(request, request.quantity, account)
        _check_funds(market, account, request, request.quantity, reference)


def check_simulated(request: OrderRequest, terms: Terms) -> None:
    """Raise ``InvalidValue`` for what is not simulated, and would else be passed over."""
    unknown = {
        "margin_mode": request.margin_mode,
        "display_quantity": request.display_quantity,
        "hidden": request.hidden,
    }
    for name, value in unknown.items():
        if value:
            raise InvalidValue(f"{name} is not simulated", name, str(value))
    if request.leverage is not None and request.leverage != terms.leverage:
        message = f"the leverage is {plain(terms.leverage)} for every order"
        raise InvalidValue(message, "leverage", plain(request.leverage))


def check_change(order: WorkingOrder, change: OrderChange) -> None:
    """Raise ``InvalidValue`` for a change that *order* cannot take."""
    for name in change.__struct_fields__:
        value: Decimal | None = getattr(change, name)
        if value is None:
            continue
        _positive(name, value)
        if order.order_type not in _NEEDS.get(name, OrderType):
            raise InvalidValue(f"{name} is not for {order.order_type}", name, plain(value))
    if change.stop_price is not None and order.triggered:
        raise InvalidValue("the stop has triggered", "stop_price", plain(change.stop_price))
    if change.trailing_distance is not None:
        _check_trailing(order.trailing_type, change.trailing_distance)
    if change.quantity is not None and change.quantity <= order.filled:
        message = f"quantity must be above the {plain(order.filled)} that are filled"
        raise InvalidValue(message, "quantity", plain(change.quantity))


def check_change_now(
    order: WorkingOrder, change: OrderChange, market: Market, account: MarginAccount
) -> None:
    """Raise ``OrderRejected`` for a change that this market or account refuses now."""
    _check_steps(change, market)
    if order.reduce_only:
        return
    remaining = (change.quantity or order.quantity) - order.filled
    reference = change.limit_price or order.limit_price or change.stop_price or order.stop_price
    _check_short(order, remaining, account)
    _check_funds(market, account, order, remaining, reference)


def _may_reduce(request: OrderRequest, account: MarginAccount, ledger: Ledger) -> bool:
    """Whether there is a position to reduce, or an order at work that may yet open one."""
    if account.reducible(request):
        return True
    if account.holds(request.symbol) and not account.terms.hedging:
        return False
    return any(
        order.side is not request.side and not order.reduce_only
        for order in ledger.book(request.symbol).values()
    )


def _check_trailing(kind: TrailingType | None, distance: Decimal | None) -> None:
    if kind is None:
        raise InvalidRequest("trailing_type is required for TRAILING_STOP", "trailing_type")
    if kind is TrailingType.PERCENT and distance is not None and distance >= HUNDRED:
        message = "trailing_distance must be below 100 percent"
        raise InvalidValue(message, "trailing_distance", plain(distance))


def _check_unheld(request: OrderRequest, account: MarginAccount, ledger: Ledger) -> None:
    """What rests to reduce the position holds its quantity. A stop and a limit may share one, as a
    pair does, unless there can be but one exit; an order at market needs what neither holds. The
    exchange's own exits make way.
    """
    there = account.reducible(request)
    if not there:
        return  # an order at work may yet open it
    stops = limits = ZERO
    for order in ledger.book(request.symbol).values():
        if order.side is not request.side or order.parent_order_id is not None:
            continue
        if order.order_type in _ON_TRIGGER:
            stops += order.remaining
        else:
            limits += order.remaining
    if account.terms.one_exit:
        held = stops + limits
    elif request.order_type is OrderType.MARKET:
        held = max(stops, limits)
    else:
        held = stops if request.order_type in _ON_TRIGGER else limits
    if request.quantity > there - held:
        left = plain(max(ZERO, there - held))
        message = f"Only {left} of the position are not held by resting orders"
        raise OrderRejected(message, "QUANTITY_HELD", {"available": left})


def _check_steps(wanted: OrderRequest | OrderChange, market: Market) -> None:
    instrument = market.instrument
    quantity = wanted.quantity
    if quantity is not None and _is_off(quantity, instrument.quantity_step):
        step = plain(instrument.quantity_step)
        raise OrderRejected(f"quantity is not a multiple of {step}", "INVALID_QUANTITY")
    for name in ("limit_price", "stop_price", "stop_loss", "take_profit", "trailing_distance"):
        price: Decimal | None = getattr(wanted, name)
        if price is not None and _is_off(price, instrument.price_step):
            step = plain(instrument.price_step)
            raise OrderRejected(f"{name} is not a multiple of {step}", "INVALID_PRICE")


def _check_minima(request: OrderRequest, market: Market) -> None:
    instrument, quantity = market.instrument, request.quantity
    if quantity < instrument.minimum_quantity:
        least = plain(instrument.minimum_quantity)
        raise OrderRejected(f"quantity is below the minimum of {least}", "INVALID_QUANTITY")
    price = request.limit_price or request.stop_price
    if price is None and market.tick is not None:
        price = market.last
    if price is not None and times(quantity, price) < instrument.minimum_notional:
        least = plain(instrument.minimum_notional)
        raise OrderRejected(f"the order is worth less than {least}", "INVALID_QUANTITY")


def _check_short(order: Wanting, quantity: Decimal, account: MarginAccount) -> None:
    opens = order.side is Side.SELL and account.opening_part(order, quantity) > 0
    if opens and not account.terms.short:
        raise OrderRejected("Short positions are not allowed", "SHORT_NOT_ALLOWED")


def _check_funds(
    market: Market,
    account: MarginAccount,
    order: Wanting,
    quantity: Decimal,
    reference: Decimal | None,
) -> None:
    """Only what opens must be paid for; without any price yet, the fill will be the judge."""
    price = reference or (None if market.tick is None else market.last)
    if price is None:
        return
    if not account.affords(order, quantity, price):
        available = plain(account.snapshot().margin_available)
        message = f"Insufficient funds: {available} {account.terms.currency} are available"
        raise OrderRejected(message, "INSUFFICIENT_FUNDS")


def _positive(name: str, value: Decimal) -> None:
    if not value.is_finite() or value <= 0:
        raise InvalidValue(f"{name} must be positive", name, plain(value))


_LARGEST: Final = Decimal("1e15")


def _is_off(value: Decimal, step: Decimal) -> bool:
    """Whether *value* is no multiple of *step*, or too large to be reckoned with exactly."""
    return value >= _LARGEST or value % step != 0
