"""The CSV files, line by line.

Text that comes from outside and that a spreadsheet would take for a formula gets an apostrophe in
front.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from ....model.money import plain
from ....model.order import Order
from .costs import slippage_cost, spread_cost
from .curve import EquityCurve
from .exact import MONEY, moment, ratio, stamp
from .facts import Fill
from .outcome import trip_return
from .trips import Trip

Cell: TypeAlias = "str | Enum | Decimal | datetime | float | bool | None"
Row = TypeVar("Row")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_BATCH: Final = 1000
_ORDER: Final = (
    "id", "client_order_id", "parent_order_id", "oco_group_id", "symbol", "side", "order_type",
    "time_in_force", "quantity", "filled_quantity", "average_fill_price", "limit_price",
    "stop_price", "trailing_distance", "trailing_type", "stop_loss", "take_profit", "reduce_only",
    "post_only", "status", "reject_reason", "created_at", "updated_at",
)  # fmt: skip


def trip_table(trips: Iterable[Trip]) -> Iterator[str]:
    """``trades.csv``: round trips in the order in which they ended."""
    columns: dict[str, Callable[[Trip], Cell]] = {
        "symbol": lambda trip: trip.symbol,
        "side": lambda trip: trip.side,
        "quantity": lambda trip: trip.quantity,
        "entry_time": lambda trip: trip.entry_time,
        "entry_price": lambda trip: trip.entry_price,
        "exit_time": lambda trip: trip.exit_time,
        "exit_price": lambda trip: trip.exit_price,
        "pnl": lambda trip: trip.pnl,
        "return": lambda trip: ratio(trip_return(trip)),
        "commission": lambda trip: trip.commission,
        "bars": lambda trip: trip.bars,
        "mae": lambda trip: trip.adverse,
        "mfe": lambda trip: trip.favourable,
        "liquidation": lambda trip: trip.liquidation,
        "entry_order_id": lambda trip: trip.entry_order,
        "exit_order_id": lambda trip: trip.exit_order,
    }
    return _table(columns, trips)


def fill_table(fills: Iterable[Fill]) -> Iterator[str]:
    """``fills.csv``: executions in the order in which they happened."""
    columns: dict[str, Callable[[Fill], Cell]] = {
        "trade_id": lambda fill: fill.trade.id,
        "order_id": lambda fill: fill.trade.order_id,
        "timestamp": lambda fill: fill.trade.timestamp,
        "symbol": lambda fill: fill.trade.symbol,
        "side": lambda fill: fill.trade.side,
        "order_type": lambda fill: fill.order_type,
        "quantity": lambda fill: fill.trade.quantity,
        "price": lambda fill: fill.trade.price,
        "commission": lambda fill: fill.trade.commission,
        "slippage_cost": slippage_cost,
        "spread_cost": spread_cost,
        "is_maker": lambda fill: fill.trade.is_maker,
        "where": lambda fill: fill.where.value,
        "touch_only": lambda fill: fill.touch_only,
        "liquidation": lambda fill: fill.liquidation,
        "position_id": lambda fill: fill.position_id,
    }
    return _table(columns, fills)


def order_table(orders: Iterable[Order]) -> Iterator[str]:
    """``orders.csv``: orders in the order in which they ended, then those that had not."""
    return _table({name: _member(name) for name in _ORDER}, orders)


def equity_table(curve: EquityCurve, leverage: Decimal) -> Iterator[str]:
    """``equity.csv``: ``exposure`` is what is held, long and short added up, at its mark."""
    yield "timestamp,balance,equity,margin_used,exposure\r\n"
    lines: list[str] = []
    for point in curve:
        used = point.margin_used
        exposure = MONEY.multiply(used, leverage) if used else used
        cells = (point.balance, point.equity, used, exposure)
        lines.append(f"{stamp(moment(point.time))},{','.join(map(plain, cells))}\r\n")
        if len(lines) == _BATCH:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _member(name: str) -> Callable[[Order], Cell]:
    def read(order: Order) -> Cell:
        value: Cell = getattr(order, name)
        return value

    return read


def _table(columns: dict[str, Callable[[Row], Cell]], rows: Iterable[Row]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell_text(read(row)) for read in columns.values()])
        if buffer.tell() > 50_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def cell_text(value: Cell) -> str:
    """As it stands in a cell; what is absent is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value)
