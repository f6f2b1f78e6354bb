"""The filters of a symbol, each refused as the exchange does it."""

from __future__ import annotations

from decimal import Decimal

from ..amounts import ZERO, is_multiple
from ..market import Quote
from ..refusals import bad, filtered, rejected
from .balances import Balances
from .orders import Order
from .symbols import Symbol
from .tickets import Ticket

_MOST_PARTS = 100


def check_kind(symbol: Symbol, ticket: Ticket) -> None:
    """Whether orders of that kind are taken at all."""
    if symbol.status != "TRADING":
        raise bad(-1013, "Market is closed.")
    if ticket.type not in symbol.order_types:
        kinds = {"MARKET": "Market", "STOP_LOSS": "Stop loss", "TAKE_PROFIT": "Take profit"}
        kind = kinds.get(ticket.type.removesuffix("_LIMIT"), ticket.type.capitalize())
        raise rejected(f"{kind} orders are not supported for this symbol.")
    if ticket.iceberg and not symbol.iceberg:
        raise rejected("Iceberg orders are not supported for this symbol.")
    if ticket.trailing_delta is not None and not symbol.trailing:
        raise rejected("Trailing stop orders are not supported for this symbol.")
    if ticket.quote_qty and not symbol.quote_qty:
        raise rejected("Quote order qty market orders are not support for this symbol.")


def check_filters(symbol: Symbol, ticket: Ticket, quote: Quote | None) -> None:
    """Price, size and value; *quote* is what there is of a market."""
    for price in (ticket.price, ticket.stop_price):
        if price:
            _check_price(symbol, price)
    average = quote.last if quote is not None else ZERO
    if ticket.price and average:
        high, low = average * symbol.multiplier_up, average * symbol.multiplier_down
        if not low <= ticket.price <= high:
            raise filtered("PERCENT_PRICE_BY_SIDE")
    if ticket.qty:
        _check_qty(symbol, ticket)
    if ticket.iceberg:
        _check_iceberg(symbol, ticket)
    if ticket.trailing_delta is not None and not (
        symbol.min_trailing <= ticket.trailing_delta <= symbol.max_trailing
    ):
        raise filtered("TRAILING_DELTA")
    _check_notional(symbol, ticket, average)


def _check_price(symbol: Symbol, price: Decimal) -> None:
    too_low = symbol.min_price and price < symbol.min_price
    too_high = symbol.max_price and price > symbol.max_price
    if too_low or too_high or not is_multiple(price, symbol.tick):
        raise filtered("PRICE_FILTER")


def _check_qty(symbol: Symbol, ticket: Ticket) -> None:
    qty = ticket.qty
    if not symbol.min_qty <= qty <= symbol.max_qty or not is_multiple(qty, symbol.step):
        raise filtered("LOT_SIZE")
    if ticket.type == "MARKET" and (
        (symbol.market_max_qty and qty > symbol.market_max_qty)
        or not is_multiple(qty, symbol.market_step)
    ):
        raise filtered("MARKET_LOT_SIZE")


def _check_iceberg(symbol: Symbol, ticket: Ticket) -> None:
    if ticket.iceberg > ticket.qty:
        raise rejected("IcebergQty exceeds QTY.")
    if not is_multiple(ticket.iceberg, symbol.step) or ticket.iceberg < symbol.min_qty:
        raise filtered("LOT_SIZE")
    if -(-ticket.qty // ticket.iceberg) > _MOST_PARTS:
        raise filtered("ICEBERG_PARTS")


def _check_notional(symbol: Symbol, ticket: Ticket, average: Decimal) -> None:
    price = ticket.price or ticket.stop_price or average
    value = ticket.quote_qty or price * ticket.qty
    if price and value < symbol.min_notional:
        raise filtered("NOTIONAL")
    if ticket.type != "MARKET" and value > symbol.max_notional:
        raise filtered("NOTIONAL")


def check_counts(symbol: Symbol, ticket: Ticket, open_orders: list[Order], more: int = 1) -> None:
    """How many orders there may be; *open_orders* are those of the symbol."""
    if len(open_orders) + more > symbol.max_orders:
        raise filtered("MAX_NUM_ORDERS")
    waiting = sum(order.is_stop and not order.is_on_book for order in open_orders)
    if ticket.is_stop and waiting + 1 > symbol.max_algo_orders:
        raise filtered("MAX_NUM_ALGO_ORDERS")


def check_position(
    symbol: Symbol, ticket: Ticket, balances: Balances, open_orders: list[Order]
) -> None:
    """Whether a buy makes the position too big."""
    if not symbol.max_position or ticket.side == "SELL":
        return
    coming = sum((each.remaining for each in open_orders if each.side == "BUY"), ZERO)
    if balances.total(symbol.base) + coming + ticket.qty > symbol.max_position:
        raise filtered("MAX_POSITION")
