"""How things stand at the broker: asked in one go, so that what is missing can be told."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ..deferreds import as_deferred
from ..model.account import Account, Position, Trade, TradeQuery
from ..model.order import Order, OrderQuery
from .line import Line


class Survey(Struct, frozen=True, kw_only=True):
    """The broker's answers. ``closed`` and ``trades`` are those since a moment."""

    working: tuple[Order, ...]
    closed: tuple[Order, ...]
    trades: tuple[Trade, ...]
    positions: tuple[Position, ...]
    account: Account


@as_deferred
async def survey(line: Line, since: datetime | None) -> Survey:
    """Ask for everything; fails with ``GatewayError`` if anything could not be asked.

    Positions are asked for before orders, and working orders before closed ones, so that what
    happens meanwhile is seen rather than missed. Nothing that is over is asked for without *since*.
    """
    broker = line.broker
    positions = await line.look(broker.positions)
    account = await line.look(broker.account)
    working = await line.look(broker.open_orders)
    closed: list[Order] = []
    trades: list[Trade] = []
    if since is not None:
        ended, executed = OrderQuery(since=since), TradeQuery(since=since)
        closed = await line.look(lambda: broker.closed_orders(ended))
        trades = await line.look(lambda: broker.trades(executed))
    return Survey(
        working=tuple(working),
        closed=tuple(order for order in closed if since is None or order.updated_at >= since),
        trades=tuple(trade for trade in trades if since is None or trade.timestamp >= since),
        positions=tuple(positions),
        account=account,
    )
