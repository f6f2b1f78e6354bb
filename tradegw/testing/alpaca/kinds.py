"""What kinds of orders stocks and coins take: the rule matrix of §11, and the groups of §10."""

from __future__ import annotations

from typing import Final

from .amounts import is_whole
from .assets import Asset
from .hours import Session
from .orders import EXITING
from .refusals import forbidden, invalid, unprocessable
from .tickets import Ticket

_COIN_TYPES: Final = frozenset({"market", "limit", "stop_limit"})


def check_class(ticket: Ticket) -> None:
    """Whether the members of a group of orders are all there."""
    exits, order_class = ticket.exits, ticket.order_class
    if order_class == "oco" and ticket.type != "limit":
        raise invalid("oco orders must be limit orders")
    if order_class in ("bracket", "oco"):
        if exits.take_profit is None:
            raise unprocessable(f"{order_class} orders require take_profit.limit_price")
        if exits.stop is None:
            raise unprocessable(f"{order_class} orders require stop_loss.stop_price")
    if order_class == "oto" and (exits.take_profit is None) == (exits.stop is None):
        raise unprocessable("oto orders require either take_profit or stop_loss")
    if order_class not in EXITING:
        return
    if ticket.time_in_force not in ("day", "gtc"):
        raise unprocessable("complex orders must be DAY or GTC orders")
    if ticket.extended_hours:
        raise unprocessable("extended hours orders must be simple orders")
    if ticket.type == "trailing_stop":
        raise unprocessable("trailing stop orders must be simple orders")


def check_coin(ticket: Ticket) -> None:
    """Whether coins take an order like *ticket*."""
    if ticket.type not in _COIN_TYPES:
        raise invalid("invalid order type for crypto order")
    if ticket.time_in_force not in ("gtc", "ioc"):
        raise unprocessable("invalid crypto time_in_force")
    if ticket.order_class:
        raise unprocessable("crypto orders must be simple orders")


def check_stock(ticket: Ticket, asset: Asset, session: Session) -> None:
    """Whether the stock *asset* takes an order like *ticket*."""
    check_class(ticket)
    if ticket.extended_hours:
        if ticket.type != "limit":
            raise invalid('only type="limit" is allowed for extended hours orders')
        if ticket.time_in_force not in ("day", "gtc"):
            raise unprocessable("extended hours order must be DAY or GTC limit orders")
    if ticket.time_in_force in ("opg", "cls") and ticket.type not in ("market", "limit"):
        raise unprocessable(f"{ticket.time_in_force} orders must be market or limit orders")
    if ticket.time_in_force == "opg" and session is Session.REGULAR:
        raise forbidden("opg orders are not accepted between 9:28am and 7:00pm ET")
    if ticket.qty is None or not is_whole(ticket.qty):
        _check_fraction(ticket, asset)


def _check_fraction(ticket: Ticket, asset: Asset) -> None:
    if not asset.fractionable:
        raise forbidden(f'asset "{asset.symbol}" is not fractionable')
    if ticket.order_class:
        raise unprocessable("fractional orders must be simple orders")
    if ticket.time_in_force != "day":
        raise unprocessable("fractional orders must be DAY orders")
    if ticket.type == "trailing_stop":
        raise unprocessable("fractional trailing stop orders are not supported")
