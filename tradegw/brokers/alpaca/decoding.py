"""What Alpaca tells of orders, executions, positions and money, as the gateway does. Pure.

Raises ``ValueError`` for what cannot be told without inventing something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from ...model.account import Account, Position, Trade
from ...model.enums import OrderType, PositionSide, Side, TimeInForce, TrailingType
from ...model.money import ZERO, plain, trimmed
from ...model.order import Order
from . import wire
from .statuses import status_of
from .symbols import Symbols, position_id
from .times import moment

MULTI_LEG: Final = "mleg"
RENAMED: Final = re.compile(r"(.+)~[0-9a-f]+")
"""The client order id of one that took the place of another: that of the first, and a mark."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}
_TYPES: Final = {kind.value.lower(): kind for kind in OrderType}
_TIMES_IN_FORCE: Final = {each.value.lower(): each for each in TimeInForce}
_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT)


class Shown(NamedTuple):
    """An order, and the one whose leg it is, as far as that was shown."""

    order: wire.Order
    parent: wire.Order | None = None


def flat(orders: Iterable[wire.Order]) -> Iterator[Shown]:
    """Every order once, legs behind their parents; of several legs of options only these."""
    for order in orders:
        is_group = order.order_class == MULTI_LEG
        if not is_group:
            yield Shown(order)
        for leg in order.legs or ():
            yield Shown(leg, None if is_group else order)


def is_readable(order: wire.Order) -> bool:
    """Whether *order* is of one thing and one side; one of several legs is not."""
    return bool(order.symbol) and order.side in _SIDES


def first_id(order: wire.Order) -> str | None:
    """The client order id that *order* began with, under whatever id it goes by now."""
    name = order.client_order_id
    found = None if name is None or order.replaces is None else RENAMED.fullmatch(name)
    return name if found is None else found.group(1)


def order_from(
    order: wire.Order,
    symbols: Symbols,
    *,
    parent_id: str | None = None,
    client_order_id: str | None = None,
) -> Order:
    """*order*, a leg of *parent_id* if that is given; *client_order_id* if that is better known."""
    if not is_readable(order):
        raise ValueError(f"order {order.id} has neither symbol nor side")
    filled = order.filled_qty or ZERO
    quantity = filled if order.qty is None else abs(order.qty)
    kind = _type_of(order)
    stop_loss, take_profit = _exits(order)
    created = order.created_at or order.submitted_at or order.updated_at
    return Order(
        id=order.id,
        client_order_id=client_order_id or first_id(order),
        symbol=symbols.shown(order.symbol or ""),
        side=_SIDES[order.side or ""],
        order_type=kind,
        quantity=quantity,
        filled_quantity=filled,
        remaining_quantity=max(quantity - filled, ZERO),
        status=status_of(order.status, quantity, filled),
        time_in_force=_TIMES_IN_FORCE.get(order.time_in_force or "", TimeInForce.DAY),
        created_at=_EPOCH if created is None else moment(created),
        updated_at=_latest(order),
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        stop_loss=stop_loss,
        take_profit=take_profit,
        trailing_distance=order.trail_price or order.trail_percent,
        trailing_type=_trailing_type(order),
        average_fill_price=order.filled_avg_price,
        parent_order_id=parent_id,
    )


def _type_of(order: wire.Order) -> OrderType:
    named = _TYPES.get(order.type or order.order_type or "")
    if named is not None:
        return named
    if order.stop_price is not None:
        return OrderType.STOP if order.limit_price is None else OrderType.STOP_LIMIT
    return OrderType.MARKET if order.limit_price is None else OrderType.LIMIT


def _latest(order: wire.Order) -> datetime:
    latest = order.updated_at or order.submitted_at or order.created_at
    return _EPOCH if latest is None else moment(latest)


def _trailing_type(order: wire.Order) -> TrailingType | None:
    if order.trail_price is not None:
        return TrailingType.ABSOLUTE
    return None if order.trail_percent is None else TrailingType.PERCENT


def _exits(order: wire.Order) -> tuple[Decimal | None, Decimal | None]:
    stop_loss = take_profit = None
    for leg in order.legs or ():
        if order.order_class == MULTI_LEG:
            break
        if _type_of(leg) in _STOPS:
            stop_loss = leg.stop_price
        else:
            take_profit = leg.limit_price
    return stop_loss, take_profit


def trade_id(order_id: str, executed: Decimal) -> str:
    """Names the execution after which *executed* of an order was: the history and the stream give
    the same execution different ids, and have but this in common.
    """
    return f"{order_id}:{plain(trimmed(executed))}"


def trade_from(activity: wire.Activity, symbols: Symbols) -> Trade:
    """An execution of the account's history. What it cost is not told there."""
    if activity.side not in _SIDES:
        raise ValueError(f"execution {activity.id} has no side")
    named = activity.order_id and activity.cum_qty is not None
    return Trade(
        id=trade_id(activity.order_id, activity.cum_qty or ZERO) if named else activity.id,
        order_id=activity.order_id,
        symbol=symbols.shown(activity.symbol),
        side=_SIDES[activity.side],
        quantity=abs(activity.qty),
        price=activity.price,
        commission=ZERO,
        commission_currency="",
        timestamp=moment(activity.transaction_time),
    )


def trade_of(update: wire.Update, order: Order) -> Trade | None:
    """The execution that *update* tells of; *order* is the one in it."""
    if update.price is None or update.qty is None:
        return None
    return Trade(
        id=trade_id(order.id, order.filled_quantity),
        order_id=order.id,
        symbol=order.symbol,
        side=order.side,
        quantity=abs(update.qty),
        price=update.price,
        commission=ZERO,
        commission_currency="",
        timestamp=order.updated_at if update.timestamp is None else moment(update.timestamp),
    )


def position_from(position: wire.Position, symbols: Symbols, at: datetime) -> Position:
    """What is held as it is *at* that time: Alpaca does not say since when."""
    entry = position.avg_entry_price or ZERO
    return Position(
        id=position_id(position.symbol),
        symbol=symbols.shown(position.symbol),
        side=PositionSide.SHORT if position.qty < ZERO else PositionSide.LONG,
        quantity=abs(position.qty),
        average_entry_price=entry,
        current_price=entry if position.current_price is None else position.current_price,
        unrealized_pnl=position.unrealized_pl or ZERO,
        realized_pnl=ZERO,
        opened_at=at,
        updated_at=at,
    )


def account_from(account: wire.Account, unrealized: Decimal) -> Account:
    """The money; *unrealized* is that of all positions."""
    equity = account.portfolio_value if account.equity is None else account.equity
    needed = {
        "cash": account.cash,
        "equity": equity,
        "initial_margin": account.initial_margin,
        "buying_power": account.buying_power,
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise ValueError(f"the account shows no {', '.join(missing)}")
    return Account(
        balance=account.cash or ZERO,
        equity=equity or ZERO,
        margin_used=account.initial_margin or ZERO,
        margin_available=account.buying_power or ZERO,
        unrealized_pnl=unrealized,
        currency=account.currency or "USD",
    )
