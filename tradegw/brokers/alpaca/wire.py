"""What Alpaca sends and takes, under its own names; read as tolerantly as can be.

Nearly every field is optional: some have appeared and others vanished without notice, and one
that is not needed must not spoil an answer. Numbers come as texts or as numbers, and both become
exact decimals. Times stay texts here: they have up to nine decimals.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

T = TypeVar("T")


class Order(Struct, frozen=True, kw_only=True):
    """An order; ``legs`` only where a list was asked for nested."""

    id: str
    status: str
    client_order_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    submitted_at: str | None = None
    asset_class: str | None = None
    symbol: str | None = None
    side: str | None = None
    type: str | None = None
    order_type: str | None = None
    order_class: str | None = None
    time_in_force: str | None = None
    qty: Decimal | None = None
    filled_qty: Decimal | None = None
    filled_avg_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    legs: tuple[Order, ...] | None = None


class Update(Struct, frozen=True, kw_only=True):
    """What the trading stream says of an order; ``price`` and ``qty`` are of this execution."""

    event: str
    order: Order
    execution_id: str | None = None
    timestamp: str | None = None
    price: Decimal | None = None
    qty: Decimal | None = None


class StreamMessage(Struct, frozen=True, kw_only=True):
    """One frame of the trading stream."""

    stream: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Authorization(Struct, frozen=True, kw_only=True):
    """The answer to a logon, and to a listen before it."""

    status: str = ""
    action: str = ""
    message: str | None = None


class Listening(Struct, frozen=True, kw_only=True):
    """Which streams are granted."""

    streams: tuple[str, ...] | None = None


class Account(Struct, frozen=True, kw_only=True):
    """The money."""

    id: str = ""
    status: str = ""
    currency: str | None = None
    cash: Decimal | None = None
    equity: Decimal | None = None
    portfolio_value: Decimal | None = None
    initial_margin: Decimal | None = None
    buying_power: Decimal | None = None
    trading_blocked: bool | None = None
    account_blocked: bool | None = None
    trade_suspended_by_user: bool | None = None


class Position(Struct, frozen=True, kw_only=True):
    """What is held of one symbol; negative ``qty`` is short."""

    symbol: str
    qty: Decimal
    asset_class: str | None = None
    avg_entry_price: Decimal | None = None
    current_price: Decimal | None = None
    unrealized_pl: Decimal | None = None


class Activity(Struct, frozen=True, kw_only=True):
    """An execution as the account's history shows it."""

    id: str
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    transaction_time: str
    order_id: str = ""
    cum_qty: Decimal | None = None


class Asset(Struct, frozen=True, kw_only=True):
    """What can be traded, and how."""

    id: str
    symbol: str
    class_: str = field(default="", name="class")
    status: str = "active"
    tradable: bool = True
    fractionable: bool | None = None
    min_trade_increment: Decimal | None = None
    price_increment: Decimal | None = None


class Clock(Struct, frozen=True, kw_only=True):
    """The market of stocks: whether it is open, and when that changes."""

    timestamp: str
    is_open: bool
    next_open: str
    next_close: str


class Trade(Struct, frozen=True):
    """The market's last trade."""

    p: Decimal | None = None
    t: str | None = None


class Quote(Struct, frozen=True):
    """Best bid and ask; zero where there is none."""

    t: str | None = None
    bp: Decimal | None = None
    bs: Decimal | None = None
    ap: Decimal | None = None
    as_: Decimal | None = field(default=None, name="as")


class Bar(Struct, frozen=True):
    """Stamped with its start."""

    t: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741  (its name on the wire)
    c: Decimal
    v: Decimal = Decimal(0)


class Snapshot(Struct, frozen=True, rename="camel"):
    """The newest of everything; each may be missing."""

    latest_trade: Trade | None = None
    latest_quote: Quote | None = None
    daily_bar: Bar | None = None


class Snapshots(Struct, frozen=True):
    """Of several symbols, those without data left out."""

    snapshots: dict[str, Snapshot | None] = {}


class BarPage(Struct, frozen=True):
    """Some bars of several symbols, and where the next are."""

    bars: dict[str, tuple[Bar, ...] | None] | None = None
    next_page_token: str | None = None


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body that replaces an order; left out is left as it is."""

    client_order_id: str
    qty: str | None = None
    limit_price: str | None = None
    stop_price: str | None = None
    trail: str | None = None


class TakeProfit(Struct, frozen=True):
    """The leg that is a limit order."""

    limit_price: str


class StopLoss(Struct, frozen=True):
    """The leg that is a stop order."""

    stop_price: str


class NewOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body that makes an order."""

    symbol: str
    qty: str
    side: str
    type: str
    time_in_force: str
    client_order_id: str | None = None
    limit_price: str | None = None
    stop_price: str | None = None
    trail_price: str | None = None
    trail_percent: str | None = None
    position_intent: str | None = None
    order_class: str | None = None
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None


_slowly = msgspec.json.Decoder(float_hook=Decimal)


def read(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """*body* as a *kind*; an empty text where something else belongs is nothing.

    Raises ``msgspec.DecodeError`` if it is none.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        blank_free = _without_blanks(_slowly.decode(body))
        return msgspec.convert(blank_free, type=kind, strict=False)


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_blanks(each) for name, each in value.items() if each != ""}
    if isinstance(value, list):
        return [_without_blanks(each) for each in value]
    return value
